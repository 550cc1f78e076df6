#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Evidence that the module makes, read and verified by the command line; and that
# what it says of the platform is so, whatever root puts over /proc.
# Runs as root in a virtual machine with rewire.ko loaded, in the top folder of a
# built tree.

set -u
cd "$(dirname -- "$0")/../.." || exit
PATH=$PWD/build/bin:$PATH

# An SM of our own, and mounts that nobody else sees.
[ -n "${REWIRE_INSIDE:-}" ] || REWIRE_INSIDE=1 exec unshare --net --mount "$0"

results=0 failed=0
work=$(mktemp -d) || exit
trap 'rm -rf "$work"' EXIT
yama=/proc/sys/kernel/yama/ptrace_scope
before=$(cat $yama)
paranoid=$(cat /proc/sys/kernel/perf_event_paranoid)

# result STATUS NAME
result() {
	results=$((results + 1))
	if [ "$1" = 0 ]; then
		echo "ok $results - $2"
	else
		failed=1
		echo "not ok $results - $2"
	fi
}

# says NAME STATUS PATTERN ARGUMENT...: what rewire answers.
says() {
	local name=$1 status=$2 pattern=$3 rc=0 out
	shift 3
	out=$(rewire "$@" 2>&1) || rc=$?
	[ "$rc" = "$status" ] && grep -qE -- "$pattern" <<<"$out"
	rc=$?
	((!rc)) || printf '# rewire %s: %s\n' "$*" "$out"
	result $rc "$name"
}

# claims NAME YES|NO CLAIM: is it among the platform claims, now?
claims() {
	local line found=no
	rewire evidence get -o "$work/now" >/dev/null
	line=$(rewire evidence show "$work/now" | grep "^platform")
	! grep -qE "[ ,]$3(,|$)" <<<"$line" || found=yes
	[ -n "$line" ] && [ "$found" = "$2" ] || echo "# $line"
	[ -n "$line" ] && [ "$found" = "$2" ]
	result $? "$1"
}

# changed FILE OFFSET TO: a copy with one byte flipped
changed() {
	local byte
	cp "$1" "$3"
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	# shellcheck disable=SC2059 # the format is what is computed
	printf "\\$(printf %03o $((byte ^ 1)))" |
		dd of="$3" bs=1 seek="$2" conv=notrunc status=none
}

modprobe -q pkcs8_key_parser || :
W=7d0c3f5e-0b1a-4c2d-9e8f-a1b2c3d4e5f6
N=00112233445566778899aabbccddeeff
pki=build/e2e/pki
sm=$(cat $pki/hosts/alpha/sm-id)
beta=$(cat $pki/hosts/beta/sm-id)
platform=$pki/platform.crt

says "no evidence without keys" 1 'provision' evidence get -o "$work/never"
says provision 0 '' provision $pki/hosts/alpha --no-journal
says "evidence of the SM" 0 "$N" evidence get --nonce $N -o "$work/sm"
[ "$(stat -c %s "$work/sm")" -lt 3072 ]
result $? "less than 3 KiB"
says "verified" 0 'answers the nonce' evidence verify "$work/sm" --platform $platform --nonce $N --sm "$sm"
says "verified, of any age" 0 'of any age' evidence verify "$work/sm" --platform $platform
says "which kernel" 0 "^kernel +$(uname -r | sed 's/[+.]/\\&/g')\$" evidence show "$work/sm"
says "no journal, no freshness" 0 '^freshness +volatile' evidence show "$work/sm"
says "another nonce" 1 'nonce' evidence verify "$work/sm" --platform $platform --nonce ${N}00
says "another SM" 1 'ueid' evidence verify "$work/sm" --platform $platform --sm "$beta"
says "another platform" 1 'platform CA' evidence verify "$work/sm" --platform $pki/developer.crt
says "no workload in it" 1 'about an SM and no enclave' evidence verify "$work/sm" --platform $platform --workload $W

size=$(stat -c %s "$work/sm") tampered=0
for offset in 0 3 $((size / 2)) $((size - 500)) $((size - 300)) $((size - 1)); do
	changed "$work/sm" "$offset" "$work/changed"
	! rewire evidence verify "$work/changed" --platform $platform >/dev/null 2>&1 ||
		tampered=1
done
result $tampered "a byte changed anywhere is refused"
head -c -1 "$work/sm" >"$work/cut"
says "cut off" 1 'byte [0-9]+: the CBOR is cut off' evidence verify "$work/cut" --platform $platform

says run 0 $W run build/enclaves/counter.elf --manifest build/e2e/counter.manifest --workload $W
says "evidence of the enclave" 0 '' evidence get $W --nonce $N -o "$work/enclave"
measurement=$(rewire info $W --json | sed 's/.*"measurement": *"\([0-9a-f]*\)".*/\1/')
says "its claims" 0 "^epoch +1\$" evidence verify "$work/enclave" --platform $platform --nonce $N --sm "$sm" --workload $W --measurement "$measurement" --min-svn 1
says "another workload" 1 'workload' evidence verify "$work/enclave" --platform $platform --workload ${W%6}7
says "another measurement" 1 'measurement' evidence verify "$work/enclave" --platform $platform --measurement "${measurement:1}0"
says "too low an SVN" 1 'svn is' evidence verify "$work/enclave" --platform $platform --min-svn 1000
says pause 0 '' pause $W
says "evidence while it is paused" 0 '' evidence get $W --nonce $N -o "$work/paused"
says destroy 0 '' destroy $W
says "none of a destroyed enclave" 1 '' evidence get $W -o "$work/never"
[ ! -e "$work/never" ]
result $? "a refusal leaves no file"

echo 0 >$yama
claims "ptrace_scope 0" no yama
echo 1 >$yama
claims "ptrace_scope 1" yes yama
claims "ptrace_scope 1 is not 3" no no-ptrace
echo 1 >/proc/sys/kernel/perf_event_paranoid
claims "perf_event_paranoid 1" no perf-restricted
echo 2 >/proc/sys/kernel/perf_event_paranoid
claims "perf_event_paranoid 2" yes perf-restricted
echo -1 >/proc/sys/kernel/perf_event_paranoid
claims "perf_event_paranoid -1" no perf-restricted

# The host lies to every process, ours included.
echo 0 >$yama
echo 3 >"$work/three"
mount --bind "$work/three" $yama
[ "$(cat $yama)" = 3 ]
result $? "a file is mounted over ptrace_scope"
claims "the SM is not fooled by it" no yama
claims "nor for ptrace_scope 3" no no-ptrace
umount $yama
mkdir -p "$work/kernel/yama"
echo 3 >"$work/kernel/yama/ptrace_scope"
echo 4 >"$work/kernel/perf_event_paranoid"
mount --bind "$work/kernel" /proc/sys/kernel
claims "nor by a folder over /proc/sys/kernel" no yama
claims "nor for perf" no perf-restricted
umount /proc/sys/kernel
# umount(8) needs the real one, so this happens in a mount namespace of its own.
mkdir -p "$work/proc/sys/kernel/yama"
cp "$work/three" "$work/proc/sys/kernel/yama/ptrace_scope"
# shellcheck disable=SC2016 # expanded by the inner shell
[ "$(unshare --mount sh -c 'mount --bind "$1/proc" /proc &&
	rewire evidence get -o "$1/other" >/dev/null && cat "$2"' sh "$work" $yama)" = 3 ] &&
	! rewire evidence show "$work/other" | grep -q 'yama'
result $? "nor by another /proc"

! rewire evidence show "$work/now" | grep -qE 'lockdown|module-signatures|secure-boot'
result $? "nothing claimed that this machine has not"
echo "$before" >$yama
echo "$paranoid" >/proc/sys/kernel/perf_event_paranoid
echo "1..$results"
exit "$failed"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Platform claims that cannot be taken back: what is set here stays set until the
# machine is gone, so it is little, and nothing that another test needs.
# Runs as root in a virtual machine with rewire.ko loaded, in the top folder of a
# built tree.

set -u
cd "$(dirname -- "$0")/../.." || exit
PATH=$PWD/build/bin:$PATH

# An SM of our own.
[ -n "${REWIRE_INSIDE:-}" ] || REWIRE_INSIDE=1 exec unshare --net --mount "$0"

results=0 failed=0
work=$(mktemp -d) || exit
trap 'rm -rf "$work"' EXIT

# claims NAME YES|NO CLAIM: is it among the platform claims, now?
claims() {
	local line found=no
	rewire evidence get -o "$work/now" >/dev/null
	line=$(rewire evidence show "$work/now" | grep '^platform')
	! grep -qE "[ ,]$3(,|$)" <<<"$line" || found=yes
	results=$((results + 1))
	if [ -n "$line" ] && [ "$found" = "$2" ]; then
		echo "ok $results - $1"
	else
		failed=1
		echo "# $line"
		echo "not ok $results - $1"
	fi
}

modprobe -q pkcs8_key_parser || :
rewire provision build/e2e/pki/hosts/alpha --no-journal >/dev/null || exit

claims "kexec is not off" no kexec-off
echo 1 >/proc/sys/kernel/kexec_load_disabled
claims "kexec is off" yes kexec-off

bpf=/proc/sys/kernel/unprivileged_bpf_disabled
if [ "$(cat $bpf)" != 1 ]; then
	echo 0 >$bpf
	claims "anybody may load BPF" no bpf-restricted
fi
echo 2 >$bpf
claims "only the privileged may load BPF" yes bpf-restricted

# IMA takes one policy from userspace, once.
mount -t securityfs none /sys/kernel/security 2>/dev/null || :
if [ -w /sys/kernel/security/ima/policy ]; then
	claims "IMA measures nothing" no ima
	echo 'measure func=CRITICAL_DATA' >/sys/kernel/security/ima/policy
	claims "IMA measures" yes ima
	claims "IMA measures, and has these claims already" yes ima
fi
echo "1..$results"
exit "$failed"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# An SM that forgets nothing: its journal over several lives, witnesses, journals
# that were put back, full disks and torn ends. Each life is a network namespace
# of its own; the SM ends with it.
# Runs as root in a virtual machine with rewire.ko loaded, in the top folder of a
# built tree.

set -u
cd "$(dirname -- "$0")/../.." || exit
PATH=$PWD/build/bin:$PATH
W=5c2f9f0e-4a5b-4d0c-8e61-0a7c7a3b9d11

# says NAME STATUS PATTERN ARGUMENT...: what rewire answers.
says() {
	local name=$1 status=$2 pattern=$3 rc=0 out
	shift 3
	results=$((results + 1))
	out=$(rewire "$@" 2>&1) || rc=$?
	if [ "$rc" = "$status" ] && grep -qE -- "$pattern" <<<"$out"; then
		echo "ok $results - $name"
	else
		failed=1
		printf '# rewire %s: status %s: %s\n' "$*" "$rc" "$out"
		echo "not ok $results - $name"
	fi
}

# The SM of the life before goes with its namespace, a little later, if nothing
# runs in there any more.
provision() {
	local out i
	for ((i = 0; i < 600; i++)); do
		out=$(rewire provision "$host" "$@" 2>&1) && return
		grep -q 'another SM uses this journal' <<<"$out" || break
		sleep 0.1
	done
	echo "# provision: $out"
	return 1
}

# starts NAME OPTION...
starts() {
	local name=$1
	shift
	results=$((results + 1))
	if provision "$@"; then
		echo "ok $results - $name"
	else
		failed=1
		echo "not ok $results - $name"
	fi
}

# fails NAME PATTERN OPTION...
fails() {
	local name=$1 pattern=$2 out
	shift 2
	results=$((results + 1))
	if out=$(provision "$@"); then
		failed=1
		echo "not ok $results - $name"
	elif grep -qE -- "$pattern" <<<"$out"; then
		echo "ok $results - $name"
	else
		failed=1
		echo "$out"
		echo "not ok $results - $name"
	fi
}

first_life() {
	starts "a first start begins a journal"
	says "attack_12_never_heard" 1 '"told":0,"silent_ms":[0-9]+,"heard":false,"stale":true' witness status --max-silence 0 --json
	says "nothing runs before a witness" 1 'waits for a witness' "${counter[@]}"
	says "ask" 0 '' witness ask -o "$work/head"
	says "sign" 0 '' witness sign "$work/head" -o "$work/statement" "${sds[@]}"
	says "give" 0 '' witness give "$work/statement"
	says "attack_12_silent_for_too_long" 1 'no witness was heard for .* at most 0.0 s' witness status --max-silence 0
	says "the witness was heard" 0 '"told":[1-9][0-9]{9},"silent_ms":[0-9]+,"heard":true,"stale":false' witness status --max-silence 7d --json
	says "since when, for people" 0 'last heard 20.* UTC, by its own clock' witness status
	says "give it again" 1 'ask anew' witness give "$work/statement"
	says "it runs" 0 "$W" "${counter[@]}"
	says "it counts" 0 '^5$' call "$W" add 5
	cp -r "$host/journal" "$work/yesterday"
	says "log" 0 "WORKLOAD.*$W" log --dir "$host"
	says "destroyed" 0 '' destroy "$W"
	says "the witness moves on" 0 'witnessed' witness "${sds[@]}"
	says "export" 0 '' log export "$work/export" --dir "$host"
	says "verify" 0 'whole.*authentic' log verify "$work/export/journal.0" --head "$work/export/head" \
		--platform "$work/pki/platform.crt" --root-key "$host/root.bin"
	truncate -s -8 "$work/export/journal.0"
	says "a cut tail is found by the head" 1 'cut, or forked|no file has the head' log verify "$work/export/journal.0" \
		--head "$work/export/head" --platform "$work/pki/platform.crt"
}

second_life() {
	starts "a second start goes on"
	says "and waits again" 1 'waits for a witness' "${counter[@]}"
	says "attack_12_silent_since_the_restart" 0 '"told":[1-9][0-9]{9},"silent_ms":[0-9]+,"heard":false' witness status --json
	says "witnessed again" 0 'witnessed' witness "${sds[@]}"
	says "the workload's epoch is not forgotten" 0 '^2$|epoch +2|"epoch": *2' "${counter[@]}" --json
	says "destroyed" 0 '' destroy "$W"
	says "the witness moves on" 0 'witnessed' witness "${sds[@]}"
	says "compact" 0 'journal.1' log compact
	says "verify both" 0 'whole' log verify "$host/journal/journal.0" "$host/journal/journal.1"
	says "witnessed after it" 0 'witnessed' witness "${sds[@]}"
}

old_life() {
	# an old journal grows by every start, and is an old one still
	starts "yesterday's journal starts"
	says "the witness knows better" 1 'rolled back|forked|never had' witness "${sds[@]}"
	says "nothing runs" 1 'witness|rolled back' "${counter[@]}"
}

broken_life() {
	fails "a byte changed" 'record [0-9]+: ' --unwitnessed
	cp "$work/good" "$host/journal/journal.1"
	truncate -s -8 "$host/journal/journal.1"
	starts "a torn end is cut" --unwitnessed
	says "events tell it" 0 'torn end' events
	says "it runs, unwitnessed" 0 "$W" "${counter[@]}"
	says "destroyed" 0 '' destroy "$W"
}

other_life() {
	fails "another root key" 'root key 1'
	mv "$work/root.bin" "$host/root.bin"
	host=$work/pki/hosts/other
	fails "the journal of another SM" 'another SM' --journal "$work/pki/hosts/mine/journal"
}

# A full disk refuses what it cannot write, and nothing else is lost.
full_life() {
	starts "a journal on a small disk" --journal "$work/small" --unwitnessed
	cat /dev/zero >"$work/small/filler" 2>/dev/null
	for _ in {1..40}; do
		rewire "${counter[@]}" >/dev/null 2>"$work/why" || break
		rewire destroy "$W" >/dev/null 2>"$work/why" || break
	done
	results=$((results + 1))
	if [ -s "$work/why" ]; then
		echo "ok $results - a full disk refuses"
	else
		failed=1
		echo "not ok $results - a full disk refuses"
	fi
	says "and the journal is whole" 0 'whole' log verify "$work/small/journal.0"
	rm "$work/small/filler"
	says "with room it goes on" 0 '' ls
	rewire destroy "$W" 2>/dev/null
	says "and runs" 0 "$W" "${counter[@]}"
	says "destroyed" 0 '' destroy "$W"
}

full_again() {
	starts "what was written is found again" --journal "$work/small" --unwitnessed
}

image=build/enclaves/counter.elf
work=${REWIRE_WORK:-$(mktemp -d)} || exit
host=$work/pki/hosts/mine
sds=(--key "$work/pki/sds.key" --cert "$work/pki/sds.crt"
	--platform "$work/pki/platform.crt" --state "$work/witness")
counter=(run "$image" --manifest "$work/counter.manifest" --workload "$W")

if [ -n "${REWIRE_LIFE:-}" ]; then
	results=$(<"$work/results") failed=0
	"$REWIRE_LIFE"
	echo "$results" >"$work/results"
	exit "$failed"
fi

trap 'umount "$work/small" 2>/dev/null; rm -rf "$work"' EXIT
modprobe -q pkcs8_key_parser || :
rewire pki init "$work/pki" >/dev/null && rewire pki host "$work/pki" mine >/dev/null &&
	rewire pki host "$work/pki" other >/dev/null &&
	rewire sign "$image" --key "$work/pki/developer.key" --cert "$work/pki/developer.crt" \
		--software 7b1d3c9e-58d1-4d8e-9c55-0d6b5f3f2a10 --release 1 --svn 1 \
		-o "$work/counter.manifest" >/dev/null || exit
echo 0 >"$work/results"

status=0
live() {
	REWIRE_LIFE=$1 REWIRE_WORK=$work unshare --net "$0" || status=1
}

live first_life
live second_life
cp "$host/journal/journal.1" "$work/good"
rm -r "$host/journal"
cp -r "$work/yesterday" "$host/journal"
live old_life
live old_life
rm -r "$host/journal"
mkdir "$host/journal"
cp "$work/good" "$host/journal/journal.1"
# in the payload of BASE, which others follow
printf 'x' | dd of="$host/journal/journal.1" bs=1 seek=80 conv=notrunc status=none
live broken_life
cp "$host/root.bin" "$work/root.bin"
head -c 32 /dev/urandom >"$host/root.bin"
live other_life
mkdir "$work/small"
mount -t tmpfs -o size=64k none "$work/small"
live full_life
live full_again
echo "1..$(<"$work/results")"
exit $status

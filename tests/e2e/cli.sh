#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# One enclave's life by the command line, and what it says when it refuses.
# Runs as root in a virtual machine with rewire.ko loaded, in the top folder of a
# built tree.

set -u
cd "$(dirname -- "$0")/../.." || exit
PATH=$PWD/build/bin:$PATH

# An SM of our own.
[ -n "${REWIRE_INSIDE:-}" ] || REWIRE_INSIDE=1 exec unshare --net "$0"

results=0 failed=0
work=$(mktemp -d) || exit
trap 'rm -rf "$work"' EXIT

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

modprobe -q pkcs8_key_parser || :
# A folder of our own: keys are added to it.
cp -r build/e2e/pki/hosts/alpha "$work/host"
W=5c2f9f0e-4a5b-4d0c-8e61-0a7c7a3b9d11
image=build/enclaves/counter.elf

says "run, before keys are there" 1 provision run $image --manifest build/e2e/counter.manifest --workload $W
says "root rotate, before keys are there" 1 'no keys yet' root rotate "$work/host"
says provision 0 '' provision "$work/host" --no-journal
says "root rotate in another host's folder" 1 'of another host' root rotate build/e2e/pki/hosts/beta
says "root rotate" 0 '^generation 2 seals from now on' root rotate "$work/host"
says "root status" 0 '^2 +seals +.*root.2.bin$' root status "$work/host"
says "root rotate, as JSON" 0 '"generation": *3' root rotate "$work/host" --json
says "run with a manifest of another image" 1 "measurement is not the manifest's" run $image --manifest build/e2e/vault.manifest --workload $W
says sign 0 'memory +16.0 MiB' sign $image --key build/e2e/pki/developer.key --cert build/e2e/pki/developer.crt --software $W --release 3 --svn 2 --max-memory 16M --state handover -o "$work/manifest"
says run 0 $W run $image --manifest "$work/manifest" --workload $W
says "info: what its manifest allows" 0 '"max_memory":16777216,"threads":1,"max_threads":1,"min_atl":0,"attributes":1,' info $W --json
says "info, for people" 0 'of at most 16.0 MiB$' info $W
says "run it twice" 1 'lives here' run $image --manifest build/e2e/counter.manifest --workload $W
says call 0 '^5$' call $W add 5
says "extract while it runs" 1 'only a paused one' extract $W -o "$work/never"
says pause 0 '' pause $W
says info 0 '"state": *"paused"' info $W --json
says extract 0 '' extract $W -o "$work/one"
says resume 0 '' resume $W
says "call again" 0 '^6$' call $W add 1
says destroy 0 '' destroy $W
says "restore what it went on from" 1 'the state is of epoch 1, and counts from epoch 2 on' restore "$work/one"
says "ls: nothing" 0 '^\[\]$' ls --json
says "call the destroyed" 1 '' call $W get
says "events tell the end" 0 '"to": *"destroyed"' events --json
echo "1..$results"
exit "$failed"

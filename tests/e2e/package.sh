#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The Software Update Key that the module states, read and verified by the command
# line, and a package made for it.
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

point() {
	rewire suk show "$1" --json | sed 's/.*"point": *"\([0-9a-f]*\)".*/\1/'
}

modprobe -q pkcs8_key_parser || :
# A folder of our own: keys are added to it.
cp -r build/e2e/pki/hosts/alpha "$work/host"
sm=$(cat "$work/host/sm-id")
platform=build/e2e/pki/platform.crt

says "suk, before keys are there" 1 provision suk -o "$work/never"
says provision 0 '' provision "$work/host" --no-journal
says suk 0 "^SM +$sm\$" suk -o "$work/first" --platform $platform
says "suk, and whose it is, as JSON" 0 '"generation": *1' suk show "$work/first" --platform $platform --json
says "suk, of another CA" 1 'not issued by' suk show "$work/first" --platform build/e2e/pki/sds.crt
says "suk again" 0 '' suk -o "$work/again"
says "root rotate" 0 '' root rotate "$work/host"
says "suk of the new root key" 0 '^generation +2$' suk -o "$work/second" --platform $platform
results=$((results + 1))
if [ -n "$(point "$work/first")" ] &&
	[ "$(point "$work/first")" = "$(point "$work/again")" ] &&
	[ "$(point "$work/first")" != "$(point "$work/second")" ]; then
	echo "ok $results - a key for each root key"
else
	failed=1
	echo "not ok $results - a key for each root key"
fi
says "a package for it" 0 'for 1 device, [0-9]+ bytes each' package build/enclaves/counter.elf \
	--manifest build/e2e/counter.manifest --key build/e2e/pki/sds.key \
	--cert build/e2e/pki/sds.crt --device "$work/second" --platform $platform \
	--from-max 9 --out "$work/update"
says "and what it orders" 0 "^device +$sm\$" package show "$work/update.package" \
	--sds build/e2e/pki/sds.crt --developer build/e2e/pki/developer.crt \
	--payload "$work/update.payload"
echo "1..$results"
exit "$failed"

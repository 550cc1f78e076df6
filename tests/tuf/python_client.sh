#!/bin/bash
# SPDX-License-Identifier: MIT
# Repositories that `rewire tuf` made, consumed by python-tuf's client: each kind of
# key, thresholds, delegations, bins, rotations. TAP.

top=$(cd -- "$(dirname -- "$0")/../.." && pwd)
REWIRE=$top/build/san/bin/rewire
make --no-print-directory -s -C "$top/userspace" SAN=1 "$REWIRE" >&2 || exit
echo "TAP version 13"
. "$top/tests/user/tuf.sh"
cd "$dir" || exit 1

# python NAME...: python-tuf's client
python() {
	"$top/scripts/python-tuf" "$top/tests/tuf/python_client.py" repo/public trusted got \
		"$@" >out 2>err
}

# fetches NAME FILE...: it gets these, and they are right
fetches() {
	local names=()
	rm -rf got && mkdir got
	for ((i = 1; i <= $#; i += 2)); do names+=("${!i}"); done
	python "${names[@]}" || return
	while (($#)); do
		cmp "$2" "got/${1//\//%2F}" >>err 2>&1 || return
		shift 2
	done
}

anew() {
	rm -rf trusted && mkdir trusted && cp repo/public/metadata/1.root.json trusted/root.json
}

online ed targets targets-2 team new
for kind in ecdsa rsa; do
	try 0 key make "$kind" --online keys --type "$kind"
done
for i in 1 2 3 4 5 6 7 8; do echo "file $i" >"file-$i"; done

try 0 init repo --root keys/ed.pub --root keys/ecdsa.pub --root keys/rsa.pub \
	--threshold root=2 --targets keys/rsa.pub --targets keys/targets.pub \
	--threshold targets=2 --snapshot keys/ecdsa.pub --timestamp keys/ed.pub &&
	try 0 add repo file-1 --yes && try 0 add repo file-2 --prefix a/b --yes &&
	try 0 add repo file-3 --name 'with space+~&é' --custom '{"n":[1,{"x":"é"}]}' --yes &&
	sign repo ecdsa rsa targets && refresh repo ecdsa ed && try 0 publish repo --yes &&
	anew && fetches file-1 file-1 a/b/file-2 file-2 'with space+~&é' file-3
result $? "Ed25519, ECDSA and RSA-PSS; thresholds; names of all kinds"
! python nothing && grep -q 'no such target' err
result $? "no target that there is not"

try 0 delegate repo team --key keys/team.pub --path 'team/*' --terminating --yes &&
	try 0 delegate repo sub --from team --key keys/ecdsa.pub --path 'team/s*' --yes &&
	try 0 add repo file-4 --role team --prefix team --yes &&
	try 0 add repo file-5 --role sub --name team/sub --yes &&
	sign repo team ecdsa rsa targets && refresh repo ecdsa ed && try 0 publish repo --yes &&
	fetches team/file-4 file-4 team/sub file-5 file-1 file-1
result $? "delegations, one behind another"

try 0 rotate repo root --add keys/new.pub --remove "$(keyid ed | cut -c1-16)" --yes &&
	try 0 rotate repo timestamp --add keys/new.pub --remove "$(keyid ed | cut -c1-16)" --yes &&
	sign repo ed ecdsa new && refresh repo ecdsa new && try 0 publish repo --yes &&
	try 0 rotate repo root --threshold 3 --yes && sign repo ecdsa rsa new &&
	try 0 publish repo --yes && fetches file-1 file-1 team/sub file-5 &&
	[ "$(version root)" = 3 ] && cmp trusted/root.json repo/public/metadata/3.root.json &&
	anew && fetches file-1 file-1
result $? "root and timestamp rotated, step by step and from the first root on"

cp -a repo whole
f=$(echo repo/public/targets/*.file-1) && echo x >>"$f" && ! fetches file-1 file-1 &&
	grep -q 'LengthOrHashMismatch\|DownloadLength' err
result $? "a target that was changed is refused"
rm -rf repo && cp -a whole repo
sed -i 's/"version": 3/"version": 4/' repo/public/metadata/timestamp.json
! fetches file-1 file-1 && grep -q Unsigned err
result $? "a timestamp that was changed is refused"

for kind in "" --succinct; do
	rm -rf repo
	# shellcheck disable=SC2086
	try 0 init repo --root keys/ed.pub --targets keys/targets.pub \
		--snapshot keys/ecdsa.pub --timestamp keys/new.pub &&
		try 0 delegate repo bin --key keys/team.pub --bits 5 $kind --yes &&
		try 0 add repo file-? --prefix d --yes && sign repo ed targets team &&
		refresh repo ecdsa new && try 0 publish repo --yes && anew &&
		fetches d/file-1 file-1 d/file-2 file-2 d/file-3 file-3 d/file-4 file-4 \
			d/file-5 file-5 d/file-6 file-6 d/file-7 file-7 d/file-8 file-8
	result $? "32 bins ${kind:-in a list}"
done
finish

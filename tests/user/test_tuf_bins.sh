#!/bin/sh
# SPDX-License-Identifier: MIT
# rewire tuf: targets spread over bins, written down one by one and in one entry
# (TAP 15).

. "$(dirname -- "$0")/tuf.sh"
cd "$dir" || exit 1
online root targets snapshot timestamp bins new

for kind in "" --succinct; do
	rm -rf repo
	for i in 1 2 3 4 5 6 7 8 9; do echo "$i" >"f$i"; done
	try 0 init repo --root keys/root.pub --targets keys/targets.pub \
		--snapshot keys/snapshot.pub --timestamp keys/timestamp.pub
	# shellcheck disable=SC2086
	try 0 delegate repo bin --key keys/bins.pub --bits 5 $kind --yes &&
		try 0 add repo f1 f2 f3 f4 f5 f6 f7 f8 f9 --prefix d --yes &&
		grep -q 'bin-[01][0-9a-f]: version 1' out && sign repo root targets bins &&
		refresh repo && try 0 publish repo --yes && try 0 verify repo &&
		grep -q '33 roles with targets, 9 targets' out
	result $? "32 bins ${kind:-in a list}"
	trust repo/public/metadata/1.root.json &&
		client --target-name d/f1 --target-name d/f9 download &&
		cmp -s f9 got/d%2Ff9
	result $? "a client finds the bin ${kind:-in a list}"
	echo new >f3
	try 0 add repo f3 --prefix d --yes && grep -q 'target d/f3 changed' out &&
		sign repo bins && refresh repo && try 0 publish repo --yes &&
		client --target-name d/f3 download && cmp -s f3 got/d%2Ff3 &&
		try 0 add repo d/f1 --remove --yes && sign repo bins && refresh repo &&
		try 0 publish repo --yes && ! client --target-name d/f1 download
	result $? "a target changes, one goes ${kind:-in a list}"
	try 0 rotate repo bin-00 --add keys/new.pub --remove "$(keyid bins | cut -c1-8)" --yes &&
		sign repo targets && ! try 0 snapshot repo --key keys/snapshot.key --yes &&
		sign repo new && refresh repo && try 0 publish repo --yes &&
		client refresh && client --target-name d/f9 download && try 0 verify repo
	result $? "all bins get another key ${kind:-in a list}"
done
finish

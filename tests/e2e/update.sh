#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Updates as whoever operates hosts makes them: signed, packaged, planned, applied,
# by command and by policy, with bad packages, dying helpers and power cuts. See
# two_hosts.sh. Runs as root in a virtual machine with rewire.ko loaded, in the top
# folder of a built tree.

set -u
cd "$(dirname -- "$0")/../.." || exit
. tests/e2e/two_hosts.sh

V=5c2f9f0e-4a5b-4d0c-8e61-0a7c7a3b9d20	# a vault
W=5c2f9f0e-4a5b-4d0c-8e61-0a7c7a3b9d21	# an unruly one, of five
VAULT=7b1d3c9e-58d1-4d8e-9c55-0d6b5f3f2a10
UNRULY=7b1d3c9e-58d1-4d8e-9c55-0d6b5f3f2a11
developer=(--key $PKI/developer.key --cert $PKI/developer.crt)
sds=(--key $PKI/sds.key --cert $PKI/sds.crt)
launcher=(env LD_PRELOAD="$PWD/build/bin/e2e/stop.so" REWIRE_STOP="$work/stop")

# ---- words ----

# says NAME STATUS PATTERN COMMAND...: what it answers.
says() {
	local name=$1 status=$2 pattern=$3 rc=0 out
	shift 3
	out=$("$@" 2>&1) || rc=$?
	[ "$rc" = "$status" ] && grep -qE -- "$pattern" <<<"$out" && rc=0 || {
		printf '# %s: status %s: %s\n' "$*" "$rc" "$out"
		rc=1
	}
	result "$rc" "$name"
}

update() {
	local host=$1
	shift
	at "$host" rewire update "$@" --socket "$work/$host.sock"
}

# apply HOST PACKAGE [OPTION]...
apply() {
	local host=$1 package=$2
	shift 2
	update "$host" apply "$work/$package.package" \
		--payload "$work/$package.payload" --yes "$@"
}

plan() {
	local host=$1 package=$2
	shift 2
	update "$host" plan "$work/$package.package" "$@"
}

call() {
	at "$1" rewire call "${@:2}"
}

# sign MANIFEST IMAGE SOFTWARE RELEASE
sign() {
	rewire sign "build/enclaves/$2.elf" "${developer[@]}" --software "$3" \
		--release "$4" --svn 1 --state handover \
		-o "$work/$1.manifest" >/dev/null
}

# package NAME IMAGE MANIFEST [OPTION]...
package() {
	local name=$1 image=$2 manifest=$3
	shift 3
	rewire package "build/enclaves/$image.elf" "${sds[@]}" \
		--manifest "$work/$manifest.manifest" --out "$work/$name" "$@" \
		>/dev/null
}

# run HOST IMAGE MANIFEST WORKLOAD
run() {
	at "$1" rewire run "build/enclaves/$2.elf" \
		--manifest "$work/$3.manifest" --workload "$4" >/dev/null
}

# field NAME < JSON: its first value
field() {
	grep -o "\"$1\":[^,}]*" | head -n 1 | sed 's/^[^:]*://; s/"//g'
}

release_of() {
	at "$1" rewire info "$2" --json 2>/dev/null | field release
}

# number_is HOST WORKLOAD RELEASE NUMBER: that release alone goes on, from there.
number_is() {
	[ "$(release_of "$1" "$2")" = "$3" ] &&
		[ "$(call "$1" "$2" add)" = "$4" ] &&
		[ "$(at "$1" rewire ls --json | grep -o "\"workload\":\"$2\"" |
			wc -l)" = 1 ]
}

# until_true COMMAND...
until_true() {
	local end=$((SECONDS + PATIENCE))
	while ((SECONDS < end)); do
		"$@" && return
		sleep 0.1
	done
	return 1
}

lists() {
	update "$1" list --json | grep -qE -- "$2"
}

restart() {
	kill "${helper[$1]}"
	until_true gone "${helper[$1]}" && start_helper "$1"
}

gone() {
	! kill -0 "$1" 2>/dev/null
}

is_stopped() {
	[ ! -e "$work/stop" ] &&
		grep -q '^State:.*T' "/proc/${helper[alpha]}/status"
}

# stop_at COMMAND APPLY...: alpha's helper stands still right before that command of
# the update, whose command line goes on waiting.
stop_at() {
	echo "$1" >"$work/stop"
	shift
	"$@" >"$work/stopped.out" 2>&1 &
	until_true is_stopped
}

# ---- the real case ----

# Each sum comes once, in order, whoever answers.
adder() {
	local n=0 sum
	coproc CALLS { call alpha --lines $V --socket "$work/alpha.sock"; }
	until [ -e "$work/enough" ]; do
		n=$((n + 1))
		echo "add sum" >&"${CALLS[1]}"
		read -r sum <&"${CALLS[0]}" && [ "$sum" = "$n" ] || {
			echo "add $n: $sum" >>"$work/wrong"
			break
		}
		echo "$n" >"$work/added"
	done
}

# What was put is what is got.
putter() {
	local n=0 all
	coproc CALLS { call alpha --lines $V --socket "$work/alpha.sock"; }
	until [ -e "$work/enough" ]; do
		n=$((n + 1))
		printf 'put seen %s:\nget seen\ncount\n' "$n" >&"${CALLS[1]}"
		read -r all <&"${CALLS[0]}" && [ "$all" = "$n:10002" ] || {
			echo "put $n: $all" >>"$work/wrong"
			break
		}
		echo "$n" >"$work/put"
	done
}

went_on() {
	[ -e "$work/wrong" ] ||
		{ [ "$(cat "$work/added")" -gt "$1" ] &&
			[ "$(cat "$work/put")" -gt "$2" ]; } 2>/dev/null
}

fill() {
	local chunks i
	seq 10000 | sed 's/.*/put key& value&/' | call alpha --lines $V &&
		call alpha $V protect 1 && call alpha $V put key1 value1 &&
		call alpha $V protect 0 && call alpha $V policy software &&
		[ "$(call alpha $V count)" = 10000 ] &&
		chunks=$(call alpha $V export) || return
	for ((i = 0; i < chunks; i++)); do
		call alpha $V export "$i" >"$work/chunk.$i" || return
	done
	call alpha $V digest >"$work/digest" && call alpha $V put seen 0 &&
		call alpha $V put sum "$(printf '\0')" 2>/dev/null
	call alpha $V del sum && [ "$(call alpha $V version)" = 2 ]
}

update_under_load() {
	local added put
	adder &
	putter &
	until_true went_on 5 5 || return
	apply alpha vault2 --workload $V --json >"$work/applied" || {
		touch "$work/enough"
		cat "$work/applied"
		return 1
	}
	added=$(cat "$work/added") put=$(cat "$work/put")
	until_true went_on "$((added + 5))" "$((put + 5))"
	touch "$work/enough"
	wait
	[ ! -e "$work/wrong" ] || {
		sed 's/^/# /' "$work/wrong"
		return 1
	}
}

all_was_carried_over() {
	[ "$(call alpha $V release)" = 2 ] &&
		[ "$(call alpha $V version)" = 2 ] &&
		[ "$(call alpha $V add sum)" = "$(($(cat "$work/added") + 1))" ] &&
		call alpha $V stat key5000 | grep -q '^9 bytes, revision ' &&
		call alpha $V del sum && call alpha $V del seen &&
		[ "$(call alpha $V digest)" = "$(cat "$work/digest")" ]
}

# What release 1 sealed is opened, and is told to be of another measurement.
old_export() {
	local i said
	call alpha $V clear && [ "$(call alpha $V count)" = 0 ] || return
	for ((i = 0; i < $(find "$work" -name 'chunk.*' | wc -l); i++)); do
		said=$(call alpha $V import "@$work/chunk.$i") &&
			grep -q ', legacy' <<<"$said" || return
	done
	[ "$(call alpha $V digest)" = "$(cat "$work/digest")" ] &&
		[ "$(call alpha $V export)" -gt 0 ] &&
		[ "$(call alpha $V version)" = 3 ]
}

receipt() {
	local id
	id=$(field update <"$work/applied")
	update alpha receipt "$id" --out "$work/receipt" |
		grep -q '^ended *switched' &&
		rewire update receipt verify "$work/receipt" \
			--platform $PKI/platform.crt | grep -q 'no journal' &&
		at alpha rewire log export "$work/log" --dir "$work/alpha/keys" >/dev/null &&
		rewire update receipt verify "$work/receipt" --platform $PKI/platform.crt \
			--log "$work/log/journal.0" | grep -q 'is in the journal' &&
		cmp -s "$work/receipt" "$work/alpha/state/receipts/$id.receipt" &&
		# Another SM's journal does not have it.
		! rewire update receipt verify "$work/receipt" \
			--platform $PKI/platform.crt \
			--log "$work/beta/keys/journal/journal.0" 2>/dev/null &&
		printf 'X' | dd of="$work/receipt" bs=1 seek=100 conv=notrunc \
			status=none &&
		! rewire update receipt verify "$work/receipt" \
			--platform $PKI/platform.crt 2>/dev/null
}

is_json() {
	"$@" --json >"$work/json" || [ $? = 1 ] || return
	python3 -m json.tool --json-lines "$work/json" >/dev/null
}

json() {
	is_json plan alpha vault2 --workload $V && is_json update alpha list &&
		is_json update alpha receipt "$(field update <"$work/applied")" &&
		is_json rewire update receipt verify "$work/alpha/state/receipts"/* \
			--platform $PKI/platform.crt &&
		is_json apply alpha vault2 --workload $V &&
		is_json plan alpha nothing --workload $V &&
		cp "$work/applied" "$work/json" &&
		python3 -m json.tool --json-lines "$work/json" >/dev/null
}

the_real_case() {
	sign vault1 vault $VAULT 1 && sign vault2 vault2 $VAULT 2 &&
		package vault2 vault2 vault2 && run alpha vault vault1 $V && fill
	result $? "a vault of release 1 with 10,000 keys"
	says "plan: what would change, and what is not known" 0 \
		'release 2, SVN 1.*pause +not known.*' flat plan alpha vault2 --all
	says "plan: the monitor would let it go" 0 'the SM says +it would go' \
		plan alpha vault2 --workload $V
	update_under_load
	result $? "updated under load: no call was lost or answered twice"
	all_was_carried_over
	result $? "10,000 keys, version, sum and counter are those of before"
	says "plan: there is nothing to do any more" 1 'the SM says +no: .*' \
		plan alpha vault2 --workload $V
	says "plan: the pause that was measured" 1 'pause +about [0-9]+ ms' \
		plan alpha vault2 --workload $V
	says "list" 0 ' 1 -> 2  switched, calls waited [0-9]+ ms' update alpha list
	json
	result $? "what is asked for in JSON is JSON"
	receipt
	result $? "the receipt is verified, offline and in the journal's copy"
	old_export
	result $? "what the old version sealed is opened as such"
}

flat() {
	"$@" | tr '\n' ' '
	return "${PIPESTATUS[0]}"
}

# ---- for one device ----

one_to_one() {
	local text='of this software' sm
	sm=$(cat "$work/alpha/keys/sm-id")
	sign unruly1 unruly $UNRULY 1 && sign unruly2 unruly $UNRULY 2 &&
		run alpha unruly unruly1 $W && run beta unruly unruly1 $V &&
		at alpha rewire suk -o "$work/alpha.suk" \
			--platform $PKI/platform.crt >/dev/null &&
		package mine unruly unruly2 --device "$work/alpha.suk" \
			--platform $PKI/platform.crt --workload $W &&
		package ours unruly unruly2 --device "$work/alpha.suk" \
			--platform $PKI/platform.crt &&
		package plain unruly unruly2
	result $? "a package that is encrypted for alpha"
	text='in the next update, as either version'
	grep -q "$text" "$work/plain.payload" &&
		! grep -q "$text" "$work/mine.payload"
	result $? "nothing of the image can be read in it"
	says "without its key" 1 'encrypted: give the wrap' \
		apply alpha mine --workload $W
	says "another workload" 1 'another workload' \
		apply beta mine --wrap "$work/mine.wraps/$sm.wrap" --workload $V
	says "another device" 1 'another device|not for this' \
		apply beta ours --wrap "$work/ours.wraps/$sm.wrap" --workload $V
	says "the key of another package" 1 'another package|not of this' \
		apply alpha ours --wrap "$work/mine.wraps/$sm.wrap" --workload $W
	says "the device it was made for" 0 'updated 1, failed 0' \
		apply alpha mine --wrap "$work/mine.wraps/$sm.wrap" --all
	number_is alpha $W 2 1 && number_is beta $V 1 1
	result $? "and there it runs"
	at beta rewire destroy $V
}

# ---- bad input ----

# flip FILE OFFSET: one bit; negative: from the end
flip() {
	local at=$2 byte
	((at >= 0)) || at=$(($(stat -c %s "$1") + at))
	byte=$(od -An -tu1 -j "$at" -N 1 "$1")
	# shellcheck disable=SC2059 # made to be a format
	printf "\\x$(printf %x $((byte ^ 1)))" |
		dd of="$1" bs=1 seek="$at" conv=notrunc status=none
}

# harmed OFFSET SUFFIX: a copy of the package with a flipped bit
harmed() {
	rm -rf "$work"/bad.*
	cp "$work/good.package" "$work/bad.package"
	cp "$work/good.payload" "$work/bad.payload"
	[ -z "${1-}" ] || flip "$work/bad.$2" "$1"
}

bad_input() {
	local size manifest
	sign unruly3 unruly $UNRULY 3 && package good unruly unruly3 &&
		package old unruly unruly3 --expires 2020-01-01
	result $? "good packages"
	size=$(stat -c %s "$work/good.package")
	harmed
	truncate -s 100 "$work/bad.package"
	says "a package that was cut" 1 'bad.package.*(too short|truncated|not whole|ends)' \
		apply alpha bad --workload $W
	says "an endless package" 1 '/dev/zero.*(large|long|more than|not a)' \
		update alpha apply /dev/zero --payload "$work/good.payload" --yes --all
	says "an endless payload" 1 'payload.*regular file' \
		update alpha apply "$work/good.package" --payload /dev/zero --yes --all
	says "a folder as payload" 1 '.' \
		update alpha apply "$work/good.package" --payload "$work" --yes --all
	says "a payload that was cut" 1 'payload has [0-9]+ bytes.*give the two that belong together' \
		cut_payload
	harmed 100 package
	says "a bit of the package" 1 '[sS]ign' apply alpha bad --workload $W
	harmed 8 package
	says "a bit of the package's header" 1 '.' apply alpha bad --workload $W
	manifest=$(($(stat -c %s "$work/unruly3.manifest") - 20))
	harmed -$((manifest / 2)) package
	says "a bit of the manifest, or what signs it" 1 '.' apply alpha bad --workload $W
	harmed 100 payload
	says "a bit of the payload's layout" 1 '.' apply alpha bad --workload $W
	harmed -9000 payload
	says "a bit of the payload" 1 'measure' apply alpha bad --workload $W
	says "expired" 1 'expire' apply alpha old --workload $W
	says "expired, where nobody knows the time" 1 '.' plan beta old --workload $V
	says "no such workload" 1 "does(n't| not) live here|no such" \
		apply alpha good --workload 11111111-2222-3333-4444-555555555555
	says "a package of other software" 1 'software' \
		apply alpha vault2 --workload $W
	number_is alpha $W 2 2
	result $? "after all that the old version runs on"
	: $size
}

cut_payload() {
	harmed
	truncate -s -1 "$work/bad.payload"
	apply alpha bad --workload $W
}

the_real_case_needs() {
	freshness=''
	new_hosts
	up alpha && up beta
}

modprobe -q pkcs8_key_parser || :
write_witness
the_real_case_needs
result $? "two hosts"
the_real_case
one_to_one
bad_input
echo "1..$results"
exit "$failed"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Updates as whoever operates hosts makes them: signed, packaged, planned, applied,
# by command and by policy, with bad packages, dying helpers and power cuts. See
# two_hosts.sh. Runs as root in a virtual machine with rewire.ko loaded, in the top
# folder of a built tree.

set -u
cd "$(dirname -- "$0")/../.." || exit
. tests/e2e/two_hosts.sh
PATIENCE=60

V=5c2f9f0e-4a5b-4d0c-8e61-0a7c7a3b9d20	# a vault
W=5c2f9f0e-4a5b-4d0c-8e61-0a7c7a3b9d21	# an unruly one, of five
VAULT=7b1d3c9e-58d1-4d8e-9c55-0d6b5f3f2a10
UNRULY=7b1d3c9e-58d1-4d8e-9c55-0d6b5f3f2a11
developer=(--key "$PKI/developer.key" --cert "$PKI/developer.crt")
sds=(--key "$PKI/sds.key" --cert "$PKI/sds.crt")
launcher=(env LD_PRELOAD="$PWD/build/bin/e2e/stop.so" REWIRE_STOP="$work/stop")

# ---- words ----

# says NAME STATUS PATTERN COMMAND...: what it answers.
says() {
	local name=$1 status=$2 pattern=$3 rc=0 out
	shift 3
	out=$("$@" 2>&1) || rc=$?
	if [ "$rc" = "$status" ] && grep -qE -- "$pattern" <<<"$out"; then
		result 0 "$name"
	else
		printf '# %s: status %s: %s\n' "$*" "$rc" "$out"
		result 1 "$name"
	fi
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

# sign MANIFEST IMAGE SOFTWARE RELEASE [SVN [OPTION]...]
sign() {
	rewire sign "build/enclaves/$2.elf" "${developer[@]}" --software "$3" \
		--release "$4" --svn "${5-1}" --state handover \
		-o "$work/$1.manifest" "${@:6}" >/dev/null
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
	coproc CALLS { call alpha --lines $V; }
	until [ -e "$work/enough" ]; do
		n=$((n + 1))
		echo "add sum" >&"${CALLS[1]}"
		read -r sum <&"${CALLS[0]}"
		if [ "$sum" != "$n" ]; then
			echo "add $n: $sum" >>"$work/wrong"
			break
		fi
		echo "$n" >"$work/added"
	done
}

# What was put is what is got.
putter() {
	local n=0 all
	coproc CALLS { call alpha --lines $V; }
	until [ -e "$work/enough" ]; do
		n=$((n + 1))
		printf 'put seen %s:\nget seen\ncount\n' "$n" >&"${CALLS[1]}"
		read -r all <&"${CALLS[0]}"
		if [[ ! $all =~ ^"$n":1000[12]$ ]]; then
			echo "put $n: $all" >>"$work/wrong"
			break
		fi
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
	call alpha $V digest >"$work/digest" && [ "$(call alpha $V version)" = 2 ]
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

# What the lower SVN sealed is opened, and said to be sealed otherwise than today.
old_export() {
	local i said chunks
	chunks=$(find "$work" -name 'chunk.*' | wc -l)
	call alpha $V clear && [ "$(call alpha $V count)" = 0 ] || return
	for ((i = 0; i < chunks; i++)); do
		said=$(call alpha $V import "@$work/chunk.$i")
		[ "$said" = "$((i + 1)) of $chunks, legacy" ] || {
			echo "# chunk $i: $said"
			return 1
		}
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

# It says something, and that is put with the rest to be looked at.
adds_json() {
	local before
	before=$(wc -l <"$work/json")
	"$@" --json >>"$work/json" 2>/dev/null
	[ "$(wc -l <"$work/json")" -gt "$before" ]
}

json() {
	cp "$work/applied" "$work/json"
	adds_json plan alpha vault2 --workload $V && adds_json update alpha list &&
		adds_json update alpha receipt "$(field update <"$work/applied")" &&
		adds_json rewire update receipt verify \
			"$work/alpha/state/receipts"/* --platform $PKI/platform.crt &&
		adds_json apply alpha vault2 --workload $V &&
		adds_json plan alpha nothing --workload $V &&
		adds_json update alpha approve 11111111-2222-3333-4444-555555555555 &&
		python3 -m json.tool --json-lines "$work/json" >/dev/null
}

the_real_case() {
	sign vault1 vault $VAULT 1 &&
		sign vault2 vault2 $VAULT 2 2 --max-memory 256M &&
		package vault2 vault2 vault2 && run alpha vault vault1 $V && fill
	result $? "a vault of release 1 with 10,000 keys"
	says "plan: what would change, and what is not known" 0 \
		'release 2, SVN 2.*at most 256.0 MiB, before: at most.*threads +at most 1, as before.*pause +not known.*' flat plan alpha vault2 --all
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
	says "another device, and another workload" 1 'package is for SM' \
		apply beta mine --wrap "$work/mine.wraps/$sm.wrap" --workload $V
	says "another device" 1 'package is for SM .*package show' \
		apply beta ours --wrap "$work/ours.wraps/$sm.wrap" --workload $V
	says "the key of another package" 1 'wrap belongs to another package' \
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
	local manifest
	sign unruly3 unruly $UNRULY 3 && package good unruly unruly3 &&
		package old unruly unruly3 --expires 2020-01-01
	result $? "good packages"
	harmed
	truncate -s 100 "$work/bad.package"
	says "a package that was cut" 1 'bad.package: .*cut off; get an unharmed copy' \
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
}

cut_payload() {
	harmed
	truncate -s -1 "$work/bad.payload"
	apply alpha bad --workload "$W"
}

# A disk on which there is no room for checkpoints.
full_disk() {
	local rc=1
	mount -t tmpfs -o size=16k none "$work/alpha/state/trials" || return
	apply alpha good --workload $W >"$work/out" 2>&1 ||
		grep -q 'aborted.*No space left' "$work/out" && rc=0
	[ -z "$(ls "$work/alpha/state/trials")" ] || rc=1
	umount "$work/alpha/state/trials"
	[ $rc = 0 ] || cat "$work/out"
	[ $rc = 0 ] && number_is alpha $W 2 3 && apply alpha good --workload $W >/dev/null &&
		number_is alpha $W 3 4
}

# ---- several ----

batch() {
	local i
	for i in 1 2 3 4; do
		run alpha unruly unruly3 "${W%?}$((i + 1))" || return
	done
	sign unruly4 unruly $UNRULY 4 && package four unruly unruly4 &&
		call alpha "${W%?}3" behave health-fail
	result $? "five of one software, the third of which will not do"
	says "the first failure ends it" 1 'updated 2, failed 1, not tried 2' \
		apply alpha four --all
	releases 4 4 3 3 3
	result $? "in the order in which they came"
	says "once more: those that have it are left out" 1 \
		'updated 2, failed 1, not tried 0' apply alpha four --all --keep-going
	releases 4 4 3 4 4
	result $? "--keep-going updates the rest"
	says "a package is used up by its trial" 1 'used on this workload before; get a new' \
		apply alpha four --workload "${W%?}3"
	call alpha "${W%?}3" behave well
	sign unruly5 unruly $UNRULY 5 && package five unruly unruly5
	says "with another package all go" 0 'updated 5, failed 0, not tried 0' \
		apply alpha five --all
	says "nothing is left to do" 1 'have that version' apply alpha five --all
	says "nobody to ask" 2 'nobody to ask' update alpha apply \
		"$work/five.package" --payload "$work/five.payload" --all
	for i in 2 3 4 5; do at alpha rewire destroy "${W%?}$i"; done
}

# releases RELEASE...: of W and those after it
releases() {
	local i=1 release
	for release; do
		[ "$(release_of alpha "${W%?}$i")" = "$release" ] || return
		i=$((i + 1))
	done
}

# ---- policy ----

# policy HOST CONSENT [MORE]: the helper reads it now
policy() {
	local host=$1
	echo "{ \"default\": { \"consent\": \"notify\" }, \"rules\": [ { \"software\": \"$UNRULY\", \"consent\": \"$2\" ${3-} } ] }" \
		>"$work/policy.$host"
	kill -HUP "${helper[$host]}"
}

# drop NAME HOST: in an order that is of no help
drop() {
	cp "$work/$1.package" "$work/inbox.$2/$1.package" &&
		cp "$work/$1.payload" "$work/inbox.$2/.$1" &&
		mv "$work/inbox.$2/.$1" "$work/inbox.$2/$1.payload"
}

# next RELEASE [OPTION]...: a package for it
next() {
	sign "unruly$1" unruly $UNRULY "$1" &&
		package "p$1" unruly "unruly$1" "${@:2}"
}

# An hour from now on, or one that has passed, in minutes that exist.
window() {
	local from=$1 to=$2
	echo ", \"windows\": [ { \"days\": \"daily\", \"from\": \"$(date -d "$from" +%H:%M)\", \"to\": \"$(date -d "$to" +%H:%M)\" } ]"
}

# waiting HOST RELEASE: id of the update to it
waiting() {
	update "$1" list | awk -v to="$2" '$5 == to || $5 == to "," { print $1; exit }'
}

has_release() {
	[ "$(release_of "$1" "$2")" = "$3" ]
}

consents() {
	local id
	mkdir "$work/inbox.alpha"
	options[alpha]="--update-inbox $work/inbox.alpha --update-policy $work/policy.alpha"
	echo '{ "default": { "consent": "notify" },' >"$work/policy.alpha"
	echo '"rules": 7 }' >>"$work/policy.alpha"
	kill "${helper[alpha]}" && until_true gone "${helper[alpha]}"
	says "a malformed policy is refused, with its line" 1 'policy.alpha.*line 2' \
		at alpha rewired --host-dir "$work/alpha/keys" \
		--state-dir "$work/alpha/state" --socket "$work/alpha.sock" \
		--update-policy "$work/policy.alpha"
	echo '{ "default": { "consent": "notify" } }' >"$work/policy.alpha"
	start_helper alpha && next 6 && drop p6 alpha &&
		until_true lists alpha '"to_release":6[^{]*"waits_for":"approval"'
	result $? "without a rule it waits for approval"
	echo '{ "rules": 7 }' >"$work/policy.alpha"
	kill -HUP "${helper[alpha]}"
	until_true grep -q 'policy of updates is that from before.*line 1' \
		"$work/alpha.log"
	result $? "a malformed one at SIGHUP leaves the one from before"
	policy alpha notify
	id=$(waiting alpha 6)
	restart alpha && lists alpha '"to_release":6[^{]*"waits_for":"approval"' &&
		[ "$(release_of alpha $W)" = 5 ] &&
		update alpha approve "$id" >/dev/null &&
		until_true has_release alpha $W 6
	result $? "after a restart too; approved, it goes"
	policy alpha manual
	next 7 && drop p7 alpha &&
		until_true lists alpha '"to_release":7[^{]*"waits_for":"command"'
	result $? "manual: it waits for a command"
	says "an approval is none" 1 'manual.*rewire update apply' \
		update alpha approve "$(waiting alpha 7)"
	says "the command" 0 'updated 1' apply alpha p7 --workload $W
	policy alpha automatic "$(window '2 hours' '3 hours')"
	next 8 && drop p8 alpha &&
		until_true lists alpha '"to_release":8[^{]*"waits_for":"a window"' &&
		[ "$(release_of alpha $W)" = 7 ]
	result $? "automatic, outside of its window: it waits"
	policy alpha automatic "$(window '1 hour ago' '2 hours')"
	until_true has_release alpha $W 8
	result $? "in its window it goes by itself"
	policy alpha notify
	next 9 && drop p9 alpha && until_true lists alpha '"to_release":9[^{]*approval' &&
		update alpha reject "$(waiting alpha 9)" >/dev/null &&
		policy alpha automatic && next 10 && drop p10 alpha &&
		until_true has_release alpha $W 10 &&
		lists alpha '"from_release":8[^{]*"to_release":10'
	result $? "what was rejected is not applied, what comes after it is"
	rm "$work/inbox.alpha"/*
	policy alpha manual
}

# ---- the SDS is told ----

# It verifies what it gets, and says that it has it when it is on its disk.
write_sds() {
	mkdir -p "$work/told"
	cat >"$work/sds" <<-END
		#!/bin/bash
		set -e
		cd "$work/told"
		[ ! -e ../away ]
		cat >new
		id=\$(rewire update receipt verify new --platform $PWD/$PKI/platform.crt --json |
			grep -o '"update":"[^"]*"' | cut -d '"' -f 4)
		echo >>"\$id.times"
		mv new "\$id"
	END
	chmod +x "$work/sds"
}

# The SDS has these receipts as the host has them, each once.
was_told() {
	local id
	for id; do
		cmp -s "$work/told/$id" "$work/alpha/state/receipts/$id.receipt" &&
			[ "$(wc -l <"$work/told/$id.times")" = 1 ] || return
	done
}

tells_sds() {
	local first before=${options[alpha]-}
	first=$(field update <"$work/applied")
	write_sds
	touch "$work/away"
	options[alpha]="$before --receipt-command $work/sds --max-silence 1"
	restart alpha && until_true grep -q 'receipt was not handed over' \
		"$work/alpha.log" && [ -z "$(ls "$work/told")" ]
	result $? "the SDS is away: that is said"
	until_true grep -q 'stale: no witness was heard for' "$work/alpha.log"
	result $? "attack_12_silence_is_said"
	rm "$work/away"
	until_true was_told "$first"
	result $? "it is there again: it gets the receipt of the update before"
	touch "$work/away"
	sign vault3 vault2 $VAULT 3 2 && package vault3 vault2 vault3 &&
		apply alpha vault3 --workload $V --json >"$work/applied"
	result $? "an update does not wait for the SDS"
	kill -KILL "${helper[alpha]}"
	until_true gone "${helper[alpha]}"
	rm "$work/away"
	start_helper alpha &&
		until_true was_told "$first" "$(field update <"$work/applied")"
	result $? "its receipt goes after a restart of the helper, each goes once"
	options[alpha]=$before
	restart alpha
}

# ---- sealed state ----

# The new version starts anew; what the lower SVN sealed for its software it opens.
sealed_state() {
	local digest chunks i
	digest=$(call alpha $V digest) && chunks=$(call alpha $V export) || return
	for ((i = 0; i < chunks; i++)); do
		call alpha $V export "$i" >"$work/sealed.$i" || return
	done
	sign vault4 vault2 $VAULT 4 3 --state sealed &&
		package vault4 vault2 vault4 &&
		apply alpha vault4 --workload $V >/dev/null &&
		[ "$(release_of alpha $V)" = 4 ] &&
		[ "$(call alpha $V count)" = 0 ] || return
	for ((i = 0; i < chunks; i++)); do
		call alpha $V import "@$work/sealed.$i" |
			grep -q "^$((i + 1)) of $chunks, legacy" || return
	done
	[ "$(call alpha $V digest)" = "$digest" ]
}

# ---- a helper that is killed ----

# killed_at COMMAND STATE RELEASE: and what is said of it afterwards
killed_at() {
	local command=$1 state=$2 to=$3 release=$4 number
	next "$to" && number=$(($(call alpha $W get) + 1)) &&
		stop_at "$command" apply alpha "p$to" --workload $W &&
		kill -KILL "${helper[alpha]}" && wait $! ; start_helper alpha &&
		until_true lists alpha "\"state\":\"$state\"[^{]*\"to_release\":$to" &&
		number_is alpha $W "$release" "$number" &&
		[ -z "$(ls "$work/alpha/state/trials")" ] &&
		update alpha receipt "$(waiting alpha "$to")" |
		grep -q "^ended *$state"
}

killed() {
	killed_at handover aborted 11 10
	result $? "the helper is killed before the handover: the old one goes on"
	says "the same package again" 0 'updated 1' apply alpha p11 --workload $W
	killed_at checkpoint aborted 12 11
	result $? "killed when the old one stands still: it goes on"
	killed_at health aborted 13 11
	result $? "killed in the trial: the old one goes on"
	says "which used up the package" 1 'used on this workload before' \
		apply alpha p13 --workload $W
	killed_at switch aborted 14 11
	result $? "killed before the switch: the old one goes on"
	killed_at receipt switched 15 15
	result $? "killed after the switch: the new one goes on"
}

# ---- and arrive ----

move() {
	rewire request "${sds[@]}" --workload $W --epoch "$(at alpha rewire info $W --json |
		field epoch)" --source "$(cat "$work/alpha/keys/sm-id")" \
		--target "$(cat "$work/beta/keys/sm-id")" --lifetime "$1" \
		-o "$work/request" >/dev/null &&
		at alpha rewire migrate --request "$work/request" --streams 1 \
			--to beta@10.9.0.2:7001 --socket "$work/alpha.sock"
}

is_on_trial() {
	lists alpha "\"state\":\"running\"[^{]*\"to_release\":$1" &&
		at alpha rewire events --json | tail -n 3 | grep -q '"to":"trial"'
}

# hang RELEASE: an update to it that will be on trial for longer than we wait
hang() {
	next "$1" --trial 10m && call alpha $W behave health-hang || return
	# Not through at(): the number is to be the command's own.
	nsenter --net=/run/netns/alpha -- rewire update apply "$work/p$1.package" \
		--payload "$work/p$1.payload" --yes --workload $W \
		--socket "$work/alpha.sock" >"$work/hangs" 2>&1 &
	until_true is_on_trial "$1"
}

# ends_well RELEASE NUMBER: it was given up, and calls are answered again
ends_well() {
	! wait $! && call alpha $W behave well && number_is alpha $W "$1" "$2"
}

collisions() {
	local number
	number=$(call alpha $W get)
	hang 16
	result $? "an update that takes long"
	says "a migration meets it" 1 'an update has it' move 60s
	says "another update meets it" 1 'under way|has it' apply alpha p11 --workload $W
	says "cancel" 0 'the old version goes on' update alpha cancel "$(waiting alpha 16)"
	ends_well 15 "$((number + 1))"
	result $? "and the old version goes on"
	hang 17 && kill $! &&
		until_true lists alpha '"to_release":17[^{]*who asked for it hung up' &&
		ends_well 15 "$((number + 2))"
	result $? "an interrupted command is a cancelled one"
	next 18 && slow alpha && { move 15s >/dev/null 2>&1 & } &&
		await alpha frozen && kill -STOP "${helper[beta]}"
	says "an update meets a migration" 1 'a migration has it' \
		apply alpha p18 --workload $W
	says "with --wait it begins when that is over" 0 'wait.*updated 1' \
		flat apply alpha p18 --workload $W --wait
	wait
	kill -CONT "${helper[beta]}"
	at alpha tc qdisc del dev veth0 root
	number_is alpha $W 18 "$((number + 3))"
	result $? "both ended well"
}

arrival() {
	local number
	number=$(call alpha $W get)
	mkdir "$work/inbox.beta"
	options[beta]="--update-inbox $work/inbox.beta --update-policy $work/policy.beta"
	policy beta notify ', "on_arrival": true' 2>/dev/null
	run beta unruly unruly1 $V && next 19 && restart beta && drop p19 beta &&
		until_true lists beta '"workload":"'$V'"[^{]*"waits_for":"approval"' &&
		move 60s >/dev/null && until_true has_release beta $W 19 &&
		number_is beta $W 19 "$((number + 1))" &&
		[ "$(at alpha rewire ls --json | grep -c "$W")" = 0 ]
	result $? "what arrives is updated, whatever waits for those that were there"
	has_release beta $V 1 && lists beta '"waits_for":"approval"'
	result $? "which go on waiting"
}

# ---- from a repository ----

tuf() {
	(cd "$work/tuf" && rewire tuf "$@" >>"$work/tuf.log" 2>&1)
}

publish() {
	tuf sign repo --key targets.key --yes &&
		tuf snapshot repo --key online.key --yes &&
		tuf timestamp repo --key online.key --yes && tuf publish repo --yes
}

# release NAME: into the repository, and the channel
release() {
	echo "packages/$1.package" >>"$work/tuf/channel"
	tuf add repo channel --yes &&
		tuf add repo "$work/$1.package" "$work/$1.payload" \
			--prefix packages --yes
}

repository() {
	local key
	mkdir "$work/tuf"
	for key in root targets online; do
		(cd "$work/tuf" && rewire tuf key make $key --online .) >/dev/null
	done
	tuf init repo --root root.pub --targets targets.pub --snapshot online.pub \
		--timestamp online.pub && tuf sign repo --key root.key --yes &&
		next 21 && release p21 && publish
}

# The port is the kernel's to choose; the server says which.
web_server() {
	at alpha python3 -u -m http.server --bind 127.0.0.1 \
		--directory "$work/tuf/repo/public" 0 >"$work/web" 2>"$work/web.log" &
	web=$!
	disown
	until_true grep -q 'port [0-9]' "$work/web" &&
		port=$(grep -o 'port [0-9]*' "$work/web" | grep -o '[0-9]*')
}

has_waited() {
	lists alpha '"to_release":21[^{]*"waits_for":"approval"' &&
		[ ! -e "$work/inbox.alpha/p21.payload" ]
}

from_a_repository() {
	local web port payload
	freshness=--unwitnessed
	options[alpha]=''
	new_disk alpha
	rm -f "$work/inbox.alpha"/*
	policy alpha notify 2>/dev/null
	up alpha && run alpha unruly unruly1 $W && repository && web_server
	result $? "a repository of The Update Framework, on a web server"
	options[alpha]="--update-inbox $work/inbox.alpha --update-policy $work/policy.alpha --tuf-metadata http://127.0.0.1:$port/metadata --tuf-targets http://127.0.0.1:$port/targets --tuf-root $work/tuf/repo/public/metadata/1.root.json --tuf-client $PWD/build/bin/rewire-tuf-client --tuf-period 1"
	restart alpha && until_true has_waited
	result $? "what is in it is listed; its payload does not come before consent"
	update alpha approve "$(waiting alpha 21)" >/dev/null &&
		until_true has_release alpha $W 21
	result $? "approved: the payload is fetched, and the SM switches to it"
	next 22 && release p22 && publish &&
		payload=$(echo "$work"/tuf/repo/public/targets/packages/*.p22.payload) &&
		echo evil >>"$payload" && policy alpha automatic &&
		until_true grep -q 'the payload of p22' "$work/alpha.log" &&
		has_release alpha $W 21 && [ ! -e "$work/inbox.alpha/p22.payload" ]
	result $? "a payload that was changed on the server does not reach the inbox"
	# It is tried again after a minute.
	cp "$work/p22.payload" "$payload" &&
		PATIENCE=150 until_true has_release alpha $W 22
	result $? "the right one does, and is applied by itself"
	kill "$web"
}

# ---- power cuts ----

torn=	# the last record did not get to the disk

# cut_at COMMAND [OPTION]...: the power fails there, and comes back
cut_at() {
	new_disk alpha
	up alpha && run alpha unruly unruly1 $W && call alpha $W add >/dev/null &&
		stop_at "$1" apply alpha plain --workload $W "${@:2}" &&
		down alpha && wait $!
	[ -z "$torn" ] || truncate -s -8 "$work/alpha/keys/journal/journal.0"
	up alpha
}

# comes_back RELEASE STATE
comes_back() {
	until_true has_release alpha $W "$1" &&
		until_true lists alpha "\"state\":\"$2\"" &&
		number_is alpha $W "$1" 2 && [ -z "$(ls "$work/alpha/state/trials")" ]
}

is_lost() {
	until_true lists alpha '"state":"lost"' &&
		[ "$(at alpha rewire ls --json)" = '[]' ]
}

power_cuts() {
	freshness=--unwitnessed
	options[alpha]=''
	cut_at checkpoint && is_lost
	result $? "the power fails before the first checkpoint: nothing runs, and it is said"
	cut_at trial && comes_back 1 aborted
	result $? "before the trial: the old one is back, with its state"
	says "and the package can be used again" 0 'updated 1' \
		apply alpha plain --workload $W
	down alpha && up alpha && [ "$(at alpha rewire ls --json)" = '[]' ] &&
		lists alpha '"state":"switched"'
	result $? "later: nothing runs, as for any other"
	rm "$work/alpha/state/receipts"/*
	says "the SM gives the receipt again" 0 '^ended *switched' \
		update alpha receipt "$(waiting alpha 2)"
	cut_at health && comes_back 1 aborted
	result $? "in the trial: the old one is back"
	says "and the package is used up" 1 'used on this workload before' \
		apply alpha plain --workload $W
	cut_at switch && comes_back 1 aborted
	result $? "before the switch, with both on the disk: the old one is back"
	cut_at receipt && is_lost
	result $? "after the new one went on: nothing runs, and it is said"
	torn=yes
	cut_at receipt && comes_back 2 switched
	result $? "right after the switch: the new one is back, with the state of the old"
	torn=
	cut_at switch --volatile && is_lost
	result $? "without checkpoints it is lost, and it is said"
}

two_hosts() {
	freshness=''
	new_hosts
	up alpha && up beta
}

modprobe -q pkcs8_key_parser || :
write_witness
two_hosts
result $? "two hosts"
the_real_case
tells_sds
sealed_state
result $? "sealed state: the new version opens it, and its counter went along"
one_to_one
bad_input
full_disk
result $? "a full disk: it is said, the old version runs on, and goes with room"
batch
consents
killed
collisions
arrival
from_a_repository
power_cuts
echo "1..$results"
exit "$failed"

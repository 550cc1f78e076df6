#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Two hosts with their helpers, of which one goes down in the middle of a
# migration, or both do, and come up again from what was on their disks.
# See two_hosts.sh. Runs as root in a virtual machine with rewire.ko loaded, in the
# top folder of a built tree.

set -u
cd "$(dirname -- "$0")/../.." || exit
. tests/e2e/two_hosts.sh

W=5c2f9f0e-4a5b-4d0c-8e61-0a7c7a3b9d12

begin() {
	new_hosts
	up alpha && up beta &&
		at alpha rewire run build/enclaves/counter.elf \
			--manifest build/e2e/counter.manifest --workload $W >/dev/null &&
		at alpha rewire call $W add 5 >/dev/null &&
		rewire request --key $PKI/sds.key --cert $PKI/sds.crt --workload $W \
			--epoch 1 --source "$(cat "$work/alpha/keys/sm-id")" \
			--target "$(cat "$work/beta/keys/sm-id")" --lifetime "$1" \
			-o "$work/request" >/dev/null
}

# By one stream: each other one costs three times what `slow` holds back.
migrate() {
	at alpha rewire migrate --request "$work/request" --to beta@10.9.0.2:7001 \
		--streams 1 --socket "$work/alpha.sock" "$@"
}

# goes_on HOST: the enclave counts on there, in a process, and nowhere else.
goes_on() {
	local here=$1 there=alpha end=$((SECONDS + PATIENCE))
	[ "$here" = beta ] || there=beta
	while ((SECONDS < end)); do
		if at "$here" rewire info $W --json 2>/dev/null |
			grep -q '"state": *"running"'; then
			[ "$(at "$here" rewire call $W add 1)" = 6 ] || return
			[ ! -e "/run/netns/$there" ] ||
				[ "$(at "$there" rewire ls --json)" = '[]' ]
			return
		fi
		sleep 0.2
	done
	return 1
}

# settled HOST...: its helper has nothing more to do, and keeps no checkpoint.
settled() {
	local host end=$((SECONDS + PATIENCE))
	for host; do
		while ((SECONDS < end)) && [ -n "$(ls "$work/$host/state/open")" ]; do
			sleep 0.2
		done
		[ -z "$(find "$work/$host/state/open" "$work/$host/state/checkpoints" \
			-type f)" ] || return
	done
}

dry_run() {
	begin 60s || return
	migrate --dry-run | grep -q 'it would go' || return
	migrate --dry-run --json | grep -q '"ok": *true' || return
	# It was not used up.
	migrate >/dev/null || return
	! migrate --dry-run >"$work/out" && grep -q '^source *refused' "$work/out"
}

target_down_prepared() {
	begin 60s && slow alpha || return
	migrate >/dev/null 2>&1 &
	await beta prepared && down beta && up beta && goes_on beta && settled alpha beta
}

source_down_relinquished() {
	begin 60s && slow alpha || return
	migrate >/dev/null 2>&1 &
	await alpha relinquished && down alpha && up alpha && goes_on beta &&
		settled alpha beta
}

# READY is on its way: the target has the only image, and is asked.
source_down_frozen() {
	begin 60s && slow beta || return
	migrate >/dev/null 2>&1 &
	await beta prepared && down alpha && up alpha && goes_on beta &&
		settled alpha beta
}

# Until the helper of a host has a whole checkpoint on its disk.
kept() {
	local end=$((SECONDS + PATIENCE))
	while ((SECONDS < end)); do
		[ ! -e "$work/$1/state/checkpoints/$W.sealed" ] || return 0
		sleep 0.1
	done
	return 1
}

# The target's helper says no more word, so that nothing can be decided.
freeze_and_lose() {
	begin 15s && slow alpha || return
	migrate >/dev/null 2>&1 &
	await alpha frozen && kill -STOP "${helper[beta]}" && kept alpha &&
		down alpha && down_for_good beta
}

source_down_target_gone() {
	freeze_and_lose || return
	# It was faster, and has the workload: once more.
	! grep -q 'source RELINQUISHED' "$work/alpha.log" || freeze_and_lose || return
	up alpha && goes_on alpha && [ -z "$(ls "$work/alpha/state/checkpoints")" ]
}

# START is on its way, and is lost.
relinquish_and_lose() {
	begin 60s && slow alpha || return
	migrate >/dev/null 2>&1 &
	await alpha relinquished && kill -STOP "${helper[beta]}" &&
		down alpha && down beta
}

both_down_relinquished() {
	relinquish_and_lose || return
	# It was faster, and what ran went down with its host: once more.
	! grep -q 'START from' "$work/beta.log" || relinquish_and_lose || return
	up alpha && up beta && goes_on beta && settled alpha beta
}

# asked N: the witness was asked that often at least.
asked() {
	[ "$(wc -l <"$work/asked")" -ge "$1" ]
}

# START, the entry at the target and ACTIVE wait; the helpers ask.
strict() {
	freshness=--strict
	: >"$work/asked"
	begin 60s && asked 2 || return
	at alpha rewire call $W add 0 >/dev/null || return
	migrate >/dev/null && goes_on beta && settled alpha beta && asked 4
}

# Nobody answers: it is the target's, and does not run there before somebody does.
strict_silent() {
	begin 60s || return
	touch "$work/silent"
	migrate >/dev/null 2>&1 &
	await alpha relinquished || return
	: >"$work/asked"
	until asked 2; do sleep 0.1; done
	at beta rewire events --json | grep -q '"to": *"active"' && return 1
	rm "$work/silent"
	goes_on beta && settled alpha beta
}

# Given up after the freeze: its enclave is back, and waits for the witness, too.
strict_abort() {
	begin 15s && slow alpha || return
	migrate >/dev/null 2>&1 &
	await alpha frozen && kill -STOP "${helper[beta]}" || return
	await beta aborted && await alpha aborted && goes_on alpha
}

modprobe -q pkcs8_key_parser || :
write_witness
dry_run
result $? "a dry run says what both sides would do, and touches nothing"
target_down_prepared
result $? "the target goes down PREPARED: its image comes back from its disk"
source_down_relinquished
result $? "the source goes down RELINQUISHED: START is said again"
source_down_frozen
result $? "the source goes down FROZEN: it asks, and the target has it"
source_down_target_gone
result $? "the source goes down FROZEN, the target for good: back from its own disk"
both_down_relinquished
result $? "both go down after the decision: the target starts it"
strict
result $? "strict hosts: the helpers have a witness know each step"
strict_silent
result $? "strict hosts: nothing goes on while the witness is silent"
strict_abort
result $? "strict hosts: an enclave that stays goes on once the witness knows"
echo "1..$results"
exit "$failed"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Two hosts with their helpers, of which one goes down in the middle of a
# migration, or both do, and come up again from what was on their disks.
#
#	alpha: rewired, 10.9.0.1 ---- veth ---- 10.9.0.2, rewired: beta
#
# A host is a network namespace with a folder for its disk. It goes down like
# this: its helper is stopped, its disk copied, everything in it killed and the
# namespace removed; it comes up with the copy. What the SM wrote when its files
# were closed is thus lost, as in a loss of power. Runs as root in a virtual
# machine with rewire.ko loaded, in the top folder of a built tree.

set -u
cd "$(dirname -- "$0")/../.." || exit
PATH=$PWD/build/bin:$PATH

W=5c2f9f0e-4a5b-4d0c-8e61-0a7c7a3b9d12
PKI=build/e2e/pki
declare -A address=([alpha]=10.9.0.1 [beta]=10.9.0.2) helper=()
results=0 failed=0
work=$(mktemp -d) || exit
trap 'down_for_good alpha; down_for_good beta; rm -rf "$work"' EXIT

at() {
	local host=$1
	shift
	nsenter --net="/run/netns/$host" -- "$@"
}

result() {
	local rc=$1
	shift
	results=$((results + 1))
	if [ "$rc" = 0 ]; then
		echo "ok $results - $*"
	else
		failed=1
		echo "not ok $results - $*"
		tail -n 25 "$work"/*.log | sed 's/^/# /'
	fi
}

# The cable: anew whenever one of its ends went.
connect() {
	local host
	for host in alpha beta; do
		[ -e "/run/netns/$host" ] || return 0
	done
	ip link add rwa type veth peer name rwb || return
	ip link set rwa netns alpha name veth0 && ip link set rwb netns beta name veth0
	for host in alpha beta; do
		at $host ip link set lo up
		at $host ip addr add "${address[$host]}/24" dev veth0
		at $host ip link set veth0 up
	done
}

# What a host sends arrives that much later.
slow() {
	at "$1" tc qdisc replace dev veth0 root netem delay 1500ms
}

start_helper() {
	local host=$1 i
	at "$host" rewired --host-dir "$work/$host/keys" --state-dir "$work/$host/state" \
		--socket "$work/$host.sock" --listen "${address[$host]}:7001" --verbose \
		>>"$work/$host.log" 2>&1 </dev/null &
	helper[$host]=$!
	for ((i = 0; i < 300; i++)); do
		grep -q 'listening for helpers' "$work/$host.log" && return
		sleep 0.1
	done
	return 1
}

up() {
	local host=$1
	ip netns add "$host" && connect &&
		at "$host" rewire provision "$work/$host/keys" --unwitnessed &&
		: >"$work/$host.log" && start_helper "$host"
}

# Nothing in it goes on, and nothing it would do on the way out counts.
end() {
	local host=$1 pids
	[ -e "/run/netns/$host" ] || return 0
	while pids=$(ip netns pids "$host") && [ -n "$pids" ]; do
		# shellcheck disable=SC2086
		kill -KILL $pids 2>/dev/null
		sleep 0.1
	done
	ip netns del "$host"
}

down() {
	local host=$1
	kill -STOP "${helper[$host]}"
	cp -a "$work/$host" "$work/$host.copy"
	end "$host"
	rm -rf "${work:?}/$host"
	mv "$work/$host.copy" "$work/$host"
}

down_for_good() {
	end "$1"
	rm -rf "${work:?}/$1"
}

begin() {
	local host
	for host in alpha beta; do
		down_for_good $host
		mkdir -p "$work/$host"
		cp -r $PKI/hosts/$host "$work/$host/keys"
	done
	up alpha && up beta &&
		at alpha rewire run build/enclaves/counter.elf \
			--manifest build/e2e/counter.manifest --workload $W >/dev/null &&
		at alpha rewire call $W add 5 >/dev/null &&
		rewire request --key $PKI/sds.key --cert $PKI/sds.crt --workload $W \
			--epoch 1 --source "$(cat "$work/alpha/keys/sm-id")" \
			--target "$(cat "$work/beta/keys/sm-id")" --lifetime "$1" \
			-o "$work/request" >/dev/null
}

migrate() {
	at alpha rewire migrate --request "$work/request" --to beta@10.9.0.2:7001 \
		--socket "$work/alpha.sock" "$@"
}

# await HOST STATE: until its SM says that a migration has come there.
await() {
	timeout 120 nsenter --net="/run/netns/$1" -- rewire events --follow --json |
		grep -q -m 1 "\"type\": *\"session\".*\"to\": *\"$2\""
}

# goes_on HOST: the enclave counts on there, in a process, and nowhere else.
goes_on() {
	local here=$1 there=alpha i
	[ "$here" = beta ] || there=beta
	for ((i = 0; i < 600; i++)); do
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
	local host i
	for host; do
		for ((i = 0; i < 600; i++)); do
			[ -n "$(ls "$work/$host/state/open")" ] || break
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

# ... and is never heard of again: the source falls back on its own copy.
source_down_target_gone() {
	begin 15s && slow beta || return
	migrate >/dev/null 2>&1 &
	await beta prepared && down alpha && down_for_good beta && up alpha &&
		goes_on alpha &&
		[ -z "$(ls "$work/alpha/state/checkpoints")" ] &&
		at alpha rewire events --json | grep -q 'the deadline has passed'
}

both_down_relinquished() {
	begin 60s && slow alpha || return
	migrate >/dev/null 2>&1 &
	await alpha relinquished && down alpha && down beta && up alpha && up beta &&
		goes_on beta && settled alpha beta
}

modprobe -q pkcs8_key_parser || :
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
echo "1..$results"
exit "$failed"

# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Two hosts with their helpers, which can go down at any moment and come up again
# from what was on their disks. Sourced, in the top folder of a built tree.
#
#	alpha: rewired, 10.9.0.1 ---- veth ---- 10.9.0.2, rewired: beta
#
# A host is a network namespace with a folder for its disk. It goes down like
# this: its helper is stopped, its disk copied, everything in it killed and the
# namespace removed; it comes up with the copy. What the SM wrote when its files
# were closed is thus lost, as in a loss of power.

PATH=$PWD/build/bin:$PATH
PKI=build/e2e/pki
declare -A address=([alpha]=10.9.0.1 [beta]=10.9.0.2) helper=()
declare -A options=()	# of a host's helper, more of them
launcher=()	# what runs a helper
freshness=--unwitnessed	# option of provisioning; empty: it waits for its witness
PATIENCE=240	# seconds, for anything that has to happen by itself
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
		# shellcheck disable=SC2034 # whoever sources this exits with it
		failed=1
		echo "not ok $results - $*"
		tail -n 25 "$work"/*.log | sed 's/^/# /'
	fi
}

# The cable: anew whenever one of its ends went. The kernel takes a namespace apart
# in its own time, so the end that was left may still be there.
connect() {
	local host
	for host in alpha beta; do
		[ -e "/run/netns/$host" ] || return 0
	done
	for host in alpha beta; do
		at $host ip link del veth0 2>/dev/null
	done
	ip link del rwa 2>/dev/null
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

# A witness that both hosts reach: the helpers' command.
write_witness() {
	cat >"$work/ask" <<-END
		#!/bin/bash
		set -e
		echo >>"$work/asked"
		[ ! -e "$work/silent" ]
		exec rewire witness sign "\$1" --key $PKI/sds.key --cert $PKI/sds.crt \\
			--platform $PKI/platform.crt --state "$work/witness" -o "\$2"
	END
	chmod +x "$work/ask"
}

start_helper() {
	local host=$1 end=$((SECONDS + PATIENCE))
	: >"$work/$host.log"
	# Not through at(): the number is to be the helper's own.
	# shellcheck disable=SC2086 # words
	nsenter --net="/run/netns/$host" -- \
		"${launcher[@]}" rewired --host-dir "$work/$host/keys" --state-dir "$work/$host/state" \
		--socket "$work/$host.sock" --listen "${address[$host]}:7001" --verbose \
		--witness-command "$work/ask" ${options[$host]-} \
		>>"$work/$host.log" 2>&1 </dev/null &
	helper[$host]=$!
	disown	# it will be killed, and nobody is to hear of it
	while ((SECONDS < end)); do
		grep -q 'listening for helpers' "$work/$host.log" && return
		sleep 0.1
	done
	return 1
}

up() {
	local host=$1
	ip netns add "$host" && connect &&
		at "$host" rewire provision "$work/$host/keys" \
			${freshness:+"$freshness"} >/dev/null &&
		start_helper "$host"
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

# With its keys, and nothing else.
new_disk() {
	down_for_good "$1"
	mkdir -p "$work/$1"
	cp -r "$PKI/hosts/$1" "$work/$1/keys"
}

# And a witness that knows nothing of them.
new_hosts() {
	new_disk alpha
	new_disk beta
	rm -rf "$work/witness"
}

# await HOST STATE: until its SM says that a migration has come there.
await() {
	# Not a pipeline: that would wait for the next event to break it.
	grep -q -m 1 "\"type\": *\"session\".*\"to\": *\"$2\"" \
		< <(at "$1" timeout $PATIENCE rewire events --follow --json)
}

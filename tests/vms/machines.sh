#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# One vault and two machines, each with a kernel of its own: the vault moves
# under load, survives helpers that are killed, a reboot from its checkpoint, and
# a target without power. Run by scripts/check-vms.
#
#	alpha 10.8.0.1 ---- ethernet ---- 10.8.0.2 beta

# shellcheck source=tests/vms/lib.sh
. "$(dirname -- "$0")/lib.sh"

W=6f3c2b1a-54d0-4c7e-9a6b-1f2e3d4c5b6a
manifest=build/e2e/vault.manifest
values=$work/values

# Values of every byte, from none to more than a page of them.
mkdir "$values"
for n in {1..40}; do head -c $(((n - 1) * 331)) /dev/urandom >"$values/v$n"; done

# request FROM TO EPOCH LIFETIME FILE; its id is in $id
request() {
	rewire request --key "$PKI/sds.key" --cert "$PKI/sds.crt" --workload "$W" \
		--epoch "$3" --lifetime "$4" -o "$5" \
		--source "$(<"$PKI/hosts/$1/sm-id")" \
		--target "$(<"$PKI/hosts/$2/sm-id")"
	id=$(od -An -v -tx1 -j16 -N16 "$5" | tr -d ' \n' |
		sed -E 's/(.{8})(.{4})(.{4})(.{4})/\1-\2-\3-\4-/')
}

migrate() {
	echo "rewire migrate --request $1 --to $2@${address[$2]}:7001"
}

# A condition for "on": that migration has come to a state there.
is_told() {
	echo "grep -qm 1 '\"to\": *\"$1\".*$id' < <(rewire events --follow --json)"
}

epoch() { on "$1" "rewire info $W --json" | sed -nE 's/.*"epoch": *([0-9]+).*/\1/p'; }

# lives_only_at HERE ELSEWHERE: it runs and has everything; not so there.
lives_only_at() {
	local digests
	on "$1" "rewire ls" | grep "$W" | grep running
	digests=$(on "$1" "for n in {1..40}; do echo digest v\$n; done | rewire call --lines $W")
	diff <(echo "$digests") <(cd "$values" && for n in {1..40}; do sha256sum <v"$n"; done | cut -d ' ' -f 1)
	[ -z "${2:-}" ] || on "$2" "! rewire ls | grep $W"
}

start() {
	on alpha "rewire run build/enclaves/vault.elf --manifest $manifest --workload $W"
	on alpha "for n in {1..40}; do echo put v\$n @$values/v\$n; done | rewire call --lines $W"
	lives_only_at alpha beta
}

under_load() {
	local calls next
	request alpha beta 1 10m "$work/there"
	# A call now and then, until it is told to stop.
	on alpha "mkfifo /tmp/nap && exec 8<>/tmp/nap
		{ until [ -e /tmp/enough ]; do
			echo add hits; read -rt 0.03 -u 8
		done | rewire call --lines $W; } >$work/hits 2>&1 &
		until [ -s $work/hits ]; do read -rt 0.05 -u 8; done
		$(migrate "$work/there" beta)
		wc -l <$work/hits >/tmp/moved
		until [ \$(wc -l <$work/hits) -ge \$((\$(</tmp/moved) + 10)) ]; do
			read -rt 0.05 -u 8
		done
		touch /tmp/enough; wait"
	calls=$(<"$work/hits")
	# Each answer is the sum so far: one missing or twice would show.
	diff <(echo "$calls") <(seq "$(wc -l <<<"$calls")")
	next=$(on beta "rewire call $W add hits")
	[ "$next" = $(($(wc -l <<<"$calls") + 1)) ]
	lives_only_at beta alpha
}

refused_at_source() {
	on alpha "rewire run build/enclaves/vault.elf --manifest $manifest --workload $W 2>&1 |
		grep 'moved to another SM'"
	on alpha "[ -s /var/lib/rewire/receipts/*.receipt ]"
	on alpha "rewire call $W count" | grep -x 41
}

# While there is a stream to be cut: a target that has all of it waits for a word.
source_helper_killed() {
	request beta alpha "$(epoch beta)" 10m "$work/back"
	on beta "tc qdisc replace dev eth0 root netem delay 800ms
		$(migrate "$work/back" alpha) --stop-and-copy >/tmp/back 2>&1 &
		$(is_told frozen) && kill -9 \$(</tmp/rewired.pid)
		tc qdisc del dev eth0 root; wait
		cat /tmp/back"
	on beta "rewire events" | grep 'helper went away'
	on alpha "$(is_told aborted)"
	lives_only_at beta alpha
}

reboot_from_checkpoint() {
	on beta "rewire pause $W && rewire extract $W -o $work/checkpoint"
	on beta "! rewire restore $work/checkpoint 2>&1" | grep 'lives here'
	# The share is this machine's disk: it keeps what was synced.
	on beta sync
	cut_power beta
	boot beta alpha
	on alpha "! rewire restore $work/checkpoint 2>&1" | grep 'was changed'
	up beta
	on beta "rewire restore $work/checkpoint"
	lives_only_at beta alpha
	on beta "! rewire restore $work/checkpoint 2>&1" | grep 'lives here'
}

target_without_power() {
	request beta alpha "$(epoch beta)" 20s "$work/dark"
	# It stands still where it must not be lost, and then the power goes.
	on alpha "{ $(is_told receiving); kill -STOP \$(</tmp/rewired.pid)
		touch $work/stopped; } >/tmp/stop 2>&1 &"
	on beta "$(migrate "$work/dark" alpha) >/tmp/dark 2>&1 &"
	appears "$work/stopped"
	cut_power alpha
	on beta "$(is_told aborted)"
	on beta "rewire events" | tail -n 8 | grep -E 'deadline has passed|cancelled'
	lives_only_at beta
}

two_machines() {
	boot alpha beta
	boot beta alpha
	up alpha
	up beta
}

ok "two machines come up" two_machines
ok "a vault is filled on alpha" start
ok "it moves to beta under load, each call answered once" under_load
ok "attack_22_start_after_move" refused_at_source
ok "the source machine's helper is killed: it stays" source_helper_killed
ok "beta reboots: its checkpoint opens there, and only there" reboot_from_checkpoint
ok "the target machine loses power when RECEIVING: it stays" target_without_power
finish

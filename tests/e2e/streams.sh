#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Two hosts whose helpers send an enclave by several streams, which can break.
# See two_hosts.sh. Runs as root in a virtual machine with rewire.ko loaded, in the
# top folder of a built tree.

set -u
cd "$(dirname -- "$0")/../.." || exit
. tests/e2e/two_hosts.sh

W=7d1c2c5e-93aa-4f0e-8b5b-2f6d3c1e0a44
epoch=1 here=alpha there=beta

begin() {
	new_hosts
	epoch=1 here=alpha there=beta
	up alpha && up beta &&
		at alpha rewire run build/enclaves/churn-4M.elf \
			--manifest build/e2e/churn-4M.manifest --workload $W >/dev/null &&
		at alpha rewire call $W fill 3 7 >/dev/null &&
		at alpha rewire call $W dirty 10 >/dev/null
}

# migrate OPTION...: to the other host
migrate() {
	rewire request --key $PKI/sds.key --cert $PKI/sds.crt --workload $W \
		--epoch "$epoch" --source "$(cat "$work/$here/keys/sm-id")" \
		--target "$(cat "$work/$there/keys/sm-id")" --lifetime 60s \
		-o "$work/request" >/dev/null || return
	at $here rewire migrate --request "$work/request" \
		--to "$there@${address[$there]}:7001" --socket "$work/$here.sock" "$@"
}

arrived() {
	local was=$here
	here=$there there=$was
	# it went on from what was kept of it, which is an epoch more
	epoch=$(at $here rewire info $W --json |
		sed -n 's/.*"epoch": *\([0-9]*\).*/\1/p')
	at $here rewire call $W verify | grep -q '^768 pages intact'
}

# Threads and files of a helper. Connections that are over are closed in a moment.
held() {
	local threads=("/proc/${helper[$1]}/task"/*) files=("/proc/${helper[$1]}/fd"/*)
	echo "${#threads[@]} ${#files[@]}"
}

holds_no_more() {
	local host=$1 before=$2 end=$((SECONDS + PATIENCE))
	while ((SECONDS < end)); do
		[ "$(held "$host")" != "$before" ] || return 0
		sleep 0.1
	done
	echo "# $host holds $(held "$host"), and held $before"
	return 1
}

by_any_number() {
	local streams alpha beta
	begin || return
	# what stays open from the first one on is no loss
	migrate --streams 1 >/dev/null && arrived || return
	alpha=$(held alpha) beta=$(held beta)
	for streams in 2 3 8 4; do
		at $here rewire call $W run 20 >/dev/null &&
			migrate --streams $streams >/dev/null && arrived || return
	done
	holds_no_more alpha "$alpha" && holds_no_more beta "$beta"
}

# At once, without a round before.
from_a_stand() {
	begin && migrate --streams 4 --stop-and-copy >/dev/null && arrived
}

while_it_works() {
	begin || return
	at alpha rewire call $W run 200 >"$work/answer" 2>&1 &
	local caller=$!
	migrate --streams 4 >/dev/null && arrived
	local rc=$?
	kill $caller 2>/dev/null
	return $rc
}

to_one_that_has_no_room() {
	options[beta]="--max-peers 3"
	begin && migrate --streams 4 >/dev/null && arrived
	local rc=$?
	options[beta]=
	[ $rc = 0 ] && grep -q 'one stream, not 4: .*this helper has 1 connections' \
		"$work/alpha.log"
}

# The target's helper dies in the middle: the enclave runs on, and nothing is left.
target_gone() {
	local before
	begin && before=$(held alpha) && slow alpha || return
	migrate --streams 4 >/dev/null 2>&1 &
	await beta receiving && kill -KILL "${helper[beta]}" || return
	wait $! && return 1
	at alpha rewire call $W verify | grep -q '^768 pages intact' &&
		holds_no_more alpha "$before"
}

# Whoever ordered it hangs up.
cancelled() {
	local alpha beta client
	begin && alpha=$(held alpha) beta=$(held beta) && slow alpha || return
	migrate --streams 4 >/dev/null 2>&1 &
	client=$!
	await beta receiving || return
	pkill -TERM -P $client
	await beta aborted || return
	at alpha rewire call $W verify | grep -q '^768 pages intact' &&
		holds_no_more alpha "$alpha" && holds_no_more beta "$beta"
}

modprobe -q pkcs8_key_parser || :
write_witness
by_any_number
result $? "there and back by 1 to 8 streams, and no thread or file is left"
from_a_stand
result $? "by four streams, all of it while it stands still"
while_it_works
result $? "by four streams, while it works"
to_one_that_has_no_room
result $? "a target without room for more connections gets one stream"
target_gone
result $? "the target's helper dies: the enclave runs on, and nothing is left"
cancelled
result $? "cancelled: the enclave runs on, and nothing is left on either side"
echo "1..$results"
exit "$failed"

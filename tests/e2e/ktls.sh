#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Streams through the kernel's TLS, and without it: each arrives, and each ends when
# the target takes no more of it or nobody wants it any more. See two_hosts.sh. Runs
# as root in a virtual machine with rewire.ko loaded, in the top folder of a built
# tree.

set -u
cd "$(dirname -- "$0")/../.." || exit
. tests/e2e/two_hosts.sh

W=5c2f9f0e-4a5b-4d0c-8e61-0a7c7a3b9d12
KERNEL='TLS by the kernel, streams are spliced'
HELPER='TLS by OpenSSL, streams are copied'

# begin OPTION...: of the source's helper; 16 MiB to be moved.
begin() {
	options[alpha]="--verbose $*"
	new_hosts
	up alpha && up beta &&
		at alpha rewire run build/enclaves/churn-64M.elf \
			--manifest build/e2e/churn-64M.manifest --workload $W >/dev/null &&
		at alpha rewire call $W fill 16 7 >/dev/null &&
		rewire request --key $PKI/sds.key --cert $PKI/sds.crt --workload $W \
			--epoch 1 --source "$(cat "$work/alpha/keys/sm-id")" \
			--target "$(cat "$work/beta/keys/sm-id")" --lifetime 120s \
			-o "$work/request" >/dev/null
}

# By one connection, which says how it went.
migrate() {
	exec nsenter --net=/run/netns/alpha -- rewire migrate --streams 1 \
		--request "$work/request" --to beta@10.9.0.2:7001 \
		--socket "$work/alpha.sock"
}

intact_at() {
	[ "$(at "$1" rewire call $W verify)" = "4096 pages intact" ]
}

# went HOW: the source's helper says so, once.
went() {
	[ "$(grep -c "$1" "$work/alpha.log")" = 1 ] &&
		[ "$(grep -c ', streams are ' "$work/alpha.log")" = 1 ]
}

# arrives HOW OPTION...
arrives() {
	local how=$1
	shift
	begin "$@" && (migrate >/dev/null) && intact_at beta && went "$how"
}

# Slow enough to be in the middle of it.
thin() {
	at alpha tc qdisc replace dev veth0 root netem rate 16mbit
}

# The target's helper takes nothing more.
stalls() {
	local how=$1
	shift
	begin --io-timeout 2 "$@" && thin || return
	(migrate >"$work/out" 2>&1) &
	await alpha agreed && await_bytes && kill -STOP "${helper[beta]}" || return
	! wait $! && went "$how" && grep -qE "did not answer in time|timed out" "$work/out" &&
		intact_at alpha
}

# Some of the stream is out.
await_bytes() {
	local end=$((SECONDS + PATIENCE))
	while ((SECONDS < end)); do
		grep -q ', streams are ' "$work/alpha.log" && return
		sleep 0.1
	done
	return 1
}

# Who asked for it hangs up.
cancelled() {
	local how=$1 client
	shift
	begin "$@" && thin || return
	(migrate >/dev/null 2>&1) &
	client=$!
	await alpha agreed && await_bytes && kill "$client" || return
	wait "$client"
	await alpha aborted && went "$how" && intact_at alpha
}

# unit HAS: the connection's own tests, where the kernel has TLS or not.
unit() {
	build/san/tests/test_peer_tls >"$work/unit.log" 2>&1 &&
		grep -q "this kernel has $1" "$work/unit.log"
}

# Somebody else's connections may have had it loaded, and some may not be gone yet.
unload_tls() {
	local end=$((SECONDS + PATIENCE))
	while [ -e /sys/module/tls/refcnt ] && ((SECONDS < end)); do
		modprobe -rq tls || sleep 0.1
	done
	[ ! -e /sys/module/tls/refcnt ]
}

modprobe -q pkcs8_key_parser || :
ip link set lo up
write_witness
unload_tls
result $? "the module of the kernel's TLS is not loaded, or built in"
if [ -e /proc/net/tls_stat ]; then
	echo "ok $((++results)) - no kernel TLS # SKIP this kernel has it built in"
else
	loader=$(cat /proc/sys/kernel/modprobe)
	# Nothing is loaded by itself then: not what the hosts need either.
	modprobe -aq veth sch_netem || :
	echo /bin/false >/proc/sys/kernel/modprobe
	arrives "$HELPER"
	result $? "no kernel TLS: the helper encrypts"
	unit "no TLS"
	result $? "unit tests of a connection without it"
	echo "$loader" >/proc/sys/kernel/modprobe
fi
arrives "$KERNEL"
result $? "the kernel's TLS is asked for, and the stream spliced into it"
unit TLS
result $? "unit tests of a connection with it"
arrives "$KERNEL" --stop-and-copy
result $? "also of an enclave that stands still"
arrives "$HELPER" --no-ktls
result $? "or is not asked for"
for way in "$KERNEL" "$HELPER --no-ktls"; do
	# shellcheck disable=SC2086 # words
	stalls "${way% --*}" ${way#"${way% --*}"}
	result $? "the target stalls: given up in time (${way%,*})"
	# shellcheck disable=SC2086 # words
	cancelled "${way% --*}" ${way#"${way% --*}"}
	result $? "the client hangs up: given up at once (${way%,*})"
done
echo "1..$results"
exit "$failed"

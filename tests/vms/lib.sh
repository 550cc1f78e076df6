# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Two virtual machines and what is done on them. Sourced, on this machine.

set -euo pipefail
TOP=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$TOP"
PATH=$TOP/build/bin:$PATH
PKI=build/e2e/pki
: "${REWIRE_KO:?run me by scripts/check-vms}"

failed=0
work=$(mktemp -d "${TMPDIR:-/tmp}/rewire-vms.XXXXXX")
export REWIRE_WORK=$work
declare -A vm address=([alpha]=10.8.0.1 [beta]=10.8.0.2)

end() {
	local name
	for name in "${!vm[@]}"; do
		kill "${vm[$name]}" 2>/dev/null || :
		wait "${vm[$name]}" 2>/dev/null || :
	done
	if ((failed)); then
		tail -n 30 "$work"/*.vm "$work"/*/*.out 2>/dev/null >&2 || :
	fi
	rm -rf "$work"
}
trap end EXIT

# boot NAME PEER: returns at once.
boot() {
	rm -rf "${work:?}/$1"
	mkdir "$work/$1"
	echo 0 >"$work/$1/count"
	scripts/vm --name "$1" --link "$work/$1.net:$work/$2.net" \
		--addr "${address[$1]}/24" --share "$work" \
		--pidfile "$work/$1.pid" --timeout 1500 -- \
		tests/vms/agent "$work/$1" >"$work/$1.vm" 2>&1 </dev/null &
	vm[$1]=$!
}

# cut NAME: its power.
cut_power() {
	kill -9 "$(<"$work/$1.pid")"
	wait "${vm[$1]}" 2>/dev/null || :
	unset "vm[$1]"
}

# on NAME COMMAND: run it there; its output and status are ours.
on() {
	local folder=$work/$1 n end=$((SECONDS + 300))
	n=$(($(<"$folder/count") + 1))
	echo "$n" >"$folder/count"
	{
		echo "PATH=$TOP/build/bin:\$PATH"
		echo "cd $TOP"
		echo "$2"
	} >"$folder/$n.new"
	mv "$folder/$n.new" "$folder/$n.cmd"
	until [ -e "$folder/$n.rc" ]; do
		if ! kill -0 "${vm[$1]}" 2>/dev/null || ((SECONDS > end)); then
			echo "no end on $1: $2"
			return 125
		fi
		sleep 0.1
	done
	cat "$folder/$n.out"
	return "$(<"$folder/$n.rc")"
}

# appears FILE: wait for it.
appears() {
	local end=$((SECONDS + 300))
	until [ -e "$1" ]; do
		((SECONDS < end)) || return
		sleep 0.1
	done
}

# up NAME: with the module, keys and a helper that listens.
up() {
	on "$1" "scripts/guest/load $REWIRE_KO && mkdir -p /run/rewire &&
		{ rewired --host-dir $PKI/hosts/$1 --provision --no-journal --verbose \
			--listen ${address[$1]}:7001 >/tmp/rewired.log 2>&1 &
		echo \$! >/tmp/rewired.pid; } &&
		until grep -q 'listening for helpers' /tmp/rewired.log; do
			[ -d /proc/\$(</tmp/rewired.pid) ] || exit
		done"
}

results=0 bad=0
# ok NAME FUNCTION: one result; each command in the function must succeed. It
# runs in this shell, for it boots machines and cuts their power.
ok() {
	results=$((results + 1)) bad=0
	set +e -E
	trap 'bad=1; echo "failed in line $LINENO: $BASH_COMMAND"' ERR
	"$2" >"$work/log" 2>&1
	trap - ERR
	set -e +E
	if ((!bad)); then
		echo "ok $results - $1"
	else
		failed=$((failed + 1))
		sed 's/^/# /' "$work/log"
		echo "not ok $results - $1"
	fi
}

finish() {
	echo "1..$results"
	((failed == 0))
	exit
}

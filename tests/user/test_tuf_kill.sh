#!/bin/sh
# SPDX-License-Identifier: MIT
# rewire tuf, killed at each system call that changes something: what is public is
# the old or the new, whole, and the next run goes on from there.

# In memory: a kill is no power cut, and hundreds of syncs take long on a disk.
[ ! -w /dev/shm ] || TMPDIR=/dev/shm
export TMPDIR

. "$(dirname -- "$0")/tuf.sh"
cd "$dir" || exit 1
# It cannot look for leaks while it is traced.
ASAN_OPTIONS=detect_leaks=0
export ASAN_OPTIONS

calls=openat,write,sendfile,fsync,link,linkat,rename,renameat,renameat2,mkdir,mkdirat
calls=$calls,unlink,unlinkat,rmdir,flock

# points LOG: "CALL NUMBER" for each call in it that changes something
points() {
	awk '{ sub(/^[0-9]* */, ""); call = $0; if (!sub(/\(.*/, "", call)) next
		n[call]++
		if (call != "openat" || /O_CREAT|O_TMPFILE/) print call, n[call] }' "$1"
}

# killed CALL NUMBER ARGUMENT...: the program, killed when it comes to that call
killed() {
	call=$1 at=$2
	shift 2
	strace -f -qq -o /dev/null -e trace="$call" \
		-e inject="$call:signal=KILL:when=$at" \
		"$REWIRE" tuf "$@" >out 2>err </dev/null
	[ $? = 137 ]
}

# same A B: the same files
same() {
	diff -r "$1" "$2" >out 2>&1
}

online root root-2 targets snapshot timestamp
echo one >one
echo two >two
try 0 init repo --root keys/root.pub --targets keys/targets.pub \
	--snapshot keys/snapshot.pub --timestamp keys/timestamp.pub &&
	try 0 add repo one --yes && sign repo root targets && refresh repo
result $? "a repository before it is public"
cp -a repo first

# publish of FROM, where what is public is OLD (or nothing) and becomes NEW
publish_killed() {
	what=$1 from=$2
	rm -rf repo && cp -a "$from" repo
	strace -f -qq -o log -e trace="$calls" "$REWIRE" tuf publish repo --yes \
		>out 2>err </dev/null
	rm -rf new && cp -a repo/public new
	points log >list
	bad=0 old_seen=0 new_seen=0
	while read -r call at; do
		rm -rf repo && cp -a "$from" repo
		if ! killed "$call" "$at" publish repo --yes; then
			echo "# $call $at: not killed"
			bad=1
		fi
		if [ -e repo/public ] && same repo/public new; then
			new_seen=1
		elif [ -e "$from/public" ] && same repo/public "$from/public"; then
			old_seen=1
		elif [ ! -e "$from/public" ] && [ ! -e repo/public ]; then
			old_seen=1
		else
			echo "# $call $at: neither old nor new"
			bad=1
		fi
		# Again: it does what is left, or finds that nothing is.
		try 0 publish repo --yes || grep -q 'no draft has the signatures' err || bad=1
		same repo/public new || bad=1
		[ ! -e repo/.next ] || bad=1
	done <list
	[ $bad = 0 ] && [ $old_seen = 1 ] && [ $new_seen = 1 ] && [ "$(wc -l <list)" -gt 50 ]
	result $? "$what: killed at each of $(wc -l <list) calls"
}
publish_killed "a first publish" first

rm -rf repo && cp -a first repo && try 0 publish repo --yes &&
	try 0 add repo two --yes && try 0 rotate repo root --add keys/root-2.pub \
	--remove "$(keyid root | cut -c1-8)" --yes &&
	sign repo root root-2 targets && refresh repo
result $? "a new target, and a new root"
rm -rf second && cp -a repo second
publish_killed "the next publish" second

# edit NAME ARGUMENT...: killed anywhere it leaves the old draft or the new one
edit() {
	name=$1
	shift
	rm -rf repo && cp -a base repo
	strace -f -qq -o log -e trace="$calls" "$REWIRE" tuf "$@" >out 2>err </dev/null
	points log >list
	bad=0
	while read -r call at; do
		rm -rf repo && cp -a base repo
		killed "$call" "$at" "$@" || bad=1
		same repo/public base/public || bad=1
		# What is there is read; the edit is made now, or was made.
		try 0 status repo --days 0 || bad=1
		try 0 "$@" || grep -q 'two delegations\|none of its keys' err || bad=1
	done <list
	[ $bad = 0 ] && [ -s list ]
	result $? "$name: killed at each of $(wc -l <list) calls"
}
rm -rf repo base && cp -a first repo && try 0 publish repo --yes && cp -a repo base
edit "add" add repo two --yes
edit "delegate" delegate repo team --key keys/root-2.pub --path 'team/*' --yes
edit "rotate" rotate repo targets --add keys/root-2.pub --remove "$(keyid targets | cut -c1-8)" --yes
finish

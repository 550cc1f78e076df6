# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034
# What the tests of the command line share: TAP on standard output. Sourced;
# $REWIRE is the program.

number=0
failed=0

# result STATUS NAME: STATUS is of the test, 0 for good
result() {
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		sed 's/^/# /' "$dir/out" "$dir/err"
		failed=1
	fi
}

# What is tried; a script may have another.
program() {
	"$REWIRE" "$@"
}

# try EXPECTED ARGUMENT...: run it and compare the exit status
try() {
	expected=$1
	shift
	program "$@" >"$dir/out" 2>"$dir/err" </dev/null
	[ $? = "$expected" ]
}

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
: >"$dir/out"
: >"$dir/err"

# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What the tests of `rewire tuf` share. Sourced; TAP on standard output. $REWIRE is
# the program, $TUF_CLIENT the client.

. "$(dirname -- "$0")/../user/tap.sh"

program() {
	"$REWIRE" tuf "$@"
}

# refused TEXT ARGUMENT...: it fails, and the message says TEXT
refused() {
	text=$1
	shift
	try 1 "$@" && grep -q -- "$text" "$dir/err"
}

# shellcheck disable=SC2034 # for those who source this
phrase='correct horse battery staple'

# with PHRASE EXPECTED ARGUMENT...: the same with a passphrase
with() {
	printf '%s\n' "$1" >"$dir/phrase"
	shift
	expected=$1
	shift
	"$REWIRE" tuf "$@" --passphrase-fd 3 >"$dir/out" 2>"$dir/err" \
		</dev/null 3<"$dir/phrase"
	status=$?
	rm -f "$dir/phrase"
	[ $status = "$expected" ]
}

# online NAME...: keys without a passphrase, in $dir/keys
online() {
	mkdir -p "$dir/keys"
	for key in "$@"; do
		try 0 key make "$key" --online "$dir/keys" || return 1
	done
}

# keyid NAME: its id
keyid() {
	"$REWIRE" tuf key show "$dir/keys/$1.pub" | cut -d' ' -f1
}

# sign REPO NAME...: sign what waits for those keys
sign() {
	repo=$1
	shift
	for key in "$@"; do
		try 0 sign "$repo" --key "$dir/keys/$key.key" --yes || return 1
	done
}

# refresh REPO [NAME NAME]: new snapshot and timestamp, by those keys
refresh() {
	try 0 snapshot "$1" --key "$dir/keys/${2:-snapshot}.key" --yes &&
		try 0 timestamp "$1" --key "$dir/keys/${3:-timestamp}.key" --yes
}

# client ARGUMENT...: the client, with what it trusts in $dir/trust
client() {
	"$TUF_CLIENT" --metadata-dir "$dir/trust" --metadata-url "$dir/repo/public/metadata" \
		--target-base-url "$dir/repo/public/targets" --target-dir "$dir/got" \
		"$@" >"$dir/out" 2>"$dir/err" </dev/null
}

# trust ROOT: a client that trusts it and nothing else
trust() {
	rm -rf "$dir/trust" "$dir/got"
	mkdir "$dir/got"
	client init "$1"
}

# version ROLE: of what is public
version() {
	"$REWIRE" tuf status "$dir/repo" --days 0 --online-days 0 2>/dev/null |
		sed -n "s/^$1  *version \([0-9]*\),.*/\1/p"
}

finish() {
	echo "1..$number"
	exit $failed
}

TMPDIR=$dir
export TMPDIR

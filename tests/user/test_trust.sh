#!/bin/sh
# SPDX-License-Identifier: MIT
# rewire trust, rewire fence and trust levels in requests, where no Security
# Monitor is needed. TAP on standard output; $REWIRE is the program.

. "$(dirname -- "$0")/tap.sh"
pki=$dir/pki
sm=0123456789abcdef0123456789abcdef
"$REWIRE" pki init "$pki" >"$dir/out" 2>"$dir/err" &&
	"$REWIRE" pki host "$pki" alpha >"$dir/out" 2>"$dir/err" &&
	[ "$(cat "$pki/hosts/alpha/anchors/root.threshold")" = 2 ] &&
	[ -e "$pki/root-3.key" ] && [ ! -e "$pki/root.key" ] &&
	[ -e "$pki/hosts/alpha/anchors/root-3.crt" ]
result $? "three root keys, two of which have to sign"

for line in "" "bundle" "bundle x" "nonsense x" "levels" "give" "show" \
	"bundle --role root --version 1 --cert a -o b" \
	"bundle --role nobody --version 1 --cert a -o b" \
	"bundle --role sds --version 0 --cert a -o b" \
	"bundle --role sds --version 1 -o b" \
	"bundle --role sds --version 1 --cert a -o b --revoke 12" \
	"bundle --role root --version 1 --cert a -o b --threshold 9" \
	"sign x" "sign x --key y" "levels x"; do
	# shellcheck disable=SC2086
	try 2 trust $line && [ ! -s "$dir/out" ]
	result $? "wrong usage: trust $line"
done

bundle() {
	"$REWIRE" trust bundle --role platform --version 4 \
		--cert "$pki/platform.crt" --revoke $sm -o "$1" \
		>"$dir/out" 2>"$dir/err"
}
bundle "$dir/b" && grep -q "bundle *of role platform, version 4" "$dir/out" &&
	grep -q "revoked *$sm" "$dir/out" && grep -q "signatures 0" "$dir/out"
result $? "a bundle"
sign() { # KEY FILE
	try "$3" trust sign "$2" --key "$pki/$1.key" --cert "$pki/$1.crt"
}
sign root-1 "$dir/b" 0 && grep -q "signatures 1" "$dir/out" &&
	sign root-3 "$dir/b" 0 && grep -q "signatures 2" "$dir/out"
result $? "two sign it, one after the other"
cp "$dir/b" "$dir/before"
sign root-1 "$dir/b" 1 && grep -q "signed it before" "$dir/err" &&
	cmp -s "$dir/b" "$dir/before"
result $? "the same key does not sign twice"
try 0 trust show "$dir/b" --json --cert "$pki/root-1.crt" \
	--cert "$pki/root-2.crt" --cert "$pki/root-3.crt" &&
	grep -q '"role":"platform","version":4' "$dir/out" &&
	grep -q "\"revoked\":\[\"$sm\"\]" "$dir/out" &&
	grep -q '"signatures":2,"signers":2' "$dir/out"
result $? "show it in JSON, and how many of these signed"

try 1 trust bundle --role sds --version 1 --cert "$pki/sds.crt" \
	--revoke $sm -o "$dir/none" && grep -q 'by the role platform' "$dir/err" &&
	[ ! -e "$dir/none" ]
result $? "only the platform role revokes SMs"
try 1 trust bundle --role root --version 1 --cert "$pki/root-1.crt" \
	--cert "$pki/root-1.crt" --threshold 2 -o "$dir/none" &&
	grep -q 'same key' "$dir/err" && [ ! -e "$dir/none" ]
result $? "a key counts once"
head -c 700 "$dir/b" >"$dir/cut"
try 1 trust show "$dir/cut" && [ -s "$dir/err" ]
result $? "a file that is cut off"
try 1 trust show "$pki/sds.crt" && [ -s "$dir/err" ]
result $? "a file that is none"
bundle "$dir/unsigned" && try 1 trust give "$dir/unsigned" && [ -s "$dir/err" ]
result $? "give without a Security Monitor, or unsigned"

cat >"$dir/table" <<'END'
{ "version": 2, "rules": [
  { "level": 3, "min_kernel": "6.12.0", "claims": ["yama", "journal"] } ] }
END
try 0 trust levels "$dir/table" -o "$dir/l" &&
	grep -q "level 3 *kernel 6.12.0 or newer, yama, journal" "$dir/out" &&
	sign root-2 "$dir/l" 0 && try 0 trust show --json "$dir/l" &&
	grep -q '"claims":\["yama","journal"\]' "$dir/out"
result $? "a table of levels"
sed 's/yama/yoga/' "$dir/table" >"$dir/bad"
try 1 trust levels "$dir/bad" -o "$dir/none" && grep -q yoga "$dir/err" &&
	[ ! -e "$dir/none" ]
result $? "a claim that nobody knows"
help=$("$REWIRE" trust --help | sed -n '/{ "version/,/} ] }/p')
echo "$help" >"$dir/example" && try 0 trust levels "$dir/example" -o "$dir/l"
result $? "the table in the help is one"

level=0
request() {
	try "$@" request --key "$pki/sds.key" --cert "$pki/sds.crt" \
		--workload 00112233-4455-6677-8899-aabbccddeeff --epoch 1 \
		--source $sm --target ${sm%?}0 -o "$dir/move" --min-atl "$level"
}
level=5 request 0 && [ "$(od -An -tu4 -j92 -N4 "$dir/move" | tr -d ' ')" = 5 ]
result $? "a request that wants a trust level"
level=8 request 2
result $? "there is no level 8"
level=0 request 0 && try 0 fence "$dir/move" --key "$pki/sds.key" \
	--cert "$pki/sds.crt" -o "$dir/fence" &&
	grep -q "fenced *SM ${sm%?}0" "$dir/out" &&
	[ "$(od -An -tu2 -j4 -N2 "$dir/fence" | tr -d ' ')" = 9 ]
result $? "fence"
try 1 fence "$dir/fence" --key "$pki/sds.key" --cert "$pki/sds.crt" \
	-o "$dir/none" && grep -q 'not a signed request' "$dir/err" &&
	[ ! -e "$dir/none" ]
result $? "fence needs a request"

echo "1..$number"
exit $failed

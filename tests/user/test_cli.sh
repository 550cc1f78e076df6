#!/bin/sh
# SPDX-License-Identifier: MIT
# The command line where no Security Monitor is needed. TAP on standard output;
# $REWIRE is the program.

. "$(dirname -- "$0")/tap.sh"
uuid=00112233-4455-6677-8899-aabbccddeeff
commands=$("$REWIRE" help | sed -n 's/^  \([a-z]*\)  *.*/\1/p')

for name in $commands; do
	try 0 "$name" --help && grep -q '^usage: rewire' "$dir/out" &&
		grep -q '^example' "$dir/out" && [ ! -s "$dir/err" ] &&
		mv "$dir/out" "$dir/help" && try 0 help "$name" &&
		cmp -s "$dir/help" "$dir/out"
	result $? "help of $name"
	try 2 "$name" --no-such-option && grep -q -e --help "$dir/err" &&
		[ ! -s "$dir/out" ]
	result $? "unknown option of $name"
done

try 2 && grep -q '^usage' "$dir/err"
result $? "no command"
try 2 nonsense && grep -q "no command 'nonsense'" "$dir/err"
result $? "unknown command"
for line in "info" "info 1 2" "ls 1" "sign x" "request" "run x" "call 1" \
	"call --client $uuid 1 get" "call --timeout 1y 1 get" "pause 1 --timeout 0" \
	"pause 1 --timeout 61s" "extract 1" "reseal x" "provision" "pki" "pki init" \
	"pki make x" "root" "root turn x" "root rotate x y" "pki init x --address a:1" "migrate --request x" \
	"migrate --request x --to nowhere" "migrate --dry-run --to a:1" \
	"migrate --request x --to a:1 --streams 9" \
	"fence give" "fence give x y" "provision x --memory-limit 5X" \
	"run x --manifest y --workload 7" "provision x --tpm 5" \
	"provision x --tpm 0x1800000 --no-journal" \
	"provision x --no-journal --unwitnessed" "provision x --strict --unwitnessed" \
	"trust show" "trust show x --live" "trust give --live" log "log 1" "log verify" \
	"log verify x --head y" "log export x" "log compact 1" witness \
	"witness status x" "witness status --max-silence 1y" \
	"witness ask" "witness give" "witness sign x -o y" \
	"evidence" "evidence show" \
	"evidence verify x" "evidence get --json" "evidence get --nonce 00 -o x" \
	"evidence verify x --platform y --measurement 1" "evidence show x --sm 1" \
	"evidence verify x --platform y --min-svn -1" \
	update "update turn x" "update apply" "update apply x" \
	"update apply x --all" "update apply x --all --payload y" \
	"update apply x --all --payload y --json" \
	"update apply x --all --workload $uuid --payload y --yes" \
	"update apply x --workload 7 --payload y --yes" \
	"update apply x --all --payload y --yes --keep-going --stop-at-first-failure" \
	"update plan x" "update plan x y --all" "update list x" \
	"update approve" "update approve x" "update reject 7" \
	"update cancel $uuid $uuid" "update receipt" "update receipt x" \
	"update receipt $uuid --platform x" "update receipt verify" \
	"update receipt verify x" "update receipt verify x --platform y --out z"; do
	# shellcheck disable=SC2086
	try 2 $line && [ ! -s "$dir/out" ]
	result $? "wrong usage: $line"
done

try 0 pki init "$dir/pki" && try 0 pki host "$dir/pki" alpha &&
	grep -q "SM $(cat "$dir/pki/hosts/alpha/sm-id")" "$dir/out"
result $? "pki"
try 1 pki init "$dir/pki" && grep -q 'File exists' "$dir/err"
result $? "pki init twice"
try 1 pki init "$dir/pki" --json &&
	grep -q '^{"ok":false,"errno":17,' "$dir/out"
result $? "a failure in JSON"

request() {
	try "$@" request --key "$dir/pki/sds.key" --cert "$dir/pki/sds.crt" \
		--workload $uuid --epoch 1 --source $uuid --target $uuid \
		-o "$dir/move"
}
request 0 && [ "$(od -An -tx4 -N4 "$dir/move")" = " 45525752" ]
result $? "request"
openssl pkcs8 -topk8 -in "$dir/pki/sds.key" -passout pass:horse \
	-out "$dir/locked" 2>/dev/null && mv "$dir/locked" "$dir/pki/sds.key"
echo horse >"$dir/passphrase"
"$REWIRE" request --key "$dir/pki/sds.key" --cert "$dir/pki/sds.crt" \
	--workload $uuid --epoch 1 --source $uuid --target $uuid -o "$dir/move2" \
	--passphrase-fd 3 3<"$dir/passphrase" >"$dir/out" 2>"$dir/err"
result $? "request with a passphrase from a descriptor"
"$REWIRE" request --key "$dir/pki/sds.key" --cert "$dir/pki/sds.crt" \
	--workload $uuid --epoch 1 --source $uuid --target $uuid -o "$dir/move3" \
	--passphrase-fd 3 3</dev/null >"$dir/out" 2>"$dir/err"
[ $? = 1 ] && grep -q 'wrong passphrase' "$dir/err" && [ ! -e "$dir/move3" ]
result $? "request with a wrong passphrase leaves no file"

printf 'not a journal' >"$dir/journal.0"
try 1 log verify "$dir/journal.0" && grep -q 'record 0 at byte 0' "$dir/err"
result $? "log verify of what is no journal"
: >"$dir/journal.0"
try 0 log verify "$dir/journal.0" && grep -q blank "$dir/out"
result $? "log verify of a blank file"
try 1 log --dir "$dir" && grep -q 'journal' "$dir/err"
result $? "log without a journal"

printf 'not an image' >"$dir/image"
try 1 sign "$dir/image" --key "$dir/pki/developer.key" \
	--cert "$dir/pki/developer.crt" --software $uuid --release 1 --svn 1 &&
	grep -q 'not an ELF file' "$dir/err" && [ ! -e "$dir/image.manifest" ]
result $? "sign what is no image"
try 1 run "$dir/image" --manifest "$dir/move" &&
	grep -q 'not a signed manifest' "$dir/err"
result $? "run with a request for a manifest"
try 1 migrate --request "$dir/move" --to beta:1 --socket "$dir/none" &&
	grep -q 'start rewired' "$dir/err"
result $? "migrate without a helper"
try 1 migrate --dry-run --request "$dir/move" --to beta:1 \
	--socket "$dir/none" --json && grep -q '"errno"' "$dir/err" "$dir/out"
result $? "migrate --dry-run without a helper"
try 1 fence give "$dir/move" && grep -q 'not a signed fence' "$dir/err"
result $? "fence give with a request for a fence"

try 1 update plan "$dir/image" --all --socket "$dir/none" &&
	grep -q 'cut off' "$dir/err"
result $? "update plan of what is no package"
try 1 update list --socket "$dir/none" && grep -q 'start rewired' "$dir/err"
result $? "update list without a helper"
try 1 update approve $uuid --socket "$dir/none" --json &&
	grep -q '^{"ok":false,"errno":111,' "$dir/out"
result $? "update approve without a helper, in JSON"
try 1 update receipt verify "$dir/image" --platform "$dir/pki/platform.crt" &&
	grep -q 'too short for the receipt of an update' "$dir/err"
result $? "update receipt verify of what is none"

try 1 evidence show "$dir/image" && grep -q 'byte 0: not a COSE_Sign1' "$dir/err"
result $? "evidence that is none"
try 1 evidence verify "$dir/image" --platform "$dir/none" --json &&
	grep -q '^{"ok":false,"errno":74,' "$dir/out"
result $? "evidence that is none, in JSON"

"$REWIRE" help >/dev/full 2>"$dir/err"
[ $? = 1 ] && grep -q 'standard output' "$dir/err"
result $? "a full disk shows"

echo "1..$number"
exit $failed

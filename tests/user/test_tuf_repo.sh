#!/bin/sh
# SPDX-License-Identifier: MIT
# rewire tuf: each sub-command, and what each refuses.

. "$(dirname -- "$0")/tuf.sh"
cd "$dir" || exit 1

for line in "" "nonsense" "key" "key make" "key make x" "key make x --medium $dir" \
	"key make a/b --online $dir" "key make x --online $dir --medium $dir" \
	"key check x" "key copy x --medium $dir" "init" "init repo" \
	"init repo --root a" "add repo" "add repo a b --name c" \
	"delegate repo" "delegate repo x" "delegate repo x --key a" \
	"delegate repo x --key a --path b --bits 3" \
	"delegate repo x --key a --bits 15" "delegate repo x --key a --key b --path c" \
	"sign" "sign repo" "sign repo --key a --key b" "sign repo --export x" \
	"sign --request x" "sign repo --request x --key a" \
	"sign repo --export x --collect y" "snapshot repo" \
	"snapshot repo --key a --expires never" "snapshot repo --key a --if-due x" \
	"timestamp repo --key a --if-due 3" "rotate repo" "rotate repo snapshot" \
	"rotate repo root --threshold 0" "verify" "status" "status repo --days x" \
	"publish" "publish repo other"; do
	# shellcheck disable=SC2086
	try 2 $line && [ ! -s out ]
	result $? "wrong usage: tuf $line"
done
for name in key init add delegate sign snapshot timestamp publish rotate verify status; do
	try 0 $name --help && grep -q "^usage: rewire tuf $name " out &&
		grep -q '^example:' out
	result $? "help: $name"
done

# Keys

mkdir a b c
with "$phrase" 0 key make root-1 --medium a --medium b &&
	grep -q 'on one device' err && cmp -s a/root-1.pub b/root-1.pub &&
	head -n 1 a/root-1.key | grep -q 'ENCRYPTED PRIVATE KEY' &&
	[ "$(stat -c %a a/root-1.key)" = 400 ]
result $? "an offline key, on two media"
openssl asn1parse -in a/root-1.key >out 2>err && grep -q ':PBES2' out &&
	grep -q ':scrypt' out && grep -q ':aes-256-cbc' out
result $? "it is PKCS#8 under scrypt"
openssl pkey -in a/root-1.key -passin "pass:$phrase" -pubout >c/root-1.pub 2>err &&
	cmp -s a/root-1.pub c/root-1.pub
result $? "OpenSSL reads it"
cp a/root-1.key before
with "$phrase" 1 key make root-1 --medium a --medium b &&
	grep -q 'not overwritten' err && cmp -s a/root-1.key before
result $? "a key is not overwritten"
with short 1 key make x --medium a --medium b && grep -q 'at least 12' err &&
	[ ! -e a/x.key ]
result $? "a passphrase that is too short"
try 2 key make x --medium a --medium a && grep -q 'one folder' err
result $? "one folder twice is not two media"
with "$phrase" 1 key make x --medium a --medium nowhere && [ ! -e a/x.key ]
result $? "a medium that is not there"
with "$phrase" 0 key check root-1 --medium a --medium b
result $? "media are checked"
with "wrong $phrase" 1 key check root-1 --medium a && grep -q 'wrong passphrase' err
result $? "wrong passphrase"
mkdir d e f
with "$phrase" 0 key copy root-1 --from b --medium d &&
	with "$phrase" 0 key check root-1 --medium a --medium b --medium d
result $? "a medium is made anew from the one that is left"
with "$phrase" 0 key make root-1 --medium e --medium f &&
	with "$phrase" 1 key check root-1 --medium a --medium e &&
	grep -q 'another key' err
result $? "a medium with another key of that name"
try 1 key check root-1 --medium a && [ -s err ]
result $? "no passphrase, no key"
for type in ed25519 ecdsa rsa; do
	try 0 key make $type --online "$dir" --type $type &&
		try 0 key show $type.pub && grep -q "^[0-9a-f]\{64\}  $type" out
	result $? "a key of type $type"
done
refused 'not ed25519' key make x --online "$dir" --type dsa
result $? "a key of a type that is none"

# A repository

online root-1 root-2 root-3 targets targets-2 snapshot timestamp team other
cp ecdsa.* rsa.* keys
init() {
	try "$1" init repo --root keys/root-1.pub --root keys/root-2.pub \
		--root keys/root-3.pub --threshold root="$2" --targets keys/targets.pub \
		--targets keys/targets-2.pub --threshold targets=2 \
		--snapshot keys/snapshot.pub --timestamp keys/timestamp.pub
}
init 1 4 && grep -q '4 of 3 keys' err
result $? "a threshold above the number of keys"
try 1 init repo --root keys/root-1.pub --root keys/root-1.pub --threshold root=2 \
	--targets keys/targets.pub --snapshot keys/snapshot.pub \
	--timestamp keys/timestamp.pub && grep -q 'already' err
result $? "one key twice in a role"
init 0 2 && grep -q 'root: 2 of 3 keys have to sign' out &&
	grep -q "root: key $(keyid root-1 | cut -c1-16) (ed25519) added" out
result $? "init says in words who may sign"
init 1 2 && grep -q 'already' err
result $? "not over another repository"
refused 'not the folder of a repository' status a
result $? "a folder that is none"

mkdir files
for i in 1 2 3; do echo "file $i" >files/file-$i; done
"$REWIRE" tuf add repo files/file-1 >out 2>err </dev/null
[ $? = 1 ] && grep -q 'nothing was done' err && ! grep -q file-1 repo/draft/targets.json
result $? "without a yes nothing is done"
echo y | "$REWIRE" tuf add repo files/file-1 >out 2>err &&
	grep -q 'target file-1 added: 7 bytes, sha256' out &&
	grep -q file-1 repo/draft/targets.json
result $? "with a yes it is"
try 0 add repo files/file-2 --prefix deep/er --custom '{"x":1}' --yes &&
	try 0 add repo files/file-3 --name renamed --yes --json &&
	grep -q '"ok":true' out && grep -q 'target renamed added' out
result $? "more targets, in JSON too"
for name in ../up /abs a//b ./x a/../b ""; do
	refused 'path like' add repo files/file-1 --name "$name" --yes
	result $? "a target called '$name'"
done
refused 'control characters' add repo files/file-1 --name "$(printf 'a\033[31mb')" --yes
result $? "a target with control characters in its name"
for name in 'a%41' 'a?b' 'a#b' 'a\b'; do
	refused 'none of' add repo files/file-1 --name "$name" --yes
	result $? "a target called '$name'"
done
refused 'not a file' add repo files --yes
result $? "a folder is no target"
refused 'no target' add repo nothing --remove --yes
result $? "removing what is not there"
refused 'no role' add repo files/file-1 --role nobody --yes
result $? "adding to a role that is none"

# Signing

refused 'no draft waits' sign repo --key keys/other.key --yes
result $? "a key of no role"
refused 'none of the keys of root' sign repo --role root --key keys/targets.key --yes
result $? "a key of another role"
"$REWIRE" tuf sign repo --key keys/root-1.key >out 2>err </dev/null
[ $? = 1 ] && grep -q 'Sign root' err && grep -q 'root: version 1, the first' out &&
	! grep -q '"sig"' repo/draft/root.json
result $? "shown before it is signed, and not signed without a yes"
sign repo root-1 targets &&
	refused 'not enough signatures' publish repo --yes && [ ! -e repo/public ]
result $? "one of two root signatures: not published"
refused 'signed it before' sign repo --role root --key keys/root-1.key --yes
result $? "a key signs once"
sign repo root-2
refused 'no version of targets has the 2 signatures' snapshot repo --key keys/snapshot.key --yes
result $? "one of two targets signatures: not in a snapshot"

# Elsewhere: two copies of a request, signed apart
try 0 sign repo --export request --role targets && cp request request-2 &&
	grep -q 'target renamed added' out
result $? "a request for signatures"
refused 'none of the keys of targets' sign --request request --key keys/other.key --yes
result $? "a request is not signed by a key of another role"
try 0 sign --request request --key keys/targets-2.key --yes &&
	grep -q 'target renamed added' out && try 0 sign repo --collect request &&
	grep -q '1 signature collected' out && try 0 sign repo --collect request &&
	grep -q '0 signatures collected' out
result $? "signed elsewhere, collected, once"
try 0 rotate repo targets --expires +99 --yes && refused 'is not the draft' sign repo --collect request
result $? "signatures of another draft are not collected"
sign repo targets && try 0 sign repo --export request --role targets &&
	try 0 sign --request request --key keys/targets-2.key --yes &&
	sed 's/\("sig": "\)\(.\)\(.\)/\1\3\2/' request >forged &&
	! cmp -s request forged &&
	refused 'signature of key .* is wrong' sign repo --collect forged
result $? "a forged signature is not collected"
sed "0,/\"signatures\": \[/s//&{\"keyid\": \"$(keyid other)\", \"sig\": \"00\"},/" \
	request >strange
refused 'none of the keys of targets' sign repo --collect strange
result $? "a signature by a key not of the role is not collected"
head -c 500 request >"cut" && refused 'not JSON' sign repo --collect cut &&
	refused 'not a request' sign repo --collect repo/draft/root.json
result $? "what is no request"
try 0 sign repo --collect request
result $? "the last signature"

# Publishing

refused 'none of the keys of snapshot' snapshot repo --key keys/timestamp.key --yes
result $? "a snapshot by the timestamp's key"
refused 'no snapshot has' timestamp repo --key keys/timestamp.key --yes
result $? "no timestamp without a snapshot"
try 0 snapshot repo --key keys/snapshot.key --yes &&
	grep -q 'targets.json: version 1, not listed before' out &&
	try 0 timestamp repo --key keys/timestamp.key --expires 2020-01-01 --yes &&
	refused 'timestamp 1: expired: .*5.4.4' publish repo --yes && [ ! -e repo/public ]
result $? "expired metadata is not published"
refresh repo && try 0 publish repo --yes && grep -q 'targets version 1 is public' out &&
	[ ! -e repo/.next ] && [ ! -e repo/draft/targets ] && [ ! -e repo/draft/root.json ]
result $? "published"
trust repo/public/metadata/1.root.json &&
	client --target-name deep/er/file-2 --target-name renamed download &&
	cmp -s files/file-2 got/deep%2Fer%2Ffile-2 && cmp -s files/file-3 got/renamed
result $? "a client reads it"
try 0 verify repo && grep -q '3 targets' out && try 0 verify repo/public &&
	try 0 verify repo --json && grep -q '"root":1,"roles":1,"targets":3' out
result $? "verified"
refused 'timestamp 1: expired' verify repo --at +4
result $? "it will not hold in four days"
refused 'no draft has the signatures' publish repo --yes
result $? "nothing to publish"
echo '{}' >strange-root
refused 'format' verify repo --root strange-root
result $? "verified against a root that is none"

for what in targets/renamed metadata/1.targets.json metadata/1.snapshot.json; do
	rm -rf broken && cp -r repo/public broken
	case $what in
	targets/*) file=$(find broken -name '*.renamed') ;;
	*) file=broken/$what ;;
	esac
	echo x >>"$file"
	refused 'hash\|limit\|TUF' verify broken && rm "$file" &&
		refused 'missing' verify broken
	result $? "a repository with a damaged $what"
done

# Status

try 0 status repo && grep -q '^timestamp  *version 1, expires in [23] days' out
result $? "status"
try 1 status repo --days 100 && grep -q 'expires soon' err &&
	try 1 status repo --online-days 4 && try 1 status repo --at +400 &&
	grep -q 'EXPIRED' out
result $? "status fails before anything expires"
try 0 status repo --json && grep -q '"ok":true' out &&
	grep -q '"role":"timestamp","draft":false,"version":1' out &&
	try 1 status repo --days 100 --json && grep -q '"ok":false' out
result $? "status in JSON"
try 0 status repo --prometheus &&
	grep -q '^rewire_tuf_expires_timestamp_seconds{role="root",version="1"} [0-9]*$' out
result $? "status for Prometheus"

# Delegation

try 0 delegate repo team --key keys/team.pub --path 'team/*' --yes &&
	grep -q 'delegation to team added' out && grep -q 'may vouch for team/\*' out
result $? "a delegation"
try 0 delegate repo gone --key keys/other.pub --path 'gone/*' --yes &&
	grep -q "$(keyid other)" repo/draft/targets.json &&
	try 0 delegate repo gone --remove --yes &&
	! grep -q "$(keyid other)" repo/draft/targets.json &&
	grep -q "$(keyid team)" repo/draft/targets.json
result $? "a delegation taken back takes its key along"
refused 'no path that is delegated' add repo files/file-1 --role team --yes
result $? "a target that no client would look for"
try 0 add repo files/file-1 --role team --prefix team --yes &&
	sign repo team targets targets-2 && refresh repo && try 0 publish repo --yes &&
	client --target-name team/file-1 download && cmp -s files/file-1 got/team%2Ffile-1
result $? "what a delegated role vouches for"
for name in root 'a/b' '' '.x'; do
	try 1 delegate repo "$name" --key keys/team.pub --path 'x/*' --yes
	result $? "a role called '$name'"
done
try 1 delegate repo team --key keys/team.pub --path 'x/*' --yes
result $? "a second role of one name"
try 0 delegate repo sub --from team --key keys/ecdsa.pub --key keys/rsa.pub \
	--threshold 2 --path 'team/sub/*' --terminating --yes &&
	grep -q 'terminating' out && cp files/file-2 sub-file &&
	try 0 add repo sub-file --role sub --name team/sub/f --yes &&
	sign repo team ecdsa rsa && refresh repo && try 0 publish repo --yes &&
	! client --target-name team/sub/f download
result $? "a path that the role above does not cover is not asked for"
try 0 delegate repo all --key keys/other.pub --bits 3 --yes
try 1 delegate repo bins --key keys/other.pub --bits 3 --yes &&
	grep -q 'bins take all targets' err
result $? "bins go with no other delegation"
try 0 delegate repo bins --from sub --key keys/other.pub --bits 3 --yes &&
	try 0 add repo files/file-3 --role sub --name team/x --yes &&
	grep -q 'bins-[0-7]: version' out
result $? "a target of a role with bins goes to one of them"
try 0 delegate repo team --remove --yes && grep -q 'delegation to team REMOVED' out &&
	sign repo targets targets-2 && refresh repo && try 0 publish repo --yes &&
	client refresh && grep -q '"team.json"' "$dir/trust/snapshot.json"
result $? "a delegation taken back: the snapshot still lists it"

try 0 rotate repo root --threshold 3 --yes && try 0 sign repo --export request --role root &&
	grep -q 'compared with version 1, signed by 2 of the 2 keys' out &&
	sed '0,/"expires": "20/s//"expires": "21/' request >forged &&
	"$REWIRE" tuf sign --request forged --key keys/root-3.key >out 2>err </dev/null
	grep -q 'compared with version 1, signed by 0 of the 2 keys' out && rm repo/draft/root.json
result $? "a request says whether what it is compared with is genuine"

# Carried on a medium

mkdir medium && try 0 publish repo --copy-to medium/tuf &&
	try 0 publish repo --copy-to medium/tuf && try 0 verify medium/tuf &&
	[ ! -e medium/tuf.new ] && rm -rf trust2 && "$TUF_CLIENT" --metadata-dir trust2 \
	init medium/tuf/metadata/1.root.json >out 2>err &&
	"$TUF_CLIENT" --metadata-dir trust2 --metadata-url "file://$dir/medium/tuf/metadata" \
		--target-base-url "file://$dir/medium/tuf/targets" --target-dir got \
		--target-name renamed download >out 2>err
result $? "carried on a medium, and read there by a client"
finish

#!/bin/sh
# SPDX-License-Identifier: MIT
# docs/key-ceremony.md, command by command: the ceremony, a release, loss and theft
# of each key and the way back. Folders stand for media.

. "$(dirname -- "$0")/tuf.sh"
top=$(cd "$(dirname -- "$0")/../.." && pwd)
cd "$dir" || exit 1
page=$top/docs/key-ceremony.md
for holder in ada-1 ada-2 ada-3 ben-1 ben-2 cyd-1 cyd-2 dan-1 dan-2; do
	mkdir -p "media/$holder"
done
mkdir -p etc srv
echo "package 2" >vault-2.package
echo "payload 2" >vault-2.payload
yes "$phrase" | head -n 100 >phrases

# block NAME: a block of the page, with the folders of this test
block() {
	sed -n "/^\`\`\`sh $1\$/,/^\`\`\`\$/p" "$page" | sed '1d;$d' |
		sed -e "s#/media/#$dir/media/#g" -e "s#/etc/rewire/tuf#$dir/etc#g" \
			-e "s#/srv/tuf#$dir/repo#g" -e "s#^scripts/#$top/scripts/#"
}

# What people type, is typed: passphrases, and a yes.
cat >typed <<'END'
rewire() {
	case "$2 $3" in
	"key show") "$REWIRE" "$@" ;;
	key*) "$REWIRE" "$@" --passphrase-fd 3 3<phrases ;;
	sign* | snapshot* | timestamp*) "$REWIRE" "$@" --passphrase-fd 3 --yes 3<phrases ;;
	*) "$REWIRE" "$@" --yes ;;
	esac
}
END

# step BLOCK NAME: run it; each of its commands has to succeed
performed=1
step() {
	performed=$((performed + 1))
	block "$1" >commands
	[ -s commands ] && cat typed commands >script && sh -e ./script >out 2>err
	result $? "$2"
}

block ceremony >script
sed -i "\$s#\$# --yes --passphrase-fd 3#" script
sh ./script >out 2>err 3<phrases
result $? "the ceremony"
[ "$(sha256sum <repo/public/metadata/1.root.json)" = \
	"$(tail -n 1 out | sed 's/ .*/  -/')" ] &&
	openssl pkey -in media/ada-2/root-ada.key -passin "pass:$phrase" -noout
result $? "its last line is the first root's hash, and both media hold the key"
"$top/scripts/tuf-ceremony" repo --online etc --holder "ada:media/ada-1:media/ada-2" \
	>out 2>err
[ $? = 1 ] && grep -q 'exists already' err
result $? "not over what is there"
for line in "" "x" "x --online etc" "x --online etc --holder ada" \
	"x --online etc --holder ada:media/ada-1:nowhere" \
	"x --online etc --holder a/b:etc:srv" \
	"x --online etc --holder ada:etc:srv --threshold 2" "x --online"; do
	# shellcheck disable=SC2086
	"$top/scripts/tuf-ceremony" $line >out 2>err
	[ $? = 1 ] && [ -s err ] && [ ! -e x ]
	result $? "wrong usage: tuf-ceremony $line"
done
trust repo/public/metadata/1.root.json && client refresh
result $? "a client trusts it"

step release "a release, signed by ada"
try 1 publish repo --yes && grep -q 'no draft has' err
result $? "one of two is not enough"
step release-ben "signed by ben, elsewhere"
step release-publish "collected and published"
client --target-name packages/vault-2.package download &&
	cmp -s vault-2.package got/packages%2Fvault-2.package
result $? "a client fetches it"

# The daily refresh, as the service does it
before=$(version timestamp) snapshot=$(version snapshot)
# shellcheck disable=SC2016 # for the shell that runs it
sed -n 's/^ExecStart=//p' "$top/packaging/rewire-tuf-refresh.service" |
	sed -e 's#^/usr/local/bin/rewire#"$REWIRE"#' -e 's#%d#etc#' >refresh
TUF_REPO=repo sh -e ./refresh >out 2>err && [ "$(grep -c . refresh)" = 4 ] &&
	[ "$(version timestamp)" = $((before + 1)) ] &&
	[ "$(version snapshot)" = "$snapshot" ] && client refresh
result $? "the daily refresh: a new timestamp, and no snapshot before it is due"
try 0 add repo vault-2.package --name waits --yes &&
	try 0 timestamp repo --key etc/timestamp.key --yes && try 0 publish repo --yes &&
	grep -q 'targets version 3 waits: 0 of 2' out && client refresh
result $? "it goes on while a draft waits for people"
! grep -q 'if-due' refresh || sed -i 's/--if-due 7/--if-due 30/' refresh
TUF_REPO=repo sh -e ./refresh >out 2>err && [ "$(version snapshot)" = $((snapshot + 1)) ] && client refresh
result $? "a snapshot when it is due"
if command -v systemd-analyze >/dev/null; then
	mkdir units && cp "$top"/packaging/rewire-tuf-refresh.* units &&
		sed -i "s#/usr/local/bin/rewire#/bin/true#" units/*.service &&
		systemd-analyze verify units/rewire-tuf-refresh.timer >out 2>err &&
		! grep -q 'rewire-tuf-refresh' err
	result $? "systemd takes the units"
fi

step yearly "root and targets renewed"
[ "$(version root)" = 2 ] && client refresh
result $? "a client follows"

# Loss

rm -r media/ada-2
step lost-medium "a medium lost: a new one"
cmp -s media/ada-1/root-ada.pub media/ada-3/root-ada.pub
result $? "it holds the same key"
step lost-root "a root key lost: a new holder"
client refresh && [ "$(version root)" = 3 ] &&
	! grep -q "$("$REWIRE" tuf key show media/cyd-1/root-cyd.pub | cut -d' ' -f1)" \
		trust/root.json
result $? "a client follows to the new root"

# Cyd's key is what a thief may have found: it is no use.
cp -a repo thief && try 0 rotate thief root --threshold 1 --yes
printf '%s\n' "$phrase" | "$REWIRE" tuf sign thief --role root --yes --passphrase-fd 0 \
	--key media/cyd-1/root-cyd.key >out 2>err
[ $? = 1 ] && grep -q 'none of the keys of root' err
result $? "the old root key signs nothing any more"

cp -a repo before-targets
step lost-targets "a targets key lost: rotated"
client --target-name packages/vault-2.package download && try 0 verify repo
result $? "a client follows to the new targets key"

# Below its threshold root changes no more.
rm -rf dead && cp -a repo dead && try 0 rotate dead root --threshold 1 --yes &&
	with "$phrase" 0 sign dead --key media/ada-1/root-ada.key --yes &&
	! try 0 publish dead --yes && grep -q 'root version 5 waits: 1 of 2' out
result $? "root below its threshold: no way to change it"
online r t s u && try 0 init dead2 --root keys/r.pub --targets keys/t.pub \
	--snapshot keys/s.pub --timestamp keys/u.pub && sign dead2 r t &&
	refresh dead2 s u && try 0 publish dead2 --yes
! client init dead2/public/metadata/1.root.json && grep -q 'another root already' err
result $? "a client does not replace its root by itself"

# Theft of the online keys: versions so high that the true ones look old

# forge REPO ROLE VERSION: the role's draft gets that version
forge() {
	sed -i "s/^  \"version\": [0-9]*/  \"version\": $3/" "$1/draft/$2.json" &&
		sed -i '/^ "signatures": \[$/,/^ \]/c\ "signatures": [],' "$1/draft/$2.json"
}
rm -rf thief && cp -a repo thief &&
	try 0 snapshot thief --key etc/snapshot.key --yes && forge thief snapshot 900 &&
	with "$phrase" 0 sign thief --key etc/snapshot.key --yes &&
	try 0 timestamp thief --key etc/timestamp.key --yes && forge thief timestamp 1000 &&
	with "$phrase" 0 sign thief --key etc/timestamp.key --yes &&
	try 0 publish thief --yes
result $? "a thief with both online keys publishes high versions"
mv repo true && mv thief repo && client refresh
result $? "clients believe them: the keys are right"
mv repo thief && mv true repo && ! client refresh && grep -q 'rollback' err
result $? "and then refuse the true repository as old"
cp -r etc stolen
step lost-online "the online keys rotated"
performed=$((performed - 1)) # it will come again

client refresh && client --target-name packages/vault-2.package download
result $? "clients forget the thief's versions and follow"
try 1 timestamp repo --key stolen/timestamp.key --yes &&
	grep -q 'none of the keys of timestamp' err &&
	try 1 snapshot repo --key stolen/snapshot.key --yes
result $? "the stolen keys sign nothing any more"
mv repo true && mv thief repo && ! client refresh
failed_then=$?
mv repo thief && mv true repo
result $failed_then "what the thief published is refused"

# Theft of targets keys: below the threshold, and at it

rm -rf thief && cp -a repo thief && echo evil >evil &&
	try 0 add thief evil --prefix packages --name vault-2.package --yes &&
	with "$phrase" 0 sign thief --key media/ada-1/targets-ada.key --yes &&
	try 0 timestamp thief --key etc/timestamp.key --yes && try 0 publish thief --yes &&
	grep -q 'targets version .* waits: 1 of 2' out
result $? "one targets key below the threshold moves nothing"
with "$phrase" 0 sign thief --key media/ben-1/targets-ben.key --yes &&
	try 0 snapshot thief --key etc/snapshot.key --yes &&
	try 0 timestamp thief --key etc/timestamp.key --yes && try 0 publish thief --yes
mv repo true && mv thief repo && rm -rf got && mkdir got &&
	client --target-name packages/vault-2.package download &&
	cmp -s evil got/packages%2Fvault-2.package
reached=$?
mv repo thief && mv true repo
result $reached "at the threshold, with the online keys, a thief gives clients any file"
step stolen-targets "the targets keys taken away, the true targets signed anew"
step lost-online "and the online keys with them"
rm -rf got && mkdir got && client --target-name packages/vault-2.package download &&
	cmp -s vault-2.package got/packages%2Fvault-2.package && try 0 verify repo
result $? "clients have the true file again"

[ $performed = "$(grep -c '^```sh ' "$page")" ]
result $? "all of the page was run"
finish

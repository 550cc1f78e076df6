#!/bin/sh
# SPDX-License-Identifier: MIT
# rewire tuf: online keys in a token (PKCS#11, SoftHSM) and behind a program.

. "$(dirname -- "$0")/tuf.sh"
cd "$dir" || exit 1
online root targets plain

# A token with two keys
mkdir tokens
echo "directories.tokendir = $dir/tokens" >softhsm.conf
SOFTHSM2_CONF=$dir/softhsm.conf
PKCS11_MODULE_PATH=$(find /usr/lib -name libsofthsm2.so | head -n 1)
export SOFTHSM2_CONF PKCS11_MODULE_PATH
pin=54321
softhsm2-util --init-token --free --label tuf --so-pin 12345 --pin $pin >out 2>err &&
	try 0 key make ec --online keys --type ecdsa &&
	try 0 key make rsa --online keys --type rsa &&
	softhsm2-util --import keys/ec.key --token tuf --label snapshot --id 01 --pin $pin >out 2>err &&
	softhsm2-util --import keys/rsa.key --token tuf --label timestamp --id 02 --pin $pin >out 2>err
result $? "a token with two keys"
rm -f keys/ec.key keys/rsa.key
token='pkcs11:token=tuf;object='

begin() {
	rm -rf repo
	try 0 init repo --root keys/root.pub --targets keys/targets.pub \
		--snapshot "keys/$1.pub" --timestamp "keys/$2.pub" && sign repo root targets
}
begin ec rsa
with $pin 0 snapshot repo --key "${token}snapshot;type=private" --yes &&
	with $pin 0 timestamp repo --key "${token}timestamp;type=private" --yes &&
	try 0 publish repo --yes && try 0 verify repo
result $? "snapshot and timestamp signed by a token (ECDSA, RSA-PSS)"
trust repo/public/metadata/1.root.json && client refresh
result $? "a client verifies it"
with 99999 1 timestamp repo --key "${token}timestamp;type=private" --yes &&
	grep -q 'wrong PIN' err
result $? "a wrong PIN"
with $pin 1 timestamp repo --key "${token}nothing;type=private" --yes && [ -s err ]
result $? "a key that the token has not"
with $pin 1 timestamp repo --key "${token}snapshot;type=private" --yes &&
	grep -q 'none of the keys of timestamp' err
result $? "the token's other key"
printf %s $pin >pin
try 0 timestamp repo --key "${token}timestamp;type=private?pin-source=file:$dir/pin" --yes
result $? "the PIN from a file that the URI names"
PKCS11_MODULE_PATH=/nowhere try 1 timestamp repo \
	--key "${token}timestamp;type=private?pin-value=$pin" --yes && [ -s err ]
result $? "no token at all"

# A program
cat >signer <<END
#!/bin/sh
case \$1 in
public) cat "$dir/keys/plain.pub" ;;
sign) cat >"$dir/asked" && openssl pkeyutl -sign -rawin -inkey "$dir/keys/plain.key" -in "$dir/asked" ;;
esac
END
chmod +x signer
begin plain plain
try 0 snapshot repo --key "command:$dir/signer" --yes &&
	try 0 timestamp repo --key "command:$dir/signer" --yes &&
	try 0 publish repo --yes && try 0 verify repo &&
	grep -q '"_type":"timestamp"' asked
result $? "signed by a program"

# liar SCRIPT: a program that does that instead
liar() {
	printf '#!/bin/sh\n%s\n' "$1" >liar
	chmod +x liar
	try 1 timestamp repo --key "command:$dir/liar" --yes && grep -q "$2" err &&
		[ ! -e repo/draft/timestamp.json ]
}
liar "[ \$1 = public ] && cat $dir/keys/plain.pub || head -c 64 /dev/zero" 'does not verify'
result $? "a program whose signature is wrong"
liar "[ \$1 = public ] && cat $dir/keys/plain.pub || exit 3" 'sign failed'
result $? "a program that fails"
liar "[ \$1 = public ] && cat $dir/keys/plain.pub || :" 'answers nothing'
result $? "a program that answers nothing"
liar 'echo hello' 'no public key'
result $? "a program without a public key"
liar "[ \$1 = public ] && cat $dir/keys/root.pub" 'none of the keys of timestamp'
result $? "a program with a key of another role"
try 1 timestamp repo --key command:/nowhere/signer --yes && [ -s err ]
result $? "a program that is not there"
finish

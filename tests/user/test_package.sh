#!/bin/sh
# SPDX-License-Identifier: MIT
# rewire package and rewire suk, where no Security Monitor is needed. TAP on
# standard output; $REWIRE is the program, $WRITE_IMAGE writes an enclave image.

. "$(dirname -- "$0")/tap.sh"
pki=$dir/pki
uuid=7b1d3c9e-58d1-4d8e-9c55-0d6b5f3f2a10
image=$dir/vault2
"$REWIRE" pki init "$pki" >"$dir/out" 2>"$dir/err"
for host in alpha beta; do
	"$REWIRE" pki host "$pki" $host >"$dir/out" 2>"$dir/err"
done

"$WRITE_IMAGE" >"$image" 2>"$dir/err"
result $? "an image"

little() { # BYTES NUMBER
	n=$2
	for _ in $(seq "$1"); do
		# shellcheck disable=SC2059 # the format is what is computed
		printf "\\$(printf %03o $((n & 255)))"
		n=$((n >> 8))
	done
}
# suk HOST: what its monitor would sign
suk() {
	openssl ecparam -name prime256v1 -genkey -noout -out "$dir/$1.ec" &&
		openssl x509 -in "$pki/hosts/$1/attest.crt" -outform DER \
			-out "$dir/$1.der" || return
	{
		printf RWRE; little 2 12; little 2 1; little 4 112; little 4 0
		sed 's/../\\x&/g' "$pki/hosts/$1/sm-id" | tr -d '\n' |
			xargs -0 printf
		little 4 1; little 4 "$(wc -c <"$dir/$1.der")"
		little 4 "$(openssl rsa -in "$pki/hosts/$1/attest.key" -noout \
			-text 2>/dev/null | sed -n 's/.*: (\([0-9]*\) bit.*/\1/p' |
			{ read -r bits; echo $((bits / 8)); })"
		little 4 0
		openssl ec -in "$dir/$1.ec" -pubout -outform DER 2>/dev/null |
			tail -c 64
	} >"$dir/$1.body"
	{ printf 'REWIRE suk v1\0'; cat "$dir/$1.body"; } |
		openssl dgst -sha256 -sign "$pki/hosts/$1/attest.key" \
			>"$dir/$1.sig" || return
	cat "$dir/$1.body" "$dir/$1.der" "$dir/$1.sig"
}
mkdir "$dir/suks"
suk alpha >"$dir/suks/alpha" && suk beta >"$dir/suks/beta" &&
	try 0 suk show "$dir/suks/alpha" --platform "$pki/platform.crt" &&
	grep -q "SM *$(cat "$pki/hosts/alpha/sm-id")" "$dir/out"
result $? "a Software Update Key"
try 1 suk show "$dir/suks/alpha" --platform "$pki/sds.crt" &&
	grep -q 'not issued by' "$dir/err"
result $? "of another CA"
try 1 suk show "$pki/sds.crt" && grep -q 'not a Software Update Key' "$dir/err"
result $? "a file that is none"
try 1 suk -o "$dir/none" && [ -s "$dir/err" ] && [ ! -e "$dir/none" ]
result $? "suk without a Security Monitor"

for line in "" "x" "x --manifest y --key z" "show" "show a b" "authorise x" \
	"authorise x --key y"; do
	# shellcheck disable=SC2086
	try 2 package $line && [ ! -s "$dir/out" ]
	result $? "wrong usage: package $line"
done
try 2 suk x
result $? "wrong usage: suk x"

try 0 sign "$image" --key "$pki/developer.key" --cert "$pki/developer.crt" \
	--software $uuid --release 2 --svn 1
result $? "its manifest"

# package EXPECTED ARGUMENT...
package() {
	expected=$1
	shift
	try "$expected" package "$image" --manifest "$image.manifest" \
		--key "$pki/sds.key" --cert "$pki/sds.crt" "$@"
}
package 0 --expires +30 && [ -s "$image.package" ] && [ ! -e "$image.wraps" ] &&
	[ "$(sha256sum <"$image.payload" | cut -c 1-64)" = \
		"$("$REWIRE" package show "$image.package" --json |
		sed 's/.*"measurement": *"\([0-9a-f]*\)".*/\1/')" ]
result $? "for any device: the payload is what is measured"
try 0 package show "$image.package" --sds "$pki/sds.crt" \
	--developer "$pki/developer.crt" --payload "$image.payload" &&
	grep -q 'to *release 2, SVN 1' "$dir/out" &&
	grep -q 'from *release 0 to 1' "$dir/out" &&
	grep -q 'signed *by the SDS' "$dir/out" &&
	! grep -q unchecked "$dir/out"
result $? "show it, with who signed"
try 0 package show "$image.package" && grep -q unchecked "$dir/out"
result $? "show says what it did not check"
try 1 package show "$image.package" --sds "$pki/developer.crt" &&
	grep -q 'not signed by' "$dir/err" && [ ! -s "$dir/out" ]
result $? "not signed by this SDS"
printf x >>"$image.payload"
try 1 package show "$image.package" --payload "$image.payload" &&
	grep -q 'bytes' "$dir/err"
result $? "a payload that is too long"

package 2 --device "$dir/suks/alpha" && grep -q -e --platform "$dir/err"
result $? "keys of devices need who vouches for them"
package 0 --device "$dir/suks/alpha" --platform "$pki/platform.crt" \
	--out "$dir/one" && [ "$(ls "$dir/one.wraps")" = \
		"$(cat "$pki/hosts/alpha/sm-id").wrap" ] &&
	[ "$(wc -c <"$dir/one.wraps/$(ls "$dir/one.wraps")")" -lt 1024 ] &&
	try 0 package show "$dir/one.package" &&
	grep -q "device *$(cat "$pki/hosts/alpha/sm-id")" "$dir/out" &&
	! grep -q -a ENCLAVE-TEXT "$dir/one.payload" &&
	grep -q -a ENCLAVE-TEXT "$image.payload"
result $? "for one device: named, encrypted, one wrap"
package 0 --devices "$dir/suks" --platform "$pki/platform.crt" --json \
	--workload $uuid --trial 5m --out "$dir/two" &&
	grep -q '"devices": *2' "$dir/out" &&
	[ "$(find "$dir/two.wraps" -type f | wc -l)" = 2 ] &&
	try 0 package show "$dir/two.package" --payload "$dir/two.payload" &&
	grep -q 'device *any' "$dir/out" && grep -q "workload *$uuid" "$dir/out" &&
	grep -q 'trial *300000 ms' "$dir/out"
result $? "for two devices: one payload, two wraps"
package 1 --device "$dir/suks/alpha" --platform "$pki/platform.crt" \
	--out "$dir/two" && grep -q 'File exists' "$dir/err" &&
	[ -e "$dir/two.package" ]
result $? "wraps of two packages do not mix"
package 1 --device "$dir/suks/alpha" --devices "$dir/suks" \
	--platform "$pki/platform.crt" --out "$dir/none" &&
	grep -q twice "$dir/err" && [ ! -e "$dir/none.package" ]
result $? "a device is there once"
package 1 --device "$dir/suks/alpha" --platform "$pki/sds.crt" \
	--out "$dir/none" && [ ! -e "$dir/none.payload" ]
result $? "a device that the CA does not know"
cp "$dir/suks/alpha" "$dir/bad"
printf '\001' | dd of="$dir/bad" bs=1 seek=100 conv=notrunc 2>/dev/null
package 1 --device "$dir/bad" --platform "$pki/platform.crt" --out "$dir/none" &&
	grep -q 'signature is wrong' "$dir/err"
result $? "a key that was changed"

for line in "--expires yesterday" "--expires 2027-13-01" "--expires +0" \
	"--trial 2h" "--trial 0" "--from-min x" "--from-min 5" "--workload 7" \
	"--passphrase-fd x"; do
	# shellcheck disable=SC2086
	package 2 $line --out "$dir/none" && [ ! -e "$dir/none.package" ]
	result $? "wrong usage: $line"
done
cp "$image" "$dir/other" && printf x | dd of="$dir/other" bs=1 seek=5000 \
	conv=notrunc 2>/dev/null
try 1 package "$dir/other" --manifest "$image.manifest" --key "$pki/sds.key" \
	--cert "$pki/sds.crt" && grep -q 'not the image' "$dir/err" &&
	[ ! -e "$dir/other.package" ]
result $? "an image that the manifest is not about"
package 0 --expires 2027-01-31T12:00:00Z --out "$dir/dated" &&
	try 0 package show "$dir/dated.package" &&
	grep -q 'expires *2027-01-31T12:00:00Z' "$dir/out"
result $? "a date"

authorise() { # EXPECTED KEY FILE
	try "$1" package authorise "$3" --key "$pki/$2.key" --cert "$pki/$2.crt"
}
authorise 1 root-1 "$image.package" && grep -q -e '--root' "$dir/err"
result $? "root keys do not sign what does not ask for it"
package 0 --root --from-max 9 --out "$dir/back" &&
	authorise 0 root-1 "$dir/back.package" &&
	authorise 0 root-3 "$dir/back.package" &&
	try 0 package show "$dir/back.package" --json --root "$pki/root-1.crt" \
		--root "$pki/root-2.crt" --root "$pki/root-3.crt" &&
	grep -q '"root_signatures": *2' "$dir/out" &&
	grep -q '"signed_by_roots": *2' "$dir/out"
result $? "two root keys authorise the way back"
cp "$dir/back.package" "$dir/before"
authorise 1 root-1 "$dir/back.package" && grep -q 'signed it before' "$dir/err" &&
	cmp -s "$dir/back.package" "$dir/before"
result $? "the same key does not sign twice"
head -c 900 "$image.package" >"$dir/cut"
try 1 package show "$dir/cut" && grep -q 'cut off' "$dir/err"
result $? "a package that is cut off"
try 1 package show "$image" && grep -q 'not a package' "$dir/err"
result $? "a file that is no package"

openssl pkcs8 -topk8 -in "$pki/sds.key" -passout pass:horse -outform DER \
	-out "$dir/locked" 2>"$dir/err" && cp "$pki/sds.key" "$dir/open" &&
	mv "$dir/locked" "$pki/sds.key"
echo horse >"$dir/passphrase"
package 0 --passphrase-fd 3 --out "$dir/locked" 3<"$dir/passphrase"
result $? "a key with a passphrase (PKCS #8, DER), from a descriptor"
package 1 --passphrase-fd 3 --out "$dir/none" 3</dev/null &&
	grep -q 'wrong passphrase' "$dir/err" && [ ! -e "$dir/none.package" ] &&
	[ ! -e "$dir/none.payload" ]
result $? "a wrong passphrase leaves nothing"
if command -v script >/dev/null; then
	echo horse | script -qec "$REWIRE package $image --manifest \
		$image.manifest --key $pki/sds.key --cert $pki/sds.crt \
		--out $dir/asked" /dev/null >"$dir/out" 2>"$dir/err"
	[ -e "$dir/asked.package" ] && grep -q 'Passphrase of the key' "$dir/out"
	result $? "and asked for on the terminal"
else
	result 0 "and asked for on the terminal # SKIP no script(1)"
fi

echo "1..$number"
exit $failed

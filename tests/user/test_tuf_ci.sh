#!/bin/sh
# SPDX-License-Identifier: MIT
# The daily refresh in CI, as docs/key-ceremony.md has it: its steps are run as they
# stand there, with folders of this test, and a web server that is a folder as well.

. "$(dirname -- "$0")/tuf.sh"
here=$(cd "$(dirname -- "$0")" && pwd)
cd "$dir" || exit 1
mkdir bin runner secrets www
ln -s "$REWIRE" bin/rewire
# What rsync asks for at the host "web" is done here, in `www`.
cat >web <<'END'
#!/bin/sh
[ "$1" = web ] || exit 1
shift
exec "$@"
END
chmod +x web

# recipe: run it; out has what its steps say
recipe() {
	PATH=$dir/bin:$PATH RUNNER_TEMP=$dir/runner RSYNC_RSH=$dir/web \
		python3 "$here/tuf_ci.py" "$here/../../docs/key-ceremony.md" secrets \
		"/srv/tuf=$dir/repo" "/var/www/tuf=$dir/www" >out 2>err </dev/null
}

# web_client ARGUMENT...: a client of what the web server has
web_client() {
	"$TUF_CLIENT" --metadata-dir "$dir/trust" --metadata-url "$dir/www/metadata" \
		--target-base-url "$dir/www/targets" --target-dir "$dir/got" \
		"$@" >"$dir/out" 2>"$dir/err" </dev/null
}

echo "release 1" >timestamp.json
online root targets snapshot timestamp &&
	try 0 init repo --root keys/root.pub --targets keys/targets.pub \
		--snapshot keys/snapshot.pub --timestamp keys/timestamp.pub &&
	try 0 add repo timestamp.json --prefix of/metadata --yes &&
	sign repo root targets && refresh repo && try 0 publish repo --yes &&
	trust repo/public/metadata/1.root.json
result $? "a repository, by hand"
cp keys/snapshot.key secrets/TUF_SNAPSHOT_KEY
cp keys/timestamp.key secrets/TUF_TIMESTAMP_KEY

timestamp=$(version timestamp) snapshot=$(version snapshot)
recipe
result $? "every step of the recipe works"
[ "$(version timestamp)" = $((timestamp + 1)) ] && [ "$(version snapshot)" = "$snapshot" ]
result $? "a new timestamp, and no snapshot before it is due"
diff -r repo/public www >err 2>&1
result $? "the web server has all that is public"
[ -z "$(ls runner)" ]
result $? "the keys are gone"
web_client --target-name of/metadata/timestamp.json download &&
	cmp -s timestamp.json got/of%2Fmetadata%2Ftimestamp.json
result $? "a client is served"

echo "release 2" >timestamp.json
try 0 add repo timestamp.json --prefix of/metadata --yes && sign repo targets &&
	try 0 snapshot repo --key keys/snapshot.key --yes && recipe &&
	web_client --target-name of/metadata/timestamp.json download &&
	cmp -s timestamp.json got/of%2Fmetadata%2Ftimestamp.json
result $? "what people have signed goes out with it"

# A step that fails: nothing after it goes out, but the keys go.
cp keys/root.key secrets/TUF_TIMESTAMP_KEY
cp www/metadata/timestamp.json before
! recipe && grep -q 'none of the keys of timestamp' err && ! grep -q '+ rsync' out &&
	cmp -s before www/metadata/timestamp.json && [ -z "$(ls runner)" ]
result $? "with a wrong key it fails, nothing goes out, and no key stays"
cp keys/timestamp.key secrets/TUF_TIMESTAMP_KEY
try 0 rotate repo root --expires +29 --yes && sign repo root && ! recipe &&
	grep -q '+ rewire tuf status' out && [ -z "$(ls runner)" ] &&
	diff -r repo/public www >/dev/null
result $? "it fails, after all of it, a month before people are needed"
finish

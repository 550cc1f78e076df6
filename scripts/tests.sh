# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the parts of the check share: run, count, sum up. Tests print TAP or
# KTAP; what they print is kept in build/check/. Sourced after lib.sh.

passed=0 failed=0 skipped=0
part=$(basename -- "$0")
logs=$TOP/build/check/$part
rm -rf "$logs"
mkdir -p "$logs"
cd "$TOP" || exit

# tap NAME CMD...: run a program that prints TAP, show its results as they come.
tap() {
	local name=$1 log=$logs/${1//\//-}.log rc=0 p=0 f=1 s=0
	shift
	: >"$log.counts"
	"$@" 2>"$log.err" </dev/null | tee "$log" |
		awk -v name="$name" -v counts="$log.counts" -f "$TOP/scripts/tap.awk" || rc=$?
	read -r p f s <"$log.counts" || :
	rm -f "$log.counts"
	if ((rc && !f)); then
		f=1
		echo "not ok - $name: exit status $rc"
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	cat "$log.err" >>"$log"
	if ((f)); then
		sed 's/^/    /' "$log.err" | tail -n 60
		echo "    (all of it: ${log#"$TOP/"})"
	fi
	rm -f "$log.err"
}

# ok NAME CMD...: one result, from the command's exit status.
ok() {
	local name=$1 log=$logs/${1//[\/ ]/-}.log
	shift
	if "$@" >"$log" 2>&1 </dev/null; then
		passed=$((passed + 1))
		echo "ok - $name"
	else
		failed=$((failed + 1))
		echo "not ok - $name"
		tail -n 60 "$log" | sed 's/^/    /'
	fi
}

# The programs, and those that tests bring along.
build_programs() {
	"$TOP/scripts/setup" user
	build userspace enclaves tests/e2e tests/fuzz tests/vms tests/bench
}

# build FOLDER...: one script at a time, since they share libraries.
build() { once "programs-$(md5sum <<<"$TOP" | cut -c 1-8)" build_each "$@"; }
build_each() {
	local dir
	for dir; do
		[ ! -e "$dir/Makefile" ] ||
			quietly "building $dir" make --no-print-directory -C "$dir" -j"$(nproc)"
	done
}

# module KERNEL [REWIRE_WEAKEN=1]: build rewire.ko for it and set KO, and OUT,
# where it lies.
module() {
	local release
	release=$("$TOP/scripts/kernel" "$1" | sed -n 's/^RELEASE=//p')
	quietly "building the module for $release" "$TOP/scripts/build-modules" "$@"
	OUT=$TOP/build/kmod-$release${2:+-weak}
	# shellcheck disable=SC2034 # for the caller
	KO=$OUT/kmod/rewire.ko
}

# have GLOB: does any such test exist?
have() { compgen -G "$1" >/dev/null; }

# A part that cannot even build has failed.
broken=1
finish() {
	broken=
	echo "$passed passed, $failed failed, $skipped skipped"
	((failed == 0))
	exit
}
trap '[ -z "$broken" ] || echo "$passed passed, $((failed + 1)) failed, $skipped skipped"' EXIT

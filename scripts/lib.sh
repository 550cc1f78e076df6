# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What all scripts share: where things are kept, how progress is told, how
# packages are asked for. Sourced, never run. Results are counted in tap.sh.

set -euo pipefail

# shellcheck disable=SC2034 # for those who source this
TOP=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
REWIRE_CACHE=${REWIRE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rewire}
export REWIRE_CACHE
# A user's PATH lacks the places of depmod, modprobe and ip.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
mkdir -p "$REWIRE_CACHE"

say() { printf '==> %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# quietly WHAT CMD...: one line for a long job; its output goes to a log, whose
# end is shown only when the job fails. Says every minute that it still lives.
quietly() {
	local what=$1 log pid start=$SECONDS rc=0
	shift
	log=$(mktemp "${TMPDIR:-/tmp}/rewire-log.XXXXXX")
	say "$what"
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	# On TERM the job must go too, or a stopped check leaves compilers behind.
	trap 'kill "$pid" 2>/dev/null; exit 143' TERM INT
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.2
		if (((SECONDS - start) / 60 > ${beat:=0})); then
			beat=$(((SECONDS - start) / 60))
			say "  ... $beat min: $(tail -n 1 "$log" | cut -c 1-60)"
		fi
	done
	wait "$pid" || rc=$?
	trap - TERM INT
	unset beat
	if ((rc)); then
		tail -n 40 "$log" >&2
		say "$what: failed ($rc)"
	fi
	rm -f "$log"
	return "$rc"
}

# once LOCKNAME CMD...: no two scripts prepare the same thing at the same time.
once() {
	local lock=$REWIRE_CACHE/locks/$1
	shift
	mkdir -p "$(dirname -- "$lock")"
	(
		flock 9
		"$@" 9>&-
	) 9>"$lock"
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "need root (or sudo) for: $*"
	fi
}

apt_get() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		-o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 "$@"
}

missing_packages() {
	local p
	for p; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] ||
			printf '%s\n' "$p"
	done
}

# Package lists that are absent or a week old name files the mirror has dropped.
apt_lists_fresh() {
	[ -n "$(find /var/lib/apt/lists -maxdepth 1 -name '*_Packages*' \
		-newermt '7 days ago' -print -quit 2>/dev/null)" ]
}

apt_update() { quietly "updating the package lists" apt_get update; }

# need_packages PKG...: install what is not there yet.
need_packages() {
	local missing
	mapfile -t missing < <(missing_packages "$@")
	((${#missing[@]})) || return 0
	apt_lists_fresh || apt_update
	quietly "installing ${missing[*]}" \
		apt_get install --no-install-recommends "${missing[@]}" && return
	apt_update
	quietly "installing ${missing[*]}" \
		apt_get install --no-install-recommends "${missing[@]}"
}

# debian_mirror SUITE: where the machine itself takes its packages from.
debian_mirror() {
	local security=0 uri
	[[ $1 != *-security ]] || security=1
	# shellcheck disable=SC2016 # apt's own variables
	uri=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' 'Created-By: Packages' |
		awk -v security="$security" '$1 == "Debian" && (($2 ~ /security/) == (security == 1)) { print $2; exit }')
	[ -n "$uri" ] || die "apt knows no mirror of Debian"
	printf '%s\n' "$uri"
}

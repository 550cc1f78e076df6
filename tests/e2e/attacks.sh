#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The attacks of a host on an enclave, one program each. Runs as root in a
# virtual machine with rewire.ko loaded, in the top folder of a built tree:
#
#   tests/e2e/attacks.sh [ATTACK]...

set -euo pipefail
cd "$(dirname -- "$0")/../.."
PATH=$PWD/build/bin:$PATH

# A namespace of its own has an SM that nobody has provisioned.
if [ -z "${REWIRE_ATTACKS_INSIDE:-}" ]; then
	export REWIRE_ATTACKS_INSIDE=1
	exec unshare --net "$0" "$@"
fi

work=$(mktemp -d /dev/shm/rewire-attacks.XXXXXX)
loop=
cleanup() {
	[ -z "$loop" ] || losetup -d "$loop"
	rm -rf "$work"
}
trap cleanup EXIT

{
	rewire pki init "$work/pki"
	rewire pki host "$work/pki" alpha
	rewire provision "$work/pki/hosts/alpha" --no-journal
	rewire sign build/enclaves/probe.elf -o "$work/probe.manifest" \
		--key "$work/pki/developer.key" --cert "$work/pki/developer.crt" \
		--software 3d1f6a70-0a4e-4b61-9d0e-8a2f6f0c5b11 --release 1 --svn 1
	for module in loop cuse vhost_vsock kvm_amd kvm_intel; do
		modprobe -q "$module" || echo "no $module"
	done
	truncate -s 1M "$work/disk"
	loop=$(losetup --find --show "$work/disk") || loop=
} >&2

export REWIRE_PROBE=build/enclaves/probe.elf REWIRE_MANIFEST=$work/probe.manifest
[ -z "$loop" ] || export REWIRE_BLOCK=$loop

attacks=("$@")
((${#attacks[@]})) || attacks=(build/bin/attacks/attack_*)
echo "1..${#attacks[@]}"
n=0 failed=0
for attack in "${attacks[@]}"; do
	n=$((n + 1)) status=0
	name=$(basename -- "$attack")
	echo "    # Subtest: $name"
	timeout 300 "build/bin/attacks/$name" </dev/null | sed -u 's/^/    /' || status=$?
	if ((status)); then
		echo "not ok $n - $name (status $status)"
		failed=1
	else
		echo "ok $n - $name"
	fi
done
exit "$failed"

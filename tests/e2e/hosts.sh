#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Two hosts in one process, with the test in place of their helpers: one program
# for each subject. Runs as root in a virtual machine with rewire.ko loaded, in
# the top folder of a built tree:
#
#   tests/e2e/hosts.sh [PROGRAM [CASE]...]

set -euo pipefail
cd "$(dirname -- "$0")/../.."

subjects=(lifecycle computation requests streams messages aborts checkpoints
	moves helpers trust sealing counters authorisation rollback witness
	forged logs acknowledgements plaintext outputs updates orders payloads
	outcomes cuts matrix rounds splices threads slow)
cases=()
if (($#)); then
	subjects=("$1")
	cases=("${@:2}")
fi
# Attestation keys come as PKCS#8; loading the parser is the host's part.
modprobe -q pkcs8_key_parser || :

echo "1..${#subjects[@]}"
n=0 failed=0
for subject in "${subjects[@]}"; do
	n=$((n + 1)) status=0 began=$SECONDS
	echo "    # Subtest: $subject"
	timeout 1800 "build/bin/e2e/$subject" "${cases[@]}" </dev/null |
		sed -u 's/^/    /' || status=$?
	echo "# $subject: $((SECONDS - began)) s"
	if ((status)); then
		echo "not ok $n - $subject (status $status)"
		failed=1
	else
		echo "ok $n - $subject"
	fi
done
exit "$failed"

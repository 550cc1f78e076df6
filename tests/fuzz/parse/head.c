// SPDX-License-Identifier: MIT
/*
 * The head of a journal, with the certificate and the signature behind it.
 */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rewire_error err = { 0 };
	struct rewire_witness witness;
	struct rewire_head head;
	bool remember;
	int rc = rewire_head_check(data, size, PKI_FILE("platform.crt"), &head,
				   &err);

	if (!rc)
		rc = rewire_witness_answer(NULL, &head, &witness, &remember, &err);
	if (rc)
		refused(rc, &err);
	return 0;
}

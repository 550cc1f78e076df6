// SPDX-License-Identifier: MIT
/*
 * Certificates are not the module's to parse, but the kernel's; OpenSSL does it
 * in its place.
 */
#include <errno.h>

#include <openssl/err.h>

#include "crypto.h"
#include "kernel.h"

int kernel_certificate_id(const void *der, size_t length, __u8 *id)
{
	const unsigned char *at = der, *end = at + length;
	X509 *certificate = d2i_X509(NULL, &at, (long)length);
	int rc = -EBADMSG;

	if (certificate && at == end)
		rc = crypto_key_id(X509_get0_pubkey(certificate), id, NULL);
	X509_free(certificate);
	ERR_clear_error();
	return rc;
}

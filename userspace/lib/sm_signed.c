// SPDX-License-Identifier: MIT
/*
 * What an SM signed with its attestation key: heads, receipts.
 */
#include <errno.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/rsa.h>

#include "crypto.h"
#include "sm_signed.h"

static int check_signature(EVP_PKEY *key, const struct sm_signed *what,
			   struct rewire_error *err)
{
	const __u8 *signature = what->data + what->length + what->cert_len;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good;

	good = context &&
	       EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA &&
	       EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
	       EVP_DigestVerifyUpdate(context, what->domain,
				      what->domain_length) == 1 &&
	       EVP_DigestVerifyUpdate(context, what->data, what->length) == 1 &&
	       EVP_DigestVerifyFinal(context, signature, what->sig_len) == 1;
	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return good ? 0 : rewire_fail(err, EKEYREJECTED, "the SM's signature is wrong");
}

/* Issued by the CA, and of the SM that is named. */
static int check_certificate(X509 *certificate, const char *platform,
			     const __u8 *named, struct rewire_error *err)
{
	EVP_PKEY *key = X509_get0_pubkey(certificate), *ca_key;
	__u8 sm[REWIRE_ID_SIZE];
	X509 *ca;
	int rc = crypto_read_certificate(platform, &ca, err);

	if (rc)
		return rc;
	ca_key = X509_get0_pubkey(ca);
	if (!key || !ca_key || X509_verify(certificate, ca_key) != 1)
		rc = rewire_fail(err, EKEYREJECTED, "the SM's certificate was not issued by %s",
				 platform);
	ERR_clear_error();
	X509_free(ca);
	if (!rc)
		rc = crypto_key_id(key, sm, err);
	if (!rc && memcmp(sm, named, sizeof(sm)))
		rc = rewire_fail(err, EKEYREJECTED, "the certificate is that of another SM");
	return rc;
}

int sm_signed_check(const struct sm_signed *what, const char *platform,
		    struct rewire_error *err)
{
	const unsigned char *der = what->data + what->length;
	const unsigned char *end = der + what->cert_len;
	X509 *certificate = d2i_X509(NULL, &der, (long)what->cert_len);
	int rc;

	if (!certificate || der != end) {
		X509_free(certificate);
		ERR_clear_error();
		return rewire_fail(err, EBADMSG, "it has no certificate inside");
	}
	rc = check_certificate(certificate, platform, what->sm, err);
	if (!rc)
		rc = check_signature(X509_get0_pubkey(certificate), what, err);
	X509_free(certificate);
	return rc;
}

// SPDX-License-Identifier: MIT
/*
 * Statements that an SM signs with its attestation key.
 */
#include <errno.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/rsa.h>

#include "crypto.h"
#include "said.h"

#define MAX_SIGNATURE 512	/* RSA-4096 */

static int check_lengths(const struct said *said, struct rewire_error *err)
{
	if (!said->cert_len || said->cert_len > REWIRE_MAX_CERT ||
	    !said->sig_len || said->sig_len > MAX_SIGNATURE ||
	    said->length != said->size + said->cert_len + said->sig_len)
		return rewire_fail(err, EBADMSG, "its lengths do not add up");
	return 0;
}

static int check_signature(EVP_PKEY *key, const struct said *said,
			   struct rewire_error *err)
{
	const __u8 *signature = said->data + said->size + said->cert_len;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good;

	good = context &&
	       EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA &&
	       EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
	       EVP_DigestVerifyUpdate(context, said->domain,
				      said->domain_len) == 1 &&
	       EVP_DigestVerifyUpdate(context, said->data, said->size) == 1 &&
	       EVP_DigestVerifyFinal(context, signature, said->sig_len) == 1;
	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return good ? 0 : rewire_fail(err, EKEYREJECTED, "the SM's signature is wrong");
}

static int check_issuer(X509 *certificate, const char *platform,
			struct rewire_error *err)
{
	EVP_PKEY *key;
	X509 *ca;
	int rc = crypto_read_certificate(platform, &ca, err);

	if (rc)
		return rc;
	key = X509_get0_pubkey(ca);
	if (!key || X509_verify(certificate, key) != 1)
		rc = rewire_fail(err, EKEYREJECTED, "the SM's certificate was not issued by %s",
				 platform);
	ERR_clear_error();
	X509_free(ca);
	return rc;
}

/* Issued by the CA, and of the SM that the statement names. */
static int check_certificate(X509 *certificate, const char *platform,
			     const struct said *said, struct rewire_error *err)
{
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	__u8 sm[REWIRE_ID_SIZE];
	int rc = 0;

	if (!key) {
		ERR_clear_error();
		return rewire_fail(err, EKEYREJECTED, "the SM's certificate has a key that is not known here");
	}
	if (platform)
		rc = check_issuer(certificate, platform, err);
	if (!rc)
		rc = crypto_key_id(key, sm, err);
	if (!rc && memcmp(sm, said->sm, sizeof(sm)))
		rc = rewire_fail(err, EKEYREJECTED, "the certificate is that of another SM");
	return rc;
}

int said_check(const struct said *said, const char *platform,
	       struct rewire_error *err)
{
	const unsigned char *der = said->data + said->size;
	const unsigned char *end;
	X509 *certificate;
	int rc = check_lengths(said, err);

	if (rc)
		return rc;
	end = der + said->cert_len;
	certificate = d2i_X509(NULL, &der, (long)said->cert_len);
	if (!certificate || der != end) {
		X509_free(certificate);
		ERR_clear_error();
		return rewire_fail(err, EBADMSG, "it has no certificate inside");
	}
	rc = check_certificate(certificate, platform, said, err);
	if (!rc)
		rc = check_signature(X509_get0_pubkey(certificate), said, err);
	X509_free(certificate);
	return rc;
}

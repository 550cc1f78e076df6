// SPDX-License-Identifier: MIT
/*
 * Keys and certificates in files.
 */
#include <errno.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "crypto.h"
#include "digest.h"

int crypto_fail(struct rewire_error *err, int code, const char *what)
{
	unsigned long reason = ERR_peek_error();
	const char *text = reason ? ERR_reason_error_string(reason) : NULL;

	ERR_clear_error();
	return rewire_fail(err, code, "%s: %s", what,
			   text ? text : strerror(code));
}

struct asking {
	rewire_passphrase_fn *ask;
	void *data;
	bool asked;
};

static int on_passphrase(char *buffer, int size, int writing, void *data)
{
	struct asking *asking = data;
	int length;

	(void)writing;
	asking->asked = true;
	if (!asking->ask || size <= 0)
		return -1;
	length = asking->ask(buffer, (size_t)size, asking->data);
	return length < 0 ? -1 : length;
}

int crypto_read_key(const char *path, rewire_passphrase_fn *passphrase,
		    void *data, EVP_PKEY **ret_key, struct rewire_error *err)
{
	struct asking asking = { .ask = passphrase, .data = data };
	EVP_PKEY *key = NULL;
	size_t length;
	__u8 *bytes;
	BIO *bio;
	int rc;

	rc = rewire_file_read(path, MAX_KEY_FILE, &bytes, &length, err);
	if (rc)
		return rc;
	bio = BIO_new_mem_buf(bytes, (int)length);
	if (bio)
		key = PEM_read_bio_PrivateKey(bio, NULL, on_passphrase, &asking);
	if (bio && !key && !asking.asked) {
		BIO_reset(bio);
		key = d2i_PrivateKey_bio(bio, NULL);
	}
	if (bio && !key && !asking.asked) {
		BIO_reset(bio);
		key = d2i_PKCS8PrivateKey_bio(bio, NULL, on_passphrase,
					      &asking);
	}
	BIO_free(bio);
	rewire_wipe_free(bytes, length);
	if (key) {
		/* What failed before the right format was found. */
		ERR_clear_error();
		*ret_key = key;
		return 0;
	}
	ERR_clear_error();
	if (!asking.asked)
		return rewire_fail(err, EINVAL, "%s: not a private key (PEM or DER)",
				   path);
	if (!passphrase)
		return rewire_fail(err, EACCES, "%s: the key is encrypted, and there is no passphrase",
				   path);
	return rewire_fail(err, EACCES, "%s: wrong passphrase", path);
}

int crypto_read_certificate(const char *path, X509 **ret_certificate,
			    struct rewire_error *err)
{
	X509 *certificate = NULL;
	size_t length;
	__u8 *bytes;
	BIO *bio;
	int rc;

	rc = rewire_file_read(path, MAX_KEY_FILE, &bytes, &length, err);
	if (rc)
		return rc;
	bio = BIO_new_mem_buf(bytes, (int)length);
	if (bio)
		certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	if (bio && !certificate) {
		BIO_reset(bio);
		certificate = d2i_X509_bio(bio, NULL);
	}
	BIO_free(bio);
	rewire_wipe_free(bytes, length);
	ERR_clear_error();
	if (!certificate)
		return rewire_fail(err, EINVAL, "%s: not a certificate (PEM or DER)",
				   path);
	*ret_certificate = certificate;
	return 0;
}

int crypto_key_id(EVP_PKEY *key, __u8 ret_id[REWIRE_ID_SIZE],
		  struct rewire_error *err)
{
	__u8 digest[REWIRE_DIGEST_SIZE];
	unsigned char *der = NULL;
	/* There is none where a certificate's key cannot be decoded. */
	int length = key ? i2d_PublicKey(key, &der) : 0;
	int rc;

	if (length <= 0)
		return crypto_fail(err, EINVAL, "encoding a public key");
	rc = digest_bytes(der, (size_t)length, digest, err);
	OPENSSL_free(der);
	if (!rc)
		memcpy(ret_id, digest, REWIRE_ID_SIZE);
	return rc;
}

// SPDX-License-Identifier: MIT
/*
 * SHA-256, by the kernel's own implementation over AF_ALG, so that a file is
 * digested by what later checks it; by OpenSSL where the kernel lacks AF_ALG.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kcapi.h>
#include <openssl/evp.h>

#include "digest.h"

#define CHUNK 65536

/* One of the two is in use. */
struct digest {
	struct kcapi_handle *kernel;
	EVP_MD_CTX *openssl;
};

static void digest_free(struct digest *d)
{
	if (d->kernel)
		kcapi_md_destroy(d->kernel);
	EVP_MD_CTX_free(d->openssl);
}

static int digest_start(struct digest *d)
{
	*d = (struct digest){ 0 };
	/* What fails here has a second way: nothing to tell anybody. */
	kcapi_set_verbosity(KCAPI_LOG_NONE);
	if (!kcapi_md_init(&d->kernel, "sha256", 0) &&
	    kcapi_md_digestsize(d->kernel) == REWIRE_DIGEST_SIZE)
		return 0;
	if (d->kernel)
		kcapi_md_destroy(d->kernel);
	d->kernel = NULL;
	d->openssl = EVP_MD_CTX_new();
	if (!d->openssl)
		return -ENOMEM;
	return EVP_DigestInit_ex(d->openssl, EVP_sha256(), NULL) ? 0 : -EIO;
}

static int digest_update(struct digest *d, const __u8 *data, size_t length)
{
	while (length) {
		size_t n = length < CHUNK ? length : CHUNK;

		if (d->openssl) {
			if (!EVP_DigestUpdate(d->openssl, data, n))
				return -EIO;
		} else if (kcapi_md_update(d->kernel, data, (uint32_t)n) < 0) {
			return -EIO;
		}
		data += n;
		length -= n;
	}
	return 0;
}

static int digest_finish(struct digest *d, __u8 *digest)
{
	if (d->openssl)
		return EVP_DigestFinal_ex(d->openssl, digest, NULL) ? 0 : -EIO;
	return kcapi_md_final(d->kernel, digest, REWIRE_DIGEST_SIZE) ==
	       REWIRE_DIGEST_SIZE ? 0 : -EIO;
}

int digest_bytes(const void *data, size_t length,
		 __u8 ret_digest[REWIRE_DIGEST_SIZE], struct rewire_error *err)
{
	struct digest d;
	int rc = digest_start(&d);

	if (!rc)
		rc = digest_update(&d, data, length);
	if (!rc)
		rc = digest_finish(&d, ret_digest);
	digest_free(&d);
	if (rc)
		return rewire_fail(err, -rc, "computing SHA-256: %s",
				   strerror(-rc));
	return 0;
}

static int digest_fd(struct digest *d, int fd, __u8 *chunk)
{
	off_t offset = 0;
	ssize_t n;

	while ((n = pread(fd, chunk, CHUNK, offset))) {
		int rc;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		rc = digest_update(d, chunk, (size_t)n);
		if (rc)
			return rc;
		offset += n;
	}
	return 0;
}

int rewire_file_digest(int fd, __u8 ret_digest[REWIRE_DIGEST_SIZE],
		       struct rewire_error *err)
{
	__u8 *chunk = malloc(CHUNK);
	struct digest d;
	int rc;

	if (!chunk)
		return rewire_fail(err, ENOMEM, "computing SHA-256: no memory");
	rc = digest_start(&d);
	if (!rc)
		rc = digest_fd(&d, fd, chunk);
	if (!rc)
		rc = digest_finish(&d, ret_digest);
	digest_free(&d);
	free(chunk);
	if (rc)
		return rewire_fail(err, -rc, "computing SHA-256 of a file: %s",
				   strerror(-rc));
	return 0;
}

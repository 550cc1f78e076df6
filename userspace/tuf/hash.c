// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <string.h>

#include <openssl/crypto.h>

#include "hash.h"

void tuf_hex(const unsigned char *data, size_t length, char *out)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < length; i++) {
		out[2 * i] = digits[data[i] >> 4];
		out[2 * i + 1] = digits[data[i] & 15];
	}
	out[2 * length] = 0;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int tuf_unhex(const char *hex, unsigned char *out, size_t length)
{
	size_t i;

	if (strlen(hex) != 2 * length)
		return -1;
	for (i = 0; i < length; i++) {
		int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return -1;
		out[i] = (unsigned char)(high << 4 | low);
	}
	return 0;
}

int tuf_sha256(const void *data, size_t length, unsigned char out[32])
{
	return EVP_Digest(data, length, out, NULL, EVP_sha256(), NULL) == 1 ?
	       0 : -1;
}

int tuf_sha256_hex(const void *data, size_t length, char hex[65])
{
	unsigned char digest[32];

	if (tuf_sha256(data, length, digest))
		return -1;
	tuf_hex(digest, sizeof(digest), hex);
	return 0;
}

const EVP_MD *tuf_digest(const char *name)
{
	static const struct {
		const char *name;
		const EVP_MD *(*digest)(void);
	} known[] = {
		{ "sha256", EVP_sha256 },	{ "sha384", EVP_sha384 },
		{ "sha512", EVP_sha512 },	{ "sha3-256", EVP_sha3_256 },
		{ "sha3-512", EVP_sha3_512 },	{ "blake2b-512", EVP_blake2b512 },
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(name, known[i].name))
			return known[i].digest();
	return NULL;
}

int tuf_hashes_begin(struct tuf_hashes *hashes, const json_t *object)
{
	const char *name;
	json_t *value;

	*hashes = (struct tuf_hashes){ 0 };
	json_object_foreach((json_t *)object, name, value) {
		const EVP_MD *digest = tuf_digest(name);
		int i = hashes->count;

		if (!digest)
			continue;
		hashes->list[i].name = name;
		hashes->list[i].length = (unsigned int)EVP_MD_get_size(digest);
		hashes->list[i].context = EVP_MD_CTX_new();
		hashes->count++;
		if (!hashes->list[i].context ||
		    tuf_unhex(json_string_value(value), hashes->list[i].wanted,
			      hashes->list[i].length) ||
		    EVP_DigestInit_ex(hashes->list[i].context, digest, NULL) != 1) {
			tuf_hashes_end(hashes);
			return -1;
		}
	}
	return hashes->count ? 0 : -1;
}

int tuf_hashes_add(struct tuf_hashes *hashes, const void *data, size_t length)
{
	int i;

	for (i = 0; i < hashes->count; i++)
		if (EVP_DigestUpdate(hashes->list[i].context, data, length) != 1)
			return -1;
	return 0;
}

const char *tuf_hashes_wrong(struct tuf_hashes *hashes)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	const char *wrong = NULL;
	int i;

	for (i = 0; i < hashes->count; i++)
		if (EVP_DigestFinal_ex(hashes->list[i].context, digest, NULL) != 1 ||
		    CRYPTO_memcmp(digest, hashes->list[i].wanted,
				  hashes->list[i].length))
			wrong = hashes->list[i].name;
	return wrong;
}

void tuf_hashes_end(struct tuf_hashes *hashes)
{
	int i;

	for (i = 0; i < hashes->count; i++)
		EVP_MD_CTX_free(hashes->list[i].context);
	hashes->count = 0;
}

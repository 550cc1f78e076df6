// SPDX-License-Identifier: MIT
/*
 * Payloads: what is measured of an image, as bytes; encrypted in records of up to
 * 1 MiB where a package is for certain devices.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "crypto.h"
#include "hpke.h"
#include "image.h"
#include "payload.h"

#define LABEL "rewire v1 package"
#define NONCE 12

/* Where the bytes go on their way out. */
struct writer {
	const struct rewire_payload *payload;
	int fd;
	EVP_CIPHER_CTX *cipher;
	__u8 material[PAYLOAD_MATERIAL];	/* key, then IV */
	__u64 sequence;
	__u64 done, total;
	size_t used;
	__u8 *buffer;	/* a record, its header before it and its tag behind */
	struct rewire_error *err;
};

static __u8 *body(struct writer *w)
{
	return w->buffer + sizeof(struct rewire_record);
}

int payload_key(const struct rewire_package *package,
		const __u8 content[REWIRE_CONTENT_KEY_SIZE],
		__u8 ret_key[PAYLOAD_MATERIAL])
{
	struct {
		char label[sizeof(LABEL)];
		struct rewire_package package;
	} __attribute__((packed)) info = { LABEL, *package };
	__u8 prk[32];
	int rc;

	/* One payload serves packages that differ in these. */
	memset(info.package.nonce, 0, sizeof(info.package.nonce));
	memset(info.package.device, 0, sizeof(info.package.device));
	memset(info.package.workload, 0, sizeof(info.package.workload));
	info.package.from_min = 0;
	info.package.from_max = 0;
	info.package.expires = 0;
	info.package.trial_ms = 0;
	rc = hkdf_extract(package->salt, sizeof(package->salt), content,
			  REWIRE_CONTENT_KEY_SIZE, prk);
	if (!rc)
		rc = hkdf_expand(prk, (__u8 *)&info, sizeof(info), ret_key,
				 PAYLOAD_MATERIAL);
	OPENSSL_cleanse(prk, sizeof(prk));
	return rc;
}

/* The record in the buffer, whose header is the associated data. */
static int encrypt(struct writer *w, const struct rewire_record *record)
{
	__u8 nonce[NONCE];
	int n;

	memcpy(nonce, w->material + PAYLOAD_MATERIAL - NONCE, sizeof(nonce));
	for (int i = 0; i < 8; i++)
		nonce[NONCE - 1 - i] ^= (__u8)(record->sequence >> (8 * i));
	if (EVP_EncryptInit_ex(w->cipher, EVP_aes_256_gcm(), NULL,
			       w->material, nonce) == 1 &&
	    EVP_EncryptUpdate(w->cipher, NULL, &n, (const __u8 *)record,
			      sizeof(*record)) == 1 &&
	    EVP_EncryptUpdate(w->cipher, body(w), &n, body(w),
			      (int)record->length) == 1 &&
	    EVP_EncryptFinal_ex(w->cipher, body(w) + record->length, &n) == 1 &&
	    EVP_CIPHER_CTX_ctrl(w->cipher, EVP_CTRL_AEAD_GET_TAG,
				REWIRE_TAG_SIZE, body(w) + record->length) == 1)
		return 0;
	return crypto_fail(w->err, EIO, "encrypting the payload");
}

/* What is in the buffer goes out. */
static int flush(struct writer *w)
{
	struct rewire_record record = {
		.type = REWIRE_RECORD_IMAGE,
		.length = (__u32)w->used,
		.sequence = w->sequence++,
	};
	const __u8 *start = body(w);
	size_t length = w->used;
	int rc = 0;

	if (!length)
		return 0;
	if (w->payload->content) {
		rc = encrypt(w, &record);
		memcpy(w->buffer, &record, sizeof(record));
		start = w->buffer;
		length += sizeof(record) + REWIRE_TAG_SIZE;
	}
	if (!rc)
		rc = rewire_write_all(w->fd, start, length, w->err);
	w->used = 0;
	w->done += length;
	if (!rc && w->payload->progress)
		w->payload->progress(w->done, w->total, w->payload->data);
	return rc;
}

static int take(const void *data, size_t length, void *context)
{
	struct writer *w = context;
	const __u8 *bytes = data;
	int rc = 0;

	while (length && !rc) {
		size_t room = REWIRE_MAX_RECORD - w->used;
		size_t n = length < room ? length : room;

		memcpy(body(w) + w->used, bytes, n);
		w->used += n;
		bytes += n;
		length -= n;
		if (w->used == REWIRE_MAX_RECORD)
			rc = flush(w);
	}
	return rc;
}

static int count(const void *data, size_t length, void *context)
{
	(void)data;
	*(__u64 *)context += length;
	return 0;
}

__u64 rewire_payload_length(const struct rewire_image *image, bool sealed)
{
	__u64 length = 0, records;

	image_walk(image, count, &length);
	records = (length + REWIRE_MAX_RECORD - 1) / REWIRE_MAX_RECORD;
	if (sealed)
		length += records * (sizeof(struct rewire_record) +
				     REWIRE_TAG_SIZE);
	return length;
}

static int writer_open(struct writer *w, struct rewire_error *err)
{
	int rc = 0;

	w->err = err;
	/* A key from a draft would open nothing. */
	if (w->payload->content &&
	    w->payload->package->header.magic != REWIRE_MAGIC)
		return rewire_fail(err, EINVAL, "the package that keys the payload has to be signed first");
	w->buffer = malloc(sizeof(struct rewire_record) + REWIRE_MAX_RECORD +
			   REWIRE_TAG_SIZE);
	w->cipher = EVP_CIPHER_CTX_new();
	if (!w->buffer || !w->cipher)
		return rewire_fail(err, ENOMEM, "writing the payload: no memory");
	if (w->payload->content)
		rc = payload_key(w->payload->package, w->payload->content,
				 w->material);
	return rc ? crypto_fail(err, -rc, "deriving the payload's key") : 0;
}

int rewire_payload_write(const struct rewire_image *image,
			 const struct rewire_payload *payload, int fd,
			 struct rewire_error *err)
{
	struct writer w = {
		.payload = payload,
		.fd = fd,
		.total = rewire_payload_length(image, payload->content),
	};
	int rc = writer_open(&w, err);

	if (!rc)
		rc = image_walk(image, take, &w);
	if (!rc)
		rc = flush(&w);
	EVP_CIPHER_CTX_free(w.cipher);
	rewire_wipe_free(w.buffer, w.buffer ? sizeof(struct rewire_record) +
			 REWIRE_MAX_RECORD + REWIRE_TAG_SIZE : 0);
	OPENSSL_cleanse(w.material, sizeof(w.material));
	return rc;
}

// SPDX-License-Identifier: MIT
/*
 * Packages, wraps and receipts of updates. The first byte says what follows: a
 * package; a wrap's length (two bytes), the wrap and its package; or a receipt.
 */
#include <rewire_update.h>

#include "fuzz.h"

/* Nothing of the file was left out, and what is signed is what stood there. */
static void whole(const struct rewire_order *words, const uint8_t *data,
		  size_t size)
{
	size_t length = sizeof(words->package) +
			sizeof(words->manifest.body.manifest) +
			words->signature.length +
			words->manifest.signature_length + 2 * sizeof(__u32);

	promise(!memcmp(data, &words->package, sizeof(words->package)));
	promise(words->roots <= REWIRE_MAX_ROOT_SIGNATURES);
	for (size_t i = 0; i < words->roots; i++)
		length += sizeof(__u32) + words->root[i].length;
	promise(length == size);
}

static void package(const uint8_t *data, size_t size)
{
	struct rewire_error err = { 0 };
	struct rewire_order *words;
	int rc = rewire_order_parse(data, size, &words, &err);

	if (rc) {
		refused(rc, &err);
		return;
	}
	whole(words, data, size);
	rc = rewire_order_signed_by(words, REWIRE_ROLE_SDS, PKI_FILE("sds.crt"),
				    &err);
	if (rc)
		refused(rc, &err);
	free(words);
}

static void package_and_wrap(const uint8_t *data, size_t size)
{
	struct rewire_update_order *order;
	struct rewire_error err = { 0 };
	size_t length;
	int rc;

	if (size < 2)
		return;
	length = data[0] + 256U * data[1];
	data += 2;
	size -= 2;
	if (length > size)
		length = size;
	rc = rewire_update_order_parse(data + length, size - length, data,
				       length, &order, &err);
	if (rc) {
		refused(rc, &err);
		return;
	}
	whole(&order->words, data + length, size - length);
	promise(order->words.package.header.flags & REWIRE_PACKAGE_SEALED);
	promise(order->wrap.length + order->wrap.signature_length == length);
	free(order);
}

static void receipt(const uint8_t *data, size_t size)
{
	struct rewire_update_receipt said;
	struct rewire_error err = { 0 };
	int rc = rewire_update_receipt_parse(data, size, &said, &err);

	if (!rc) {
		promise(!memcmp(data, &said, sizeof(said)));
		promise(memchr(said.reason, '\0', sizeof(said.reason)));
		promise(sizeof(said) + said.cert_len + said.sig_len == size);
		rc = rewire_update_receipt_verify(data, size,
						  PKI_FILE("platform.crt"),
						  &said, &err);
	}
	if (rc)
		refused(rc, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	if (!size)
		return 0;
	/* exactly as long as it is, for the sanitizer to see what is read */
	copy = malloc(size - 1 ? size - 1 : 1);
	promise(copy);
	memcpy(copy, data + 1, size - 1);
	if (data[0] % 3 == 0)
		package(copy, size - 1);
	else if (data[0] % 3 == 1)
		package_and_wrap(copy, size - 1);
	else
		receipt(copy, size - 1);
	free(copy);
	return 0;
}

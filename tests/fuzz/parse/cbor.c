// SPDX-License-Identifier: MIT
/*
 * CBOR, to the module: what it takes is the one form of what it says. librewire
 * reads the same items.
 */
#include "../kernel/kernel.h"
#include "cbor_read.h"
#include "fuzz.h"

/* Tags are not librewire's: one stands at the start of a token and is compared. */
static void items(const uint8_t *data, size_t size)
{
	struct cbor_reader reader = { .data = data, .length = size };
	struct rewire_error err = { 0 };
	struct cbor_item item;
	int rc;

	while (reader.at < size) {
		if (data[reader.at] >> 5 == 6)
			return;
		rc = cbor_read(&reader, &item, &err);
		if (rc)
			refused(rc, &err);
		promise(!rc);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[KERNEL_WHY] = "";
	__u8 *copy = malloc(size + 1);
	int rc;

	promise(copy);
	rc = kernel_cbor_copy(data, size, copy, why);
	promise(!rc == !why[0]);
	if (!rc) {
		promise(!memcmp(data, copy, size));
		items(data, size);
	}
	free(copy);
	return 0;
}

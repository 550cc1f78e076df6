// SPDX-License-Identifier: MIT
/*
 * The measurement of an image, computed as the SM does (see REWIRE_ADD_PAGES).
 */
#include <errno.h>

#include "crypto.h"
#include "image.h"

static int measure_segment(EVP_MD_CTX *md, const struct rewire_segment *segment)
{
	struct rewire_page_measure page = {
		.offset = segment->offset,
		.prot = segment->prot,
	};

	if (!segment->data) {
		page.zero_pages = segment->length / PAGE_BYTES;
		return EVP_DigestUpdate(md, &page, sizeof(page));
	}
	for (__u64 done = 0; done < segment->length; done += PAGE_BYTES) {
		page.offset = segment->offset + done;
		if (!EVP_DigestUpdate(md, &page, sizeof(page)) ||
		    !EVP_DigestUpdate(md, segment->data + done, PAGE_BYTES))
			return 0;
	}
	return 1;
}

int rewire_image_measure(const struct rewire_image *image,
			 __u8 ret_measurement[REWIRE_DIGEST_SIZE],
			 struct rewire_error *err)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	int ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) &&
		 EVP_DigestUpdate(md, &image->layout, sizeof(image->layout));

	for (size_t i = 0; ok && i < image->count; i++)
		ok = measure_segment(md, &image->segments[i]);
	ok = ok && EVP_DigestFinal_ex(md, ret_measurement, NULL);
	EVP_MD_CTX_free(md);
	if (!ok)
		return crypto_fail(err, EIO, "measuring the image");
	return 0;
}

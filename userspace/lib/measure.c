// SPDX-License-Identifier: MIT
/*
 * What of an image is measured, in its order (see REWIRE_ADD_PAGES), and the
 * measurement, computed as the SM does.
 */
#include <errno.h>

#include "crypto.h"
#include "image.h"

static int walk_segment(const struct rewire_segment *segment, image_walk_fn *fn,
			void *context)
{
	struct rewire_page_measure page = {
		.offset = segment->offset,
		.prot = segment->prot,
	};
	int rc = 0;

	if (!segment->data) {
		page.zero_pages = segment->length / PAGE_BYTES;
		return fn(&page, sizeof(page), context);
	}
	for (__u64 done = 0; done < segment->length && !rc; done += PAGE_BYTES) {
		page.offset = segment->offset + done;
		rc = fn(&page, sizeof(page), context);
		if (!rc)
			rc = fn(segment->data + done, PAGE_BYTES, context);
	}
	return rc;
}

int image_walk(const struct rewire_image *image, image_walk_fn *fn,
	       void *context)
{
	int rc = fn(&image->layout, sizeof(image->layout), context);

	for (size_t i = 0; i < image->count && !rc; i++)
		rc = walk_segment(&image->segments[i], fn, context);
	return rc;
}

static int measure(const void *data, size_t length, void *context)
{
	return EVP_DigestUpdate(context, data, length) ? 0 : -EIO;
}

int rewire_image_measure(const struct rewire_image *image,
			 __u8 ret_measurement[REWIRE_DIGEST_SIZE],
			 struct rewire_error *err)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	int ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) &&
		 !image_walk(image, measure, md) &&
		 EVP_DigestFinal_ex(md, ret_measurement, NULL);

	EVP_MD_CTX_free(md);
	if (!ok)
		return crypto_fail(err, EIO, "measuring the image");
	return 0;
}

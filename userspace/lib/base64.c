// SPDX-License-Identifier: MIT
/*
 * Base64 over OpenSSL's, which forgives white space and forgets the padding.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base64.h"

static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(const void *data, size_t length)
{
	char *text;

	if (length > INT_MAX / 2)
		return NULL;
	text = malloc((length + 2) / 3 * 4 + 1);
	if (!text)
		return NULL;
	text[0] = '\0';
	if (length)
		EVP_EncodeBlock((unsigned char *)text, data, (int)length);
	return text;
}

/* Bits that the padding cuts off must be zero, else two texts mean one thing. */
static int tail_is_canonical(char last, size_t padding)
{
	size_t value = (size_t)(strchr(alphabet, last) - alphabet);

	return !(value & (padding == 2 ? 15 : 3));
}

int base64_decode(const char *text, size_t length, __u8 **ret_data,
		  size_t *ret_length)
{
	size_t padding = 0;
	__u8 *data;

	if (length % 4 || length > INT_MAX)
		return -EBADMSG;
	while (padding < 2 && padding < length &&
	       text[length - 1 - padding] == '=')
		padding++;
	for (size_t i = 0; i < length - padding; i++)
		if (!text[i] || !strchr(alphabet, text[i]))
			return -EBADMSG;
	if (padding && !tail_is_canonical(text[length - padding - 1], padding))
		return -EBADMSG;
	data = malloc(length / 4 * 3 + 1);
	if (!data)
		return -ENOMEM;
	if (length && EVP_DecodeBlock(data, (const unsigned char *)text,
				      (int)length) < 0) {
		free(data);
		return -EBADMSG;
	}
	*ret_data = data;
	*ret_length = length / 4 * 3 - padding;
	return 0;
}

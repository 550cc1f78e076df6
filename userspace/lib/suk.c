// SPDX-License-Identifier: MIT
/*
 * Software Update Keys: what one-to-one packages are made for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "said.h"

int rewire_sm_suk(int sm, void *buffer, size_t *ret_length,
		  struct rewire_error *err)
{
	struct rewire_get_suk arg = {
		.size = sizeof(arg),
		.length = (__u32)(*ret_length < REWIRE_MAX_SUK ?
				  *ret_length : REWIRE_MAX_SUK),
		.buffer = (uintptr_t)buffer,
	};

	if (ioctl(sm, REWIRE_GET_SUK, &arg))
		return rewire_fail_ioctl(err, sm, errno, "asking for the Software Update Key");
	*ret_length = arg.length;
	return 0;
}

static int check_shape(const __u8 *data, size_t length, struct rewire_suk *suk,
		       struct rewire_error *err)
{
	if (length < sizeof(*suk))
		return rewire_fail(err, EBADMSG, "too short for a Software Update Key");
	memcpy(suk, data, sizeof(*suk));
	if (suk->header.magic != REWIRE_MAGIC ||
	    suk->header.type != REWIRE_TYPE_SUK)
		return rewire_fail(err, EBADMSG, "not a Software Update Key");
	if (suk->header.version != REWIRE_VERSION ||
	    suk->header.size != sizeof(*suk) || suk->header.flags ||
	    suk->__reserved)
		return rewire_fail(err, EBADMSG, "a format of another version");
	return 0;
}

int rewire_suk_check(const void *data, size_t length, const char *platform,
		     struct rewire_suk *ret_suk, struct rewire_error *err)
{
	struct rewire_suk suk = { 0 };
	int rc = check_shape(data, length, &suk, err);
	const struct said said = {
		.data = data,
		.size = sizeof(suk),
		.length = length,
		.cert_len = suk.cert_len,
		.sig_len = suk.sig_len,
		.domain = REWIRE_SUK_DOMAIN,
		.domain_len = sizeof(REWIRE_SUK_DOMAIN),
		.sm = suk.sm,
	};

	if (!rc)
		rc = said_check(&said, platform, err);
	if (!rc)
		*ret_suk = suk;
	return rc;
}

int rewire_suk_read(const char *path, const char *platform,
		    struct rewire_suk *ret_suk, struct rewire_error *err)
{
	struct rewire_error why = { 0 };
	size_t length;
	__u8 *data;
	int rc = rewire_file_read(path, REWIRE_MAX_SUK, &data, &length, err);

	if (rc)
		return rc;
	rc = rewire_suk_check(data, length, platform, ret_suk, &why);
	free(data);
	return rc ? rewire_fail(err, why.code, "%s: %s", path, why.text) : 0;
}

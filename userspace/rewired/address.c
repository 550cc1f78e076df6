// SPDX-License-Identifier: MIT
/*
 * Addresses of helpers as people write them.
 */
#include <errno.h>
#include <string.h>

#include "address.h"

static bool copy_part(char *to, size_t size, const char *from, size_t length)
{
	if (length == 0 || length >= size)
		return false;
	memcpy(to, from, length);
	to[length] = '\0';
	return true;
}

int address_parse(const char *text, struct address *ret_address,
		  struct rewire_error *err)
{
	const char *at = strchr(text, '@');
	const char *host = at ? at + 1 : text;
	const char *colon = strrchr(host, ':');
	const char *end = colon;
	struct address address;

	if (!colon)
		goto err_invalid;
	if (*host == '[' && colon > host && colon[-1] == ']') {
		host++;
		end--;
	} else if (memchr(host, ':', (size_t)(colon - host))) {
		goto err_invalid;
	}
	if (!copy_part(address.host, sizeof(address.host), host,
		       (size_t)(end - host)) ||
	    !copy_part(address.port, sizeof(address.port), colon + 1,
		       strlen(colon + 1)))
		goto err_invalid;
	if (at && !copy_part(address.name, sizeof(address.name), text,
			     (size_t)(at - text)))
		goto err_invalid;
	if (!at)
		memcpy(address.name, address.host, sizeof(address.name));
	*ret_address = address;
	return 0;

err_invalid:
	return rewire_fail(err, EINVAL,
			   "'%s' is no address: write HOST:PORT, [IPV6]:PORT or NAME@HOST:PORT",
			   text);
}

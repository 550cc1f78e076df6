/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_ADDRESS_H
#define REWIRED_ADDRESS_H

#include <rewire.h>

#define ADDRESS_MAX	256

/**
 * struct address - "[NAME@]HOST:PORT" taken apart
 * @name: what the certificate must be for: NAME, or else HOST
 * @host: name or address; without the brackets of an IPv6 address
 * @port: number or service
 */
struct address {
	char name[ADDRESS_MAX];
	char host[ADDRESS_MAX];
	char port[32];
};

/**
 * address_parse - take an address apart
 * @text: the address
 * @ret_address: its parts
 *
 * Return: 0 or -EINVAL.
 */
int address_parse(const char *text, struct address *ret_address,
		  struct rewire_error *err);

#endif /* REWIRED_ADDRESS_H */

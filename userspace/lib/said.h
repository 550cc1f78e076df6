/* SPDX-License-Identifier: MIT */
#ifndef LIBREWIRE_SAID_H
#define LIBREWIRE_SAID_H

#include "rewire.h"

/* A struct that an SM signs: then its certificate, then the signature. */
struct said {
	const __u8 *data;
	size_t size;		/* of the struct */
	size_t length;		/* of all */
	size_t cert_len, sig_len;	/* as the struct says */
	const char *domain;
	size_t domain_len;	/* with its terminating zero */
	const __u8 *sm;		/* who it says it is; REWIRE_ID_SIZE bytes */
};

/*
 * @platform: certificate file of the CA; NULL: any. Return: 0, -EBADMSG for
 * lengths or a certificate that are none, -EKEYREJECTED.
 */
int said_check(const struct said *said, const char *platform,
	       struct rewire_error *err);

#endif

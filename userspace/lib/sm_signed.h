/* SPDX-License-Identifier: MIT */
#ifndef LIBREWIRE_SM_SIGNED_H
#define LIBREWIRE_SM_SIGNED_H

#include "rewire.h"

/**
 * struct sm_signed - where things are in what an SM signed
 * @data: a struct, the SM's certificate (DER), its signature
 * @length: bytes of the struct
 * @cert_len: bytes of the certificate
 * @sig_len: bytes of the signature
 * @domain: what is signed before the struct, and its terminating zero
 * @domain_length: its bytes
 * @sm: who it says has signed
 *
 * That the lengths add up has been checked.
 */
struct sm_signed {
	const __u8 *data;
	size_t length;
	size_t cert_len;
	size_t sig_len;
	const char *domain;
	size_t domain_length;
	const __u8 *sm;
};

/* -EBADMSG: no certificate; -EKEYREJECTED: not the CA's, or not its signature. */
int sm_signed_check(const struct sm_signed *what, const char *platform,
		    struct rewire_error *err);

#endif

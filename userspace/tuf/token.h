/* SPDX-License-Identifier: MIT */
#ifndef TUF_TOKEN_H
#define TUF_TOKEN_H

#include "tuf-repo.h"

#define TUF_TOKEN	"pkcs11:"

/* The key that a PKCS#11 URI (RFC 7512) names; it stays in its token. */
int tuf_token_key(const char *uri, tuf_passphrase_fn *ask, void *data,
		  struct tuf_key **ret, struct tuf_error *err);

#endif

// SPDX-License-Identifier: MIT
/*
 * Keys in a PKCS#11 token, through OpenSSL's engine of libp11: Debian 12 has no
 * provider for that.
 */
#define OPENSSL_SUPPRESS_DEPRECATED	/* engines are, and providers not there yet */

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "error.h"
#include "key.h"
#include "token.h"

#define PIN_MAX	256

static int set_pin(ENGINE *engine, const char *uri, tuf_passphrase_fn *ask,
		   void *data)
{
	char pin[PIN_MAX] = "";
	int length, rc;

	if (strstr(uri, "pin-value=") || strstr(uri, "pin-source="))
		return 0;
	length = ask ? ask(pin, sizeof(pin) - 1, data) : -1;
	if (length < 0)
		return -1;
	pin[length] = 0;
	rc = ENGINE_ctrl_cmd_string(engine, "PIN", pin, 0) == 1 ? 0 : -1;
	OPENSSL_cleanse(pin, sizeof(pin));
	return rc;
}

static int load(ENGINE *engine, const char *uri, tuf_passphrase_fn *ask,
		void *data, struct tuf_key **ret, struct tuf_error *err)
{
	EVP_PKEY *pkey;
	int rc;

	if (set_pin(engine, uri, ask, data))
		return tuf_fail(err, TUF_ARGUMENT, NULL, "no PIN for the token");
	pkey = ENGINE_load_private_key(engine, uri, NULL, NULL);
	ERR_clear_error();
	if (!pkey)
		return tuf_fail(err, TUF_ARGUMENT, NULL,
				"no such key in a token, or a wrong PIN");
	rc = tuf_key_new(pkey, ret, err);
	EVP_PKEY_free(pkey);
	return rc;
}

int tuf_token_key(const char *uri, tuf_passphrase_fn *ask, void *data,
		  struct tuf_key **ret, struct tuf_error *err)
{
	ENGINE *engine;
	int rc;

	ENGINE_load_dynamic();
	engine = ENGINE_by_id("pkcs11");
	if (!engine || ENGINE_init(engine) != 1) {
		ERR_clear_error();
		ENGINE_free(engine);
		return tuf_fail(err, TUF_SYSTEM, NULL,
				"OpenSSL has no engine for tokens: install libengine-pkcs11-openssl");
	}
	rc = load(engine, uri, ask, data, ret, err);
	ENGINE_finish(engine);
	ENGINE_free(engine);
	return rc;
}

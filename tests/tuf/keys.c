// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "keys.h"

static struct key *keys;
static json_t *made;		/* signatures, so that a file is the same each time */

/* jansson escapes control characters; OLPC's form has them as they are. */
char *canonical(const json_t *value)
{
	static const char names[] = "bfnrt", meant[] = "\b\f\n\r\t";
	char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
	char *from = text, *to = text;
	unsigned int code;

	if (!text)
		abort();
	for (; *from; from++) {
		const char *name = from[0] == '\\' ? strchr(names, from[1]) : NULL;

		if (name) {
			*to++ = meant[name - names];
			from++;
		} else if (from[0] == '\\' && from[1] == 'u') {
			sscanf(from + 2, "%4x", &code);
			*to++ = (char)code;
			from += 5;
		} else {
			if (from[0] == '\\')
				*to++ = *from++;
			*to++ = *from;
		}
	}
	*to = 0;
	return text;
}

char *hex_of(const unsigned char *data, size_t length)
{
	char *hex = malloc(2 * length + 1);
	size_t i;

	for (i = 0; i < length; i++)
		sprintf(hex + 2 * i, "%02x", data[i]);
	hex[2 * length] = 0;
	return hex;
}

char *hash_of(const char *kind, const void *data, size_t length)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int size;

	if (EVP_Digest(data, length, digest, &size, EVP_get_digestbyname(kind),
		       NULL) != 1)
		abort();
	return hex_of(digest, size);
}

void key_id(const json_t *object, char id[65])
{
	char *text = canonical(object), *hex = hash_of("sha256", text, strlen(text));

	memcpy(id, hex, 65);
	free(text);
	free(hex);
}

static char *pem_of(EVP_PKEY *pkey)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, *pem;
	long length;

	PEM_write_bio_PUBKEY(bio, pkey);
	length = BIO_get_mem_data(bio, &data);
	pem = strndup(data, (size_t)length);
	BIO_free(bio);
	return pem;
}

json_t *key_object(enum key_kind kind, EVP_PKEY *pkey)
{
	static const char *const names[][2] = {
		[ED25519] = { "ed25519", "ed25519" },
		[ECDSA] = { "ecdsa", "ecdsa-sha2-nistp256" },
		[RSA_PSS] = { "rsa", "rsassa-pss-sha256" },
	};
	unsigned char raw[64];
	size_t size = sizeof(raw);
	json_t *object;
	char *text;

	if (kind == ED25519) {
		EVP_PKEY_get_raw_public_key(pkey, raw, &size);
		text = hex_of(raw, size);
	} else {
		text = pem_of(pkey);
	}
	object = json_pack("{s:s, s:s, s:{s:s}}", "keytype", names[kind][0],
			   "scheme", names[kind][1], "keyval", "public", text);
	free(text);
	return object;
}

static EVP_PKEY *generate(enum key_kind kind)
{
	switch (kind) {
	case ED25519:
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	case ECDSA:
		return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	default:
		return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	}
}

const struct key *key_of(enum key_kind kind, const char *name)
{
	struct key *key;

	for (key = keys; key; key = key->next)
		if (key->kind == kind && !strcmp(key->name, name))
			return key;
	key = calloc(1, sizeof(*key));
	key->kind = kind;
	snprintf(key->name, sizeof(key->name), "%s", name);
	key->pkey = generate(kind);
	if (!key->pkey)
		abort();
	key->object = key_object(kind, key->pkey);
	key_id(key->object, key->id);
	key->next = keys;
	keys = key;
	return key;
}

void keys_free(void)
{
	json_decref(made);
	made = NULL;
	while (keys) {
		struct key *key = keys;

		keys = key->next;
		EVP_PKEY_free(key->pkey);
		json_decref(key->object);
		free(key);
	}
}

char *key_sign(const struct key *key, const void *data, size_t length)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char sig[2048];
	size_t size = sizeof(sig);
	EVP_PKEY_CTX *inner;

	if (EVP_DigestSignInit(context, &inner,
			       key->kind == ED25519 ? NULL : EVP_sha256(), NULL,
			       key->pkey) != 1)
		abort();
	if (key->kind == RSA_PSS) {
		EVP_PKEY_CTX_set_rsa_padding(inner, RSA_PKCS1_PSS_PADDING);
		EVP_PKEY_CTX_set_rsa_pss_saltlen(inner, RSA_PSS_SALTLEN_DIGEST);
	}
	if (EVP_DigestSign(context, sig, &size, data, length) != 1)
		abort();
	EVP_MD_CTX_free(context);
	return hex_of(sig, size);
}

json_t *key_signature(const struct key *key, const json_t *body)
{
	char *text = canonical(body), *hash = hash_of("sha256", text, strlen(text));
	char name[160], *sig;

	snprintf(name, sizeof(name), "%s %s", key->id, hash);
	if (!made)
		made = json_object();
	if (!json_object_get(made, name)) {
		sig = key_sign(key, text, strlen(text));
		json_object_set_new(made, name, json_string(sig));
		free(sig);
	}
	free(text);
	free(hash);
	return json_pack("{s:s, s:O}", "keyid", key->id, "sig",
			 json_object_get(made, name));
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 The REWIRE authors
 */
#include "forge.h"

#include <stdio.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/sha.h>

#include "../attacks/tap.h"

struct rewire_message *forge_open(struct message *message)
{
	return (struct rewire_message *)message->bytes;
}

static __u8 *signature_of(struct message *message)
{
	return message->bytes + sizeof(struct rewire_message) +
	       forge_open(message)->cert_len;
}

void forge_evidence(struct message *message, const struct rewire_token *token)
{
	struct rewire_message *said = forge_open(message);
	__u8 *to = signature_of(message) + said->sig_len;

	if (token->length > (size_t)(message->bytes + sizeof(message->bytes) - to))
		tap_bail("no room for evidence of %zu bytes", token->length);
	memcpy(to, token->bytes, token->length);
	said->evidence_len = token->length;
	SHA256(token->bytes, token->length, said->evidence_digest);
	message->length = to + token->length - message->bytes;
}

static EVP_PKEY *key_of(const char *host)
{
	EVP_PKEY *key = NULL;
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), E2E_PKI "/hosts/%s/attest.key", host);
	file = fopen(path, "r");
	if (file)
		key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	if (!key)
		tap_bail("%s: no private key", path);
	fclose(file);
	return key;
}

void forge_sign(struct message *message, const char *host)
{
	struct rewire_message *said = forge_open(message);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY *key = key_of(host);
	size_t length = said->sig_len;

	if (!context ||
	    EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) != 1 ||
	    EVP_DigestSignUpdate(context, REWIRE_MESSAGE_DOMAIN,
				 sizeof(REWIRE_MESSAGE_DOMAIN)) != 1 ||
	    EVP_DigestSignUpdate(context, said, sizeof(*said)) != 1 ||
	    EVP_DigestSignFinal(context, signature_of(message), &length) != 1 ||
	    length != said->sig_len)
		tap_bail("signing a message as %s failed", host);
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
}

/* SPDX-License-Identifier: MIT */
/*
 * librewire: signed structs, bundles of anchors and tables of levels, as files.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef LIBREWIRE_FILES_H
#define LIBREWIRE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uapi/rewire.h>
#include <uapi/rewire_trust.h>

#include "rewire_error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------
 * Signed structs. A file of one is the struct (as long as its header says),
 * then its detached CMS signature (DER) up to the end of the file.
 */

/**
 * struct rewire_signed - a signed struct and its signature
 * @body: starts with struct rewire_header
 * @length: its bytes
 * @signature: detached CMS, DER
 * @signature_length: its bytes
 */
struct rewire_signed {
	union {
		struct rewire_header header;
		struct rewire_manifest manifest;
		struct rewire_request request;
		struct rewire_witness witness;
		struct rewire_fence fence;
		struct rewire_wrap wrap;
	} body;
	size_t length;
	__u8 signature[REWIRE_MAX_CMS];
	size_t signature_length;
};

/**
 * struct rewire_signer - a private key and its certificate (opaque)
 */
struct rewire_signer;

/**
 * typedef rewire_passphrase_fn - asks for the passphrase of a key file
 * @buffer: where to; the zero at its end does not count
 * @size: its bytes
 * @data: as given to rewire_signer_open()
 *
 * Return: characters written, or a negative errno.
 */
typedef int rewire_passphrase_fn(char *buffer, size_t size, void *data);

/**
 * rewire_signer_open - load a key pair
 * @key: PEM file of the private key
 * @certificate: PEM or DER file of its certificate
 * @passphrase: called when the key is encrypted; NULL refuses those
 * @data: for @passphrase
 * @ret_signer: to be freed by rewire_signer_free()
 *
 * Return: 0, -EKEYREJECTED when the two do not belong together, or another
 * negative errno.
 */
int rewire_signer_open(const char *key, const char *certificate,
		       rewire_passphrase_fn *passphrase, void *data,
		       struct rewire_signer **ret_signer,
		       struct rewire_error *err);
void rewire_signer_free(struct rewire_signer *signer);

/**
 * rewire_sign_manifest - sign what is said of an image
 * @signer: the developer role
 * @manifest: members other than the header, filled by the caller
 * @ret_signed: the result
 *
 * Return: 0 or a negative errno.
 */
int rewire_sign_manifest(const struct rewire_signer *signer,
			 const struct rewire_manifest *manifest,
			 struct rewire_signed *ret_signed,
			 struct rewire_error *err);

/**
 * rewire_sign_request - sign a migration request
 * @signer: the sds role
 * @request: members other than the header, filled by the caller
 * @ret_signed: the result
 *
 * Return: 0 or a negative errno.
 */
int rewire_sign_request(const struct rewire_signer *signer,
			const struct rewire_request *request,
			struct rewire_signed *ret_signed,
			struct rewire_error *err);

/**
 * rewire_sign_witness - sign what was seen of an SM's journal
 * @signer: the sds role
 * @witness: members other than the header, filled by the caller
 * @ret_signed: the result
 *
 * Return: 0 or a negative errno.
 */
int rewire_sign_witness(const struct rewire_signer *signer,
			const struct rewire_witness *witness,
			struct rewire_signed *ret_signed,
			struct rewire_error *err);

/**
 * rewire_fence_of - the fence of a migration, to be signed
 * @request: as the SDS signed it
 * @ret_fence: all but the header
 *
 * Return: 0 or a negative errno.
 */
int rewire_fence_of(const struct rewire_request *request,
		    struct rewire_fence *ret_fence, struct rewire_error *err);

/**
 * rewire_sign_fence - sign that the target of a migration is out
 * @signer: the sds role
 * @fence: of rewire_fence_of()
 * @ret_signed: the result
 *
 * Return: 0 or a negative errno.
 */
int rewire_sign_fence(const struct rewire_signer *signer,
		      const struct rewire_fence *fence,
		      struct rewire_signed *ret_signed,
		      struct rewire_error *err);

/**
 * rewire_signed_verify - check a signature as an SM would
 * @object: the signed struct
 * @certificate: PEM or DER file of the role's certificate
 *
 * Return: 0, -EKEYREJECTED, or another negative errno.
 */
int rewire_signed_verify(const struct rewire_signed *object,
			 const char *certificate, struct rewire_error *err);

/**
 * rewire_signed_parse - take a signed struct apart; checks form, not signature
 * @data: the bytes
 * @length: how many
 * @type: REWIRE_TYPE_MANIFEST, _REQUEST, _WITNESS, _FENCE or _WRAP
 * @ret_signed: the result
 *
 * Return: 0, -EBADMSG, or another negative errno.
 */
int rewire_signed_parse(const __u8 *data, size_t length, __u16 type,
			struct rewire_signed *ret_signed,
			struct rewire_error *err);
int rewire_signed_read(const char *path, __u16 type,
		       struct rewire_signed *ret_signed,
		       struct rewire_error *err);
int rewire_signed_write(const char *path, const struct rewire_signed *object,
			struct rewire_error *err);

/* ------------------------------------------------------------------------
 * Trust: bundles of anchors, and the table of levels. A file of one is the
 * struct and its certificates, then each signature: a little-endian __u32, its
 * length, and that many bytes of detached CMS (DER); none at first, then one
 * more by each holder of a root key.
 */

/**
 * struct rewire_statement - a bundle or a table, and its signatures
 * @body: struct rewire_bundle with its certificates, or struct rewire_levels
 * @length: its bytes
 * @signatures: how many
 * @signature: detached CMS, DER
 * @signature_length: bytes of each
 */
struct rewire_statement {
	__u8 *body;
	size_t length;
	size_t signatures;
	__u8 signature[REWIRE_MAX_ROOT_SIGNATURES][REWIRE_MAX_CMS];
	size_t signature_length[REWIRE_MAX_ROOT_SIGNATURES];
};

/**
 * rewire_trust_bundle - an unsigned bundle
 * @bundle: version, role, threshold, revoked and revoked_sm, filled by the caller
 * @certificates: PEM or DER files
 * @count: how many
 * @ret_statement: to be freed by rewire_trust_free()
 *
 * Return: 0, -EBADMSG for one that no SM would take, or another negative errno.
 */
int rewire_trust_bundle(const struct rewire_bundle *bundle,
			const char *const *certificates, size_t count,
			struct rewire_statement **ret_statement,
			struct rewire_error *err);

/**
 * rewire_trust_levels - an unsigned table of levels
 * @levels: all but the header, filled by the caller
 * @ret_statement: to be freed by rewire_trust_free()
 *
 * Return: 0, -EBADMSG for one that no SM would take, or another negative errno.
 */
int rewire_trust_levels(const struct rewire_levels *levels,
			struct rewire_statement **ret_statement,
			struct rewire_error *err);

/**
 * rewire_levels_parse - a table of levels from its JSON text
 * @text: {"version": 2, "rules": [{"level": 3, "min_kernel": "6.12.0",
 *	"claims": ["yama", "journal"]}, ...]}; nothing else may be in it
 * @length: its bytes
 * @ret_levels: all but the header
 *
 * Return: 0 or -EBADMSG.
 */
int rewire_levels_parse(const char *text, size_t length,
			struct rewire_levels *ret_levels,
			struct rewire_error *err);

/* Take a file apart; checks the form of the statement as an SM would. */
int rewire_trust_parse(const __u8 *data, size_t length,
		       struct rewire_statement **ret_statement,
		       struct rewire_error *err);
int rewire_trust_read(const char *path, struct rewire_statement **ret_statement,
		      struct rewire_error *err);
int rewire_trust_write(const char *path,
		       const struct rewire_statement *statement,
		       struct rewire_error *err);
void rewire_trust_free(struct rewire_statement *statement);

/**
 * rewire_trust_sign - one more signature
 * @signer: the root role
 * @statement: gets it
 *
 * Return: 0, -EEXIST when this key signed it before, or another negative errno.
 */
int rewire_trust_sign(const struct rewire_signer *signer,
		      struct rewire_statement *statement,
		      struct rewire_error *err);

/**
 * rewire_trust_signed_by - whether one of the signatures is this key's
 * @statement: the statement
 * @index: of the signature
 * @certificate: PEM or DER file
 *
 * Return: 0, -EKEYREJECTED, or another negative errno.
 */
int rewire_trust_signed_by(const struct rewire_statement *statement,
			   size_t index, const char *certificate,
			   struct rewire_error *err);

/**
 * rewire_trust_give - let an SM obey it from now on
 * @sm: the SM
 * @statement: with the signatures of enough root keys
 *
 * Return: 0, -ENOKEY, -EKEYREJECTED, -ESTALE, or another negative errno.
 */
int rewire_trust_give(int sm, const struct rewire_statement *statement,
		      struct rewire_error *err);

/**
 * struct rewire_anchor_name - whom a certificate in a bundle is of
 * @id: of its key
 * @subject: in words
 */
struct rewire_anchor_name {
	__u8 id[REWIRE_ID_SIZE];
	char subject[128];
};

/* @index: below the bundle's anchors */
int rewire_trust_anchor(const struct rewire_statement *statement, size_t index,
			struct rewire_anchor_name *ret_name,
			struct rewire_error *err);

/* "root", "sds" ...; NULL for a number that is none. */
const char *rewire_role_name(__u32 role);
int rewire_role_parse(const char *text, __u32 *ret_role);
/* "yama", "journal" ..., of REWIRE_CLAIM_*; NULL for a bit that is none. */
const char *rewire_claim_name(unsigned int bit);
int rewire_claim_parse(const char *text, __u64 *ret_claim);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/*
 * librewire: packages that order an update, their payloads, and the keys of the
 * devices that they are for. Part of rewire.h.
 *
 * A package is up to four things. PACKAGE: struct rewire_package, its signature,
 * struct rewire_manifest, its signature, then the signatures of the root role;
 * each signature is a little-endian __u32, its length, and that many bytes of
 * detached CMS (DER). PAYLOAD, which many packages may share. And when that is
 * encrypted a WRAP for each device: struct rewire_wrap, then its signature up to
 * the end of the file, as every struct rewire_signed.
 */
#ifndef LIBREWIRE_PACKAGE_H
#define LIBREWIRE_PACKAGE_H

#include <uapi/rewire_update.h>

/* ------------------------------------------------------------------------
 * Software Update Keys
 */

#define REWIRE_MAX_SUK	(sizeof(struct rewire_suk) + REWIRE_MAX_CERT + 512)

/* @ret_length: in: room (REWIRE_MAX_SUK always suffices) */
int rewire_sm_suk(int sm, void *buffer, size_t *ret_length,
		  struct rewire_error *err);

/**
 * rewire_suk_check - what an SM said of its Software Update Key
 * @data: struct rewire_suk, certificate, signature
 * @length: their bytes
 * @platform: certificate file of the platform CA; NULL: believe whoever made it
 * @ret_suk: the key
 *
 * Return: 0, -EBADMSG when it is none, -EKEYREJECTED when a signature is wrong
 * or the SM's certificate is not the CA's.
 */
int rewire_suk_check(const void *data, size_t length, const char *platform,
		     struct rewire_suk *ret_suk, struct rewire_error *err);
int rewire_suk_read(const char *path, const char *platform,
		    struct rewire_suk *ret_suk, struct rewire_error *err);

/* ------------------------------------------------------------------------
 * Payloads
 */

#define REWIRE_CONTENT_KEY_SIZE	32

/**
 * typedef rewire_progress_fn - called now and then
 * @done: bytes so far
 * @total: bytes in all
 * @data: as given
 */
typedef void rewire_progress_fn(__u64 done, __u64 total, void *data);

/**
 * struct rewire_payload - how a payload is written
 * @package: as rewire_order_sign() made it, when the payload is to be encrypted:
 *	most of it goes into the key
 * @content: content key; NULL: it is not
 * @progress: may be NULL
 * @data: for @progress
 */
struct rewire_payload {
	const struct rewire_package *package;
	const __u8 *content;
	rewire_progress_fn *progress;
	void *data;
};

/* Bytes that rewire_payload_write() will write. */
__u64 rewire_payload_length(const struct rewire_image *image, bool sealed);

/**
 * rewire_payload_write - an image as an SM takes it in an update
 * @image: the image
 * @payload: how
 * @fd: where to, in one stream, through one buffer of 1 MiB
 *
 * What is written (before it is encrypted) is what rewire_image_measure() digests.
 *
 * Return: 0, -EINVAL for a package that was not signed, or another negative errno.
 */
int rewire_payload_write(const struct rewire_image *image,
			 const struct rewire_payload *payload, int fd,
			 struct rewire_error *err);

/* ------------------------------------------------------------------------
 * Packages
 */

/**
 * struct rewire_cms_bytes - a detached CMS signature, DER
 * @bytes: of which the first @length count
 * @length: how many
 */
struct rewire_cms_bytes {
	__u8 bytes[REWIRE_MAX_CMS];
	size_t length;
};

/**
 * struct rewire_order - a package with its manifest, and all signatures
 * @package: as the SDS signed it
 * @signature: of the SDS
 * @manifest: as the developer signed it
 * @roots: signatures of the root role
 * @root: those; over @package
 */
struct rewire_order {
	struct rewire_package package;
	struct rewire_cms_bytes signature;
	struct rewire_signed manifest;
	size_t roots;
	struct rewire_cms_bytes root[REWIRE_MAX_ROOT_SIGNATURES];
};

/**
 * rewire_order_sign - order an update, as the SDS
 * @signer: the sds role
 * @package: members other than header, nonce, manifest_digest and software,
 *	filled by the caller; and of the header the flags
 * @manifest: of the new version
 * @ret_order: the result, to be freed with free()
 *
 * Return: 0, -EBADMSG for a package that no SM would take, or another negative
 * errno.
 */
int rewire_order_sign(const struct rewire_signer *signer,
		      const struct rewire_package *package,
		      const struct rewire_signed *manifest,
		      struct rewire_order **ret_order,
		      struct rewire_error *err);

/**
 * rewire_order_authorise - add the signature of a root key
 * @signer: the root role
 * @order: made for it: REWIRE_PACKAGE_ROOT is signed, too
 *
 * Return: 0, -EEXIST when this key signed it before, -EINVAL for a package that
 * does not ask for it, or another negative errno.
 */
int rewire_order_authorise(const struct rewire_signer *signer,
			   struct rewire_order *order,
			   struct rewire_error *err);

/* Take a file apart; checks the form as an SM would, and no signature. */
int rewire_order_parse(const __u8 *data, size_t length,
		       struct rewire_order **ret_order,
		       struct rewire_error *err);
int rewire_order_read(const char *path, struct rewire_order **ret_order,
		      struct rewire_error *err);
int rewire_order_write(const char *path, const struct rewire_order *order,
		       struct rewire_error *err);

/**
 * rewire_order_signed_by - whether a role's certificate signed it
 * @order: the order
 * @role: REWIRE_ROLE_SDS, REWIRE_ROLE_DEVELOPER (the manifest), or
 *	REWIRE_ROLE_ROOT (one of the signatures)
 * @certificate: PEM or DER file
 *
 * Return: 0, -EKEYREJECTED, or another negative errno.
 */
int rewire_order_signed_by(const struct rewire_order *order, __u32 role,
			   const char *certificate, struct rewire_error *err);

/**
 * rewire_wrap_sign - the content key of a package, for one device
 * @signer: the sds role
 * @order: signed
 * @content: content key
 * @suk: of the device, checked
 * @ret_signed: the result, less than 1 KiB in a file
 *
 * Return: 0, -EINVAL when the package is for another device, -EBADMSG when @suk
 * is no point of the curve, or another negative errno.
 */
int rewire_wrap_sign(const struct rewire_signer *signer,
		     const struct rewire_order *order,
		     const __u8 content[REWIRE_CONTENT_KEY_SIZE],
		     const struct rewire_suk *suk,
		     struct rewire_signed *ret_signed,
		     struct rewire_error *err);

#endif

// SPDX-License-Identifier: MIT
/*
 * Packages: ordered by the SDS, authorised by root keys where versions do not
 * simply rise, wrapped for devices, taken apart. What no SM would take is refused
 * here already.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "crypto.h"
#include "digest.h"
#include "hpke.h"

#define MAX_TRIAL_MS 3600000
#define MAX_FILE (sizeof(struct rewire_package) + \
		  sizeof(struct rewire_manifest) + \
		  (2 + REWIRE_MAX_ROOT_SIGNATURES) * \
		  (sizeof(__u32) + REWIRE_MAX_CMS))

static bool is_zero(const void *data, size_t length)
{
	const __u8 *bytes = data;

	for (size_t i = 0; i < length; i++)
		if (bytes[i])
			return false;
	return true;
}

static int check_header(const struct rewire_package *p, struct rewire_error *err)
{
	if (p->header.magic != REWIRE_MAGIC ||
	    p->header.type != REWIRE_TYPE_PACKAGE)
		return rewire_fail(err, EBADMSG, "not a package");
	if (p->header.version != REWIRE_VERSION ||
	    p->header.size != sizeof(*p) ||
	    p->header.flags & ~(__u32)REWIRE_PACKAGE_FLAGS || p->__reserved)
		return rewire_fail(err, EBADMSG, "a format of another version");
	return 0;
}

static int check_members(const struct rewire_package *p,
			 struct rewire_error *err)
{
	bool sealed = p->header.flags & REWIRE_PACKAGE_SEALED;

	if (is_zero(p->nonce, sizeof(p->nonce)))
		return rewire_fail(err, EBADMSG, "the package has no nonce");
	if (p->from_min > p->from_max)
		return rewire_fail(err, EBADMSG, "the package is for releases %llu to %llu, which are none",
				   (unsigned long long)p->from_min,
				   (unsigned long long)p->from_max);
	if (!p->trial_ms || p->trial_ms > MAX_TRIAL_MS)
		return rewire_fail(err, EBADMSG, "a trial of %u ms, not 1 ms to 1 h",
				   p->trial_ms);
	if (p->payload_length < sizeof(struct rewire_layout) +
				sizeof(struct rewire_page_measure))
		return rewire_fail(err, EBADMSG, "a payload of %llu bytes is no enclave",
				   (unsigned long long)p->payload_length);
	if (sealed == is_zero(p->salt, sizeof(p->salt)))
		return rewire_fail(err, EBADMSG, "a package has a salt when its payload is encrypted, and only then");
	return 0;
}

/* The package and the manifest that it names belong together. */
static int check_manifest(const struct rewire_package *p,
			  const struct rewire_manifest *manifest,
			  struct rewire_error *err)
{
	__u8 digest[REWIRE_DIGEST_SIZE];
	int rc = digest_bytes(manifest, sizeof(*manifest), digest, err);

	if (rc)
		return rc;
	if (memcmp(digest, p->manifest_digest, sizeof(digest)))
		return rewire_fail(err, EBADMSG, "the package names another manifest");
	if (memcmp(manifest->software, p->software, REWIRE_ID_SIZE))
		return rewire_fail(err, EBADMSG, "package and manifest are about different software");
	return 0;
}

static int check(const struct rewire_order *order, struct rewire_error *err)
{
	bool root = order->package.header.flags & REWIRE_PACKAGE_ROOT;
	int rc = check_header(&order->package, err);

	if (!rc)
		rc = check_members(&order->package, err);
	if (!rc && order->roots && !root)
		rc = rewire_fail(err, EBADMSG, "root signatures on a package that does not ask for them");
	if (!rc)
		rc = check_manifest(&order->package,
				    &order->manifest.body.manifest, err);
	return rc;
}

int rewire_order_sign(const struct rewire_signer *signer,
		      const struct rewire_package *package,
		      const struct rewire_signed *manifest,
		      struct rewire_order **ret_order,
		      struct rewire_error *err)
{
	struct rewire_order *order = calloc(1, sizeof(*order));
	struct rewire_package *p;
	int rc;

	if (!order)
		return rewire_fail(err, ENOMEM, "making a package: no memory");
	p = &order->package;
	*p = *package;
	p->header = (struct rewire_header){
		.magic = REWIRE_MAGIC,
		.type = REWIRE_TYPE_PACKAGE,
		.version = REWIRE_VERSION,
		.size = sizeof(*p),
		.flags = package->header.flags,
	};
	order->manifest = *manifest;
	memcpy(p->software, manifest->body.manifest.software, REWIRE_ID_SIZE);
	rc = digest_bytes(&manifest->body.manifest,
			  sizeof(manifest->body.manifest), p->manifest_digest,
			  err);
	if (!rc && RAND_bytes(p->nonce, sizeof(p->nonce)) != 1)
		rc = crypto_fail(err, EIO, "drawing a nonce");
	if (!rc)
		rc = check(order, err);
	if (!rc)
		rc = crypto_cms_sign(signer, p, sizeof(*p),
				     order->signature.bytes,
				     &order->signature.length, err);
	if (rc)
		free(order);
	else
		*ret_order = order;
	return rc;
}

int rewire_order_authorise(const struct rewire_signer *signer,
			   struct rewire_order *order, struct rewire_error *err)
{
	struct rewire_cms_bytes *next = &order->root[order->roots];
	X509 *certificate = crypto_signer_certificate(signer);
	int rc;

	if (!(order->package.header.flags & REWIRE_PACKAGE_ROOT))
		return rewire_fail(err, EINVAL, "the package does not ask for root keys; make it with --root");
	for (size_t i = 0; i < order->roots; i++)
		if (!crypto_cms_verify(&order->package, sizeof(order->package),
				       order->root[i].bytes,
				       order->root[i].length, certificate,
				       NULL))
			return rewire_fail(err, EEXIST, "this key signed it before");
	if (order->roots == REWIRE_MAX_ROOT_SIGNATURES)
		return rewire_fail(err, ENOSPC, "there are %d root signatures already",
				   REWIRE_MAX_ROOT_SIGNATURES);
	rc = crypto_cms_sign(signer, &order->package, sizeof(order->package),
			     next->bytes, &next->length, err);
	/* A certificate may forbid what its key can do: find out now. */
	if (!rc)
		rc = crypto_cms_verify(&order->package, sizeof(order->package),
				       next->bytes, next->length, certificate,
				       err);
	if (!rc)
		order->roots++;
	return rc;
}

/* ---- files ---- */

/* What is left to be taken apart. */
struct rest {
	const __u8 *data;
	size_t length;
};

static int take(struct rest *rest, void *to, size_t length,
		struct rewire_error *err)
{
	if (rest->length < length)
		return rewire_fail(err, EBADMSG, "the package is cut off; get an unharmed copy");
	memcpy(to, rest->data, length);
	rest->data += length;
	rest->length -= length;
	return 0;
}

static int take_signature(struct rest *rest, __u8 bytes[REWIRE_MAX_CMS],
			  size_t *ret_length, struct rewire_error *err)
{
	__le32 word = 0;
	__u32 length;
	int rc = take(rest, &word, sizeof(word), err);

	if (rc)
		return rc;
	length = le32toh(word);
	if (!length || length > REWIRE_MAX_CMS)
		return rewire_fail(err, EBADMSG, "a signature of %u bytes, not 1 to %d",
				   length, REWIRE_MAX_CMS);
	*ret_length = length;
	return take(rest, bytes, length, err);
}

static int take_manifest(struct rest *rest, struct rewire_signed *manifest,
			 struct rewire_error *err)
{
	const struct rewire_header *header = &manifest->body.header;
	int rc = take(rest, &manifest->body.manifest,
		      sizeof(manifest->body.manifest), err);

	if (rc)
		return rc;
	manifest->length = sizeof(manifest->body.manifest);
	if (header->magic != REWIRE_MAGIC ||
	    header->type != REWIRE_TYPE_MANIFEST)
		return rewire_fail(err, EBADMSG, "no manifest in the package");
	if (header->version != REWIRE_VERSION ||
	    header->size != manifest->length || header->flags)
		return rewire_fail(err, EBADMSG, "a manifest of another version");
	return take_signature(rest, manifest->signature,
			      &manifest->signature_length, err);
}

static int take_order(struct rest rest, struct rewire_order *order,
		      struct rewire_error *err)
{
	int rc = take(&rest, &order->package, sizeof(order->package), err);

	if (!rc)
		rc = check_header(&order->package, err);
	if (!rc)
		rc = take_signature(&rest, order->signature.bytes,
				    &order->signature.length, err);
	if (!rc)
		rc = take_manifest(&rest, &order->manifest, err);
	while (!rc && rest.length) {
		struct rewire_cms_bytes *root = &order->root[order->roots];

		if (order->roots == REWIRE_MAX_ROOT_SIGNATURES)
			return rewire_fail(err, EBADMSG, "more than %d root signatures",
					   REWIRE_MAX_ROOT_SIGNATURES);
		rc = take_signature(&rest, root->bytes, &root->length, err);
		order->roots++;
	}
	return rc ? rc : check(order, err);
}

int rewire_order_parse(const __u8 *data, size_t length,
		       struct rewire_order **ret_order,
		       struct rewire_error *err)
{
	struct rewire_order *order = calloc(1, sizeof(*order));
	int rc;

	if (!order)
		return rewire_fail(err, ENOMEM, "reading a package: no memory");
	rc = take_order((struct rest){ data, length }, order, err);
	if (rc)
		free(order);
	else
		*ret_order = order;
	return rc;
}

int rewire_order_read(const char *path, struct rewire_order **ret_order,
		      struct rewire_error *err)
{
	struct rewire_error why = { 0 };
	size_t length;
	__u8 *data;
	int rc = rewire_file_read(path, MAX_FILE, &data, &length, err);

	if (rc)
		return rc;
	rc = rewire_order_parse(data, length, ret_order, &why);
	free(data);
	return rc ? rewire_fail(err, why.code, "%s: %s", path, why.text) : 0;
}

static __u8 *put(__u8 *to, const void *data, size_t length)
{
	memcpy(to, data, length);
	return to + length;
}

static __u8 *put_signature(__u8 *to, const __u8 *bytes, size_t length)
{
	__le32 word = htole32((__u32)length);

	return put(put(to, &word, sizeof(word)), bytes, length);
}

int rewire_order_write(const char *path, const struct rewire_order *order,
		       struct rewire_error *err)
{
	__u8 *bytes = malloc(MAX_FILE), *end;
	int rc;

	if (!bytes)
		return rewire_fail(err, ENOMEM, "%s: no memory", path);
	end = put(bytes, &order->package, sizeof(order->package));
	end = put_signature(end, order->signature.bytes,
			    order->signature.length);
	end = put(end, &order->manifest.body.manifest,
		  sizeof(order->manifest.body.manifest));
	end = put_signature(end, order->manifest.signature,
			    order->manifest.signature_length);
	for (size_t i = 0; i < order->roots; i++)
		end = put_signature(end, order->root[i].bytes,
				    order->root[i].length);
	rc = rewire_file_write(path, bytes, (size_t)(end - bytes), 0644, err);
	free(bytes);
	return rc;
}

/* ---- who signed ---- */

static int root_signed_by(const struct rewire_order *order, X509 *certificate,
			  struct rewire_error *err)
{
	for (size_t i = 0; i < order->roots; i++)
		if (!crypto_cms_verify(&order->package, sizeof(order->package),
				       order->root[i].bytes,
				       order->root[i].length, certificate,
				       NULL))
			return 0;
	return rewire_fail(err, EKEYREJECTED, "none of the root signatures is of this key");
}

int rewire_order_signed_by(const struct rewire_order *order, __u32 role,
			   const char *certificate, struct rewire_error *err)
{
	X509 *x509;
	int rc = crypto_read_certificate(certificate, &x509, err);

	if (rc)
		return rc;
	switch (role) {
	case REWIRE_ROLE_SDS:
		rc = crypto_cms_verify(&order->package, sizeof(order->package),
				       order->signature.bytes,
				       order->signature.length, x509, err);
		break;
	case REWIRE_ROLE_DEVELOPER:
		rc = crypto_cms_verify(&order->manifest.body,
				       order->manifest.length,
				       order->manifest.signature,
				       order->manifest.signature_length, x509,
				       err);
		break;
	case REWIRE_ROLE_ROOT:
		rc = root_signed_by(order, x509, err);
		break;
	default:
		rc = rewire_fail(err, EINVAL, "role %u signs no package", role);
	}
	X509_free(x509);
	return rc;
}

/* ---- wraps ---- */

static int wrap_fill(const struct rewire_order *order,
		     const __u8 content[REWIRE_CONTENT_KEY_SIZE],
		     const struct rewire_suk *suk, struct rewire_wrap *wrap,
		     struct rewire_error *err)
{
	struct {
		char text[sizeof(REWIRE_WRAP_INFO)];
		__u8 device[REWIRE_ID_SIZE];
		__u8 package_digest[REWIRE_DIGEST_SIZE];
	} __attribute__((packed)) info = { .text = REWIRE_WRAP_INFO };
	const struct hpke_message message = {
		.aead = HPKE_AES_256_GCM,
		.info = (__u8 *)&info,
		.info_length = sizeof(info),
		.plain = content,
		.length = REWIRE_CONTENT_KEY_SIZE,
	};
	int rc = digest_bytes(&order->package, sizeof(order->package),
			      wrap->package_digest, err);

	if (rc)
		return rc;
	memcpy(wrap->device, suk->sm, sizeof(wrap->device));
	wrap->generation = suk->generation;
	memcpy(info.device, wrap->device, sizeof(info.device));
	memcpy(info.package_digest, wrap->package_digest,
	       sizeof(info.package_digest));
	return hpke_seal(suk->point, &message, wrap->enc, wrap->key, err);
}

int rewire_wrap_sign(const struct rewire_signer *signer,
		     const struct rewire_order *order,
		     const __u8 content[REWIRE_CONTENT_KEY_SIZE],
		     const struct rewire_suk *suk,
		     struct rewire_signed *ret_signed,
		     struct rewire_error *err)
{
	const struct rewire_package *p = &order->package;
	struct rewire_wrap wrap = { .generation = 0 };
	int rc;

	if (!(p->header.flags & REWIRE_PACKAGE_SEALED))
		return rewire_fail(err, EINVAL, "the payload is not encrypted: there is no key to wrap");
	if (!is_zero(p->device, sizeof(p->device)) &&
	    memcmp(p->device, suk->sm, sizeof(p->device)))
		return rewire_fail(err, EINVAL, "the package is for another device");
	rc = wrap_fill(order, content, suk, &wrap, err);
	return rc ? rc : signed_make(signer, &wrap, REWIRE_TYPE_WRAP,
				     ret_signed, err);
}

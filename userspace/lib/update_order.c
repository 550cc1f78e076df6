// SPDX-License-Identifier: MIT
/*
 * What orders an update: the files of a package and of a wrap, taken apart, and
 * who signed them.
 *
 * A package's file is struct rewire_package and its signature, struct
 * rewire_manifest and its signature, then each signature of the root role; each
 * signature is a little-endian __u32, its length, and that many bytes of detached
 * CMS (DER). A wrap's file is struct rewire_wrap and its signature up to the end,
 * as any struct rewire_signed.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "anchors.h"
#include "crypto.h"
#include "digest.h"
#include "rewire_update.h"

/* What is left of a file. */
struct rest {
	const __u8 *data;
	size_t length;
};

static int take(struct rest *rest, void *to, size_t length, const char *what,
		struct rewire_error *err)
{
	if (rest->length < length)
		return rewire_fail(err, EBADMSG, "it ends within %s", what);
	memcpy(to, rest->data, length);
	rest->data += length;
	rest->length -= length;
	return 0;
}

static int take_signature(struct rest *rest, __u8 cms[REWIRE_MAX_CMS],
			  size_t *ret_length, const char *what,
			  struct rewire_error *err)
{
	__u32 length = 0;
	int rc = take(rest, &length, sizeof(length), what, err);

	if (rc)
		return rc;
	length = le32toh(length);
	if (!length || length > REWIRE_MAX_CMS)
		return rewire_fail(err, EBADMSG, "%s has %u bytes", what,
				   length);
	rc = take(rest, cms, length, what, err);
	if (!rc)
		*ret_length = length;
	return rc;
}

static int check_header(const struct rewire_header *header, __u16 type,
			size_t size, __u32 flags, const char *what,
			struct rewire_error *err)
{
	if (header->magic != REWIRE_MAGIC || header->type != type)
		return rewire_fail(err, EBADMSG, "there is no %s in it", what);
	if (header->version != REWIRE_VERSION || header->size != size ||
	    header->flags & ~flags)
		return rewire_fail(err, EBADMSG, "a %s of another version",
				   what);
	return 0;
}

static int take_package(struct rest *rest, struct rewire_update_order *order,
			struct rewire_error *err)
{
	struct rewire_package *package = &order->package;
	int rc = take(rest, package, sizeof(*package), "the package", err);

	if (!rc)
		rc = check_header(&package->header, REWIRE_TYPE_PACKAGE,
				  sizeof(*package), REWIRE_PACKAGE_FLAGS,
				  "package", err);
	if (!rc)
		rc = take_signature(rest, order->package_cms,
				    &order->package_cms_length,
				    "the package's signature", err);
	return rc;
}

static int take_manifest(struct rest *rest, struct rewire_update_order *order,
			 struct rewire_error *err)
{
	struct rewire_signed *object = &order->manifest;
	int rc = take(rest, &object->body.manifest,
		      sizeof(object->body.manifest), "the manifest", err);

	if (!rc)
		rc = check_header(&object->body.header, REWIRE_TYPE_MANIFEST,
				  sizeof(object->body.manifest), 0, "manifest",
				  err);
	if (!rc)
		rc = take_signature(rest, object->signature,
				    &object->signature_length,
				    "the manifest's signature", err);
	object->length = sizeof(object->body.manifest);
	return rc;
}

static int take_roots(struct rest *rest, struct rewire_update_order *order,
		      struct rewire_error *err)
{
	bool wanted = order->package.header.flags & REWIRE_PACKAGE_ROOT;
	int rc = 0;

	while (rest->length && !rc) {
		size_t at = order->root_signatures++;

		if (at == REWIRE_MAX_ROOT_SIGNATURES)
			return rewire_fail(err, EBADMSG, "more than %d signatures of the root role",
					   REWIRE_MAX_ROOT_SIGNATURES);
		rc = take_signature(rest, order->root_cms[at],
				    &order->root_cms_length[at],
				    "a signature of the root role", err);
	}
	if (!rc && !wanted && order->root_signatures)
		rc = rewire_fail(err, EBADMSG, "it goes on after its end");
	return rc;
}

/* Signatures are the SM's to check; this is for mistakes. */
static int check_match(const struct rewire_update_order *order,
		       struct rewire_error *err)
{
	__u8 digest[REWIRE_DIGEST_SIZE];
	int rc = digest_bytes(&order->manifest.body.manifest,
			      sizeof(order->manifest.body.manifest), digest,
			      err);

	if (rc)
		return rc;
	if (memcmp(digest, order->package.manifest_digest, sizeof(digest)))
		return rewire_fail(err, EBADMSG, "the manifest in it is not the one that the SDS named");
	if (memcmp(order->manifest.body.manifest.software,
		   order->package.software, REWIRE_ID_SIZE))
		return rewire_fail(err, EBADMSG, "package and manifest name different software");
	return 0;
}

static int take_wrap(const __u8 *data, size_t length,
		     struct rewire_update_order *order,
		     struct rewire_error *err)
{
	bool sealed = order->package.header.flags & REWIRE_PACKAGE_SEALED;
	struct rest rest = { data, length };
	int rc;

	if (!data && !sealed)
		return 0;
	if (!data)
		return rewire_fail(err, EINVAL, "the payload is encrypted: give the wrap that was made for this device too");
	if (!sealed)
		return rewire_fail(err, EINVAL, "the payload is not encrypted: there is no use for a wrap");
	rc = take(&rest, &order->wrap, sizeof(order->wrap), "the wrap", err);
	if (!rc)
		rc = check_header(&order->wrap.header, REWIRE_TYPE_WRAP,
				  sizeof(order->wrap), 0, "wrap", err);
	if (!rc && (!rest.length || rest.length > REWIRE_MAX_CMS))
		rc = rewire_fail(err, EBADMSG, "the wrap's signature has %zu bytes",
				 rest.length);
	if (rc)
		return rc;
	memcpy(order->wrap_cms, rest.data, rest.length);
	order->wrap_cms_length = rest.length;
	return 0;
}

int rewire_update_order_parse(const __u8 *package, size_t package_length,
			      const __u8 *wrap, size_t wrap_length,
			      struct rewire_update_order **ret_order,
			      struct rewire_error *err)
{
	struct rewire_update_order *order = calloc(1, sizeof(*order));
	struct rest rest = { package, package_length };
	int rc;

	if (!order)
		return rewire_fail(err, ENOMEM, "no memory for a package");
	rc = take_package(&rest, order, err);
	if (!rc)
		rc = take_manifest(&rest, order, err);
	if (!rc)
		rc = take_roots(&rest, order, err);
	if (!rc)
		rc = check_match(order, err);
	if (!rc)
		rc = take_wrap(wrap, wrap_length, order, err);
	if (rc) {
		free(order);
		return rc;
	}
	*ret_order = order;
	return 0;
}

int rewire_update_order_read(const char *package, const char *wrap,
			     struct rewire_update_order **ret_order,
			     struct rewire_error *err)
{
	__u8 *package_data = NULL, *wrap_data = NULL;
	size_t package_length, wrap_length = 0;
	struct rewire_error why = { 0 };
	int rc = rewire_file_read(package, REWIRE_MAX_ORDER, &package_data,
				  &package_length, err);

	if (rc)
		return rc;
	if (wrap)
		rc = rewire_file_read(wrap, REWIRE_MAX_WRAP, &wrap_data,
				      &wrap_length, err);
	if (!rc) {
		rc = rewire_update_order_parse(package_data, package_length,
					       wrap_data, wrap_length,
					       ret_order, &why);
		if (rc)
			rewire_fail(err, why.code, "%s: %s", package, why.text);
	}
	free(package_data);
	free(wrap_data);
	return rc;
}

/* ---- who signed ---- */

static X509 *certificate_of(const struct rewire_anchor *anchor)
{
	const unsigned char *der =
		(const unsigned char *)(uintptr_t)anchor->certificate;

	return d2i_X509(NULL, &der, (long)anchor->length);
}

/* The anchor of a role whose signature it is: name and id. */
static void find_signer(const struct anchors *anchors, __u32 role,
			const void *body, size_t length, const __u8 *cms,
			size_t cms_length, char name[128], __u8 *ret_id)
{
	for (__u32 i = 0; i < anchors->count; i++) {
		X509 *x509;

		if (anchors->anchor[i].role != role)
			continue;
		x509 = certificate_of(&anchors->anchor[i]);
		if (x509 && !crypto_cms_verify(body, length, cms, cms_length,
					       x509, NULL)) {
			X509_NAME_oneline(X509_get_subject_name(x509), name,
					  128);
			if (ret_id)
				crypto_key_id(X509_get0_pubkey(x509), ret_id,
					      NULL);
		}
		X509_free(x509);
	}
}

int rewire_update_order_signers(const struct rewire_update_order *order,
				const char *dir,
				struct rewire_update_signers *ret_signers,
				struct rewire_error *err)
{
	struct rewire_update_signers signers = { 0 };
	struct anchors anchors;
	int rc = anchors_load(dir, &anchors, err);

	if (!rc) {
		find_signer(&anchors, REWIRE_ROLE_SDS, &order->package,
			    sizeof(order->package), order->package_cms,
			    order->package_cms_length, signers.sds, NULL);
		find_signer(&anchors, REWIRE_ROLE_DEVELOPER,
			    &order->manifest.body, order->manifest.length,
			    order->manifest.signature,
			    order->manifest.signature_length,
			    signers.developer, signers.developer_id);
		*ret_signers = signers;
	}
	anchors_free(&anchors);
	return rc;
}

/* ---- whom it is for ---- */

int rewire_update_id(const struct rewire_package *package,
		     const __u8 workload[REWIRE_ID_SIZE],
		     __u8 ret_id[REWIRE_ID_SIZE], struct rewire_error *err)
{
	__u8 named[REWIRE_NONCE_SIZE + REWIRE_ID_SIZE];
	__u8 digest[REWIRE_DIGEST_SIZE];
	int rc;

	memcpy(named, package->nonce, REWIRE_NONCE_SIZE);
	memcpy(named + REWIRE_NONCE_SIZE, workload, REWIRE_ID_SIZE);
	rc = digest_bytes(named, sizeof(named), digest, err);
	if (!rc)
		memcpy(ret_id, digest, REWIRE_ID_SIZE);
	return rc;
}

static bool is_zero(const __u8 *id)
{
	static const __u8 zero[REWIRE_ID_SIZE];

	return !memcmp(id, zero, sizeof(zero));
}

bool rewire_update_concerns(const struct rewire_package *package,
			    const struct rewire_enclave_info *info)
{
	switch (info->state) {
	case REWIRE_ENCLAVE_BUILDING:
	case REWIRE_ENCLAVE_RECEIVING:
	case REWIRE_ENCLAVE_PREPARED:
	case REWIRE_ENCLAVE_DESTROYED:
		return false;
	}
	if (is_zero(info->workload) ||
	    memcmp(info->software, package->software, REWIRE_ID_SIZE))
		return false;
	return is_zero(package->workload) ||
	       !memcmp(info->workload, package->workload, REWIRE_ID_SIZE);
}

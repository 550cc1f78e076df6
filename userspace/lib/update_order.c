// SPDX-License-Identifier: MIT
/*
 * What orders an update: the files of a package and of a wrap together, who signed
 * them, and whom they are for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "anchors.h"
#include "crypto.h"
#include "digest.h"
#include "rewire_update.h"

static int take_wrap(const __u8 *data, size_t length,
		     struct rewire_update_order *order,
		     struct rewire_error *err)
{
	bool sealed = order->words.package.header.flags &
		      REWIRE_PACKAGE_SEALED;

	if (!data && !sealed)
		return 0;
	if (!data)
		return rewire_fail(err, EINVAL, "the payload is encrypted: give the wrap that was made for this device too");
	if (!sealed)
		return rewire_fail(err, EINVAL, "the payload is not encrypted: there is no use for a wrap");
	return rewire_signed_parse(data, length, REWIRE_TYPE_WRAP, &order->wrap,
				   err);
}

int rewire_update_order_parse(const __u8 *package, size_t package_length,
			      const __u8 *wrap, size_t wrap_length,
			      struct rewire_update_order **ret_order,
			      struct rewire_error *err)
{
	struct rewire_update_order *order;
	struct rewire_order *words;
	int rc = rewire_order_parse(package, package_length, &words, err);

	if (rc)
		return rc;
	order = calloc(1, sizeof(*order));
	if (order)
		order->words = *words;
	else
		rc = rewire_fail(err, ENOMEM, "no memory for a package");
	free(words);
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
	const struct rewire_order *words = &order->words;
	struct anchors anchors;
	int rc = anchors_load(dir, &anchors, err);

	if (!rc) {
		find_signer(&anchors, REWIRE_ROLE_SDS, &words->package,
			    sizeof(words->package), words->signature.bytes,
			    words->signature.length, signers.sds, NULL);
		find_signer(&anchors, REWIRE_ROLE_DEVELOPER,
			    &words->manifest.body, words->manifest.length,
			    words->manifest.signature,
			    words->manifest.signature_length,
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

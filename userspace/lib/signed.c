// SPDX-License-Identifier: MIT
/*
 * Structs that command an SM, and their detached CMS signatures. What the
 * kernel's parser need not see is left out: certificates, attributes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/cms.h>
#include <openssl/err.h>

#include "crypto.h"
#include "digest.h"

#define SIGN_FLAGS (CMS_DETACHED | CMS_BINARY | CMS_NOCERTS | CMS_NOATTR | \
		    CMS_NOSMIMECAP)

struct rewire_signer {
	EVP_PKEY *key;
	X509 *certificate;
};

void rewire_signer_free(struct rewire_signer *signer)
{
	if (!signer)
		return;
	EVP_PKEY_free(signer->key);
	X509_free(signer->certificate);
	free(signer);
}

X509 *crypto_signer_certificate(const struct rewire_signer *signer)
{
	return signer->certificate;
}

int rewire_signer_open(const char *key, const char *certificate,
		       rewire_passphrase_fn *passphrase, void *data,
		       struct rewire_signer **ret_signer,
		       struct rewire_error *err)
{
	struct rewire_signer *signer = calloc(1, sizeof(*signer));
	int rc;

	if (!signer)
		return rewire_fail(err, ENOMEM, "%s: no memory", key);
	rc = crypto_read_certificate(certificate, &signer->certificate, err);
	if (!rc)
		rc = crypto_read_key(key, passphrase, data, &signer->key, err);
	if (!rc && X509_check_private_key(signer->certificate, signer->key) != 1) {
		ERR_clear_error();
		rc = rewire_fail(err, EKEYREJECTED, "%s is not the certificate of %s",
				 certificate, key);
	}
	if (rc) {
		rewire_signer_free(signer);
		return rc;
	}
	*ret_signer = signer;
	return 0;
}

static int cms_encode(CMS_ContentInfo *cms, __u8 signature[REWIRE_MAX_CMS],
		      size_t *ret_length, struct rewire_error *err)
{
	int length = i2d_CMS_ContentInfo(cms, NULL);

	if (length <= 0)
		return crypto_fail(err, EIO, "encoding the signature");
	if (length > REWIRE_MAX_CMS)
		return rewire_fail(err, EMSGSIZE, "the signature has %d bytes, more than an SM takes",
				   length);
	i2d_CMS_ContentInfo(cms, &signature);
	*ret_length = (size_t)length;
	return 0;
}

int crypto_cms_sign(const struct rewire_signer *signer, const void *data,
		    size_t length, __u8 signature[REWIRE_MAX_CMS],
		    size_t *ret_length, struct rewire_error *err)
{
	BIO *content = BIO_new_mem_buf(data, (int)length);
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL,
					SIGN_FLAGS | CMS_PARTIAL);
	int rc;

	if (!content || !cms ||
	    !CMS_add1_signer(cms, signer->certificate, signer->key, EVP_sha256(),
			     SIGN_FLAGS) ||
	    !CMS_final(cms, content, NULL, SIGN_FLAGS))
		rc = crypto_fail(err, EIO, "signing");
	else
		rc = cms_encode(cms, signature, ret_length, err);
	CMS_ContentInfo_free(cms);
	BIO_free(content);
	return rc;
}

/* What a file of this type is: its size, and a word for people. */
static size_t body_size(__u16 type, const char **ret_name)
{
	static const struct {
		const char *name;
		size_t size;
	} bodies[] = {
		[REWIRE_TYPE_MANIFEST] = {
			"manifest", sizeof(struct rewire_manifest) },
		[REWIRE_TYPE_REQUEST] = {
			"request", sizeof(struct rewire_request) },
		[REWIRE_TYPE_WITNESS] = {
			"witness", sizeof(struct rewire_witness) },
		[REWIRE_TYPE_FENCE] = { "fence", sizeof(struct rewire_fence) },
		[REWIRE_TYPE_WRAP] = { "wrap", sizeof(struct rewire_wrap) },
	};

	if (type >= sizeof(bodies) / sizeof(bodies[0]))
		return 0;
	if (ret_name)
		*ret_name = bodies[type].name;
	return bodies[type].size;
}

int signed_make(const struct rewire_signer *signer, const void *body,
		__u16 type, struct rewire_signed *ret_signed,
		struct rewire_error *err)
{
	struct rewire_signed object = { .length = body_size(type, NULL) };
	int rc;

	memcpy(&object.body, body, object.length);
	object.body.header = (struct rewire_header){
		.magic = REWIRE_MAGIC,
		.type = type,
		.version = REWIRE_VERSION,
		.size = (__u32)object.length,
	};
	rc = crypto_cms_sign(signer, &object.body, object.length,
			     object.signature, &object.signature_length, err);
	if (!rc)
		*ret_signed = object;
	return rc;
}

int rewire_sign_manifest(const struct rewire_signer *signer,
			 const struct rewire_manifest *manifest,
			 struct rewire_signed *ret_signed,
			 struct rewire_error *err)
{
	return signed_make(signer, manifest, REWIRE_TYPE_MANIFEST, ret_signed, err);
}

int rewire_sign_request(const struct rewire_signer *signer,
			const struct rewire_request *request,
			struct rewire_signed *ret_signed,
			struct rewire_error *err)
{
	return signed_make(signer, request, REWIRE_TYPE_REQUEST, ret_signed, err);
}

int rewire_sign_witness(const struct rewire_signer *signer,
			const struct rewire_witness *witness,
			struct rewire_signed *ret_signed,
			struct rewire_error *err)
{
	return signed_make(signer, witness, REWIRE_TYPE_WITNESS, ret_signed, err);
}

int rewire_sign_fence(const struct rewire_signer *signer,
		      const struct rewire_fence *fence,
		      struct rewire_signed *ret_signed,
		      struct rewire_error *err)
{
	return signed_make(signer, fence, REWIRE_TYPE_FENCE, ret_signed, err);
}

int rewire_fence_of(const struct rewire_request *request,
		    struct rewire_fence *ret_fence, struct rewire_error *err)
{
	struct rewire_fence fence = { .epoch = request->epoch };
	int rc = digest_bytes(request, sizeof(*request), fence.request_digest,
			      err);

	if (rc)
		return rc;
	memcpy(fence.request_id, request->id, REWIRE_ID_SIZE);
	memcpy(fence.workload, request->workload, REWIRE_ID_SIZE);
	memcpy(fence.source, request->source, REWIRE_ID_SIZE);
	memcpy(fence.target, request->target, REWIRE_ID_SIZE);
	*ret_fence = fence;
	return 0;
}

/*
 * OpenSSL reads the version of the message and that of its signer, and looks at
 * neither. Each follows from how the signer is named. @der was parsed before.
 */
static bool has_version(const __u8 *der, size_t length, __u8 version)
{
	/* into what encloses it, past it, or the number itself */
	static const char path[] = "<><<#>><<#";
	const unsigned char *at = der, *end = der + length;
	int tag, class;
	long size;

	for (const char *step = path; *step; step++) {
		do {
			if (ASN1_get_object(&at, &size, &tag, &class,
					    end - at) & 0x80)
				return false;
			if (*step == '#' && (tag != V_ASN1_INTEGER ||
					     size != 1 || *at != version))
				return false;
			if (*step != '<')
				at += size;
			/* certificates may stand before the signers */
			else if (step - path == 7 && class)
				at += size;
		} while (step - path == 7 && class);
	}
	return true;
}

/* Only the DER of a message is that message. */
static bool is_der(CMS_ContentInfo *cms, const __u8 *der, size_t length)
{
	unsigned char *again = NULL;
	int bytes = i2d_CMS_ContentInfo(cms, &again);
	bool same = bytes > 0 && (size_t)bytes == length &&
		    !memcmp(again, der, length);

	OPENSSL_free(again);
	return same;
}

/* The signer's name, byte by byte: OpenSSL compares what it means. */
static bool is_named(CMS_ContentInfo *cms, const X509 *certificate)
{
	STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(cms);
	const unsigned char *here, *there;
	size_t here_length, there_length;
	X509_NAME *issuer = NULL;

	CMS_SignerInfo_get0_signer_id(sk_CMS_SignerInfo_value(signers, 0), NULL,
				      &issuer, NULL);
	if (!issuer)
		return true;
	return X509_NAME_get0_der(issuer, &here, &here_length) &&
	       X509_NAME_get0_der(X509_get_issuer_name(certificate), &there,
				  &there_length) &&
	       here_length == there_length && !memcmp(here, there, here_length);
}

/* No parameter, or the one that says there is none. */
static bool is_plain(const X509_ALGOR *algorithm, int nid)
{
	int type = V_ASN1_UNDEF;

	X509_ALGOR_get0(NULL, &type, NULL, algorithm);
	return OBJ_obj2nid(algorithm->algorithm) == nid &&
	       (type == V_ASN1_UNDEF || type == V_ASN1_NULL);
}

/*
 * The envelope is not signed. What it says of the algorithms and of the content
 * decides how the kernel reads it, so it must be what we write.
 */
static bool is_our_envelope(CMS_ContentInfo *cms, const __u8 *der, size_t length)
{
	ASN1_OCTET_STRING *key = NULL;
	STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(cms);
	const ASN1_OBJECT *content = CMS_get0_eContentType(cms);
	X509_ALGOR *digest, *signature;

	if (sk_CMS_SignerInfo_num(signers) != 1 || !content ||
	    OBJ_obj2nid(content) != NID_pkcs7_data)
		return false;
	CMS_SignerInfo_get0_algs(sk_CMS_SignerInfo_value(signers, 0), NULL, NULL,
				 &digest, &signature);
	CMS_SignerInfo_get0_signer_id(sk_CMS_SignerInfo_value(signers, 0), &key,
				      NULL, NULL);
	return is_plain(digest, NID_sha256) &&
	       is_plain(signature, NID_rsaEncryption) &&
	       has_version(der, length, key ? 3 : 1);
}

/*
 * OpenSSL 3.0 makes a copy of a memory BIO that is detached content, and leaks it
 * when the message names a digest it does not know. Behind a buffer it makes none.
 */
static BIO *content_bio(const void *data, size_t length)
{
	BIO *buffer = BIO_new(BIO_f_buffer());
	BIO *memory = BIO_new_mem_buf(data, (int)length);

	if (buffer && memory)
		return BIO_push(buffer, memory);
	BIO_free(buffer);
	BIO_free(memory);
	return NULL;
}

int crypto_cms_verify(const void *data, size_t length, const __u8 *signature,
		      size_t signature_length, X509 *certificate,
		      struct rewire_error *err)
{
	const unsigned char *der = signature;
	const unsigned char *end = der + signature_length;
	CMS_ContentInfo *cms =
		d2i_CMS_ContentInfo(NULL, &der, (long)signature_length);
	BIO *content = content_bio(data, length);
	STACK_OF(X509) *signers = sk_X509_new_null();
	int rc = 0;

	/*
	 * A role's certificate is trusted as it stands: no chain to check, and
	 * none of the certificates that the message may bring along counts.
	 */
	if (!cms || der != end || !is_der(cms, signature, signature_length))
		rc = rewire_fail(err, EBADMSG, "the signature is not a CMS structure in DER");
	else if (!is_our_envelope(cms, signature, signature_length))
		rc = rewire_fail(err, EBADMSG, "the signature is not of the kind that an SM takes: RSA, SHA-256, one signer");
	else if (!content || !signers || !sk_X509_push(signers, certificate))
		rc = rewire_fail(err, ENOMEM, "checking the signature: no memory");
	else if (CMS_verify(cms, signers, NULL, content, NULL,
			    CMS_BINARY | CMS_DETACHED | CMS_NOINTERN |
			    CMS_NO_SIGNER_CERT_VERIFY) != 1)
		rc = crypto_fail(err, EKEYREJECTED, "the signature is not valid");
	else if (!is_named(cms, certificate))
		rc = rewire_fail(err, EKEYREJECTED, "the signature names its signer otherwise than the certificate does");
	ERR_clear_error();
	sk_X509_free(signers);
	BIO_free_all(content);
	CMS_ContentInfo_free(cms);
	return rc;
}

int rewire_signed_verify(const struct rewire_signed *object,
			 const char *certificate, struct rewire_error *err)
{
	X509 *x509;
	int rc = crypto_read_certificate(certificate, &x509, err);

	if (rc)
		return rc;
	rc = crypto_cms_verify(&object->body, object->length, object->signature,
			       object->signature_length, x509, err);
	X509_free(x509);
	return rc;
}

int rewire_signed_parse(const __u8 *data, size_t length, __u16 type,
			struct rewire_signed *ret_signed,
			struct rewire_error *err)
{
	const char *name;
	struct rewire_signed object = { .length = body_size(type, &name) };
	const struct rewire_header *header = &object.body.header;

	if (!object.length)
		return rewire_fail(err, EINVAL, "no signed struct has type %u",
				   type);
	if (length <= object.length)
		return rewire_fail(err, EBADMSG, "too short for what it should be");
	object.signature_length = length - object.length;
	if (object.signature_length > sizeof(object.signature))
		return rewire_fail(err, EBADMSG, "the signature is longer than an SM takes");
	memcpy(&object.body, data, object.length);
	memcpy(object.signature, data + object.length, object.signature_length);
	if (header->magic != REWIRE_MAGIC || header->type != type)
		return rewire_fail(err, EBADMSG, "not a signed %s", name);
	if (header->version != REWIRE_VERSION ||
	    header->size != object.length || header->flags)
		return rewire_fail(err, EBADMSG, "a format of another version");
	*ret_signed = object;
	return 0;
}

int rewire_signed_read(const char *path, __u16 type,
		       struct rewire_signed *ret_signed,
		       struct rewire_error *err)
{
	struct rewire_error why = { 0 };
	size_t length;
	__u8 *data;
	int rc;

	rc = rewire_file_read(path, sizeof(*ret_signed), &data, &length, err);
	if (rc)
		return rc;
	rc = rewire_signed_parse(data, length, type, ret_signed, &why);
	if (rc)
		rewire_fail(err, why.code, "%s: %s", path, why.text);
	free(data);
	return rc;
}

int rewire_signed_write(const char *path, const struct rewire_signed *object,
			struct rewire_error *err)
{
	__u8 bytes[sizeof(object->body) + sizeof(object->signature)];

	memcpy(bytes, &object->body, object->length);
	memcpy(bytes + object->length, object->signature,
	       object->signature_length);
	return rewire_file_write(path, bytes,
				 object->length + object->signature_length,
				 0644, err);
}

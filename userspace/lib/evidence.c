// SPDX-License-Identifier: MIT
/*
 * Evidence: asked of an SM, taken apart, and verified. docs/evidence.md is the
 * profile, uapi/rewire_evidence.h its claims.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509_vfy.h>

#include "cbor_read.h"
#include "crypto.h"

#define MIN_BITS 2048
#define MAX_BITS 4096
#define MAX_CLAIMS 1024	/* bytes */

#define TAG_HEAD (6 << 5 | REWIRE_COSE_SIGN1)

/* { 1: -257 } */
static const __u8 protected_header[] = { 0xa1, 0x01, 0x39, 0x01, 0x00 };

/* ["Signature1", protected header, no external data, ...: the payload follows */
static const __u8 signed_start[] = {
	0x84, 0x6a, 'S', 'i', 'g', 'n', 'a', 't', 'u', 'r', 'e', '1',
	0x45, 0xa1, 0x01, 0x39, 0x01, 0x00, 0x40,
};

struct claim_row {
	__s64 key;
	int kind;
	__u32 group;
	size_t offset;
	size_t size;
	const char *name;
};

#define CLAIM_ROW(member, number, type, in, text) {			\
	.key = number,							\
	.kind = REWIRE_EAT_##type,					\
	.group = REWIRE_EAT_##in,					\
	.offset = offsetof(struct rewire_claims, member),		\
	.size = sizeof(((struct rewire_claims *)NULL)->member),		\
	.name = text,							\
},

static const struct claim_row rows[] = { REWIRE_EAT_CLAIMS(CLAIM_ROW) };

#define ROWS (sizeof(rows) / sizeof(rows[0]))

int rewire_evidence_get(int file, bool enclave, const __u8 *nonce,
			size_t nonce_length, struct rewire_token *ret_token,
			struct rewire_error *err)
{
	struct rewire_get_evidence get = {
		.size = sizeof(get),
		.nonce_length = (__u32)nonce_length,
		.length = sizeof(ret_token->bytes),
		.buffer = (uintptr_t)ret_token->bytes,
	};

	if (nonce_length < REWIRE_MIN_CHALLENGE ||
	    nonce_length > REWIRE_MAX_CHALLENGE)
		return rewire_fail(err, EINVAL, "a nonce has %d to %d bytes, not %zu",
				   REWIRE_MIN_CHALLENGE, REWIRE_MAX_CHALLENGE,
				   nonce_length);
	memcpy(get.nonce, nonce, nonce_length);
	if (ioctl(file, enclave ? REWIRE_ENCLAVE_EVIDENCE : REWIRE_GET_EVIDENCE,
		  &get))
		return rewire_fail_ioctl(err, file, errno, "asking for evidence");
	ret_token->length = get.length;
	return 0;
}

/* ---- claims ---- */

static int read_key(struct cbor_reader *reader, __s64 *ret_key,
		    struct cbor_item *ret_item, struct rewire_error *err)
{
	int rc = cbor_read(reader, ret_item, err);

	if (rc)
		return rc;
	if (ret_item->major > CBOR_READ_NEGATIVE || ret_item->value > INT64_MAX)
		return rewire_fail(err, EBADMSG, "byte %zu: the key of a claim is a number",
				   ret_item->offset);
	*ret_key = ret_item->major == CBOR_READ_NEGATIVE ?
			   -1 - (__s64)ret_item->value : (__s64)ret_item->value;
	return 0;
}

static bool printable(const __u8 *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			return false;
	return true;
}

static bool string_fits(const struct claim_row *row, const struct cbor_item *item)
{
	switch (row->kind) {
	case REWIRE_EAT_NONCE:
		return item->value >= REWIRE_MIN_CHALLENGE &&
		       item->value <= row->size;
	case REWIRE_EAT_TEXT:
		return item->value && item->value <= REWIRE_MAX_RELEASE &&
		       printable(item->data, item->value);
	default:
		return item->value == row->size;
	}
}

static int read_value(struct cbor_reader *reader, const struct claim_row *row,
		      struct rewire_claims *claims, struct rewire_error *err)
{
	static const int majors[] = {
		[REWIRE_EAT_NONCE] = CBOR_READ_BYTES,
		[REWIRE_EAT_URI] = CBOR_READ_TEXT,
		[REWIRE_EAT_BYTES] = CBOR_READ_BYTES,
		[REWIRE_EAT_UINT] = CBOR_READ_UINT,
		[REWIRE_EAT_TEXT] = CBOR_READ_TEXT,
	};
	__u8 *member = (__u8 *)claims + row->offset;
	struct cbor_item item;
	int rc;

	rc = cbor_expect(reader, majors[row->kind], row->name, &item, err);
	if (rc)
		return rc;
	if (row->kind == REWIRE_EAT_UINT) {
		memcpy(member, &item.value, sizeof(item.value));
		return 0;
	}
	if (row->kind == REWIRE_EAT_URI) {
		if (item.value != strlen(REWIRE_EAT_PROFILE) ||
		    memcmp(item.data, REWIRE_EAT_PROFILE, item.value))
			return rewire_fail(err, EOPNOTSUPP, "byte %zu: %s is not %s; a newer rewire may know it",
					   item.offset, row->name,
					   REWIRE_EAT_PROFILE);
		claims->profile = 1;
		return 0;
	}
	if (!string_fits(row, &item))
		return rewire_fail(err, EBADMSG, "byte %zu: %s has %llu bytes, or others than it may have",
				   item.offset, row->name,
				   (unsigned long long)item.value);
	if (row->kind == REWIRE_EAT_NONCE)
		claims->nonce_len = (__u32)item.value;
	memcpy(member, item.data, item.value);
	return 0;
}

static int out_of_range(const char *name, __u64 value, struct rewire_error *err)
{
	return rewire_fail(err, EBADMSG, "%s cannot be %llu", name,
			   (unsigned long long)value);
}

__u64 rewire_freshness_claims(__u64 freshness)
{
	switch (freshness) {
	case REWIRE_FRESHNESS_NONE:
	case REWIRE_FRESHNESS_WAITING:
		return REWIRE_CLAIM_JOURNAL;
	case REWIRE_FRESHNESS_WITNESSED:
	case REWIRE_FRESHNESS_STRICT:
		return REWIRE_CLAIM_JOURNAL | REWIRE_CLAIM_WITNESSED;
	case REWIRE_FRESHNESS_TPM:
		return REWIRE_CLAIM_JOURNAL | REWIRE_CLAIM_WITNESSED |
		       REWIRE_CLAIM_TPM_COUNTER;
	default:
		return 0;
	}
}

/* Which values make sense, and which groups go together. */
static int check_values(const struct rewire_claims *claims,
			struct rewire_error *err)
{
	const __u64 journal = REWIRE_CLAIM_JOURNAL | REWIRE_CLAIM_WITNESSED |
			      REWIRE_CLAIM_TPM_COUNTER;
	__u32 groups = claims->groups;

	if (claims->ueid[0] != REWIRE_UEID_RAND)
		return out_of_range("the type of ueid", claims->ueid[0], err);
	if ((groups & REWIRE_EAT_STATE) && !(groups & REWIRE_EAT_ENCLAVE))
		return rewire_fail(err, EBADMSG, "state-digest is there, and no enclave that it is of");
	if ((groups & REWIRE_EAT_SESSION) &&
	    claims->role != REWIRE_SIDE_SOURCE &&
	    claims->role != REWIRE_SIDE_TARGET)
		return out_of_range("role", claims->role, err);
	if ((groups & REWIRE_EAT_ENCLAVE) && !claims->epoch)
		return out_of_range("epoch", claims->epoch, err);
	if (claims->freshness >= REWIRE_FRESHNESS_STATES)
		return out_of_range("freshness", claims->freshness, err);
	if (!claims->generation || claims->generation > REWIRE_MAX_GENERATIONS)
		return out_of_range("root-generation", claims->generation, err);
	if (!claims->version || claims->version > UINT32_MAX)
		return out_of_range("kernel-version", claims->version, err);
	if ((claims->platform & journal) !=
	    rewire_freshness_claims(claims->freshness) ||
	    !(groups & REWIRE_EAT_JOURNAL) !=
	    (claims->freshness == REWIRE_FRESHNESS_VOLATILE))
		return rewire_fail(err, EBADMSG, "freshness, platform and journal contradict each other");
	return 0;
}

static const struct claim_row *find_row(__s64 key)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].key == key)
			return &rows[i];
	return NULL;
}

/* A group is there with all of its claims, or not at all. */
static int check_complete(const struct rewire_claims *claims, __u32 seen,
			  struct rewire_error *err)
{
	__u32 wanted = claims->groups | REWIRE_EAT_SM;

	for (size_t i = 0; i < ROWS; i++)
		if ((rows[i].group & wanted) && !(seen & 1U << i))
			return rewire_fail(err, EBADMSG, "the claim %s (%lld) is missing",
					   rows[i].name, (long long)rows[i].key);
	return 0;
}

/*
 * The rows stand in the order of a token, so a claim that is not behind the
 * one before it is out of order or there again.
 */
static int read_claims(struct cbor_reader *reader, struct rewire_claims *claims,
		       struct rewire_error *err)
{
	const struct claim_row *last = NULL, *row;
	struct cbor_item item;
	__u32 seen = 0;
	__u64 count;
	__s64 key = 0;
	int rc;

	rc = cbor_expect(reader, CBOR_READ_MAP, "the payload", &item, err);
	if (rc)
		return rc;
	for (count = item.value; count; count--) {
		rc = read_key(reader, &key, &item, err);
		if (rc)
			return rc;
		row = find_row(key);
		if (!row)
			return rewire_fail(err, EBADMSG, "byte %zu: the profile has no claim %lld",
					   item.offset, (long long)key);
		if (last && row <= last)
			return rewire_fail(err, EBADMSG, "byte %zu: the claim %s again, or out of order",
					   item.offset, row->name);
		rc = read_value(reader, row, claims, err);
		if (rc)
			return rc;
		seen |= 1U << (row - rows);
		claims->groups |= row->group;
		last = row;
	}
	rc = cbor_end(reader, err);
	if (!rc)
		rc = check_complete(claims, seen, err);
	return rc ? rc : check_values(claims, err);
}

/* ---- COSE_Sign1 ---- */

struct parts {
	struct cbor_item certificate;
	struct cbor_item payload;
	struct cbor_item signature;
};

static int read_headers(struct cbor_reader *reader, struct parts *parts,
			struct rewire_error *err)
{
	struct cbor_item item;
	int rc;

	rc = cbor_expect(reader, CBOR_READ_BYTES, "the protected header", &item,
			 err);
	if (rc)
		return rc;
	if (item.value != sizeof(protected_header) ||
	    memcmp(item.data, protected_header, sizeof(protected_header)))
		return rewire_fail(err, EOPNOTSUPP, "byte %zu: the protected header is not { 1: -257 }, RS256",
				   item.offset);
	rc = cbor_expect(reader, CBOR_READ_MAP, "the unprotected header", &item,
			 err);
	if (rc)
		return rc;
	if (item.value != 1)
		return rewire_fail(err, EBADMSG, "byte %zu: there is one unprotected header, x5chain",
				   item.offset);
	rc = cbor_expect(reader, CBOR_READ_UINT, "the unprotected header's name",
			 &item, err);
	if (rc)
		return rc;
	if (item.value != REWIRE_COSE_X5CHAIN)
		return rewire_fail(err, EBADMSG, "byte %zu: the unprotected header is x5chain, 33",
				   item.offset);
	return cbor_expect(reader, CBOR_READ_BYTES, "x5chain",
			   &parts->certificate, err);
}

static int read_parts(const __u8 *token, size_t length, struct parts *parts,
		      struct rewire_error *err)
{
	struct cbor_reader reader = { .data = token, .length = length, .at = 1 };
	struct cbor_item item;
	int rc;

	if (!length || length > REWIRE_MAX_EVIDENCE)
		return rewire_fail(err, EBADMSG, "evidence has 1 to %d bytes, not %zu",
				   REWIRE_MAX_EVIDENCE, length);
	/* libcbor takes tags for malformed that were not assigned in its day */
	if (token[0] != TAG_HEAD)
		return rewire_fail(err, EBADMSG, "byte 0: not a COSE_Sign1, tag 18");
	rc = cbor_expect(&reader, CBOR_READ_ARRAY, "COSE_Sign1", &item, err);
	if (!rc && item.value != 4)
		rc = rewire_fail(err, EBADMSG, "byte %zu: a COSE_Sign1 has four parts",
				 item.offset);
	if (!rc)
		rc = read_headers(&reader, parts, err);
	if (!rc)
		rc = cbor_expect(&reader, CBOR_READ_BYTES, "the payload",
				 &parts->payload, err);
	if (!rc)
		rc = cbor_expect(&reader, CBOR_READ_BYTES, "the signature",
				 &parts->signature, err);
	if (!rc)
		rc = cbor_end(&reader, err);
	if (!rc && parts->payload.value > MAX_CLAIMS)
		rc = rewire_fail(err, EBADMSG, "byte %zu: more than %d bytes of claims",
				 parts->payload.offset, MAX_CLAIMS);
	return rc;
}

static int parse(const __u8 *token, size_t length, struct parts *parts,
		 struct rewire_claims *claims, struct rewire_error *err)
{
	struct cbor_reader reader;
	int rc = read_parts(token, length, parts, err);

	memset(claims, 0, sizeof(*claims));
	if (rc)
		return rc;
	reader = (struct cbor_reader){
		.data = parts->payload.data,
		.length = parts->payload.value,
		.base = (size_t)(parts->payload.data - token),
	};
	return read_claims(&reader, claims, err);
}

int rewire_evidence_parse(const __u8 *token, size_t length,
			  struct rewire_claims *ret_claims,
			  struct rewire_error *err)
{
	struct rewire_claims claims;
	struct parts parts;
	int rc = parse(token, length, &parts, &claims, err);

	if (!rc)
		*ret_claims = claims;
	return rc;
}

/* ---- signature ---- */

/* One certificate, in the one DER form that has nothing behind it. */
static int certificate_of(const struct parts *parts, X509 **ret_certificate,
			  struct rewire_error *err)
{
	const unsigned char *at = parts->certificate.data;
	size_t length = parts->certificate.value;
	unsigned char *der = NULL;
	X509 *certificate = NULL;
	int again = -1;

	if (length && length <= REWIRE_MAX_CERT)
		certificate = d2i_X509(NULL, &at, (long)length);
	if (certificate)
		again = i2d_X509(certificate, &der);
	if (again < 0 || (size_t)again != length ||
	    memcmp(der, parts->certificate.data, length)) {
		OPENSSL_free(der);
		X509_free(certificate);
		ERR_clear_error();
		return rewire_fail(err, EBADMSG, "byte %zu: x5chain is not one certificate in DER",
				   parts->certificate.offset);
	}
	OPENSSL_free(der);
	*ret_certificate = certificate;
	return 0;
}

/*
 * Dates are not looked at, as no SM looks at them: who wants a key out of use
 * says so in a trust bundle.
 */
static int check_issuer(X509 *certificate, X509 *platform, const char *path,
			struct rewire_error *err)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	int rc = 0;

	if (!store || !context || !X509_STORE_add_cert(store, platform) ||
	    !X509_STORE_CTX_init(context, store, certificate, NULL)) {
		rc = crypto_fail(err, ENOMEM, "verifying the certificate");
		goto out;
	}
	X509_STORE_CTX_set_flags(context, X509_V_FLAG_PARTIAL_CHAIN |
					  X509_V_FLAG_NO_CHECK_TIME);
	if (X509_verify_cert(context) != 1)
		rc = rewire_fail(err, ENOKEY, "the SM's certificate is not one of %s: %s; give the platform CA of its fleet",
				 path, X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
out:
	X509_STORE_CTX_free(context);
	X509_STORE_free(store);
	ERR_clear_error();
	return rc;
}

static int check_signature(EVP_PKEY *key, const struct parts *parts,
			   struct rewire_error *err)
{
	EVP_MD_CTX *context;
	__u8 head[3];
	size_t length = parts->payload.value, used;
	int good = 0;

	if (!EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_get_bits(key) < MIN_BITS ||
	    EVP_PKEY_get_bits(key) > MAX_BITS)
		return rewire_fail(err, EOPNOTSUPP, "the SM's key is not RSA of %d to %d bits",
				   MIN_BITS, MAX_BITS);
	/* The head of the payload stands in the token, in the same form. */
	used = length < 24 ? 1 : length < 256 ? 2 : 3;
	memcpy(head, parts->payload.data - used, used);
	context = EVP_MD_CTX_new();
	if (context && EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL,
					    key) &&
	    EVP_DigestVerifyUpdate(context, signed_start, sizeof(signed_start)) &&
	    EVP_DigestVerifyUpdate(context, head, used) &&
	    EVP_DigestVerifyUpdate(context, parts->payload.data, length))
		good = EVP_DigestVerifyFinal(context, parts->signature.data,
					     parts->signature.value);
	EVP_MD_CTX_free(context);
	ERR_clear_error();
	if (good != 1)
		return rewire_fail(err, EKEYREJECTED, "the signature is wrong: the evidence was changed, or another SM signed it");
	return 0;
}

static int check_certificate(const struct parts *parts, const char *platform,
			     __u8 ret_sm[REWIRE_ID_SIZE],
			     struct rewire_error *err)
{
	X509 *anchor = NULL, *certificate = NULL;
	EVP_PKEY *key;
	int rc;

	rc = crypto_read_certificate(platform, &anchor, err);
	if (!rc)
		rc = certificate_of(parts, &certificate, err);
	if (rc) {
		X509_free(anchor);
		return rc;
	}
	rc = check_issuer(certificate, anchor, platform, err);
	key = X509_get0_pubkey(certificate);
	if (!rc && !key)
		rc = crypto_fail(err, EOPNOTSUPP, "the SM's public key");
	if (!rc)
		rc = check_signature(key, parts, err);
	if (!rc)
		rc = crypto_key_id(key, ret_sm, err);
	X509_free(certificate);
	X509_free(anchor);
	return rc;
}

int rewire_evidence_verify(const __u8 *token, size_t length,
			   const char *platform,
			   struct rewire_claims *ret_claims,
			   struct rewire_error *err)
{
	struct rewire_claims claims;
	__u8 sm[REWIRE_ID_SIZE];
	struct parts parts;
	int rc;

	rc = parse(token, length, &parts, &claims, err);
	if (!rc)
		rc = check_certificate(&parts, platform, sm, err);
	if (!rc && memcmp(sm, claims.ueid + 1, sizeof(sm)))
		rc = rewire_fail(err, EKEYREJECTED, "ueid is not the id of the SM that signed");
	if (!rc)
		*ret_claims = claims;
	return rc;
}

const char *rewire_freshness_name(__u64 freshness)
{
	static const char *const names[] = {
		[REWIRE_FRESHNESS_VOLATILE] = "volatile",
		[REWIRE_FRESHNESS_NONE] = "none",
		[REWIRE_FRESHNESS_WAITING] = "waiting",
		[REWIRE_FRESHNESS_WITNESSED] = "witnessed",
		[REWIRE_FRESHNESS_TPM] = "tpm",
		[REWIRE_FRESHNESS_ROLLED_BACK] = "rolled-back",
		[REWIRE_FRESHNESS_STRICT] = "strict",
	};

	return freshness < REWIRE_FRESHNESS_STATES ? names[freshness] :
							   "unknown";
}

#define PLATFORM_NAME(bit, text) { REWIRE_CLAIM_##bit, text },

const char *rewire_platform_claim_name(__u64 claim)
{
	static const struct {
		__u64 claim;
		const char *name;
	} names[] = { REWIRE_PLATFORM_CLAIMS(PLATFORM_NAME) };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].claim == claim)
			return names[i].name;
	return "unknown";
}

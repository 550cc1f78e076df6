// SPDX-License-Identifier: MIT
/*
 * Trust bundles and tables of levels: made, signed by one after the other, taken
 * apart. What no SM would take is refused here already, in the same words.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "crypto.h"
#include "digest.h"

#define MAX_BODY (sizeof(struct rewire_bundle) + \
		  REWIRE_BUNDLE_ANCHORS * REWIRE_MAX_CERT)
#define MAX_FILE (MAX_BODY + REWIRE_MAX_ROOT_SIGNATURES * \
		  (sizeof(__u32) + REWIRE_MAX_CMS))

static const char *const role_names[REWIRE_ROLES] = {
	[REWIRE_ROLE_ROOT] = "root",
	[REWIRE_ROLE_SDS] = "sds",
	[REWIRE_ROLE_DEVELOPER] = "developer",
	[REWIRE_ROLE_PLATFORM] = "platform",
};

const char *rewire_role_name(__u32 role)
{
	return role < REWIRE_ROLES ? role_names[role] : NULL;
}

int rewire_role_parse(const char *text, __u32 *ret_role)
{
	for (__u32 role = 0; role < REWIRE_ROLES; role++)
		if (!strcmp(text, role_names[role])) {
			*ret_role = role;
			return 0;
		}
	return -EINVAL;
}

static bool is_zero(const void *data, size_t length)
{
	const __u8 *bytes = data;

	for (size_t i = 0; i < length; i++)
		if (bytes[i])
			return false;
	return true;
}

static int check_header(const struct rewire_header *header, __u16 type,
			size_t size, struct rewire_error *err)
{
	if (header->magic != REWIRE_MAGIC || header->type != type)
		return rewire_fail(err, EBADMSG, "neither a trust bundle nor a table of levels");
	if (header->version != REWIRE_VERSION || header->size != size ||
	    header->flags)
		return rewire_fail(err, EBADMSG, "a format of another version");
	return 0;
}

static int check_numbers(const struct rewire_bundle *b, struct rewire_error *err)
{
	__u32 most = b->role == REWIRE_ROLE_ROOT ? b->anchors : 1;

	if (!b->version)
		return rewire_fail(err, EBADMSG, "version 0: the first one is 1");
	if (b->role >= REWIRE_ROLES)
		return rewire_fail(err, EBADMSG, "role %u is none", b->role);
	if (!b->anchors || b->anchors > REWIRE_BUNDLE_ANCHORS)
		return rewire_fail(err, EBADMSG, "%u certificates, not 1 to %d",
				   b->anchors, REWIRE_BUNDLE_ANCHORS);
	if (!b->threshold || b->threshold > most)
		return rewire_fail(err, EBADMSG, "a threshold of %u, not 1 to %u",
				   b->threshold, most);
	if (b->revoked > REWIRE_BUNDLE_REVOKED ||
	    (b->revoked && b->role != REWIRE_ROLE_PLATFORM))
		return rewire_fail(err, EBADMSG, "%u revoked SMs; up to %d can be, by the role platform",
				   b->revoked, REWIRE_BUNDLE_REVOKED);
	return 0;
}

static int check_revoked(const struct rewire_bundle *b, struct rewire_error *err)
{
	for (__u32 i = 0; i < REWIRE_BUNDLE_REVOKED; i++) {
		if (is_zero(b->revoked_sm[i], REWIRE_ID_SIZE) ==
		    (i < b->revoked))
			return rewire_fail(err, EBADMSG, "row %u of the revoked SMs is wrong",
					   i);
		for (__u32 j = 0; i < b->revoked && j < i; j++)
			if (!memcmp(b->revoked_sm[i], b->revoked_sm[j],
				    REWIRE_ID_SIZE))
				return rewire_fail(err, EBADMSG, "an SM is revoked twice");
	}
	return 0;
}

/* where certificate @index is; the lengths were checked */
static const __u8 *certificate_at(const struct rewire_bundle *b, size_t index)
{
	const __u8 *at = (const __u8 *)(b + 1);

	for (size_t i = 0; i < index; i++)
		at += b->cert_len[i];
	return at;
}

static int parse_certificate(const struct rewire_bundle *b, size_t index,
			     X509 **ret_x509, struct rewire_error *err)
{
	const unsigned char *at = certificate_at(b, index);
	const unsigned char *end = at + b->cert_len[index];
	X509 *x509 = d2i_X509(NULL, &at, (long)b->cert_len[index]);

	if (!x509 || at != end) {
		X509_free(x509);
		return crypto_fail(err, EBADMSG, "a certificate in the bundle");
	}
	*ret_x509 = x509;
	return 0;
}

static int anchor_id(const struct rewire_bundle *b, size_t index,
		     __u8 ret_id[REWIRE_ID_SIZE], struct rewire_error *err)
{
	X509 *x509;
	int rc = parse_certificate(b, index, &x509, err);

	if (rc)
		return rc;
	rc = crypto_key_id(X509_get0_pubkey(x509), ret_id, err);
	X509_free(x509);
	return rc;
}

static int check_certificates(const struct rewire_bundle *b, size_t length,
			      struct rewire_error *err)
{
	__u8 id[REWIRE_BUNDLE_ANCHORS][REWIRE_ID_SIZE];
	size_t left = length - sizeof(*b);
	int rc = 0;

	for (__u32 i = 0; i < REWIRE_BUNDLE_ANCHORS; i++) {
		if ((i < b->anchors) != !!b->cert_len[i] ||
		    b->cert_len[i] > REWIRE_MAX_CERT || b->cert_len[i] > left)
			return rewire_fail(err, EBADMSG, "certificate %u has %u bytes",
					   i, b->cert_len[i]);
		left -= b->cert_len[i];
	}
	if (left)
		return rewire_fail(err, EBADMSG, "%zu bytes too many", left);
	for (__u32 i = 0; i < b->anchors && !rc; i++) {
		rc = anchor_id(b, i, id[i], err);
		for (__u32 j = 0; !rc && j < i; j++)
			if (!memcmp(id[i], id[j], REWIRE_ID_SIZE))
				rc = rewire_fail(err, EBADMSG, "two certificates have the same key, which counts once");
	}
	return rc;
}

static int check_bundle(const struct rewire_bundle *b, size_t length,
			struct rewire_error *err)
{
	int rc = check_header(&b->header, REWIRE_TYPE_BUNDLE, sizeof(*b), err);

	if (!rc)
		rc = check_numbers(b, err);
	if (!rc)
		rc = check_revoked(b, err);
	if (!rc)
		rc = check_certificates(b, length, err);
	return rc;
}

static int check_rule(const struct rewire_levels *l, __u32 at,
		      struct rewire_error *err)
{
	const struct rewire_level_rule *rule = &l->rule[at];

	if (!rule->level || rule->level > REWIRE_MAX_LEVEL)
		return rewire_fail(err, EBADMSG, "rule %u: level %u is not 1 to %d",
				   at + 1, rule->level, REWIRE_MAX_LEVEL);
	if (rule->claims & ~REWIRE_CLAIMS)
		return rewire_fail(err, EBADMSG, "rule %u: a claim that nobody knows",
				   at + 1);
	for (__u32 i = 0; i < at; i++)
		if (rule->claims == l->rule[i].claims &&
		    rule->min_kernel == l->rule[i].min_kernel)
			return rewire_fail(err, EBADMSG, "rules %u and %u ask for the same",
					   i + 1, at + 1);
	return 0;
}

static int check_levels(const struct rewire_levels *l, struct rewire_error *err)
{
	int rc = check_header(&l->header, REWIRE_TYPE_LEVELS, sizeof(*l), err);

	if (rc)
		return rc;
	if (!l->version)
		return rewire_fail(err, EBADMSG, "version 0: the first one is 1");
	if (!l->rules || l->rules > REWIRE_LEVEL_RULES || l->__reserved)
		return rewire_fail(err, EBADMSG, "%u rules, not 1 to %d", l->rules,
				   REWIRE_LEVEL_RULES);
	for (__u32 i = 0; i < l->rules && !rc; i++)
		rc = check_rule(l, i, err);
	if (!rc && !is_zero(&l->rule[l->rules], (REWIRE_LEVEL_RULES - l->rules) *
						 sizeof(l->rule[0])))
		rc = rewire_fail(err, EBADMSG, "a rule that does not count is not zero");
	return rc;
}

void rewire_trust_free(struct rewire_statement *statement)
{
	if (!statement)
		return;
	free(statement->body);
	free(statement);
}

static struct rewire_statement *statement_alloc(const void *body, size_t length)
{
	struct rewire_statement *statement = calloc(1, sizeof(*statement));

	if (!statement)
		return NULL;
	statement->body = malloc(length);
	if (!statement->body) {
		free(statement);
		return NULL;
	}
	memcpy(statement->body, body, length);
	statement->length = length;
	return statement;
}

/* Check the form, and keep a copy. */
static int statement_make(const void *body, size_t length,
			  struct rewire_statement **ret_statement,
			  struct rewire_error *err)
{
	const struct rewire_header *header = body;
	int rc = header->type == REWIRE_TYPE_LEVELS ?
		 check_levels(body, err) : check_bundle(body, length, err);

	if (rc)
		return rc;
	*ret_statement = statement_alloc(body, length);
	return *ret_statement ? 0 : rewire_fail(err, ENOMEM, "no memory");
}

/* Append a file's certificate to the bundle; its bytes have room for the most. */
static int append_certificate(struct rewire_bundle *b, size_t *length,
			      const char *path, struct rewire_error *err)
{
	unsigned char *at = (unsigned char *)b + *length;
	X509 *x509;
	int bytes, rc = crypto_read_certificate(path, &x509, err);

	if (rc)
		return rc;
	bytes = i2d_X509(x509, NULL);
	if (bytes <= 0 || bytes > REWIRE_MAX_CERT) {
		rc = rewire_fail(err, EMSGSIZE, "%s: an SM takes certificates of up to %d bytes",
				 path, REWIRE_MAX_CERT);
	} else {
		i2d_X509(x509, &at);
		b->cert_len[b->anchors++] = (__u32)bytes;
		*length += (size_t)bytes;
	}
	X509_free(x509);
	return rc;
}

int rewire_trust_bundle(const struct rewire_bundle *bundle,
			const char *const *certificates, size_t count,
			struct rewire_statement **ret_statement,
			struct rewire_error *err)
{
	struct rewire_bundle *b;
	size_t length = sizeof(*b);
	int rc = 0;

	if (!count || count > REWIRE_BUNDLE_ANCHORS)
		return rewire_fail(err, EINVAL, "a bundle has 1 to %d certificates",
				   REWIRE_BUNDLE_ANCHORS);
	b = calloc(1, MAX_BODY);
	if (!b)
		return rewire_fail(err, ENOMEM, "no memory");
	*b = *bundle;
	b->header = (struct rewire_header){
		.magic = REWIRE_MAGIC,
		.type = REWIRE_TYPE_BUNDLE,
		.version = REWIRE_VERSION,
		.size = sizeof(*b),
	};
	b->anchors = 0;
	memset(b->cert_len, 0, sizeof(b->cert_len));
	for (size_t i = 0; i < count && !rc; i++)
		rc = append_certificate(b, &length, certificates[i], err);
	if (!rc)
		rc = statement_make(b, length, ret_statement, err);
	free(b);
	return rc;
}

int rewire_trust_levels(const struct rewire_levels *levels,
			struct rewire_statement **ret_statement,
			struct rewire_error *err)
{
	struct rewire_levels l = *levels;

	l.header = (struct rewire_header){
		.magic = REWIRE_MAGIC,
		.type = REWIRE_TYPE_LEVELS,
		.version = REWIRE_VERSION,
		.size = sizeof(l),
	};
	return statement_make(&l, sizeof(l), ret_statement, err);
}

/* Bytes of the statement at the start of a file; 0 when it is none. */
static size_t body_length(const __u8 *data, size_t length)
{
	const struct rewire_header *header = (const void *)data;
	const struct rewire_bundle *b = (const void *)data;
	size_t bytes = sizeof(*b);

	if (length < sizeof(struct rewire_levels))
		return 0;
	if (header->type == REWIRE_TYPE_LEVELS)
		return sizeof(struct rewire_levels);
	if (length < bytes)
		return 0;
	for (size_t i = 0; i < REWIRE_BUNDLE_ANCHORS; i++) {
		if (b->cert_len[i] > length - bytes)
			return 0;
		bytes += b->cert_len[i];
	}
	return bytes;
}

static int parse_signatures(const __u8 *data, size_t length,
			    struct rewire_statement *statement,
			    struct rewire_error *err)
{
	while (length) {
		size_t at = statement->signatures;
		__u32 bytes;

		if (at == REWIRE_MAX_ROOT_SIGNATURES)
			return rewire_fail(err, EBADMSG, "more than %d signatures",
					   REWIRE_MAX_ROOT_SIGNATURES);
		if (length < sizeof(bytes))
			return rewire_fail(err, EBADMSG, "signature %zu is cut off",
					   at + 1);
		memcpy(&bytes, data, sizeof(bytes));
		bytes = le32toh(bytes);
		data += sizeof(bytes);
		length -= sizeof(bytes);
		if (!bytes || bytes > REWIRE_MAX_CMS || bytes > length)
			return rewire_fail(err, EBADMSG, "signature %zu of %u bytes, of which there are %zu",
					   at + 1, bytes, length);
		memcpy(statement->signature[at], data, bytes);
		statement->signature_length[at] = bytes;
		statement->signatures++;
		data += bytes;
		length -= bytes;
	}
	return 0;
}

int rewire_trust_parse(const __u8 *data, size_t length,
		       struct rewire_statement **ret_statement,
		       struct rewire_error *err)
{
	struct rewire_statement *statement;
	size_t bytes = body_length(data, length);
	int rc;

	if (!bytes)
		return rewire_fail(err, EBADMSG, "too short for a trust bundle or a table of levels");
	rc = statement_make(data, bytes, &statement, err);
	if (rc)
		return rc;
	rc = parse_signatures(data + bytes, length - bytes, statement, err);
	if (rc) {
		rewire_trust_free(statement);
		return rc;
	}
	*ret_statement = statement;
	return 0;
}

int rewire_trust_read(const char *path, struct rewire_statement **ret_statement,
		      struct rewire_error *err)
{
	struct rewire_error why = { 0 };
	size_t length;
	__u8 *data;
	int rc = rewire_file_read(path, MAX_FILE, &data, &length, err);

	if (rc)
		return rc;
	rc = rewire_trust_parse(data, length, ret_statement, &why);
	if (rc)
		rewire_fail(err, why.code, "%s: %s", path, why.text);
	free(data);
	return rc;
}

int rewire_trust_write(const char *path,
		       const struct rewire_statement *statement,
		       struct rewire_error *err)
{
	struct rewire_output out;
	int rc = rewire_output_open(&out, path, 0644, err);

	if (rc)
		return rc;
	rc = rewire_write_all(out.fd, statement->body, statement->length, err);
	for (size_t i = 0; i < statement->signatures && !rc; i++) {
		__u32 bytes = htole32((__u32)statement->signature_length[i]);

		rc = rewire_write_all(out.fd, &bytes, sizeof(bytes), err);
		if (!rc)
			rc = rewire_write_all(out.fd, statement->signature[i],
					      statement->signature_length[i],
					      err);
	}
	if (rc) {
		rewire_output_discard(&out);
		return rewire_fail(err, -rc, "%s: %s", path, strerror(-rc));
	}
	return rewire_output_commit(&out, err);
}

static int verify_index(const struct rewire_statement *statement, size_t index,
			X509 *certificate, struct rewire_error *err)
{
	return crypto_cms_verify(statement->body, statement->length,
				 statement->signature[index],
				 statement->signature_length[index],
				 certificate, err);
}

int rewire_trust_sign(const struct rewire_signer *signer,
		      struct rewire_statement *statement,
		      struct rewire_error *err)
{
	X509 *certificate = crypto_signer_certificate(signer);
	size_t at = statement->signatures;
	int rc;

	if (at == REWIRE_MAX_ROOT_SIGNATURES)
		return rewire_fail(err, EMSGSIZE, "it has %zu signatures already, the most there can be",
				   at);
	for (size_t i = 0; i < at; i++)
		if (!verify_index(statement, i, certificate, NULL))
			return rewire_fail(err, EEXIST, "this key signed it before; another holder of a root key has to");
	rc = crypto_cms_sign(signer, statement->body, statement->length,
			     statement->signature[at],
			     &statement->signature_length[at], err);
	/* A certificate may forbid what its key can do: find out now. */
	if (!rc)
		rc = verify_index(statement, at, certificate, err);
	if (!rc)
		statement->signatures++;
	return rc;
}

int rewire_trust_signed_by(const struct rewire_statement *statement,
			   size_t index, const char *certificate,
			   struct rewire_error *err)
{
	X509 *x509;
	int rc = crypto_read_certificate(certificate, &x509, err);

	if (rc)
		return rc;
	rc = verify_index(statement, index, x509, err);
	X509_free(x509);
	return rc;
}

int rewire_trust_anchor(const struct rewire_statement *statement, size_t index,
			struct rewire_anchor_name *ret_name,
			struct rewire_error *err)
{
	const struct rewire_bundle *b = (const void *)statement->body;
	struct rewire_anchor_name name = { 0 };
	X509 *x509;
	int rc = parse_certificate(b, index, &x509, err);

	if (rc)
		return rc;
	rc = crypto_key_id(X509_get0_pubkey(x509), name.id, err);
	X509_NAME_oneline(X509_get_subject_name(x509), name.subject,
			  sizeof(name.subject));
	X509_free(x509);
	if (!rc)
		*ret_name = name;
	return rc;
}

int rewire_trust_give(int sm, const struct rewire_statement *statement,
		      struct rewire_error *err)
{
	struct rewire_signature signature[REWIRE_MAX_ROOT_SIGNATURES] = { 0 };
	struct rewire_trust arg = {
		.size = sizeof(arg),
		.statement = (uintptr_t)statement->body,
		.statement_length = (__u32)statement->length,
		.signatures = (__u32)statement->signatures,
		.signature = (uintptr_t)signature,
	};

	if (!statement->signatures)
		return rewire_fail(err, ENOKEY, "nobody has signed it yet: rewire trust sign");
	for (size_t i = 0; i < statement->signatures; i++) {
		signature[i].cms = (uintptr_t)statement->signature[i];
		signature[i].length = (__u32)statement->signature_length[i];
	}
	if (ioctl(sm, REWIRE_TRUST, &arg))
		return rewire_fail_ioctl(err, sm, errno, "giving it to the SM");
	return 0;
}

int rewire_sm_trust(int sm, __u32 kind, struct rewire_get_trust *ret_trust,
		    struct rewire_error *err)
{
	struct rewire_get_trust trust = { .size = sizeof(trust), .kind = kind };

	if (ioctl(sm, REWIRE_GET_TRUST, &trust))
		return rewire_fail_ioctl(err, sm, errno, "asking whom the SM trusts");
	*ret_trust = trust;
	return 0;
}

// SPDX-License-Identifier: MIT
/*
 * The files of a journal, read without the SM that wrote them. Any bytes may
 * be given here. The chain shows that nothing in it was changed; only the MACs
 * show that the SM wrote it, and only a head that it signed shows that the end
 * is the end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/sha.h>

#include "crypto.h"

#define HEADER sizeof(struct rewire_journal_record)

static const struct {
	size_t least;
	bool exact;
	const char *name;
} types[REWIRE_JOURNAL_TYPES] = {
	[REWIRE_JOURNAL_OPEN] = {
		sizeof(struct rewire_journal_open), true, "OPEN" },
	[REWIRE_JOURNAL_BASE] = {
		sizeof(struct rewire_journal_base), true, "BASE" },
	[REWIRE_JOURNAL_BOOT] = {
		sizeof(struct rewire_journal_boot), true, "BOOT" },
	[REWIRE_JOURNAL_WORKLOAD] = {
		sizeof(struct rewire_journal_workload), true, "WORKLOAD" },
	[REWIRE_JOURNAL_SESSION] = {
		sizeof(struct rewire_journal_session), false, "SESSION" },
	[REWIRE_JOURNAL_TRUST] = {
		sizeof(struct rewire_header), false, "TRUST" },
	[REWIRE_JOURNAL_GENERATION] = {
		sizeof(struct rewire_journal_generation), true, "GENERATION" },
	[REWIRE_JOURNAL_WITNESS] = {
		sizeof(struct rewire_witness), true, "WITNESS" },
	[REWIRE_JOURNAL_AUDIT] = {
		sizeof(struct rewire_journal_audit), true, "AUDIT" },
	[REWIRE_JOURNAL_UPDATE] = {
		sizeof(struct rewire_journal_update), true, "UPDATE" },
};

const char *rewire_journal_type_name(__u32 type)
{
	return type < REWIRE_JOURNAL_TYPES && types[type].name ?
	       types[type].name : "unknown";
}

/* Bytes of a record in the file. */
static size_t whole(const struct rewire_journal_record *record)
{
	return HEADER + (((size_t)record->length + 7) & ~(size_t)7) +
	       REWIRE_MAC_SIZE;
}

/* What is wrong with what stands at @at, or NULL. */
static const char *read_record(const __u8 *data, size_t length, size_t at,
			       struct rewire_journal_entry *entry)
{
	struct rewire_journal_record *record = &entry->record;
	size_t end;

	if (length - at < HEADER + REWIRE_MAC_SIZE)
		return "cut off";
	memcpy(record, data + at, HEADER);
	if (record->magic != REWIRE_JOURNAL_MAGIC)
		return "not the start of a record";
	if (record->version != REWIRE_VERSION)
		return "a version that is not known";
	if (record->type >= REWIRE_JOURNAL_TYPES || !types[record->type].name)
		return "a type that is not known";
	if (record->length > REWIRE_JOURNAL_MAX_PAYLOAD ||
	    record->length < types[record->type].least ||
	    (types[record->type].exact &&
	     record->length != types[record->type].least))
		return "a length that its type cannot have";
	if (!record->generation || record->generation > REWIRE_MAX_GENERATIONS)
		return "a root key that there cannot be";
	if (whole(record) > length - at)
		return "cut off";
	entry->offset = at;
	entry->payload = data + at + HEADER;
	end = at + whole(record) - REWIRE_MAC_SIZE;
	for (size_t i = at + HEADER + record->length; i < end; i++)
		if (data[i])
			return "its padding is not zero";
	return NULL;
}

int rewire_journal_next(const void *data, size_t length, size_t *position,
			struct rewire_journal_entry *ret_entry,
			struct rewire_error *err)
{
	struct rewire_journal_entry entry;
	const char *what;

	if (*position >= length)
		return 0;
	what = read_record(data, length, *position, &entry);
	if (what)
		return rewire_fail(err, EBADMSG, "byte %zu: %s", *position,
				   what);
	*position += whole(&entry.record);
	*ret_entry = entry;
	return 1;
}

/* ---- keys ---- */

static int derive(const __u8 *root, const __u8 *journal, const char *label,
		  __u8 key[REWIRE_DIGEST_SIZE], struct rewire_error *err)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
						 (char *)"SHA256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY,
						  (void *)(uintptr_t)root,
						  REWIRE_ROOT_KEY_SIZE),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT,
						  (void *)(uintptr_t)journal,
						  REWIRE_ID_SIZE),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO,
						  (void *)(uintptr_t)label,
						  strlen(label) + 1),
		OSSL_PARAM_construct_end(),
	};
	int rc = 0;

	if (!context || EVP_KDF_derive(context, key, REWIRE_DIGEST_SIZE,
				       params) != 1)
		rc = crypto_fail(err, ENOMEM, "deriving the journal's key");
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
	return rc;
}

/* One walk through a file. */
struct walk {
	const __u8 *data;
	size_t length;
	size_t at;
	const struct rewire_journal_roots *roots;
	struct rewire_journal_summary *summary;
	__u64 needed;
	bool displaced;
	__u8 key[REWIRE_DIGEST_SIZE];
	__u32 keyed;
};

static const __u8 *root_of(const struct walk *walk, __u32 generation)
{
	return walk->roots && generation <= REWIRE_MAX_GENERATIONS ?
	       walk->roots->key[generation] : NULL;
}

/* 1: authentic, or nobody can tell; 0: not; or a negative errno. */
static int check_mac(struct walk *walk, const struct rewire_journal_entry *e,
		     struct rewire_error *err)
{
	const __u8 *root = root_of(walk, e->record.generation);
	const __u8 *start = walk->data + e->offset;
	size_t length = whole(&e->record) - REWIRE_MAC_SIZE;
	__u8 mac[REWIRE_MAC_SIZE];
	int rc;

	if (!root) {
		walk->summary->authentic = false;
		return 1;
	}
	if (walk->keyed != e->record.generation) {
		rc = derive(root, walk->summary->journal, "rewire v1 journal",
			    walk->key, err);
		if (rc)
			return rc;
		walk->keyed = e->record.generation;
	}
	if (!HMAC(EVP_sha256(), walk->key, sizeof(walk->key), start, length,
		  mac, NULL))
		return crypto_fail(err, ENOMEM, "authenticating a record");
	return !CRYPTO_memcmp(mac, start + length, sizeof(mac));
}

/* 0; -ENOKEY when the key at hand is not the journal's. */
static int check_generation(struct walk *walk,
			    const struct rewire_journal_entry *e,
			    struct rewire_error *err)
{
	struct rewire_journal_generation generation;
	__u8 check[REWIRE_DIGEST_SIZE];
	const __u8 *root;
	int rc;

	memcpy(&generation, e->payload, sizeof(generation));
	if (generation.generation > walk->summary->generation)
		walk->summary->generation = generation.generation;
	root = root_of(walk, generation.generation);
	if (!root)
		return 0;
	rc = derive(root, walk->summary->journal, "rewire v1 root check",
		    check, err);
	if (!rc && memcmp(check, generation.check, sizeof(check)))
		rc = rewire_fail(err, ENOKEY, "root key %u is not the one of this journal",
				 generation.generation);
	OPENSSL_cleanse(check, sizeof(check));
	return rc;
}

/* ---- the chain ---- */

/* What is wrong with the first record, or NULL. */
static const char *begin(struct walk *walk, const struct rewire_journal_entry *e)
{
	static const __u8 zero[REWIRE_DIGEST_SIZE];
	struct rewire_journal_summary *summary = walk->summary;
	struct rewire_journal_base base = { 0 };

	if (e->record.type == REWIRE_JOURNAL_OPEN) {
		if (e->record.sequence ||
		    memcmp(e->record.previous, zero, sizeof(zero)))
			return "the start of a journal that is not the first";
	} else if (e->record.type != REWIRE_JOURNAL_BASE) {
		return "the start of the file is gone";
	}
	/* OPEN has the first members of BASE */
	memcpy(&base, e->payload, e->record.length);
	memcpy(summary->sm, base.sm, sizeof(summary->sm));
	memcpy(summary->journal, base.journal, sizeof(summary->journal));
	memcpy(summary->base_head, e->record.previous, sizeof(summary->base_head));
	memcpy(summary->head, e->record.previous, sizeof(summary->head));
	summary->base = summary->sequence = e->record.sequence;
	summary->generation = e->record.generation;
	walk->needed = e->record.sequence + 1 + base.records;
	return NULL;
}

static const char *link_of(const struct rewire_journal_summary *summary,
			   const struct rewire_journal_record *record)
{
	if (record->sequence != summary->sequence)
		return "not the next in number";
	if (memcmp(record->previous, summary->head, sizeof(summary->head)))
		return "does not follow the one before it";
	if (record->generation != summary->generation)
		return "authenticated by a root key that is not in force";
	if (record->type <= REWIRE_JOURNAL_BASE &&
	    record->sequence != summary->base)
		return "a start in the middle";
	return NULL;
}

/*
 * Is there a later record behind one that is wrong? One in another's payload is
 * an older one, and one that the SM did not write is what was torn.
 *
 * Return: 1 when there is one, 0, or a negative errno.
 */
static int goes_on(struct walk *walk, struct rewire_error *err)
{
	const __u32 magic = REWIRE_JOURNAL_MAGIC;
	struct rewire_journal_entry e;
	int rc = 0;

	for (size_t at = walk->at + 8; at + HEADER <= walk->length && !rc;
	     at += 8) {
		if (memcmp(walk->data + at, &magic, sizeof(magic)) ||
		    read_record(walk->data, walk->length, at, &e))
			continue;
		if (e.record.sequence > walk->summary->sequence)
			rc = check_mac(walk, &e, err);
	}
	return rc;
}

/* 1: a record was taken; 0: @what is wrong; or a negative errno. */
static int step(struct walk *walk, const char **what, struct rewire_error *err)
{
	struct rewire_journal_summary *summary = walk->summary;
	struct rewire_journal_entry e;
	int rc;

	*what = read_record(walk->data, walk->length, walk->at, &e);
	if (!*what && !walk->at)
		*what = begin(walk, &e);
	if (*what)
		return 0;
	*what = link_of(summary, &e.record);
	rc = check_mac(walk, &e, err);
	if (rc < 0)
		return rc;
	/* a right record in a wrong place is never what a crash leaves */
	walk->displaced = *what && rc &&
			  (e.record.generation == summary->generation ||
			   root_of(walk, e.record.generation)) &&
			  e.record.sequence >= summary->sequence;
	if (*what)
		return 0;
	if (!rc) {
		*what = "not authentic";
		return 0;
	}
	if (e.record.type == REWIRE_JOURNAL_GENERATION) {
		rc = check_generation(walk, &e, err);
		if (rc)
			return rc;
	}
	SHA256(walk->data + e.offset, whole(&e.record), summary->head);
	summary->counter = e.record.counter;
	summary->sequence++;
	walk->at += whole(&e.record);
	return 1;
}

/*
 * The first record is not authentic: is it damaged, or the key another? The
 * record behind it names its hash.
 */
static bool first_named(const struct walk *walk)
{
	struct rewire_journal_entry first, second;
	__u8 digest[REWIRE_DIGEST_SIZE];

	if (walk->at || read_record(walk->data, walk->length, 0, &first) ||
	    read_record(walk->data, walk->length, whole(&first.record), &second))
		return false;
	SHA256(walk->data, whole(&first.record), digest);
	return !memcmp(digest, second.record.previous, sizeof(digest));
}

static int broken(struct walk *walk, const char *what, struct rewire_error *err)
{
	int rc;

	if (walk->at && !walk->displaced) {
		rc = goes_on(walk, err);
		if (rc < 0)
			return rc;
		if (!rc) {
			walk->summary->torn = walk->length - walk->at;
			return 0;
		}
	}
	if (!strcmp(what, "not authentic") && first_named(walk))
		return rewire_fail(err, ENOKEY, "root key %u is not the one of this journal",
				   walk->summary->generation);
	return rewire_fail(err, EUCLEAN, "record %llu at byte %zu: %s",
			   (unsigned long long)walk->summary->sequence,
			   walk->at, what);
}

/* As in the module: nothing but zeros, or the start of a first record. */
static bool never_begun(const __u8 *data, size_t length,
			struct rewire_journal_summary *summary)
{
	const size_t first = HEADER + sizeof(struct rewire_journal_open) +
			     REWIRE_MAC_SIZE;
	const __u32 magic = REWIRE_JOURNAL_MAGIC;
	size_t some = length < first ? length : first, zeros = 0;

	while (zeros < some && !data[zeros])
		zeros++;
	if (zeros == some && length > first)
		summary->unfinished = true;
	else if (zeros == some ||
		 (length < first &&
		  !memcmp(data, &magic, some < sizeof(magic) ? some : sizeof(magic))))
		summary->blank = true;
	if (summary->blank)
		summary->torn = length;
	return summary->blank || summary->unfinished;
}

int rewire_journal_verify(const void *data, size_t length,
			  const struct rewire_journal_roots *roots,
			  struct rewire_journal_summary *ret_summary,
			  struct rewire_error *err)
{
	struct rewire_journal_summary summary = { .authentic = roots };
	struct walk walk = {
		.data = data,
		.length = length,
		.roots = roots,
		.summary = &summary,
	};
	const char *what = NULL;
	int rc = 1;

	if (!never_begun(data, length, &summary)) {
		while (walk.at < length && rc == 1)
			rc = step(&walk, &what, err);
		if (!rc)
			rc = broken(&walk, what, err);
		OPENSSL_cleanse(walk.key, sizeof(walk.key));
		summary.unfinished = summary.sequence < walk.needed;
	}
	if (rc < 0)
		return rc;
	*ret_summary = summary;
	return 0;
}

int rewire_journal_contains(const void *data, size_t length,
			    const struct rewire_head *head,
			    struct rewire_error *err)
{
	struct rewire_journal_summary summary;
	struct rewire_journal_entry e;
	size_t at = 0;
	int rc = rewire_journal_verify(data, length, NULL, &summary, err);

	if (rc)
		return rc;
	if (summary.blank || memcmp(summary.sm, head->sm, sizeof(head->sm)) ||
	    memcmp(summary.journal, head->journal, sizeof(head->journal)))
		return 0;
	if (head->sequence == summary.sequence)
		return !memcmp(head->head, summary.head, sizeof(head->head));
	if (head->sequence < summary.base)
		return rewire_fail(err, ENODATA, "record %llu is from before the first one here, %llu",
				   (unsigned long long)head->sequence,
				   (unsigned long long)summary.base);
	while (rewire_journal_next(data, length, &at, &e, NULL) == 1)
		if (e.record.sequence == head->sequence)
			return !memcmp(e.record.previous, head->head,
				       sizeof(head->head));
	return 0;
}

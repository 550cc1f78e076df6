// SPDX-License-Identifier: MIT
/*
 * Journals without an SM: a small one is written as the format says, and then
 * changed in every way. Heads and witnesses follow.
 */
#include <errno.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "test.h"

#include "journal_fixture.h"
#include "scratch.h"

static const struct rewire_journal_roots keys = {
	.key = { NULL, journal_fixture_root[1], journal_fixture_root[2] },
};

static int verify_why(const struct journal *j, size_t length,
		      const struct rewire_journal_roots *roots,
		      struct rewire_journal_summary *summary,
		      struct rewire_error *why)
{
	/* exactly as long as it is, for the sanitizer to see what is read */
	__u8 *copy = malloc(length ? length : 1);
	int rc;

	assert_non_null(copy);
	memcpy(copy, j->data, length);
	rc = rewire_journal_verify(copy, length, roots, summary, why);
	free(copy);
	return rc;
}

static int verify(const struct journal *j, size_t length,
		  const struct rewire_journal_roots *roots,
		  struct rewire_journal_summary *summary)
{
	return verify_why(j, length, roots, summary, NULL);
}

static void whole_journal_is_summed_up(void **state)
{
	struct rewire_journal_summary s;
	struct journal j;

	(void)state;
	journal_begin(&j);
	journal_add_workload(&j, 1);
	journal_add_generation(&j, 2);
	journal_add_workload(&j, 2);
	assert_int_equal(verify(&j, j.length, &keys, &s), 0);
	assert_memory_equal(s.sm, journal_fixture_sm, sizeof(s.sm));
	assert_memory_equal(s.journal, journal_fixture_id, sizeof(s.journal));
	assert_memory_equal(s.head, j.head, sizeof(s.head));
	assert_int_equal(s.base, 0);
	assert_int_equal(s.sequence, 5);
	assert_int_equal(s.generation, 2);
	assert_true(s.authentic && !s.torn && !s.blank && !s.unfinished);
	assert_int_equal(verify(&j, j.length, NULL, &s), 0);
	assert_false(s.authentic);
}

static void entries_come_in_order(void **state)
{
	static const __u16 types[] = {
		REWIRE_JOURNAL_OPEN, REWIRE_JOURNAL_GENERATION,
		REWIRE_JOURNAL_WORKLOAD,
	};
	struct rewire_journal_entry e;
	struct journal j;
	size_t at = 0;

	(void)state;
	journal_begin(&j);
	journal_add_workload(&j, 1);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		assert_int_equal(rewire_journal_next(j.data, j.length, &at, &e,
						     NULL), 1);
		assert_int_equal(e.record.type, types[i]);
		assert_int_equal(e.record.sequence, i);
	}
	assert_int_equal(rewire_journal_next(j.data, j.length, &at, &e, NULL),
			 0);
	at = 8;
	assert_int_equal(rewire_journal_next(j.data, j.length, &at, &e, NULL),
			 -EBADMSG);
}

/* "record 1 at byte 136: " for byte 200 */
static void place_of(const struct journal *j, size_t byte, char place[64])
{
	struct rewire_journal_entry e;
	size_t at = 0;

	while (at <= byte)
		assert_int_equal(rewire_journal_next(j->data, j->length, &at,
						     &e, NULL), 1);
	snprintf(place, 64, "record %llu at byte %zu: ",
		 (unsigned long long)e.record.sequence, e.offset);
}

/*
 * With the keys every change is seen, and the record is named that it is in; the
 * chain alone sees all but the end's.
 */
static void byte_changed_is_found(void **state)
{
	struct rewire_journal_summary s;
	struct rewire_error why;
	struct journal j;
	char place[64];

	(void)state;
	journal_begin(&j);
	journal_add_workload(&j, 1);
	journal_add_workload(&j, 2);
	for (size_t at = 0; at < j.length; at++) {
		place_of(&j, at, place);
		j.data[at] ^= 1;
		if (at < j.last) {
			assert_int_equal(verify_why(&j, j.length, &keys, &s,
						    &why), -EUCLEAN);
			assert_memory_equal(why.text, place, strlen(place));
			assert_true(verify(&j, j.length, NULL, &s));
		} else {
			assert_int_equal(verify(&j, j.length, &keys, &s), 0);
			assert_int_equal(s.torn, j.length - j.last);
			assert_int_equal(s.sequence, 3);
		}
		j.data[at] ^= 1;
	}
}

static struct rewire_journal_record *record_at(struct journal *j, size_t at)
{
	return (struct rewire_journal_record *)(j->data + at);
}

/* What the SM did not write is torn, whatever it looks like. */
static void later_record_counts_when_authentic(void **state)
{
	struct rewire_journal_summary s;
	struct journal j;
	size_t torn;

	(void)state;
	journal_begin(&j);
	journal_add_workload(&j, 1);
	torn = j.last;
	journal_add_workload(&j, 2);
	record_at(&j, torn)->magic = 0;
	assert_int_equal(verify(&j, j.length, &keys, &s), -EUCLEAN);
	j.data[j.length - 1] ^= 1;
	assert_int_equal(verify(&j, j.length, &keys, &s), 0);
	assert_int_equal(s.torn, j.length - torn);
	/* without the key nobody can tell */
	assert_int_equal(verify(&j, j.length, NULL, &s), -EUCLEAN);
}

static void record_of_a_later_key_is_no_torn_end(void **state)
{
	struct rewire_journal_summary s;
	struct journal j, later;

	(void)state;
	journal_begin(&j);
	later = j;
	later.generation = 2;
	journal_add_workload(&j, 1);
	journal_add_workload(&later, 2);
	memcpy(j.data + j.last, later.data + later.last,
	       later.length - later.last);
	assert_int_equal(verify(&j, j.length, &keys, &s), -EUCLEAN);
}

static void root_key_that_cannot_be_is_refused(void **state)
{
	struct rewire_journal_entry e;
	struct journal j;
	size_t at = 0;

	(void)state;
	journal_begin(&j);
	record_at(&j, 0)->generation = 0;
	assert_int_equal(rewire_journal_next(j.data, j.length, &at, &e, NULL),
			 -EBADMSG);
	record_at(&j, 0)->generation = REWIRE_MAX_GENERATIONS + 1;
	assert_int_equal(rewire_journal_next(j.data, j.length, &at, &e, NULL),
			 -EBADMSG);
}

static void end_cut_is_torn(void **state)
{
	struct rewire_journal_summary s;
	struct journal j;

	(void)state;
	journal_begin(&j);
	journal_add_workload(&j, 1);
	for (size_t length = 0; length < j.length; length++) {
		assert_int_equal(verify(&j, length, &keys, &s), 0);
		assert_int_equal(s.blank, length < 136);
		if (length >= j.last)
			assert_int_equal(s.torn, length - j.last);
	}
}

static void key_of_another_is_told_from_damage(void **state)
{
	struct rewire_journal_roots wrong = {
		.key = { NULL, journal_fixture_root[2] },
	};
	struct rewire_journal_roots second = {
		.key = { NULL, journal_fixture_root[1], journal_fixture_root[1] },
	};
	struct rewire_journal_summary s;
	struct journal j;

	(void)state;
	journal_begin(&j);
	journal_add_generation(&j, 2);
	journal_add_workload(&j, 1);
	assert_int_equal(verify(&j, j.length, &wrong, &s), -ENOKEY);
	assert_int_equal(verify(&j, j.length, &second, &s), -ENOKEY);
	wrong.key[1] = NULL;
	assert_int_equal(verify(&j, j.length, &wrong, &s), 0);
	assert_false(s.authentic);
}

static void compaction_counts_when_complete(void **state)
{
	struct rewire_journal_summary s;
	struct journal j, c;

	(void)state;
	journal_begin(&j);
	journal_add_workload(&j, 1);
	journal_compact(&c, &j);
	assert_int_equal(verify(&c, c.length, &keys, &s), 0);
	assert_int_equal(s.base, 3);
	assert_memory_equal(s.base_head, j.head, sizeof(j.head));
	assert_false(s.unfinished);
	for (size_t length = 144; length < c.length; length++) {
		assert_int_equal(verify(&c, length, &keys, &s), 0);
		assert_true(s.unfinished);
	}
	memset(c.data, 0, 144);
	assert_int_equal(verify(&c, c.length, &keys, &s), 0);
	assert_true(s.unfinished);
}

static struct rewire_head head_of(const struct journal *j)
{
	struct rewire_head head = { .sequence = j->sequence };

	memcpy(head.sm, journal_fixture_sm, sizeof(head.sm));
	memcpy(head.journal, journal_fixture_id, sizeof(head.journal));
	memcpy(head.head, j->head, sizeof(head.head));
	return head;
}

static void head_is_found_or_not(void **state)
{
	struct rewire_head early, late;
	struct journal j, c;

	(void)state;
	journal_begin(&j);
	early = head_of(&j);
	journal_add_workload(&j, 1);
	journal_add_workload(&j, 2);
	late = head_of(&j);
	assert_int_equal(rewire_journal_contains(j.data, j.length, &early, NULL), 1);
	assert_int_equal(rewire_journal_contains(j.data, j.length, &late, NULL), 1);
	/* the tail was cut */
	assert_int_equal(rewire_journal_contains(j.data, j.last, &late, NULL), 0);
	early.head[3] ^= 1;
	assert_int_equal(rewire_journal_contains(j.data, j.length, &early, NULL), 0);
	journal_compact(&c, &j);
	assert_int_equal(rewire_journal_contains(c.data, c.length, &late, NULL), 1);
	assert_int_equal(rewire_journal_contains(c.data, c.length, &early, NULL),
			 -ENODATA);
	late.journal[0] ^= 1;
	assert_int_equal(rewire_journal_contains(c.data, c.length, &late, NULL), 0);
}

/* Any bytes whatever: nothing is read that is not there, and it ends. */
static void garbage_is_survived(void **state)
{
	struct rewire_journal_summary s;
	struct journal j, broken;
	struct rewire_journal_entry e;
	unsigned int seed = 7;

	(void)state;
	journal_begin(&j);
	for (int i = 0; i < 4; i++)
		journal_add_workload(&j, (__u64)i);
	for (int round = 0; round < 20000; round++) {
		size_t length = (size_t)rand_r(&seed) % (j.length + 1), at = 0;
		int rc;

		broken = j;
		for (int i = rand_r(&seed) % 8; i >= 0; i--)
			broken.data[(size_t)rand_r(&seed) % j.length] =
				(__u8)rand_r(&seed);
		verify(&broken, length, round % 2 ? &keys : NULL, &s);
		do {
			rc = rewire_journal_next(broken.data, length, &at, &e,
						 NULL);
		} while (rc == 1);
		assert_true(rc == 0 || rc == -EBADMSG);
	}
}

/* ---- heads ---- */

static char *folder;	/* with a PKI, for the whole group */
static __u8 signed_head[REWIRE_MAX_HEAD];
static size_t signed_length;

static size_t read_all(const char *path, __u8 *to, size_t room)
{
	FILE *file = fopen(path, "r");
	size_t length;

	assert_non_null(file);
	length = fread(to, 1, room, file);
	fclose(file);
	return length;
}

static EVP_PKEY *attestation_key(void)
{
	FILE *file = fopen(scratch_path(folder, "pki/hosts/alpha/attest.key"), "r");
	EVP_PKEY *key;

	assert_non_null(file);
	key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	fclose(file);
	assert_non_null(key);
	return key;
}

/* as an SM signs one */
static void sign_head(struct rewire_head *head, const __u8 *cert,
		      const char *domain, size_t domain_length)
{
	EVP_PKEY *key = attestation_key();
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t length = 512;

	head->header.magic = REWIRE_MAGIC;
	head->header.type = REWIRE_TYPE_HEAD;
	head->header.version = REWIRE_VERSION;
	head->header.size = sizeof(*head);
	head->sig_len = (__u32)EVP_PKEY_get_size(key);
	memcpy(signed_head, head, sizeof(*head));
	memcpy(signed_head + sizeof(*head), cert, head->cert_len);
	assert_true(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
		    EVP_DigestSignUpdate(context, domain, domain_length) == 1 &&
		    EVP_DigestSignUpdate(context, head, sizeof(*head)) == 1 &&
		    EVP_DigestSignFinal(context, signed_head + sizeof(*head) +
					head->cert_len, &length) == 1);
	signed_length = sizeof(*head) + head->cert_len + length;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
}

static __u8 host_sm[REWIRE_ID_SIZE];

static struct rewire_head host_head(__u64 sequence)
{
	struct rewire_head head = { .sequence = sequence };

	memcpy(head.sm, host_sm, sizeof(head.sm));
	memset(head.head, (int)sequence, sizeof(head.head));
	return head;
}

static void make_head(__u64 sequence, const char *domain, size_t domain_length)
{
	struct rewire_head head = host_head(sequence);
	unsigned char *der = NULL;
	__u8 pem[8192];
	size_t length = read_all(scratch_path(folder, "pki/hosts/alpha/attest.crt"),
				 pem, sizeof(pem));
	BIO *bio = BIO_new_mem_buf(pem, (int)length);
	X509 *x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	assert_non_null(x509);
	head.cert_len = (__u32)i2d_X509(x509, &der);
	sign_head(&head, der, domain, domain_length);
	OPENSSL_free(der);
	X509_free(x509);
	BIO_free(bio);
}

static int check_head(const char *certificate, struct rewire_head *head)
{
	__u8 *copy = malloc(signed_length);
	int rc;

	assert_non_null(copy);
	memcpy(copy, signed_head, signed_length);
	rc = rewire_head_check(copy, signed_length,
			       scratch_path(folder, certificate), head, NULL);
	free(copy);
	return rc;
}

static void head_signed_by_an_sm_is_taken(void **state)
{
	struct rewire_head head;

	(void)state;
	make_head(9, REWIRE_HEAD_DOMAIN, sizeof(REWIRE_HEAD_DOMAIN));
	assert_int_equal(check_head("pki/platform.crt", &head), 0);
	assert_int_equal(head.sequence, 9);
	assert_int_equal(check_head("pki/sds.crt", &head), -EKEYREJECTED);
	/* another statement of the same SM is not a head */
	make_head(9, REWIRE_MESSAGE_DOMAIN, sizeof(REWIRE_MESSAGE_DOMAIN));
	assert_int_equal(check_head("pki/platform.crt", &head), -EKEYREJECTED);
}

static void head_changed_is_refused(void **state)
{
	struct rewire_head head;

	(void)state;
	make_head(9, REWIRE_HEAD_DOMAIN, sizeof(REWIRE_HEAD_DOMAIN));
	for (size_t at = 0; at < signed_length; at++) {
		signed_head[at] ^= 1;
		if (!check_head("pki/platform.crt", &head))
			fail_msg("byte %zu", at);
		signed_head[at] ^= 1;
	}
	for (; signed_length; signed_length--)
		if (signed_length != sizeof(head) + ((struct rewire_head *)signed_head)->cert_len +
				     ((struct rewire_head *)signed_head)->sig_len)
			assert_int_equal(check_head("pki/platform.crt", &head),
					 -EBADMSG);
}

/* ---- witnesses ---- */

static const struct {
	const char *what;
	bool known;
	__u64 remembered, shown, vouched;
	__u8 fork;
	int rc;
	bool moves;
	__u64 says;
} answers[] = {
	{ "nothing is remembered", false, 0, 9, 0, 0, 0, true, 9 },
	{ "the same again", true, 9, 9, 0, 0, 0, true, 9 },
	{ "later, and nobody says how", true, 9, 12, 0, 0, 0, false, 9 },
	{ "later, from what is remembered", true, 9, 12, 9, 0, 0, true, 12 },
	{ "later, from something else", true, 9, 12, 8, 0, 0, false, 9 },
	{ "gone back", true, 9, 8, 0, 0, -EUCLEAN, false, 0 },
	{ "another at the same place", true, 9, 9, 0, 1, -EUCLEAN, false, 0 },
};

static void witness_answers_what_it_knows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		struct rewire_head known = host_head(answers[i].remembered);
		struct rewire_head shown = host_head(answers[i].shown);
		struct rewire_head vouched = host_head(answers[i].vouched);
		struct rewire_witness witness = { .sequence = 0 };
		bool moves = false;
		int rc;

		memset(shown.nonce, 0x77, sizeof(shown.nonce));
		shown.head[0] ^= answers[i].fork;
		shown.vouched = answers[i].vouched;
		memcpy(shown.vouched_head, vouched.head, sizeof(vouched.head));
		rc = rewire_witness_answer(answers[i].known ? &known : NULL,
					   &shown, &witness, &moves, NULL);
		if (rc != answers[i].rc || moves != answers[i].moves ||
		    witness.sequence != answers[i].says)
			fail_msg("%s: %d", answers[i].what, rc);
		if (!rc)
			assert_memory_equal(witness.nonce, shown.nonce,
					    sizeof(shown.nonce));
	}
}

static void witness_knows_one_journal_of_an_sm(void **state)
{
	struct rewire_head known = host_head(9), shown = host_head(12);
	struct rewire_witness witness;
	bool moves;

	(void)state;
	shown.journal[0] = 1;
	assert_int_equal(rewire_witness_answer(&known, &shown, &witness, &moves,
					       NULL), -EUCLEAN);
	shown = host_head(12);
	shown.sm[0] ^= 1;
	assert_int_equal(rewire_witness_answer(&known, &shown, &witness, &moves,
					       NULL), -EINVAL);
}

static int make_pki(void **state)
{
	struct rewire_error err;

	(void)state;
	folder = scratch_make();
	if (rewire_pki_init(scratch_path(folder, "pki"), &err) ||
	    rewire_pki_host(scratch_path(folder, "pki"), "alpha", NULL, host_sm,
			    &err)) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	return 0;
}

static int remove_pki(void **state)
{
	(void)state;
	scratch_remove(folder);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_journal_is_summed_up),
		cmocka_unit_test(entries_come_in_order),
		cmocka_unit_test(byte_changed_is_found),
		cmocka_unit_test(later_record_counts_when_authentic),
		cmocka_unit_test(record_of_a_later_key_is_no_torn_end),
		cmocka_unit_test(root_key_that_cannot_be_is_refused),
		cmocka_unit_test(end_cut_is_torn),
		cmocka_unit_test(key_of_another_is_told_from_damage),
		cmocka_unit_test(compaction_counts_when_complete),
		cmocka_unit_test(head_is_found_or_not),
		cmocka_unit_test(garbage_is_survived),
		cmocka_unit_test(head_signed_by_an_sm_is_taken),
		cmocka_unit_test(head_changed_is_refused),
		cmocka_unit_test(witness_answers_what_it_knows),
		cmocka_unit_test(witness_knows_one_journal_of_an_sm),
	};

	return cmocka_run_group_tests_name("journal", tests, make_pki,
					   remove_pki);
}

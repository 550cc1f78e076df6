// SPDX-License-Identifier: MIT
/*
 * Keys, key ids, signatures and thresholds (4.2.1, 4.2.2, 4.3).
 */
#include <openssl/pem.h>

#include "test.h"

static json_t *root_keys(struct world *world)
{
	return json_object_get(repo_body(world->repo, "root"), "keys");
}

static json_t *timestamp_ids(struct world *world)
{
	return json_object_get(repo_rule(world->repo, "root", "timestamp"), "keyids");
}

/* A timestamp whose only key is that object under that id. */
static void timestamp_key(struct world *world, const char *id, json_t *object)
{
	json_array_clear(timestamp_ids(world));
	json_array_append_new(timestamp_ids(world), json_string(id));
	json_object_set_new(root_keys(world), id, object);
}

/* Write a timestamp with those signatures; stolen. */
static void write_timestamp(struct world *world, json_t *signatures)
{
	json_t *doc = json_pack("{s:o, s:O}", "signatures", signatures, "signed",
				repo_body(world->repo, "timestamp"));
	char *bytes = json_dumps(doc, 0);

	repo_file(world->repo, "metadata/timestamp.json", bytes, strlen(bytes));
	json_decref(doc);
	free(bytes);
}

static char *timestamp_sig(struct world *world, const struct key *key)
{
	char *text = canonical(repo_body(world->repo, "timestamp"));
	char *sig = key_sign(key, text, strlen(text));

	free(text);
	return sig;
}

/* A root with new keys for the timestamp goes first. */
static void begin(struct world *world)
{
	world_begin(world);
	repo_set(world->repo, "timestamp", "version", json_integer(2));
}

/* Twice: what a withdrawn key has signed goes with the first. */
#define not_enough(world, how) \
	assert_int_equal(world_refresh(world), -TUF_SIGNATURE); \
	world_refuses(world, TUF_SIGNATURE, "timestamp", 2, "5.4.2", how)

static void key_of_each_kind(struct world *world, enum key_kind kind)
{
	static const char *const all[] = {
		"root", "timestamp", "snapshot", "targets",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		repo_new_key(world->repo, all[i], key_of(kind, "only"));
	world_begin(world);
	repo_push(world->repo, "root");
	repo_push(world->repo, "targets");
	world_works(world);
	world_has(world, "targets");
	/* And a signature of it that is not its own. */
	repo_unsign(world->repo, "timestamp");
	repo_sign(world->repo, "timestamp", key_of(kind, "eve"));
	{
		json_t *signature = key_signature(key_of(kind, "eve"),
						  repo_body(world->repo,
							    "timestamp"));

		repo_set(world->repo, "timestamp", "version", json_integer(9));
		json_object_set_new(signature, "keyid",
				    json_string(key_of(kind, "only")->id));
		write_timestamp(world, json_pack("[o]", signature));
	}
	world_refuses(world, TUF_SIGNATURE, "timestamp", 9, "5.4.2",
		      "signed by 0 of the 1");
}

static void ed25519(void **state)
{
	key_of_each_kind(*state, ED25519);
}

static void ecdsa_p256(void **state)
{
	key_of_each_kind(*state, ECDSA);
}

static void rsa_pss(void **state)
{
	key_of_each_kind(*state, RSA_PSS);
}

static void ecdsa_by_its_old_keytype(void **state)
{
	struct world *world = *state;
	const struct key *key = key_of(ECDSA, "old");
	json_t *object = json_deep_copy(key->object);
	char id[65], *sig;

	json_object_set_new(object, "keytype", json_string("ecdsa-sha2-nistp256"));
	key_id(object, id);
	begin(world);
	timestamp_key(world, id, object);
	repo_push(world->repo, "root");
	sig = timestamp_sig(world, key);
	write_timestamp(world, json_pack("[{s:s,s:s}]", "keyid", id, "sig", sig));
	free(sig);
	world_works(world);
}

/* The same key, written in another way, so that it has another id. */
static void key_under_two_ids(struct world *world, enum key_kind kind)
{
	const struct key *key = key_of(kind, "twice");
	json_t *object = json_deep_copy(key->object);
	char id[65], *sig;

	json_object_set_new(object, "more", json_string("other id"));
	key_id(object, id);
	assert_string_not_equal(id, key->id);
	repo_new_key(world->repo, "timestamp", key);
	world_begin(world);
	json_array_append_new(timestamp_ids(world), json_string(id));
	json_object_set_new(root_keys(world), id, object);
	repo_threshold(world->repo, "timestamp", 2);
	repo_push(world->repo, "root");
	repo_set(world->repo, "timestamp", "version", json_integer(2));
	sig = timestamp_sig(world, key);
	write_timestamp(world, json_pack("[{s:s,s:s},{s:s,s:s}]", "keyid", key->id,
					 "sig", sig, "keyid", id, "sig", sig));
	free(sig);
	not_enough(world, "signed by 1 of the 2");
}

static void one_ed25519_key_under_two_ids(void **state)
{
	key_under_two_ids(*state, ED25519);
}

static void one_ecdsa_key_under_two_ids(void **state)
{
	key_under_two_ids(*state, ECDSA);
}

static void one_rsa_key_under_two_ids(void **state)
{
	key_under_two_ids(*state, RSA_PSS);
}

static void key_id_that_is_no_digest(void **state)
{
	struct world *world = *state;
	const struct key *key = key_of(ED25519, "timestamp");
	char id[65], *sig;

	begin(world);
	memset(id, 'a', 64);
	id[64] = 0;
	timestamp_key(world, id, json_incref(key->object));
	repo_push(world->repo, "root");
	sig = timestamp_sig(world, key);
	write_timestamp(world, json_pack("[{s:s,s:s}]", "keyid", id, "sig", sig));
	free(sig);
	not_enough(world, "signed by 0 of the 1");
}

/* The id of one key, and another key behind it. */
static void key_id_of_another_key(void **state)
{
	struct world *world = *state;
	const struct key *eve = key_of(ED25519, "eve");
	const char *id = key_of(ED25519, "timestamp")->id;
	char *sig;

	begin(world);
	timestamp_key(world, id, json_incref(eve->object));
	repo_push(world->repo, "root");
	sig = timestamp_sig(world, eve);
	write_timestamp(world, json_pack("[{s:s,s:s}]", "keyid", id, "sig", sig));
	free(sig);
	not_enough(world, "signed by 0 of the 1");
}

/* Members that were added later (5: what is not known is kept and ignored). */
static void key_with_more_members_under_its_id(void **state)
{
	struct world *world = *state;
	const struct key *key = key_of(ED25519, "timestamp");
	json_t *object = json_deep_copy(key->object);

	begin(world);
	json_object_set_new(object, "keyid_hash_algorithms",
			    json_pack("[s]", "md5"));
	timestamp_key(world, key->id, object);
	repo_push(world->repo, "root");
	repo_write(world->repo, "timestamp");
	world_works(world);
	world_has(world, "timestamp");
}

/* What old repositories had in a key counted for its id; owners came later. */
static void key_with_members_of_a_vendor_under_its_id(void **state)
{
	struct world *world = *state;
	const struct key *key = key_of(ED25519, "timestamp");
	json_t *object = json_deep_copy(key->object);
	char id[65], *sig;

	begin(world);
	json_object_set_new(object, "keyid_hash_algorithms",
			    json_pack("[s, s]", "sha256", "sha512"));
	key_id(object, id);
	json_object_set_new(object, "x-keyowner", json_string("@somebody"));
	timestamp_key(world, id, object);
	repo_push(world->repo, "root");
	sig = timestamp_sig(world, key);
	write_timestamp(world, json_pack("[{s:s,s:s}]", "keyid", id, "sig", sig));
	free(sig);
	world_works(world);
}

/* An id is bound to type and scheme as well. */
static void key_id_of_the_same_key_in_another_scheme(void **state)
{
	struct world *world = *state;
	const struct key *key = key_of(ECDSA, "timestamp");
	json_t *object = json_deep_copy(key->object);
	char *sig;

	begin(world);
	json_object_set_new(object, "keytype", json_string("ecdsa-sha2-nistp256"));
	timestamp_key(world, key->id, object);
	repo_push(world->repo, "root");
	sig = timestamp_sig(world, key);
	write_timestamp(world, json_pack("[{s:s,s:s}]", "keyid", key->id, "sig", sig));
	free(sig);
	not_enough(world, "signed by 0 of the 1");
}

static void threshold_refused(struct world *world, int threshold)
{
	world_begin(world);
	repo_threshold(world->repo, "timestamp", threshold);
	repo_push(world->repo, "root");
	world_refuses(world, TUF_FORMAT, "root", 2, "4.3", "a threshold below 1");
}

static void threshold_0(void **state)
{
	threshold_refused(*state, 0);
}

static void threshold_negative(void **state)
{
	threshold_refused(*state, -1);
}

static void threshold_0_of_a_delegation(void **state)
{
	struct world *world = *state;

	world_begin(world);
	repo_delegate(world->repo, "targets", "A", rule_paths("*", false));
	json_object_set_new(repo_rule(world->repo, "targets", "A"), "threshold",
			    json_integer(0));
	repo_publish(world->repo);
	repo_push(world->repo, "targets");
	world_refuses(world, TUF_FORMAT, "targets", 2, "4.5", "a threshold below 1");
}

static void threshold_above_the_keys(void **state)
{
	struct world *world = *state;

	begin(world);
	repo_threshold(world->repo, "timestamp", 2);
	repo_push(world->repo, "root");
	repo_write(world->repo, "timestamp");
	not_enough(world, "signed by 1 of the 2");
}

static void threshold_of_two(void **state)
{
	struct world *world = *state;

	begin(world);
	repo_add_key(world->repo, "timestamp", key_of(ECDSA, "t2"));
	repo_add_key(world->repo, "timestamp", key_of(ED25519, "t3"));
	repo_threshold(world->repo, "timestamp", 2);
	repo_push(world->repo, "root");
	repo_unsign(world->repo, "timestamp");
	repo_sign(world->repo, "timestamp", key_of(ED25519, "t3"));
	repo_write(world->repo, "timestamp");
	not_enough(world, "signed by 1 of the 2");
	repo_sign(world->repo, "timestamp", key_of(ECDSA, "t2"));
	repo_write(world->repo, "timestamp");
	world_works(world);
	world_has(world, "timestamp");
}

static void one_signature_twice(void **state)
{
	struct world *world = *state;

	begin(world);
	repo_add_key(world->repo, "timestamp", key_of(ED25519, "t2"));
	repo_threshold(world->repo, "timestamp", 2);
	repo_push(world->repo, "root");
	repo_unsign(world->repo, "timestamp");
	repo_sign(world->repo, "timestamp", key_of(ED25519, "t2"));
	repo_sign(world->repo, "timestamp", key_of(ED25519, "t2"));
	repo_write(world->repo, "timestamp");
	world_refuses(world, TUF_FORMAT, "timestamp", 0, "4.2.1",
		      "two signatures under one keyid");
}

static void one_key_id_twice_in_a_role(void **state)
{
	struct world *world = *state;

	begin(world);
	json_array_append_new(timestamp_ids(world),
			      json_string(key_of(ED25519, "timestamp")->id));
	repo_push(world->repo, "root");
	world_refuses(world, TUF_FORMAT, "root", 2, "4.3",
		      "the same twice in a list");
}

/* In root's keys, but of another role. */
static void key_that_is_not_of_the_role(void **state)
{
	struct world *world = *state;

	begin(world);
	repo_unsign(world->repo, "timestamp");
	repo_sign(world->repo, "timestamp", key_of(ED25519, "targets"));
	repo_write(world->repo, "timestamp");
	not_enough(world, "signed by 0 of the 1");
}

/* In the role's list, but root has no such key. */
static void key_id_without_a_key(void **state)
{
	struct world *world = *state;

	begin(world);
	repo_new_key(world->repo, "timestamp", key_of(ED25519, "lost"));
	json_object_del(root_keys(world), key_of(ED25519, "lost")->id);
	repo_push(world->repo, "root");
	repo_write(world->repo, "timestamp");
	not_enough(world, "signed by 0 of the 1");
}

/* What does not count does no harm beside what does. */
static void signatures_that_do_not_count(void **state)
{
	struct world *world = *state;
	const struct key *key = key_of(ED25519, "timestamp");
	char *sig, *longer = malloc(20001);

	begin(world);
	repo_add_key(world->repo, "timestamp", key_of(ED25519, "t2"));
	repo_add_key(world->repo, "timestamp", key_of(ED25519, "t3"));
	repo_add_key(world->repo, "timestamp", key_of(ED25519, "t4"));
	repo_push(world->repo, "root");
	sig = timestamp_sig(world, key);
	memset(longer, 'a', 9000);
	longer[9000] = 0;
	write_timestamp(world, json_pack("[{s:s,s:s},{s:s,s:s},{s:s,s:s},{s:s,s:s},"
					 "{s:s,s:s}]",
					 "keyid", "nobody", "sig", "00",
					 "keyid", key_of(ED25519, "t2")->id, "sig", "",
					 "keyid", key_of(ED25519, "t3")->id, "sig",
					 "not hexadecimal",
					 "keyid", key_of(ED25519, "t4")->id, "sig",
					 longer, "keyid", key->id, "sig", sig));
	free(longer);
	free(sig);
	world_works(world);
	assert_int_equal(world_stored_version(world, "timestamp"), 2);
}

/* A key of that object does not count, though its signature is right. */
static void key_does_not_count(struct world *world, const struct key *key,
			       json_t *object)
{
	char id[65], *sig;

	key_id(object, id);
	begin(world);
	timestamp_key(world, id, object);
	repo_push(world->repo, "root");
	sig = timestamp_sig(world, key);
	write_timestamp(world, json_pack("[{s:s,s:s}]", "keyid", id, "sig", sig));
	free(sig);
	not_enough(world, "signed by 0 of the 1");
}

static json_t *with(const struct key *key, const char *member, const char *value)
{
	json_t *object = json_deep_copy(key->object);

	json_object_set_new(object, member, json_string(value));
	return object;
}

static void key_of_an_unknown_type(void **state)
{
	const struct key *key = key_of(ED25519, "timestamp");

	key_does_not_count(*state, key, with(key, "keytype", "dsa"));
}

static void key_of_an_unknown_scheme(void **state)
{
	const struct key *key = key_of(RSA_PSS, "only");

	key_does_not_count(*state, key, with(key, "scheme", "rsa-pkcs1v15-sha256"));
}

static void key_of_another_type_than_it_says(void **state)
{
	const struct key *key = key_of(ECDSA, "only");
	json_t *object = with(key, "keytype", "rsa");

	json_object_set_new(object, "scheme", json_string("rsassa-pss-sha256"));
	key_does_not_count(*state, key, object);
}

static void key_that_is_unreadable(void **state)
{
	const struct key *key = key_of(ECDSA, "only");
	json_t *object = json_deep_copy(key->object);

	json_object_set_new(object, "keyval", json_pack("{s:s}", "public", "none"));
	key_does_not_count(*state, key, object);
}

static void key_without_a_public_part(void **state)
{
	const struct key *key = key_of(ECDSA, "only");
	json_t *object = json_deep_copy(key->object);

	json_object_set_new(object, "keyval", json_object());
	key_does_not_count(*state, key, object);
}

static void weak(struct world *world, enum key_kind kind, EVP_PKEY *pkey)
{
	struct key key = { .kind = kind, .pkey = pkey };

	assert_non_null(pkey);
	key_does_not_count(world, &key, key_object(kind, pkey));
	EVP_PKEY_free(pkey);
}

static void rsa_of_1024_bits(void **state)
{
	weak(*state, RSA_PSS, EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024));
}

static void ecdsa_on_another_curve(void **state)
{
	weak(*state, ECDSA, EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384"));
}

int test_keys(void)
{
	static const struct CMUnitTest tests[] = {
		in_world(ed25519),
		in_world(ecdsa_p256),
		in_world(rsa_pss),
		in_world(ecdsa_by_its_old_keytype),
		in_world(one_ed25519_key_under_two_ids),
		in_world(one_ecdsa_key_under_two_ids),
		in_world(one_rsa_key_under_two_ids),
		in_world(key_id_that_is_no_digest),
		in_world(key_id_of_another_key),
		in_world(key_with_more_members_under_its_id),
		in_world(key_with_members_of_a_vendor_under_its_id),
		in_world(key_id_of_the_same_key_in_another_scheme),
		in_world(threshold_0),
		in_world(threshold_negative),
		in_world(threshold_0_of_a_delegation),
		in_world(threshold_above_the_keys),
		in_world(threshold_of_two),
		in_world(one_signature_twice),
		in_world(one_key_id_twice_in_a_role),
		in_world(key_that_is_not_of_the_role),
		in_world(key_id_without_a_key),
		in_world(signatures_that_do_not_count),
		in_world(key_of_an_unknown_type),
		in_world(key_of_an_unknown_scheme),
		in_world(key_of_another_type_than_it_says),
		in_world(key_that_is_unreadable),
		in_world(key_without_a_public_part),
		in_world(rsa_of_1024_bits),
		in_world(ecdsa_on_another_curve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

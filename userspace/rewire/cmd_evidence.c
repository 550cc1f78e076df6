// SPDX-License-Identifier: MIT
/*
 * rewire evidence get, show, verify
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "cli.h"
#include "show.h"

#define DEFAULT_NONCE 32

struct evidence_options {
	const char *nonce, *output, *platform, *sm, *workload, *measurement,
		*software, *min_svn;
};

static bool take_nonce(const char *text, __u8 nonce[REWIRE_MAX_CHALLENGE],
		       size_t *ret_length)
{
	size_t length = strlen(text) / 2;

	if (length < REWIRE_MIN_CHALLENGE || length > REWIRE_MAX_CHALLENGE ||
	    rewire_unhex(text, nonce, length))
		return false;
	*ret_length = length;
	return true;
}

static int bad_nonce(const char *text)
{
	return cli_usage("--nonce: %s is not 8 to 64 bytes in hexadecimal digits",
			 text);
}

/* ---- show ---- */

static void show_platform(__u64 platform)
{
	bool any = false;

	printf("platform      ");
	for (int i = 0; i < 64; i++)
		if (platform & 1ULL << i) {
			printf("%s%s", any ? ", " : "",
			       rewire_platform_claim_name(1ULL << i));
			any = true;
		}
	puts(any ? "" : "nothing was seen to hold");
}

static void show_bytes(const char *name, const __u8 *bytes, size_t length)
{
	char text[2 * REWIRE_MAX_CHALLENGE + 1];

	printf("%-13s %s\n", name, rewire_hex(bytes, length, text));
}

static void show_uuid(const char *name, const __u8 *id)
{
	char text[REWIRE_ID_TEXT];

	printf("%-13s %s\n", name, rewire_id_format(id, text));
}

static void show_number(const char *name, __u64 number)
{
	printf("%-13s %llu\n", name, (unsigned long long)number);
}

static void show_words(const struct rewire_claims *c)
{
	show_bytes("sm", c->ueid + 1, REWIRE_ID_SIZE);
	show_bytes("nonce", c->nonce, c->nonce_len);
	if (c->groups & REWIRE_EAT_ENCLAVE) {
		show_uuid("workload", c->workload);
		show_number("epoch", c->epoch);
		show_bytes("measurement", c->measurement, REWIRE_DIGEST_SIZE);
		show_uuid("software", c->software);
		show_number("svn", c->svn);
		show_bytes("developer", c->developer, REWIRE_ID_SIZE);
	}
	if (c->groups & REWIRE_EAT_STATE)
		show_bytes("state", c->state_digest, REWIRE_DIGEST_SIZE);
	if (c->groups & REWIRE_EAT_SESSION) {
		printf("%-13s %s\n", "role", rewire_side_name((__u32)c->role));
		show_uuid("request", c->request_id);
		show_bytes("transcript", c->transcript, REWIRE_DIGEST_SIZE);
	}
	printf("%-13s %s\n", "freshness", rewire_freshness_name(c->freshness));
	if (c->groups & REWIRE_EAT_JOURNAL) {
		show_bytes("journal", c->journal, REWIRE_ID_SIZE);
		show_number("records", c->sequence);
		show_bytes("head", c->head, REWIRE_DIGEST_SIZE);
	}
	show_number("root key", c->generation);
	printf("%-13s %s\n", "kernel", c->kernel);
	show_number("levels", c->levels);
	show_platform(c->platform);
}

/* Numbers of 64 bits: JSON's are signed here, and these are small or bits. */
static json_t *number(__u64 value)
{
	return json_integer((json_int_t)value);
}

static void add_enclave(json_t *object, const struct rewire_claims *c)
{
	json_object_set_new(object, "workload", show_id(c->workload));
	json_object_set_new(object, "epoch", number(c->epoch));
	json_object_set_new(object, "measurement",
			    show_hex(c->measurement, REWIRE_DIGEST_SIZE));
	json_object_set_new(object, "software", show_id(c->software));
	json_object_set_new(object, "svn", number(c->svn));
	json_object_set_new(object, "developer",
			    show_hex(c->developer, REWIRE_ID_SIZE));
}

static json_t *json_platform(__u64 platform)
{
	json_t *list = json_array();

	for (int i = 0; i < 64; i++)
		if (platform & 1ULL << i)
			json_array_append_new(list, json_string(rewire_platform_claim_name(1ULL << i)));
	return list;
}

static json_t *json_claims(const struct rewire_claims *c)
{
	json_t *object = json_pack("{s:o, s:o, s:s, s:I, s:s, s:I, s:I, s:o}",
				   "sm", show_hex(c->ueid + 1, REWIRE_ID_SIZE),
				   "nonce", show_hex(c->nonce, c->nonce_len),
				   "freshness", rewire_freshness_name(c->freshness),
				   "generation", (json_int_t)c->generation,
				   "kernel", c->kernel,
				   "version", (json_int_t)c->version,
				   "levels", (json_int_t)c->levels,
				   "platform", json_platform(c->platform));

	if (c->groups & REWIRE_EAT_ENCLAVE)
		add_enclave(object, c);
	if (c->groups & REWIRE_EAT_STATE)
		json_object_set_new(object, "state_digest",
				    show_hex(c->state_digest, REWIRE_DIGEST_SIZE));
	if (c->groups & REWIRE_EAT_SESSION) {
		json_object_set_new(object, "role",
				    json_string(rewire_side_name((__u32)c->role)));
		json_object_set_new(object, "request", show_id(c->request_id));
		json_object_set_new(object, "transcript",
				    show_hex(c->transcript, REWIRE_DIGEST_SIZE));
	}
	if (c->groups & REWIRE_EAT_JOURNAL) {
		json_object_set_new(object, "journal",
				    show_hex(c->journal, REWIRE_ID_SIZE));
		json_object_set_new(object, "sequence", number(c->sequence));
		json_object_set_new(object, "head",
				    show_hex(c->head, REWIRE_DIGEST_SIZE));
	}
	return object;
}

static int read_token(const char *path, __u8 **ret_bytes, size_t *ret_length,
		      struct rewire_error *err)
{
	return rewire_file_read(path, REWIRE_MAX_EVIDENCE, ret_bytes, ret_length,
				err);
}

static int show(const char *path)
{
	struct rewire_claims claims;
	struct rewire_error err;
	size_t length;
	__u8 *bytes;
	int rc;

	if (read_token(path, &bytes, &length, &err))
		return cli_fail(&err);
	rc = rewire_evidence_parse(bytes, length, &claims, &err);
	free(bytes);
	if (rc)
		return cli_fail(&err);
	if (cli.json)
		show_json(json_claims(&claims));
	else
		show_words(&claims);
	return EXIT_SUCCESS;
}

/* ---- verify ---- */

struct wanted {
	__u8 nonce[REWIRE_MAX_CHALLENGE];
	size_t nonce_length;
	__u8 sm[REWIRE_ID_SIZE], workload[REWIRE_ID_SIZE],
		software[REWIRE_ID_SIZE], measurement[REWIRE_DIGEST_SIZE];
	__u64 min_svn;
};

static int take_wanted(const struct evidence_options *o, struct wanted *wanted)
{
	const struct {
		const char *name, *text;
		__u8 *id;
	} ids[] = {
		{ "sm", o->sm, wanted->sm },
		{ "workload", o->workload, wanted->workload },
		{ "software", o->software, wanted->software },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		if (ids[i].text && rewire_id_parse(ids[i].text, ids[i].id))
			return cli_usage("--%s: %s is not an id", ids[i].name,
					 ids[i].text);
	if (o->measurement && rewire_unhex(o->measurement, wanted->measurement,
					   REWIRE_DIGEST_SIZE))
		return cli_usage("--measurement: %s is not 64 hexadecimal digits",
				 o->measurement);
	if (o->min_svn &&
	    !cli_number(o->min_svn, 0, UINT64_MAX, &wanted->min_svn))
		return cli_usage("--min-svn: %s is not a number", o->min_svn);
	if (o->nonce && !take_nonce(o->nonce, wanted->nonce,
				    &wanted->nonce_length))
		return bad_nonce(o->nonce);
	return EXIT_SUCCESS;
}

static int differs(const char *what, struct rewire_error *err)
{
	return rewire_fail(err, EKEYREJECTED, "the evidence is genuine, but its %s is not the one asked for; `rewire evidence show` prints it",
			   what);
}

static int compare(const struct evidence_options *o, const struct wanted *wanted,
		   const struct rewire_claims *c, struct rewire_error *err)
{
	bool enclave = c->groups & REWIRE_EAT_ENCLAVE;

	if (o->nonce && (c->nonce_len != wanted->nonce_length ||
			 memcmp(c->nonce, wanted->nonce, c->nonce_len)))
		return differs("nonce (eat_nonce)", err);
	if (o->sm && memcmp(c->ueid + 1, wanted->sm, REWIRE_ID_SIZE))
		return differs("SM (ueid)", err);
	if (!enclave && (o->workload || o->measurement || o->software ||
			 o->min_svn))
		return rewire_fail(err, EKEYREJECTED, "the evidence is about an SM and no enclave; ask for it with `rewire evidence get WORKLOAD`");
	if (o->workload && memcmp(c->workload, wanted->workload, REWIRE_ID_SIZE))
		return differs("workload", err);
	if (o->measurement && memcmp(c->measurement, wanted->measurement,
				     REWIRE_DIGEST_SIZE))
		return differs("measurement", err);
	if (o->software && memcmp(c->software, wanted->software, REWIRE_ID_SIZE))
		return differs("software", err);
	if (o->min_svn && c->svn < wanted->min_svn)
		return rewire_fail(err, EKEYREJECTED, "the evidence is genuine, but svn is %llu, less than %llu",
				   (unsigned long long)c->svn,
				   (unsigned long long)wanted->min_svn);
	return 0;
}

static int verify(const char *path, const struct evidence_options *o)
{
	struct wanted wanted = { 0 };
	struct rewire_claims claims;
	struct rewire_error err;
	int status = take_wanted(o, &wanted), rc;
	size_t length;
	__u8 *bytes;

	if (status != EXIT_SUCCESS)
		return status;
	if (read_token(path, &bytes, &length, &err))
		return cli_fail(&err);
	rc = rewire_evidence_verify(bytes, length, o->platform, &claims, &err);
	free(bytes);
	if (!rc)
		rc = compare(o, &wanted, &claims, &err);
	if (rc)
		return cli_fail(&err);
	if (cli.json) {
		json_t *object = json_claims(&claims);

		json_object_set_new(object, "ok", json_true());
		json_object_set_new(object, "fresh", json_boolean(o->nonce));
		show_json(object);
		return EXIT_SUCCESS;
	}
	show_words(&claims);
	printf("%-13s %s\n", "verified", o->nonce ? "yes, and it answers the nonce" :
	       "yes; of any age, for no --nonce was given");
	return EXIT_SUCCESS;
}

/* ---- get ---- */

static int write_token(const struct rewire_token *token, const char *path,
		       struct rewire_error *err)
{
	if (path)
		return rewire_file_write(path, token->bytes, token->length, 0644,
					 err);
	return rewire_write_all(STDOUT_FILENO, token->bytes, token->length, err);
}

static int get(const char *workload, const struct evidence_options *o)
{
	__u8 nonce[REWIRE_MAX_CHALLENGE];
	size_t length = DEFAULT_NONCE;
	struct rewire_token token;
	struct rewire_error err;
	int fd, rc;

	if (o->nonce && !take_nonce(o->nonce, nonce, &length))
		return bad_nonce(o->nonce);
	if (!o->output && (cli.json || isatty(STDOUT_FILENO)))
		return cli_usage("a token is binary: name a file with --output");
	if (!o->nonce && getrandom(nonce, length, 0) != (ssize_t)length) {
		rewire_fail(&err, errno, "random numbers: %s", strerror(errno));
		return cli_fail(&err);
	}
	fd = workload ? cli_open_enclave(workload, &err) : rewire_sm_open(&err);
	if (fd < 0)
		return cli_fail(&err);
	rc = rewire_evidence_get(fd, workload, nonce, length, &token, &err);
	close(fd);
	if (!rc)
		rc = write_token(&token, o->output, &err);
	if (rc)
		return cli_fail(&err);
	if (cli.json)
		show_json(json_pack("{s:o, s:o, s:I}", "file",
				    show_text(o->output), "nonce",
				    show_hex(nonce, length), "bytes",
				    (json_int_t)token.length));
	else if (o->output)
		show_bytes("nonce", nonce, length);
	return EXIT_SUCCESS;
}

static int run(int argc, char **argv)
{
	struct evidence_options o = { 0 };
	const struct cli_option options[] = {
		{ .name = "nonce", .value = &o.nonce },
		{ .name = "output", .letter = 'o', .value = &o.output },
		{ .name = "platform", .value = &o.platform },
		{ .name = "sm", .value = &o.sm },
		{ .name = "workload", .value = &o.workload },
		{ .name = "measurement", .value = &o.measurement },
		{ .name = "software", .value = &o.software },
		{ .name = "min-svn", .value = &o.min_svn },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 1, 2);
	bool compares;

	if (at < 0)
		return cli_parse_exit(at);
	compares = o.platform || o.sm || o.workload || o.measurement ||
		   o.software || o.min_svn;
	if (!strcmp(argv[at], "get") && !compares)
		return get(argv[at + 1], &o);
	if (!strcmp(argv[at], "show") && argv[at + 1] && !compares &&
	    !o.nonce && !o.output)
		return show(argv[at + 1]);
	if (!strcmp(argv[at], "verify") && argv[at + 1] && !o.output) {
		if (!o.platform)
			return cli_usage("--platform is missing: the certificate of the fleet's platform CA");
		return verify(argv[at + 1], &o);
	}
	return cli_usage("it is `evidence get [WORKLOAD]`, `evidence show FILE` or `evidence verify FILE --platform CERT`");
}

const struct command cmd_evidence = {
	.name = "evidence",
	.run = run,
	.summary = "what a Security Monitor says of itself or an enclave, signed",
	.help =
	"usage: rewire evidence get [WORKLOAD] [--nonce HEX] [-o FILE]\n"
	"       rewire evidence show FILE\n"
	"       rewire evidence verify FILE --platform CERT [--nonce HEX] [--sm ID]\n"
	"                [--workload UUID] [--measurement HEX] [--software UUID]\n"
	"                [--min-svn N]\n"
	"\n"
	"Evidence is an EAT (RFC 9711) in COSE_Sign1: which monitor signs, what its\n"
	"journal and its platform are like and, for a WORKLOAD, which code runs in\n"
	"which epoch. `get` asks this host's monitor. `show` prints what a token says\n"
	"without believing it. `verify` needs no monitor: it believes a token that a\n"
	"monitor of the platform signed, and refuses it when anything differs from\n"
	"what was asked for. FILE - is standard input.\n"
	"\n"
	"  --nonce HEX          the verifier's fresh challenge, 8 to 64 bytes; without\n"
	"                       it evidence of any age is as good as new\n"
	"  --platform CERT      certificate of the fleet's platform CA\n"
	"  --sm ID              this monitor and no other\n"
	"  --workload, --measurement, --software, --min-svn\n"
	"                       what the enclave has to be\n"
	"\n"
	"example:\n"
	"  N=$(openssl rand -hex 32)\n"
	"  ssh alpha rewire evidence get $W --nonce $N >alpha.eat\n"
	"  rewire evidence verify alpha.eat --platform pki/platform.crt --nonce $N \\\n"
	"    --workload $W --min-svn 3\n",
};

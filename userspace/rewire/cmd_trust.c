// SPDX-License-Identifier: MIT
/*
 * rewire trust
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "show.h"

#define MAX_TABLE 65536

struct trust_options {
	const char *role, *version, *threshold, *key, *certificate,
		*passphrase_fd, *output;
};

/* --cert and --revoke may be given several times. */
static struct {
	size_t count;
	const char *path[REWIRE_BUNDLE_ANCHORS];
} certificates;

static struct {
	__u32 count;
	__u8 sm[REWIRE_BUNDLE_REVOKED][REWIRE_ID_SIZE];
} revoked;

static bool add_certificate(const char *path)
{
	if (certificates.count == ARRAY_SIZE(certificates.path))
		return false;
	certificates.path[certificates.count++] = path;
	return true;
}

static bool add_revoked(const char *text)
{
	if (revoked.count == ARRAY_SIZE(revoked.sm) ||
	    rewire_id_parse(text, revoked.sm[revoked.count]))
		return false;
	revoked.count++;
	return true;
}

static json_t *json_anchors(const struct rewire_statement *statement)
{
	const struct rewire_bundle *b = (const void *)statement->body;
	json_t *list = json_array();

	for (__u32 i = 0; i < b->anchors; i++) {
		struct rewire_anchor_name name;

		if (rewire_trust_anchor(statement, i, &name, NULL))
			continue;
		json_array_append_new(list, json_pack("{s:o, s:o}", "id",
						      show_hex(name.id,
							       REWIRE_ID_SIZE),
						      "subject",
						      show_text(name.subject)));
	}
	return list;
}

static json_t *json_bundle(const struct rewire_statement *statement)
{
	const struct rewire_bundle *b = (const void *)statement->body;
	json_t *list = json_array();

	for (__u32 i = 0; i < b->revoked; i++)
		json_array_append_new(list, show_hex(b->revoked_sm[i],
						     REWIRE_ID_SIZE));
	return json_pack("{s:s, s:s, s:I, s:I, s:o, s:o}", "kind", "bundle",
			 "role", rewire_role_name(b->role), "version",
			 (json_int_t)b->version, "threshold",
			 (json_int_t)b->threshold, "anchors",
			 json_anchors(statement), "revoked", list);
}

static const char *release(__u32 packed, char text[32])
{
	snprintf(text, 32, "%u.%u.%u", packed >> 16, packed >> 8 & 0xff,
		 packed & 0xff);
	return text;
}

static json_t *json_levels(const struct rewire_levels *l)
{
	json_t *rules = json_array();
	char text[32];

	for (__u32 i = 0; i < l->rules; i++) {
		json_t *claims = json_array();

		for (unsigned int bit = 0; rewire_claim_name(bit); bit++)
			if (l->rule[i].claims >> bit & 1)
				json_array_append_new(claims,
						      json_string(rewire_claim_name(bit)));
		json_array_append_new(rules,
				      json_pack("{s:I, s:s, s:o}", "level",
						(json_int_t)l->rule[i].level,
						"min_kernel",
						release(l->rule[i].min_kernel,
							text),
						"claims", claims));
	}
	return json_pack("{s:s, s:I, s:o}", "kind", "levels", "version",
			 (json_int_t)l->version, "rules", rules);
}

static void print_bundle(const struct rewire_statement *statement)
{
	const struct rewire_bundle *b = (const void *)statement->body;
	char text[2 * REWIRE_ID_SIZE + 1];

	printf("bundle     of role %s, version %llu\n",
	       rewire_role_name(b->role), (unsigned long long)b->version);
	if (b->role == REWIRE_ROLE_ROOT)
		printf("threshold  %u of %u have to sign what comes next\n",
		       b->threshold, b->anchors);
	for (__u32 i = 0; i < b->anchors; i++) {
		struct rewire_anchor_name name;

		if (!rewire_trust_anchor(statement, i, &name, NULL))
			printf("anchor     %s  %s\n",
			       rewire_hex(name.id, REWIRE_ID_SIZE, text),
			       name.subject);
	}
	for (__u32 i = 0; i < b->revoked; i++)
		printf("revoked    %s\n",
		       rewire_hex(b->revoked_sm[i], REWIRE_ID_SIZE, text));
}

static void print_levels(const struct rewire_levels *l)
{
	char text[32];

	printf("levels     version %llu\n", (unsigned long long)l->version);
	for (__u32 i = 0; i < l->rules; i++) {
		printf("level %u    kernel %s or newer", l->rule[i].level,
		       release(l->rule[i].min_kernel, text));
		for (unsigned int bit = 0; rewire_claim_name(bit); bit++)
			if (l->rule[i].claims >> bit & 1)
				printf(", %s", rewire_claim_name(bit));
		putchar('\n');
	}
}

/* How many of the --cert that were given signed it. */
static size_t count_signers(const struct rewire_statement *statement)
{
	size_t count = 0;

	for (size_t c = 0; c < certificates.count; c++)
		for (size_t i = 0; i < statement->signatures; i++)
			if (!rewire_trust_signed_by(statement, i,
						    certificates.path[c],
						    NULL)) {
				count++;
				break;
			}
	return count;
}

static void print_statement(const struct rewire_statement *statement)
{
	const struct rewire_header *header = (const void *)statement->body;
	bool levels = header->type == REWIRE_TYPE_LEVELS;
	size_t signers = count_signers(statement);
	json_t *json;

	if (cli.json) {
		json = levels ? json_levels((const void *)statement->body) :
				json_bundle(statement);
		json_object_set_new(json, "signatures",
				    json_integer((json_int_t)statement->signatures));
		if (certificates.count)
			json_object_set_new(json, "signers",
					    json_integer((json_int_t)signers));
		show_json(json);
		return;
	}
	if (levels)
		print_levels((const void *)statement->body);
	else
		print_bundle(statement);
	printf("signatures %zu\n", statement->signatures);
	if (certificates.count)
		printf("signed by  %zu of the %zu given\n", signers,
		       certificates.count);
}

static int finish(struct rewire_statement *statement, const char *output)
{
	struct rewire_error err;
	int status = EXIT_SUCCESS;

	if (rewire_trust_write(output, statement, &err)) {
		status = cli_fail(&err);
	} else {
		certificates.count = 0;
		print_statement(statement);
	}
	rewire_trust_free(statement);
	return status;
}

static int make_bundle(const struct trust_options *o)
{
	struct rewire_bundle bundle = { .threshold = 1 };
	struct rewire_statement *statement;
	struct rewire_error err;
	__u64 number;

	if (!o->role || !o->version || !o->output)
		return cli_usage("a bundle needs --role, --version and -o");
	if (rewire_role_parse(o->role, &bundle.role))
		return cli_usage("--role: %s is not root, sds, developer or platform",
				 o->role);
	if (!cli_number(o->version, 1, UINT64_MAX, &number))
		return cli_usage("--version: %s is not a number from 1",
				 o->version);
	bundle.version = number;
	if (o->threshold &&
	    !cli_number(o->threshold, 1, REWIRE_BUNDLE_ANCHORS, &number))
		return cli_usage("--threshold: %s is not 1 to %d", o->threshold,
				 REWIRE_BUNDLE_ANCHORS);
	if (o->threshold)
		bundle.threshold = (__u32)number;
	else if (bundle.role == REWIRE_ROLE_ROOT)
		return cli_usage("a bundle of the root role needs --threshold");
	if (!certificates.count)
		return cli_usage("nobody would speak for the role: give --cert");
	bundle.revoked = revoked.count;
	memcpy(bundle.revoked_sm, revoked.sm, sizeof(revoked.sm));
	if (rewire_trust_bundle(&bundle, certificates.path, certificates.count,
				&statement, &err))
		return cli_fail(&err);
	return finish(statement, o->output);
}

static int make_levels(const char *path, const struct trust_options *o)
{
	struct rewire_error err, why = { 0 };
	struct rewire_statement *statement;
	struct rewire_levels levels;
	size_t length;
	__u8 *text;
	int rc;

	if (!o->output)
		return cli_usage("where to: give -o");
	if (rewire_file_read(path, MAX_TABLE, &text, &length, &err))
		return cli_fail(&err);
	rc = rewire_levels_parse((const char *)text, length, &levels, &why);
	free(text);
	if (!rc)
		rc = rewire_trust_levels(&levels, &statement, &why);
	if (rc) {
		rewire_fail(&err, why.code, "%s: %s", path, why.text);
		return cli_fail(&err);
	}
	return finish(statement, o->output);
}

static int sign(const char *path, const struct trust_options *o)
{
	struct rewire_statement *statement;
	struct rewire_signer *signer;
	struct rewire_error err;
	int status, rc;

	if (!o->key || certificates.count != 1)
		return cli_usage("to sign needs --key and one --cert");
	if (rewire_trust_read(path, &statement, &err))
		return cli_fail(&err);
	status = cli_signer(o->key, certificates.path[0], o->passphrase_fd,
			    &signer);
	if (status != EXIT_SUCCESS) {
		rewire_trust_free(statement);
		return status;
	}
	rc = rewire_trust_sign(signer, statement, &err);
	rewire_signer_free(signer);
	if (rc) {
		rewire_trust_free(statement);
		return cli_fail(&err);
	}
	return finish(statement, o->output ? o->output : path);
}

static int give(const char *path)
{
	struct rewire_statement *statement;
	struct rewire_error err;
	int sm, rc;

	if (rewire_trust_read(path, &statement, &err))
		return cli_fail(&err);
	sm = rewire_sm_open(&err);
	rc = sm < 0 ? sm : rewire_trust_give(sm, statement, &err);
	if (sm >= 0)
		close(sm);
	if (!rc)
		print_statement(statement);
	rewire_trust_free(statement);
	return rc ? cli_fail(&err) : EXIT_SUCCESS;
}

static int show(const char *path)
{
	struct rewire_statement *statement;
	struct rewire_error err;

	if (rewire_trust_read(path, &statement, &err))
		return cli_fail(&err);
	print_statement(statement);
	rewire_trust_free(statement);
	return EXIT_SUCCESS;
}

static json_t *json_in_force(const struct rewire_get_trust *t)
{
	json_t *anchors = json_array();

	if (t->kind == REWIRE_TRUST_LEVELS)
		return json_pack("{s:s, s:I, s:o}", "kind", "levels", "version",
				 (json_int_t)t->version, "anchors", anchors);
	for (__u32 i = 0; i < t->anchors; i++)
		json_array_append_new(anchors, show_hex(t->anchor[i],
							REWIRE_ID_SIZE));
	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:o}", "kind", "bundle",
			 "role", rewire_role_name(t->kind), "version",
			 (json_int_t)t->version, "threshold",
			 (json_int_t)t->threshold, "revoked",
			 (json_int_t)t->revoked, "anchors", anchors);
}

static void print_in_force(const struct rewire_get_trust *t)
{
	char text[2 * REWIRE_ID_SIZE + 1];

	if (t->kind == REWIRE_TRUST_LEVELS) {
		printf("levels     version %llu%s\n",
		       (unsigned long long)t->version,
		       t->version ? "" : ", none was given");
		return;
	}
	printf("%-9s  version %llu%s, %u of %u anchors have to sign",
	       rewire_role_name(t->kind), (unsigned long long)t->version,
	       t->version ? "" : " (provisioned)", t->threshold, t->anchors);
	if (t->revoked)
		printf(", revokes %u", t->revoked);
	putchar('\n');
	for (__u32 i = 0; i < t->anchors; i++)
		printf("           %s\n",
		       rewire_hex(t->anchor[i], REWIRE_ID_SIZE, text));
}

/* What this host's monitor obeys now. */
static int show_live(void)
{
	json_t *list = cli.json ? json_array() : NULL;
	struct rewire_get_trust trust;
	struct rewire_error err;
	int sm = rewire_sm_open(&err), rc = 0;

	if (sm < 0)
		return cli_fail(&err);
	for (__u32 kind = 0; kind <= REWIRE_TRUST_LEVELS && !rc; kind++) {
		rc = rewire_sm_trust(sm, kind, &trust, &err);
		if (!rc && cli.json)
			json_array_append_new(list, json_in_force(&trust));
		else if (!rc)
			print_in_force(&trust);
	}
	close(sm);
	if (rc) {
		json_decref(list);
		return cli_fail(&err);
	}
	if (cli.json)
		show_json(list);
	return EXIT_SUCCESS;
}

static int run(int argc, char **argv)
{
	struct trust_options o = { 0 };
	bool live = false;
	const struct cli_option options[] = {
		{ .name = "role", .value = &o.role },
		{ .name = "version", .value = &o.version },
		{ .name = "threshold", .value = &o.threshold },
		{ .name = "cert", .more = add_certificate },
		{ .name = "revoke", .more = add_revoked },
		{ .name = "key", .value = &o.key },
		{ .name = "passphrase-fd", .value = &o.passphrase_fd },
		{ .name = "output", .letter = 'o', .value = &o.output },
		{ .name = "live", .flag = &live },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 1, 2);
	const char *verb, *file;

	if (at < 0)
		return cli_parse_exit(at);
	verb = argv[at];
	file = argc - at == 2 ? argv[at + 1] : NULL;
	if (live)
		return !strcmp(verb, "show") && !file ? show_live() :
		       cli_usage("--live is for `trust show` without a FILE");
	if (!strcmp(verb, "bundle") && !file)
		return make_bundle(&o);
	if (!strcmp(verb, "levels") && file)
		return make_levels(file, &o);
	if (!strcmp(verb, "sign") && file)
		return sign(file, &o);
	if (!strcmp(verb, "give") && file)
		return give(file);
	if (!strcmp(verb, "show") && file)
		return show(file);
	return cli_usage("it is `trust bundle`, or `trust levels`, `sign`, `give` or `show` and a FILE");
}

const struct command cmd_trust = {
	.name = "trust",
	.run = run,
	.summary = "say who speaks for a role, and what a trust level is",
	.help =
	"usage: rewire trust bundle --role ROLE --version N --cert FILE... -o FILE\n"
	"                           [--threshold M] [--revoke SM]...\n"
	"       rewire trust levels TABLE -o FILE\n"
	"       rewire trust sign FILE --key FILE --cert FILE [-o FILE]\n"
	"       rewire trust give FILE\n"
	"       rewire trust show FILE [--cert FILE]...\n"
	"       rewire trust show --live\n"
	"\n"
	"`bundle` names all who speak for a role from then on: root, sds, developer,\n"
	"or platform, whose certificate authorities vouch for Security Monitors. Who\n"
	"is not in it has no say any more. `levels` turns what a platform claims into\n"
	"a trust level of 1 to 7. Either counts once enough holders of root keys\n"
	"signed the file, one after the other; a bundle of the root role needs enough\n"
	"of the old keys and of the new. `give` lets this host's monitor obey it, at\n"
	"once and for good: a version that is not higher is refused. `show --live` asks\n"
	"the monitor what it obeys now.\n"
	"\n"
	"  --role ROLE          root, sds, developer or platform\n"
	"  --version N          higher than the last one of this role, or table\n"
	"  --cert FILE          bundle: a certificate, up to eight; sign: the key's;\n"
	"                       show: count the signatures of these\n"
	"  --threshold M        for root: how many have to sign what comes next\n"
	"  --revoke SM          for platform: never believe this monitor again; up to\n"
	"                       32 times, and again in each later bundle\n"
	"  --live               show: not a file, but what is in force here: of each role\n"
	"                       the version and the ids of its keys\n"
	"  --passphrase-fd N    read the key's passphrase from there, not the terminal\n"
	"  -o, --output FILE    [for sign: FILE itself]\n"
	"\n"
	"A TABLE is JSON. A platform has the highest level of which it meets the kernel\n"
	"release and all claims, and level 0 when it meets none:\n"
	"\n"
	"  { \"version\": 1, \"rules\": [\n"
	"    { \"level\": 2, \"min_kernel\": \"6.1.0\", \"claims\": [\"yama\"] },\n"
	"    { \"level\": 5, \"min_kernel\": \"6.12.0\", \"claims\": [\"yama\",\n"
	"      \"lockdown-integrity\", \"journal\", \"witnessed\"] } ] }\n"
	"\n"
	"claims: lockdown-integrity, lockdown-confidentiality, module-signatures, yama,\n"
	"no-ptrace, secure-boot, kexec-off, perf-restricted, bpf-restricted, ima,\n"
	"journal, witnessed, tpm-counter\n"
	"\n"
	"example:\n"
	"  rewire trust bundle --role developer --version 2 --cert new.crt -o dev.trust\n"
	"  rewire trust sign dev.trust --key pki/root-1.key --cert pki/root-1.crt\n"
	"  rewire trust sign dev.trust --key pki/root-3.key --cert pki/root-3.crt\n"
	"  rewire trust give dev.trust\n",
};

// SPDX-License-Identifier: MIT
/*
 * rewire witness: somebody remembers the head of an SM's journal
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "show.h"

struct witness_options {
	const char *key, *certificate, *platform, *state, *passphrase_fd;
	struct rewire_signer *signer;
};

#define MAX_ROUNDS	2	/* the second moves the witness on */

/* ---- the witness's memory ---- */

static int state_path(const char *state, const __u8 sm[REWIRE_ID_SIZE],
		      char path[4096], struct rewire_error *err)
{
	char text[2 * REWIRE_ID_SIZE + 1];

	if (snprintf(path, 4096, "%s/%s.head", state,
		     rewire_hex(sm, REWIRE_ID_SIZE, text)) >= 4096)
		return rewire_fail(err, ENAMETOOLONG, "%s: name too long",
				   state);
	return 0;
}

/* 1: it remembers a head; 0: none; or a negative errno. */
static int recall(const char *path, const char *platform,
		  struct rewire_head *known, struct rewire_error *err)
{
	struct rewire_error why = { 0 };
	size_t length;
	__u8 *data;
	int rc;

	if (access(path, F_OK) && errno == ENOENT)
		return 0;
	rc = rewire_file_read(path, REWIRE_MAX_HEAD, &data, &length, err);
	if (rc)
		return rc;
	rc = rewire_head_check(data, length, platform, known, &why);
	free(data);
	return rc ? rewire_fail(err, why.code, "%s: %s", path, why.text) : 1;
}

/* One at a time: two answers at once could each forget the other's head. */
static int lock_state(const char *state, struct rewire_error *err)
{
	int dir;

	if (mkdir(state, 0700) && errno != EEXIST)
		return rewire_fail(err, errno, "%s: %s", state, strerror(errno));
	dir = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || flock(dir, LOCK_EX)) {
		rewire_fail(err, errno, "%s: %s", state, strerror(errno));
		if (dir >= 0)
			close(dir);
		return -err->code;
	}
	return dir;
}

static int sign(const struct rewire_witness *witness,
		const struct witness_options *o, struct rewire_signed *signature,
		struct rewire_error *err)
{
	int rc = rewire_sign_witness(o->signer, witness, signature, err);

	return rc ? rc : rewire_signed_verify(signature, o->certificate, err);
}

/*
 * What is to be remembered is on the disk before the answer exists: an answer
 * that got out and was forgotten could be given to two journals.
 */
static int answer_locked(const void *data, size_t length,
			 const struct witness_options *o,
			 struct rewire_signed *answer, bool *moved,
			 struct rewire_error *err)
{
	struct rewire_head shown, known;
	struct rewire_witness witness;
	char path[4096];
	int rc, has;

	rc = rewire_head_check(data, length, o->platform, &shown, err);
	if (!rc)
		rc = state_path(o->state, shown.sm, path, err);
	if (rc)
		return rc;
	has = recall(path, o->platform, &known, err);
	if (has < 0)
		return has;
	rc = rewire_witness_answer(has ? &known : NULL, &shown, &witness, moved,
				   err);
	if (!rc && *moved)
		rc = rewire_file_write(path, data, length, 0600, err);
	return rc ? rc : sign(&witness, o, answer, err);
}

static int answer(const void *data, size_t length,
		  const struct witness_options *o, struct rewire_signed *signature,
		  bool *moved, struct rewire_error *err)
{
	int dir = lock_state(o->state, err), rc;

	if (dir < 0)
		return dir;
	rc = answer_locked(data, length, o, signature, moved, err);
	close(dir);
	return rc;
}

/* ---- ask, sign, give ---- */

static int done(const char *output)
{
	if (cli.json)
		show_json(json_pack("{s:b, s:o}", "ok", 1, "file",
				    show_text(output)));
	return EXIT_SUCCESS;
}

static int run_ask(int argc, char **argv)
{
	const char *output = NULL;
	const struct cli_option options[] = {
		{ .name = "output", .letter = 'o', .value = &output,
		  .required = true },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 0, 0), sm, rc;
	__u8 head[REWIRE_MAX_HEAD];
	size_t length = sizeof(head);
	struct rewire_error err;

	if (at < 0)
		return cli_parse_exit(at);
	sm = rewire_sm_open(&err);
	if (sm < 0)
		return cli_fail(&err);
	rc = rewire_sm_head(sm, head, &length, &err);
	close(sm);
	if (!rc)
		rc = rewire_file_write(output, head, length, 0644, &err);
	return rc ? cli_fail(&err) : done(output);
}

static int run_sign(int argc, char **argv)
{
	struct witness_options o = { 0 };
	const char *output = NULL;
	const struct cli_option options[] = {
		{ .name = "key", .value = &o.key, .required = true },
		{ .name = "cert", .value = &o.certificate, .required = true },
		{ .name = "platform", .value = &o.platform, .required = true },
		{ .name = "state", .value = &o.state, .required = true },
		{ .name = "passphrase-fd", .value = &o.passphrase_fd },
		{ .name = "output", .letter = 'o', .value = &output,
		  .required = true },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 1, 1), rc;
	struct rewire_signed signature;
	struct rewire_error err;
	size_t length;
	bool moved;
	__u8 *data;

	if (at < 0)
		return cli_parse_exit(at);
	rc = cli_signer(o.key, o.certificate, o.passphrase_fd, &o.signer);
	if (rc != EXIT_SUCCESS)
		return rc;
	rc = rewire_file_read(argv[at], REWIRE_MAX_HEAD, &data, &length, &err);
	if (!rc) {
		rc = answer(data, length, &o, &signature, &moved, &err);
		free(data);
	}
	rewire_signer_free(o.signer);
	if (!rc)
		rc = rewire_signed_write(output, &signature, &err);
	return rc ? cli_fail(&err) : done(output);
}

static int run_give(int argc, char **argv)
{
	int at = cli_parse(argc, argv, NULL, 1, 1), sm, rc;
	struct rewire_signed witness;
	struct rewire_error err;

	if (at < 0)
		return cli_parse_exit(at);
	if (rewire_signed_read(argv[at], REWIRE_TYPE_WITNESS, &witness, &err))
		return cli_fail(&err);
	sm = rewire_sm_open(&err);
	if (sm < 0)
		return cli_fail(&err);
	rc = rewire_sm_witness(sm, &witness, &err);
	close(sm);
	return rc ? cli_fail(&err) : done(argv[at]);
}

/* ---- all three ---- */

static int round_trip(int sm, const struct witness_options *o, bool *moved,
		      struct rewire_error *err)
{
	__u8 head[REWIRE_MAX_HEAD];
	size_t length = sizeof(head);
	struct rewire_signed signature;
	int rc = rewire_sm_head(sm, head, &length, err);

	if (!rc)
		rc = answer(head, length, o, &signature, moved, err);
	return rc ? rc : rewire_sm_witness(sm, &signature, err);
}

static int local(const struct witness_options *o)
{
	struct rewire_journal_info info;
	struct rewire_error err;
	bool moved = false;
	int sm = rewire_sm_open(&err), rc = 0;

	if (sm < 0)
		return cli_fail(&err);
	for (int i = 0; i < MAX_ROUNDS && !rc && !moved; i++)
		rc = round_trip(sm, o, &moved, &err);
	if (!rc)
		rc = rewire_sm_journal_info(sm, &info, &err);
	close(sm);
	if (rc)
		return cli_fail(&err);
	if (cli.json)
		show_json(json_pack("{s:s, s:I}", "freshness",
				    rewire_freshness_name(info.freshness),
				    "records", (json_int_t)info.sequence));
	else
		printf("journal  %s, %ju records\n",
		       rewire_freshness_name(info.freshness),
		       (uintmax_t)info.sequence);
	return EXIT_SUCCESS;
}

static int run_local(int argc, char **argv)
{
	struct witness_options o = { 0 };
	const struct cli_option options[] = {
		{ .name = "key", .value = &o.key, .required = true },
		{ .name = "cert", .value = &o.certificate, .required = true },
		{ .name = "platform", .value = &o.platform, .required = true },
		{ .name = "state", .value = &o.state, .required = true },
		{ .name = "passphrase-fd", .value = &o.passphrase_fd },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 0, 0), status;

	if (at < 0)
		return cli_parse_exit(at);
	status = cli_signer(o.key, o.certificate, o.passphrase_fd, &o.signer);
	if (status != EXIT_SUCCESS)
		return status;
	status = local(&o);
	rewire_signer_free(o.signer);
	return status;
}

/* ---- since when it has been silent ---- */

static void print_status(const struct rewire_journal_info *info)
{
	double silent = (double)info->silent_ms / 1000;
	time_t told = (time_t)info->told;
	char date[32] = "never";
	struct tm utc;

	if (told && gmtime_r(&told, &utc))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", &utc);
	printf("journal  %s, %ju records\n",
	       rewire_freshness_name(info->freshness),
	       (uintmax_t)info->sequence);
	printf("witness  last heard %s%s\n", date,
	       told ? ", by its own clock" : "");
	if (info->heard)
		printf("silent   for %.0f s\n", silent);
	else
		printf("silent   for longer than %.0f s, since when this monitor has been there\n",
		       silent);
}

static int run_status(int argc, char **argv)
{
	const char *most = NULL;
	const struct cli_option options[] = {
		{ .name = "max-silence", .value = &most },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 0, 0), sm, rc;
	struct rewire_journal_info info;
	struct rewire_error err;
	__u32 most_ms = 0;
	bool stale;

	if (at < 0)
		return cli_parse_exit(at);
	if (most && !cli_duration(most, &most_ms))
		return cli_usage("--max-silence: %s is not a duration", most);
	sm = rewire_sm_open(&err);
	if (sm < 0)
		return cli_fail(&err);
	rc = rewire_sm_journal_info(sm, &info, &err);
	close(sm);
	if (!rc && info.freshness == REWIRE_FRESHNESS_VOLATILE)
		rc = rewire_fail(&err, EOPNOTSUPP,
				 "this monitor has no journal, and no witness");
	if (rc)
		return cli_fail(&err);
	stale = most && info.silent_ms > most_ms;
	if (cli.json)
		show_json(json_pack("{s:s, s:I, s:I, s:I, s:b, s:b}",
				    "freshness",
				    rewire_freshness_name(info.freshness),
				    "records", (json_int_t)info.sequence,
				    "told", (json_int_t)info.told,
				    "silent_ms", (json_int_t)info.silent_ms,
				    "heard", info.heard, "stale", stale));
	else
		print_status(&info);
	if (stale)
		fprintf(stderr, "rewire witness: stale: no witness was heard for %.1f s, at most %.1f s are allowed\n",
			(double)info.silent_ms / 1000, (double)most_ms / 1000);
	return stale ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "status"))
		return run_status(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "ask"))
		return run_ask(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "sign"))
		return run_sign(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "give"))
		return run_give(argc - 1, argv + 1);
	return run_local(argc, argv);
}

const struct command cmd_witness = {
	.name = "witness",
	.run = run,
	.summary = "say that a journal is the last there was, as the SDS",
	.help =
	"usage: rewire witness ask -o HEAD\n"
	"       rewire witness sign HEAD --key FILE --cert FILE --platform CERT\n"
	"                           --state DIR -o WITNESS\n"
	"       rewire witness give WITNESS\n"
	"       rewire witness status [--max-silence DURATION]\n"
	"       rewire witness --key FILE --cert FILE --platform CERT --state DIR\n"
	"\n"
	"A Security Monitor that starts with a journal cannot know whether somebody put\n"
	"an old one back; it runs nothing until a witness has said that it is the last.\n"
	"ask has the monitor sign how far its journal has got; sign answers with what\n"
	"the witness remembers of that monitor, and refuses a journal that has gone\n"
	"back or is another; give hands the answer in. Without a verb all three are\n"
	"done at once, and so often that the witness remembers the latest.\n"
	"\n"
	"What happened after the last head that the witness knows can be taken back\n"
	"unnoticed. So let it sign again after what matters.\n"
	"\n"
	"status says since when no witness has been heard: who keeps the SDS away keeps\n"
	"revocations and updates away, too. The time is that of the witness's clock; how\n"
	"long ago it was counts on a clock that nobody sets, from when the monitor asked.\n"
	"\n"
	"  --max-silence TIME   exit with 1 if it has been longer: 90s, 2h, 7d\n"
	"  --key, --cert        of the SDS\n"
	"  --platform CERT      of the platform CA, which certifies monitors\n"
	"  --state DIR          the witness's memory, a file for each monitor\n"
	"  --passphrase-fd N    read the key's passphrase from there, not the terminal\n"
	"\n"
	"example:\n"
	"  rewire witness ask -o alpha.head\n"
	"  rewire witness sign alpha.head --key pki/sds.key --cert pki/sds.crt \\\n"
	"    --platform pki/platform.crt --state /var/lib/rewire-witness -o alpha.witness\n"
	"  rewire witness give alpha.witness\n",
};

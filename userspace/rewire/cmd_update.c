// SPDX-License-Identifier: MIT
/*
 * rewire update
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base64.h"
#include "cli.h"
#include "show.h"
#include "update_show.h"

/* Ask the helper; its answer as JSON is the caller's, NULL when there is none. */
static int ask(const char *socket, const struct rewire_ctl_request *request,
	       rewire_ctl_event_fn *event, json_t **ret_info)
{
	struct rewire_ctl_answer answer;
	struct rewire_error err;
	int status = EXIT_SUCCESS;

	*ret_info = NULL;
	if (rewire_ctl_exchange(socket, request, event, NULL, &answer, &err))
		return cli_fail(&err);
	if (!answer.ok)
		status = cli_fail(&answer.error);
	else if (answer.info)
		*ret_info = json_loads(answer.info, 0, NULL);
	rewire_ctl_answer_clear(&answer);
	return status;
}

/* ---- apply, plan ---- */

struct order_options {
	const char *payload, *wrap, *workload, *socket;
	bool all, is_volatile, keep_going, stop_at_first, wait, yes, plan;
};

static int read_order(const char *package, const struct order_options *o,
		      struct rewire_ctl_request *request,
		      struct rewire_error *err)
{
	struct rewire_update_order *order;
	struct rewire_error why = { 0 };
	int rc = rewire_file_read(package, REWIRE_MAX_ORDER,
				  &request->update.package,
				  &request->update.package_length, err);

	if (!rc && o->wrap)
		rc = rewire_file_read(o->wrap, REWIRE_MAX_WRAP,
				      &request->update.wrap,
				      &request->update.wrap_length, err);
	if (rc)
		return rc;
	/* What is no package is said before the helper is asked. */
	rc = rewire_update_order_parse(request->update.package,
				       request->update.package_length,
				       request->update.wrap,
				       request->update.wrap_length, &order,
				       &why);
	if (rc)
		return rewire_fail(err, why.code, "%s: %s", package, why.text);
	free(order);
	return 0;
}

static void on_event(const struct rewire_ctl_answer *event, void *data)
{
	json_t *info = event->info ? json_loads(event->info, 0, NULL) : NULL;
	json_int_t total, bytes;

	(void)data;
	if (cli.json) {
		json_t *line = json_pack("{s:s}", "event", event->event);

		json_object_update_missing(line, info);
		show_json(line);
		json_decref(info);
		return;
	}
	bytes = json_integer_value(json_object_get(info, "bytes"));
	total = json_integer_value(json_object_get(info, "total"));
	/* Pieces of a payload are for whoever watches. */
	if (!bytes || bytes == total || isatty(STDOUT_FILENO)) {
		const char *workload = json_string_value(
			json_object_get(info, "workload"));
		const char *why = json_string_value(
			json_object_get(info, "reason"));

		printf("%8lld ms  %.8s  %-9s",
		       (long long)json_integer_value(json_object_get(info, "ms")),
		       workload ? workload : "", event->event);
		if (bytes && total)
			printf(" %3d %%", (int)(100.0 * (double)bytes /
						(double)total));
		if (!strcmp(event->event, "switched"))
			printf(" calls waited %.0f ms",
			       (double)json_integer_value(
				       json_object_get(info, "pause_us")) / 1000);
		printf("%s%s\n", why && *why ? " " : "", why ? why : "");
		fflush(stdout);
	}
	json_decref(info);
}

static bool confirm(size_t allowed)
{
	char answer[16] = "";

	if (!allowed) {
		puts("\nnothing of it would go");
		return false;
	}
	printf("\nupdate %zu workload%s? [y/N] ", allowed,
	       allowed == 1 ? "" : "s");
	fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) &&
	       (answer[0] == 'y' || answer[0] == 'Y');
}

static int plan(const struct rewire_ctl_request *order, const char *socket,
		bool *ret_agreed)
{
	struct rewire_ctl_request request = *order;
	int status;
	json_t *info;

	request.op = REWIRE_CTL_UPDATE_PLAN;
	status = ask(socket, &request, NULL, &info);
	if (status != EXIT_SUCCESS)
		return status;
	if (cli.json) {
		show_json(json_incref(info));
	} else {
		show_plan(stdout, info);
		if (ret_agreed)
			*ret_agreed = confirm(show_plan_allowed(info));
	}
	if (show_plan_allowed(info) != json_array_size(json_object_get(info,
							"instances")))
		status = EXIT_REFUSED;
	json_decref(info);
	return status;
}

static int apply(struct rewire_ctl_request *request,
		 const struct order_options *o)
{
	json_int_t updated, failed, left;
	json_t *info;
	int status;

	request->op = REWIRE_CTL_UPDATE_APPLY;
	request->update.payload = open(o->payload, O_RDONLY | O_CLOEXEC);
	if (request->update.payload < 0) {
		struct rewire_error err;

		rewire_fail(&err, errno, "%s: %s", o->payload, strerror(errno));
		return cli_fail(&err);
	}
	status = ask(o->socket, request, on_event, &info);
	close(request->update.payload);
	if (status != EXIT_SUCCESS)
		return status;
	updated = json_integer_value(json_object_get(info, "updated"));
	failed = json_integer_value(json_object_get(info, "failed"));
	left = json_integer_value(json_object_get(info, "left"));
	if (cli.json) {
		json_object_set_new(info, "ok", json_boolean(!failed && !left));
		show_json(json_incref(info));
	} else {
		printf("updated %lld, failed %lld, not tried %lld\n",
		       (long long)updated, (long long)failed, (long long)left);
	}
	json_decref(info);
	return failed || left ? EXIT_REFUSED : EXIT_SUCCESS;
}

static int plan_and_apply(struct rewire_ctl_request *request,
			  const struct order_options *o)
{
	bool agreed = o->yes;

	if (o->plan)
		return plan(request, o->socket, NULL);
	if (!o->yes)
		plan(request, o->socket, &agreed);
	if (agreed)
		return apply(request, o);
	if (!cli.json)
		puts("nothing was done");
	return EXIT_REFUSED;
}

static int check_order(const struct order_options *o,
		       struct rewire_ctl_request *request)
{
	if (!o->workload == !o->all)
		return cli_usage("which workload? --workload UUID, or --all that the package is for");
	if (o->workload && rewire_id_parse(o->workload,
					   request->update.workload))
		return cli_usage("--workload: %s is not a UUID", o->workload);
	if (o->keep_going && o->stop_at_first)
		return cli_usage("--keep-going and --stop-at-first-failure exclude each other");
	if (o->plan)
		return EXIT_SUCCESS;
	if (!o->payload)
		return cli_usage("--payload is missing: the file that came with the package");
	if (!o->yes && (cli.json || !isatty(STDIN_FILENO)))
		return cli_usage("there is nobody to ask: look at `rewire update plan`, then give --yes");
	return EXIT_SUCCESS;
}

static int run_order(int argc, char **argv, bool only_plan)
{
	struct order_options o = { .plan = only_plan };
	const struct cli_option options[] = {
		{ .name = "payload", .value = &o.payload },
		{ .name = "wrap", .value = &o.wrap },
		{ .name = "workload", .value = &o.workload },
		{ .name = "all", .flag = &o.all },
		{ .name = "volatile", .flag = &o.is_volatile },
		{ .name = "keep-going", .flag = &o.keep_going },
		{ .name = "stop-at-first-failure", .flag = &o.stop_at_first },
		{ .name = "wait", .flag = &o.wait },
		{ .name = "plan", .flag = &o.plan },
		{ .name = "yes", .letter = 'y', .flag = &o.yes },
		{ .name = "socket", .value = &o.socket },
		{ 0 },
	};
	struct rewire_ctl_request request = { .op = REWIRE_CTL_UPDATE_PLAN };
	int at = cli_parse(argc, argv, options, 1, 1), status;
	struct rewire_error err;

	if (at < 0)
		return cli_parse_exit(at);
	status = check_order(&o, &request);
	if (status != EXIT_SUCCESS)
		return status;
	request.update.all = o.all;
	request.update.is_volatile = o.is_volatile;
	request.update.keep_going = o.keep_going;
	request.update.wait_ms = o.wait ? UINT32_MAX : 0;
	if (read_order(argv[at], &o, &request, &err))
		status = cli_fail(&err);
	else
		status = plan_and_apply(&request, &o);
	rewire_ctl_request_clear(&request);
	return status;
}

static int run_apply(int argc, char **argv)
{
	return run_order(argc, argv, false);
}

static int run_plan(int argc, char **argv)
{
	return run_order(argc, argv, true);
}

/* ---- list, approve, reject, cancel ---- */

static int run_list(int argc, char **argv)
{
	const char *socket = NULL;
	const struct cli_option options[] = {
		{ .name = "socket", .value = &socket },
		{ 0 },
	};
	const struct rewire_ctl_request request = {
		.op = REWIRE_CTL_UPDATE_LIST,
	};
	int at = cli_parse(argc, argv, options, 0, 0), status;
	json_t *info;

	if (at < 0)
		return cli_parse_exit(at);
	status = ask(socket, &request, NULL, &info);
	if (status != EXIT_SUCCESS)
		return status;
	if (cli.json)
		show_json(json_incref(info));
	else
		show_updates(stdout, info);
	json_decref(info);
	return EXIT_SUCCESS;
}

static int decide(int argc, char **argv, int op, const char *done)
{
	const char *socket = NULL;
	const struct cli_option options[] = {
		{ .name = "socket", .value = &socket },
		{ 0 },
	};
	struct rewire_ctl_request request = { .op = op };
	int at = cli_parse(argc, argv, options, 1, 1), status;
	json_t *info;

	if (at < 0)
		return cli_parse_exit(at);
	if (rewire_id_parse(argv[at], request.update.id))
		return cli_usage("%s is not the id of an update; `rewire update list` shows them",
				 argv[at]);
	status = ask(socket, &request, NULL, &info);
	if (status != EXIT_SUCCESS)
		return status;
	if (cli.json)
		show_json(json_incref(info));
	else
		puts(done);
	json_decref(info);
	return EXIT_SUCCESS;
}

static int run_approve(int argc, char **argv)
{
	return decide(argc, argv, REWIRE_CTL_UPDATE_APPROVE,
		      "approved; the helper applies it now: `rewire update list`");
}

static int run_reject(int argc, char **argv)
{
	return decide(argc, argv, REWIRE_CTL_UPDATE_REJECT,
		      "rejected; it is not applied by itself any more");
}

static int run_cancel(int argc, char **argv)
{
	return decide(argc, argv, REWIRE_CTL_UPDATE_CANCEL,
		      "cancelled; the old version goes on: `rewire update list`");
}

/* ---- receipt ---- */

static int write_receipt(const json_t *info, const char *output,
			 struct rewire_error *err)
{
	const json_t *value = json_object_get(info, "receipt");
	struct rewire_update_receipt receipt;
	size_t length;
	__u8 *data;
	int rc;

	if (!json_is_string(value) ||
	    base64_decode(json_string_value(value), json_string_length(value),
			  &data, &length))
		return rewire_fail(err, EBADMSG, "the helper gave no receipt");
	rc = rewire_update_receipt_parse(data, length, &receipt, err);
	if (!rc && output)
		rc = rewire_file_write(output, data, length, 0644, err);
	free(data);
	if (rc)
		return rc;
	if (cli.json)
		show_json(show_receipt_json(&receipt));
	else
		show_receipt(stdout, &receipt);
	return 0;
}

static int get_receipt(const char *text, const char *socket, const char *output)
{
	struct rewire_ctl_request request = { .op = REWIRE_CTL_UPDATE_RECEIPT };
	struct rewire_error err;
	json_t *info;
	int status;

	if (rewire_id_parse(text, request.update.id))
		return cli_usage("%s is not the id of an update; `rewire update list` shows them",
				 text);
	status = ask(socket, &request, NULL, &info);
	if (status == EXIT_SUCCESS && write_receipt(info, output, &err))
		status = cli_fail(&err);
	json_decref(info);
	return status;
}

static int check_log(const char *path,
		     const struct rewire_update_receipt *receipt,
		     struct rewire_error *err)
{
	struct rewire_error why = { 0 };
	size_t length;
	__u8 *data;
	int rc = rewire_file_read(path, REWIRE_MAX_JOURNAL, &data, &length, err);

	if (rc)
		return rc;
	rc = rewire_update_receipt_in_journal(receipt, data, length, &why);
	free(data);
	if (rc < 0)
		return rewire_fail(err, why.code, "%s: %s", path, why.text);
	if (!rc)
		return rewire_fail(err, EUCLEAN, "%s: the record of this receipt is not in it: it was cut, forked, or is another SM's",
				   path);
	return 0;
}

static int verify_receipt(const char *path, const char *platform,
			  const char *log)
{
	struct rewire_update_receipt receipt;
	struct rewire_error err, why = { 0 };
	size_t length;
	__u8 *data;
	int rc = rewire_file_read(path, REWIRE_MAX_UPDATE_RECEIPT, &data,
				  &length, &err);

	if (rc)
		return cli_fail(&err);
	rc = rewire_update_receipt_verify(data, length, platform, &receipt,
					  &why);
	free(data);
	if (rc)
		rewire_fail(&err, why.code, "%s: %s", path, why.text);
	else if (log)
		rc = check_log(log, &receipt, &err);
	if (rc)
		return cli_fail(&err);
	if (cli.json) {
		json_t *object = show_receipt_json(&receipt);

		json_object_set_new(object, "ok", json_true());
		json_object_set_new(object, "in_log", json_boolean(log));
		show_json(object);
		return EXIT_SUCCESS;
	}
	show_receipt(stdout, &receipt);
	printf("verified  yes%s\n", log ? ", and its record is in the journal" :
					  "; no journal was looked at");
	return EXIT_SUCCESS;
}

static int run_receipt(int argc, char **argv)
{
	const char *socket = NULL, *output = NULL, *platform = NULL;
	const char *log = NULL;
	const struct cli_option options[] = {
		{ .name = "socket", .value = &socket },
		{ .name = "out", .letter = 'o', .value = &output },
		{ .name = "platform", .value = &platform },
		{ .name = "log", .value = &log },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 1, 2);

	if (at < 0)
		return cli_parse_exit(at);
	if (strcmp(argv[at], "verify")) {
		if (argv[at + 1] || platform || log)
			return cli_usage("it is `update receipt ID [--out FILE]`, or `update receipt verify FILE --platform CERT`");
		return get_receipt(argv[at], socket, output);
	}
	if (!argv[at + 1])
		return cli_usage("receipt verify: which FILE?");
	if (!platform)
		return cli_usage("--platform is missing: the certificate of the fleet's platform CA");
	if (socket || output)
		return cli_usage("receipt verify asks nobody, and writes nothing");
	return verify_receipt(argv[at + 1], platform, log);
}

static int run(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} verbs[] = {
		{ "apply", run_apply }, { "plan", run_plan },
		{ "list", run_list }, { "approve", run_approve },
		{ "reject", run_reject }, { "cancel", run_cancel },
		{ "receipt", run_receipt },
	};

	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(argv[1], verbs[i].name))
			return verbs[i].run(argc - 1, argv + 1);
	/* For --help, and to say what is wrong. */
	argc = cli_parse(argc, argv, NULL, 0, -1);
	return argc < 0 ? cli_parse_exit(argc) :
	       cli_usage("it is update apply, plan, list, approve, reject, cancel or receipt");
}

const struct command cmd_update = {
	.name = "update",
	.run = run,
	.summary = "give a workload a new version while it lives",
	.help =
	"usage: rewire update apply PACKAGE --payload FILE [--wrap FILE]\n"
	"                     (--workload UUID | --all) [--volatile] [--wait] [--yes]\n"
	"                     [--stop-at-first-failure | --keep-going] [--plan]\n"
	"       rewire update plan PACKAGE [--wrap FILE] (--workload UUID | --all)\n"
	"                     [--volatile]\n"
	"       rewire update list\n"
	"       rewire update approve ID | reject ID | cancel ID\n"
	"       rewire update receipt ID [--out FILE]\n"
	"       rewire update receipt verify FILE --platform CERT [--log JOURNAL]\n"
	"\n"
	"The new version is measured and started beside the old one, takes over its\n"
	"state, and is tried. Then one record in the Security Monitor's journal makes it\n"
	"the instance. Whatever goes wrong before that leaves the old version as it was;\n"
	"afterwards there is no way back. Calls wait meanwhile, and none is lost.\n"
	"\n"
	"`apply` hands a package to the local helper, for one workload or for all that\n"
	"run its software, one after the other. It shows the plan and asks first.\n"
	"Interrupting it cancels the update under way, and what is left. `plan` shows what\n"
	"would change, and what the monitor would say; nothing is touched. `list` shows\n"
	"the updates that wait, run, and are over; those in the helper's inbox wait as\n"
	"the policy of the host says, for `approve` or `reject`. An approval lets one\n"
	"that failed be tried again. `receipt` shows what the monitor signed about an\n"
	"update that is over; `receipt verify` needs neither monitor nor helper. To move\n"
	"and update, drop the package into the inbox of the target, whose policy says\n"
	"\"on_arrival\": true for that software; see docs/update.md.\n"
	"\n"
	"  --payload FILE   the new version, as it came with the package\n"
	"  --wrap FILE      the key of an encrypted payload, for this device\n"
	"  --volatile       keep no checkpoints: when the power fails during the update,\n"
	"                   the workload is lost\n"
	"  --wait           while a migration, a checkpoint or another update has the\n"
	"                   workload, wait for its end, and do not refuse\n"
	"  --keep-going     go on with the next workload after one that failed; without\n"
	"                   it the first failure ends it all\n"
	"  --plan           the same as `plan`\n"
	"  --yes            do not ask\n"
	"  --platform CERT  certificate of the fleet's platform CA\n"
	"  --log JOURNAL    a copy of the monitor's journal, of `rewire log export`: the\n"
	"                   record that the receipt names must be in it\n"
	"  --socket PATH    the local helper's [" REWIRE_CTL_SOCKET "]\n"
	"\n"
	"Exit status: 0: all were updated, or `plan` found that all would be; 1: at least\n"
	"one was not, or nobody agreed, and a line says why; 2: wrong usage.\n"
	"\n"
	"examples:\n"
	"  rewire update plan vault-2.package --all\n"
	"  rewire update apply vault-2.package --payload vault-2.payload --all --keep-going\n"
	"  rewire update receipt $ID --out vault-2.receipt\n"
	"  rewire update receipt verify vault-2.receipt --platform pki/platform.crt \\\n"
	"    --log copy/journal.0\n",
};

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two hosts with their helpers, and a network between them: calls while an
 * enclave moves, and helpers that are killed, stopped or given up on.
 *
 *	alpha: rewired, 10.9.0.1 ---- veth ---- 10.9.0.2, rewired: beta
 *
 * What alpha sends can be made to take long, so that there is time to do harm
 * between two steps.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../attacks/tap.h"
#include "carry.h"
#include "cases.h"
#include "events.h"

#define CLIENTS		4
#define CALLS_AFTER	8	/* of each client, when all is over */
#define MAX_CALLS	4096	/* of each client */
#define SLOW		"500ms"
#define POLL_US		10000

/**
 * struct helper - rewired on one host
 * @host: which
 * @address: its end of the network
 * @peer: what others call it by
 * @socket: its control socket
 * @pid: its process, or 0
 */
struct helper {
	struct host host;
	const char *address, *peer;
	char socket[64];
	pid_t pid;
};

static struct helper alpha = { .address = "10.9.0.1",
			       .peer = "alpha@10.9.0.1:7001" };
static struct helper beta = { .address = "10.9.0.2",
			      .peer = "beta@10.9.0.2:7001" };
static struct work work;
static const char *pause_goal;	/* of the helpers that are started; or NULL */
static char dir[] = "/tmp/rewire-e2e.XXXXXX";

/* A command with all rights, which must succeed. */
__attribute__((format(printf, 1, 2)))
static void run(const char *format, ...)
{
	char command[512];
	va_list list;

	va_start(list, format);
	vsnprintf(command, sizeof(command), format, list);
	va_end(list);
	if (system(command))
		tap_bail("failed: %s", command);
}

/* A child with its output in a file below dir. */
static pid_t spawn(const struct helper *where, const char *log,
		   char *const argv[])
{
	char path[128];
	pid_t pid;

	snprintf(path, sizeof(path), "%s/%s", dir, log);
	host_enter(&where->host);
	pid = fork();
	if (pid < 0)
		tap_bail("fork: %s", strerror(errno));
	if (!pid) {
		int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		execv(argv[0], argv);
		_exit(127);
	}
	return pid;
}

static void helper_start(struct helper *helper)
{
	const struct rewire_ctl_request status = { .op = REWIRE_CTL_STATUS };
	char keys[64], state[64], listen[32], log[32];
	char *const argv[] = {
		"build/bin/rewired", "--host-dir", keys, "--state-dir", state,
		"--socket", helper->socket, "--listen", listen, "--verbose",
		pause_goal ? "--pause-goal" : NULL, (char *)pause_goal, NULL,
	};

	snprintf(keys, sizeof(keys), E2E_PKI "/hosts/%s", helper->host.name);
	snprintf(state, sizeof(state), "%s/%s", dir, helper->host.name);
	snprintf(listen, sizeof(listen), "%s:7001", helper->address);
	snprintf(helper->socket, sizeof(helper->socket), "%s/%s.sock", dir,
		 helper->host.name);
	snprintf(log, sizeof(log), "%s.log", helper->host.name);
	helper->pid = spawn(helper, log, argv);
	for (int i = 0; i < PATIENCE_MS * 1000 / POLL_US; i++) {
		struct rewire_ctl_answer answer;
		struct rewire_error error;
		int rc = rewire_ctl_exchange(helper->socket, &status, NULL,
					     NULL, &answer, &error);

		if (!rc) {
			rewire_ctl_answer_clear(&answer);
			return;
		}
		usleep(POLL_US);
	}
	tap_bail("the helper of %s does not come up; see %s", helper->host.name,
		 dir);
}

static void helper_kill(struct helper *helper)
{
	kill(helper->pid, SIGKILL);
	waitpid(helper->pid, NULL, 0);
	helper->pid = 0;
}

static void network_open(void)
{
	const struct helper *ends[] = { &alpha, &beta };

	host_enter(&alpha.host);
	run("ip link add veth0 type veth peer name veth1 && ip link set veth1 name veth0 netns /proc/%d/fd/%d",
	    getpid(), beta.host.netns);
	for (int i = 0; i < 2; i++) {
		host_enter(&ends[i]->host);
		run("ip link set lo up && ip addr add %s/24 dev veth0 && ip link set veth0 up",
		    ends[i]->address);
	}
}

/* What alpha sends arrives that much later. */
static void network_slow(bool slow)
{
	host_enter(&alpha.host);
	if (slow)
		run("tc qdisc replace dev veth0 root netem delay " SLOW);
	else
		run("tc qdisc del dev veth0 root");
}

/**
 * struct order - a migration that the source's helper was told of
 * @carry: its request
 * @pid: "rewire migrate"
 * @log: its output
 */
struct order {
	struct carry carry;
	pid_t pid;
	char log[32];
};

static void order(struct order *order, struct helper *from, struct helper *to,
		  __u32 lifetime_ms)
{
	static int count;
	char request[64];
	char *const argv[] = {
		"build/bin/rewire", "migrate", "--request", request, "--to",
		(char *)to->peer, "--socket", from->socket, NULL,
	};

	carry_init(&order->carry, &work, &from->host, &to->host, lifetime_ms);
	snprintf(request, sizeof(request), "%s/request.%d", dir, ++count);
	snprintf(order->log, sizeof(order->log), "migrate.%d", count);
	if (rewire_signed_write(request, &order->carry.request,
				&order->carry.error))
		tap_bail("%s", order->carry.error.text);
	order->pid = spawn(from, order->log, argv);
}

/* It ends, with that status, and says so. */
static void expect_told(struct order *order, int status, const char *words)
{
	char path[128], text[4096] = "";
	int got = -1, fd;

	waitpid(order->pid, &got, 0);
	snprintf(path, sizeof(path), "%s/%s", dir, order->log);
	fd = open(path, O_RDONLY);
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(fd);
	expect(WIFEXITED(got) && WEXITSTATUS(got) == status &&
	       strstr(text, words), "rewire migrate ended with %#x: %s", got,
	       text);
}

struct search {
	const __u8 *request;
	__u32 state;
	bool found;
};

static void look(const struct rewire_event *event, void *data)
{
	struct search *search = data;

	search->found |= event->type == REWIRE_EVENT_TYPE_SESSION &&
			 event->to == search->state &&
			 !memcmp(event->request_id, search->request,
				 REWIRE_ID_SIZE);
}

/* Wait until the SM there says that the migration has come to a state. */
static bool await(const struct order *order, const struct helper *there,
		  __u32 state)
{
	struct search search = {
		.request = order->carry.request.body.request.id,
		.state = state,
	};
	struct rewire_watch *watch;
	struct rewire_error error;
	struct pollfd more = { .events = POLLIN };

	host_enter(&there->host);
	if (rewire_watch_open(0, &watch, &error))
		tap_bail("%s", error.text);
	more.fd = rewire_watch_fd(watch);
	do {
		if (rewire_watch_read(watch, look, &search, &error))
			tap_bail("%s", error.text);
	} while (!search.found && poll(&more, 1, PATIENCE_MS) > 0);
	rewire_watch_close(watch);
	return expect(search.found, "%s never was %s", there->host.name,
		      rewire_session_state_name(state));
}

/* Both SMs know that it is over. */
static void settle(void)
{
	for (int i = 0; i < PATIENCE_MS * 1000 / POLL_US; i++) {
		if (!host_info(&alpha.host).sessions &&
		    !host_info(&beta.host).sessions)
			return;
		usleep(POLL_US);
	}
	expect(false, "a migration stays open");
}

static void expect_stayed(struct order *order, const char *reason)
{
	settle();
	expect_reason(&order->carry, &alpha.host, REWIRE_SESSION_ABORTED,
		      reason);
	expect(!host_info(&beta.host).memory_used, "%llu bytes are left at beta",
	       host_info(&beta.host).memory_used);
	expect_only_at(&work, &alpha.host, &beta.host, 0);
}

static void expect_moved(void)
{
	settle();
	work_becomes(&work, &beta.host, REWIRE_ENCLAVE_RUNNING);
	expect_only_at(&work, &beta.host, &alpha.host, EREMCHG);
	work_end(&work, &alpha.host, &beta.host);
	work_start(&work, &alpha.host, "counter");
}

/**
 * struct caller - one client under load
 * @thread: it calls in
 * @client: it is
 * @sums: the answers
 * @count: how many
 * @error: the last failure
 */
struct caller {
	pthread_t thread;
	struct rewire_client client;
	unsigned long sums[MAX_CALLS];
	unsigned int count;
	struct rewire_error error;
};

static struct caller callers[CLIENTS];
static volatile bool over;

static void *call_on(void *data)
{
	struct caller *caller = data;
	static __thread __u8 output[REWIRE_MAX_PAYLOAD + 1];
	static __thread struct rewire_args args;
	unsigned int left = CALLS_AFTER;
	size_t length;
	__s32 status;

	rewire_args_add(&args, "add", 3);
	rewire_args_add(&args, "1", 1);
	while (left && caller->count < MAX_CALLS) {
		if (rewire_client_call(&caller->client, args.data, args.length,
				       PATIENCE_MS, output, &length, &status,
				       &caller->error) || status)
			return caller;
		output[length] = 0;
		caller->sums[caller->count++] = strtoul((char *)output, NULL, 10);
		left -= over;
	}
	return NULL;
}

static void callers_start(void)
{
	over = false;
	/* A thread is where its maker was: all of them call at alpha. */
	host_enter(&alpha.host);
	for (int i = 0; i < CLIENTS; i++) {
		callers[i].count = 0;
		if (rewire_client_init(&callers[i].client, work.id,
				       alpha.socket, &callers[i].error) ||
		    pthread_create(&callers[i].thread, NULL, call_on,
				   &callers[i]))
			tap_bail("no thread: %s", callers[i].error.text);
	}
}

/* Each sum was answered once; together they are all from 1 to their number. */
static void callers_end(unsigned int before)
{
	static unsigned char seen[CLIENTS * MAX_CALLS + 1];
	unsigned int total = 0, wrong = 0;
	void *failed;

	over = true;
	memset(seen, 0, sizeof(seen));
	for (int i = 0; i < CLIENTS; i++) {
		pthread_join(callers[i].thread, &failed);
		expect(!failed, "client %d: %s", i, callers[i].error.text);
		expect(callers[i].count > CALLS_AFTER, "client %d had no load", i);
		total += callers[i].count;
	}
	for (int i = 0; i < CLIENTS; i++)
		for (unsigned int n = 0; n < callers[i].count; n++) {
			unsigned long sum = callers[i].sums[n];

			if (!sum || sum > total || seen[sum]++)
				wrong++;
		}
	expect(!wrong, "%u of %u answers are repeated or invented", wrong,
	       total);
	tap_note("%u calls, %u of them before the move", total, before);
	work.counter = total;
}

static unsigned int callers_count(void)
{
	unsigned int sum = 0;

	for (int i = 0; i < CLIENTS; i++)
		sum += callers[i].count;
	return sum;
}

static void under_load(void)
{
	struct order there;
	unsigned int before;

	callers_start();
	while (callers_count() < 2 * CLIENTS)
		usleep(POLL_US);
	before = callers_count();
	order(&there, &alpha, &beta, LIFETIME_MS);
	expect_told(&there, 0, "receipt");
	callers_end(before);
	expect_moved();
}

/* The same, copied while it answers. */
static void under_load_in_rounds(void)
{
	helper_kill(&alpha);
	pause_goal = "1";
	helper_start(&alpha);
	pause_goal = NULL;
	under_load();
	run("grep -q 'round 1: [0-9]* bytes' %s/alpha.log", dir);
	helper_kill(&alpha);
	helper_start(&alpha);
}

static void events_of_both(void)
{
	static const char *const steps[] = { "offered", "agreed", "frozen",
		"relinquished", "destroyed", "receiving", "prepared", "active" };
	struct helper *const where[] = { &alpha, &alpha, &alpha, &alpha, &alpha,
					 &beta, &beta, &beta };
	char path[128];
	struct order there;

	order(&there, &alpha, &beta, LIFETIME_MS);
	expect_told(&there, 0, "receipt");
	settle();
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		snprintf(path, sizeof(path), "%s/events.%s", dir,
			 where[i]->host.name);
		host_enter(&where[i]->host);
		if (!i || where[i] != where[i - 1])
			run("build/bin/rewire events --json >%s", path);
		host_enter(&where[i]->host);
		snprintf(path, sizeof(path),
			 "grep -q '\"type\": *\"session\".*\"to\": *\"%s\"' %s/events.%s",
			 steps[i], dir, where[i]->host.name);
		expect(!system(path), "rewire events at %s lacks %s",
		       where[i]->host.name, steps[i]);
	}
	expect_moved();
}

static void target_killed_receiving(void)
{
	struct order there;

	network_slow(true);
	order(&there, &alpha, &beta, LIFETIME_MS);
	if (await(&there, &beta, REWIRE_SESSION_RECEIVING))
		helper_kill(&beta);
	expect_told(&there, 1, "rewire: ");
	network_slow(false);
	expect_stayed(&there, "cancelled");
	expect_reason(&there.carry, &beta.host, REWIRE_SESSION_ABORTED,
		      "its helper went away");
	helper_start(&beta);
}

static void target_killed_prepared(void)
{
	struct order there;

	order(&there, &alpha, &beta, LIFETIME_MS);
	if (await(&there, &beta, REWIRE_SESSION_PREPARED))
		helper_kill(&beta);
	helper_start(&beta);
	waitpid(there.pid, NULL, 0);
	settle();
	/* READY was out or was not: the SMs agree on it, and one has it. */
	if (work_count(&work, &alpha.host))
		expect_stayed(&there, "");
	else
		expect_moved();
}

static void source_killed_frozen(void)
{
	struct order there;

	network_slow(true);
	order(&there, &alpha, &beta, LIFETIME_MS);
	if (await(&there, &alpha, REWIRE_SESSION_FROZEN))
		helper_kill(&alpha);
	expect_told(&there, 1, "rewire: ");
	network_slow(false);
	expect_stayed(&there, "its helper went away");
	helper_start(&alpha);
}

static void source_killed_relinquished(void)
{
	struct order there;

	network_slow(true);
	order(&there, &alpha, &beta, LIFETIME_MS);
	if (await(&there, &alpha, REWIRE_SESSION_RELINQUISHED))
		helper_kill(&alpha);
	expect_told(&there, 1, "rewire: ");
	expect(host_info(&alpha.host).sessions == 1,
	       "alpha's SM did not wait for the target's word");
	expect(work_info(&work, &alpha.host).state == REWIRE_ENCLAVE_FROZEN,
	       "alpha's instance is not FROZEN");
	network_slow(false);
	helper_start(&alpha);
	expect_moved();
}

static void target_stalls(void)
{
	struct order there;

	network_slow(true);
	order(&there, &alpha, &beta, 8000);
	if (await(&there, &beta, REWIRE_SESSION_RECEIVING))
		kill(beta.pid, SIGSTOP);
	if (await(&there, &alpha, REWIRE_SESSION_ABORTED))
		expect_reason(&there.carry, &alpha.host,
			      REWIRE_SESSION_ABORTED, "the deadline has passed");
	expect_counts(&work, &alpha.host);
	kill(beta.pid, SIGCONT);
	expect_told(&there, 1, "rewire: ");
	network_slow(false);
	expect_stayed(&there, "the deadline has passed");
}

static void client_hangs_up(void)
{
	struct order there;

	network_slow(true);
	order(&there, &alpha, &beta, LIFETIME_MS);
	if (await(&there, &beta, REWIRE_SESSION_RECEIVING))
		kill(there.pid, SIGKILL);
	waitpid(there.pid, NULL, 0);
	network_slow(false);
	expect_stayed(&there, "cancelled");
}

/* The other end of the connection is a helper of the fleet, but not that one. */
static void another_name(void)
{
	const char *peer = beta.peer;
	struct order there;

	beta.peer = "gamma@10.9.0.2:7001";
	order(&there, &alpha, &beta, LIFETIME_MS);
	beta.peer = peer;
	expect_told(&there, 1, "certificate");
	settle();
	expect_only_at(&work, &alpha.host, &beta.host, 0);
}

static const struct test_case cases[] = {
	{ "moved under load, each call answered once", under_load },
	{ "the same, copied while it answers", under_load_in_rounds },
	{ "rewire events tells each step on both sides", events_of_both },
	{ "the target's helper killed when RECEIVING", target_killed_receiving },
	{ "the target's helper killed when PREPARED", target_killed_prepared },
	{ "the source's helper killed when FROZEN", source_killed_frozen },
	{ "the source's helper killed when RELINQUISHED",
	  source_killed_relinquished },
	{ "the target stalls until the deadline", target_stalls },
	{ "who ordered it hangs up", client_hangs_up },
	{ "attack_38_tls_ends_elsewhere", another_name },
	{ 0 }
};

int main(int argc, char **argv)
{
	int rc;

	if (!mkdtemp(dir))
		tap_bail("%s: %s", dir, strerror(errno));
	host_open(&alpha.host, "alpha", 0);
	host_open(&beta.host, "beta", 0);
	network_open();
	helper_start(&alpha);
	helper_start(&beta);
	work_start(&work, &alpha.host, "counter");
	rc = cases_run(cases, argc, argv);
	helper_kill(&alpha);
	helper_kill(&beta);
	work_destroy(&work, &alpha.host);
	work_destroy(&work, &beta.host);
	if (rc)
		run("tail -n 40 %s/alpha.log %s/beta.log >&2", dir, dir);
	run("rm -rf %s", dir);
	return rc;
}

// SPDX-License-Identifier: MIT
/*
 * rewired: the helper beside a Security Monitor.
 *
 * It is trusted for nothing but being alive: what it carries is signed or
 * encrypted by SMs and by the SDS, and whatever it gets wrong ends in a refusal.
 *
 * Threads
 *
 * The main thread runs an event loop and never blocks. It owns the listening
 * sockets, the connections of clients between two lines, signals, a timer, and
 * the SM's events. Everything that blocks - commands of the SM, streams, TLS -
 * is a job in the pool, which is a fixed number of threads without a queue: what
 * finds no idle thread is refused at once. Each kind of job has threads of its
 * own, so that none can starve another:
 *
 *	kind		one job is				threads
 *	POOL_CLIENT	a line of the control socket		--max-clients
 *	POOL_PEER	a connection another helper made	--max-peers
 *	POOL_REFUSAL	saying no to one that is too many	1
 *	POOL_KEEPER	finishing what nobody waits for, and	1
 *			asking how long no witness was heard
 *	POOL_UPDATER	updates that nobody waits for		1
 *	POOL_COURIER	receipts that the SDS has to get	1
 *	POOL_FETCHER	what comes from a repository		1
 *
 * Objects change hands with a job: a socket belongs either to the loop or to one
 * thread. What threads share is in struct helper: options that never change, and
 * credentials, store, updates and pool with locks of their own, none of which is held while
 * taking another or while waiting for anything but the disk.
 *
 * Two threads may work on the same migration only through the SM, whose commands
 * are idempotent; the store's claims keep them from doing so needlessly.
 *
 * Stopping: the eventfd "stop" is in every poll() of the pool; a thread inside a
 * command of the SM gets a signal. Migrations are either aborted then (before
 * RELINQUISHED) or left in the store, from which the next start goes on.
 * Enclaves are processes of their own and keep running.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/eventfd.h>
#include <sys/resource.h>

#include <event2/event.h>

#include "control.h"
#include "courier.h"
#include "fetcher.h"
#include "keeper.h"
#include "kernel_events.h"
#include "listener.h"
#include "log.h"
#include "notify.h"
#include "silence.h"
#include "updater.h"
#include "witness.h"

#define SIGNALS	3

struct program {
	struct helper helper;
	struct keeper keeper;
	struct silence silence;
	struct courier courier;
	struct event_base *base;
	struct event *signals[SIGNALS];
	struct event *tick, *reap;
	struct listener *listener;
	struct control *control;
	struct kernel_events *events;
	struct updater *updater;
};

static void on_stop_signal(evutil_socket_t signal, short what, void *data)
{
	struct program *program = data;

	(void)what;
	log_notice("stopping on signal %d", (int)signal);
	event_base_loopbreak(program->base);
}

static void on_hangup(evutil_socket_t signal, short what, void *data)
{
	struct program *program = data;
	struct rewire_error err;

	(void)signal;
	(void)what;
	if (tls_load(&program->helper.tls, program->helper.options.host_dir,
		     &err))
		log_error("certificates are those from before: %s", err.text);
	else
		log_notice("read the certificates again; connections go on");
	if (updates_read_policy(program->helper.updates, &err))
		log_error("the policy of updates is that from before: %s",
			  err.text);
}

static void on_tick(evutil_socket_t fd, short what, void *data)
{
	struct program *program = data;

	(void)fd;
	(void)what;
	keeper_tick(&program->keeper);
	silence_tick(&program->silence);
	courier_tick(&program->courier);
	updater_tick(program->updater);
	fetcher_tick(program->helper.fetcher);
}

static void on_sm_event(void *data)
{
	struct program *program = data;

	updates_poke(program->helper.updates);
}

static void on_reap(evutil_socket_t fd, short what, void *data)
{
	struct program *program = data;

	(void)fd;
	(void)what;
	pool_reap(program->helper.pool);
}

static int add_signal(struct program *program, int at, int signal,
		      event_callback_fn callback)
{
	program->signals[at] = evsignal_new(program->base, signal, callback,
					    program);
	return program->signals[at] ? event_add(program->signals[at], NULL) :
				      -1;
}

static int start_loop(struct program *program, struct rewire_error *err)
{
	const struct timeval period = { .tv_sec = KEEPER_TICK_MS / 1000 };

	program->base = event_base_new();
	if (!program->base)
		return rewire_fail(err, ENOMEM, "no event loop");
	program->tick = event_new(program->base, -1, EV_PERSIST, on_tick,
				  program);
	program->reap = event_new(program->base,
				  pool_done_fd(program->helper.pool),
				  EV_READ | EV_PERSIST, on_reap, program);
	if (!program->tick || event_add(program->tick, &period) ||
	    !program->reap || event_add(program->reap, NULL) ||
	    add_signal(program, 0, SIGTERM, on_stop_signal) ||
	    add_signal(program, 1, SIGINT, on_stop_signal) ||
	    add_signal(program, 2, SIGHUP, on_hangup))
		return rewire_fail(err, ENOMEM, "no events");
	return 0;
}

static int start_pool(struct helper *helper, struct rewire_error *err)
{
	const unsigned int threads[POOL_KINDS] = {
		[POOL_CLIENT] = helper->options.max_clients,
		[POOL_PEER] = helper->options.max_peers,
		[POOL_REFUSAL] = 1,
		[POOL_KEEPER] = 1,
		[POOL_UPDATER] = 1,
		[POOL_COURIER] = 1,
		[POOL_FETCHER] = 1,
	};

	helper->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (helper->stop < 0)
		return rewire_fail(err, errno, "eventfd: %s", strerror(errno));
	return pool_new(threads, &helper->pool, err);
}

static int greet_sm(const struct options *options, struct rewire_error *err)
{
	struct rewire_get_info info;
	char id[REWIRE_ID_TEXT];
	int sm, ret;

	sm = rewire_sm_open(err);
	if (sm < 0)
		return sm;
	ret = rewire_sm_info(sm, &info, err);
	if (!ret && !info.provisioned && options->provision) {
		ret = rewire_sm_provision(sm, options->host_dir,
					  &options->provisioning, err);
		if (!ret)
			ret = rewire_sm_info(sm, &info, err);
	}
	close(sm);
	if (ret)
		return ret;
	if (info.provisioned)
		log_notice("SM %s has %u enclaves",
			   rewire_id_format(info.sm, id), info.enclaves);
	else
		log_warning("the SM has no keys and will refuse everything: use --provision or 'rewire provision'");
	return 0;
}

/* What waits for that can be settled as soon as the keeper looks. */
static void greet_witness(struct helper *helper)
{
	struct rewire_journal_info info = { 0 };
	struct rewire_error err;
	int sm = rewire_sm_open(&err), ret = sm;

	if (sm >= 0) {
		ret = rewire_sm_journal_info(sm, &info, &err);
		close(sm);
	}
	if (!ret && info.freshness == REWIRE_FRESHNESS_WAITING)
		ret = witness_ask(helper, &err);
	if (ret && ret != -ENOLINK)
		log_warning("%s", err.text);
}

static int start(struct program *program, struct rewire_error *err)
{
	struct helper *helper = &program->helper;
	struct rewire_error minor;
	int ret;

	helper->tls.ktls = !helper->options.no_ktls;
	ret = tls_load(&helper->tls, helper->options.host_dir, err);
	if (!ret)
		ret = greet_sm(&helper->options, err);
	if (!ret)
		ret = store_open(&helper->store, helper->options.state_dir,
				 err);
	if (!ret)
		ret = updates_open(helper, &helper->updates, err);
	if (!ret)
		ret = fetcher_open(helper, &helper->fetcher, err);
	if (!ret)
		ret = start_pool(helper, err);
	if (!ret && helper->options.witness_command)
		greet_witness(helper);
	if (!ret)
		ret = start_loop(program, err);
	/* First, as it finds out whether another helper is here already. */
	if (!ret && helper->options.listen)
		ret = listener_open(program->base, helper, &program->listener,
				    err);
	if (!ret)
		ret = updater_open(program->base, helper->updates,
				   &program->updater, err);
	if (!ret)
		ret = control_open(program->base, helper,
				   listener_address(program->listener),
				   &program->control, err);
	if (ret)
		return ret;
	keeper_init(&program->keeper, helper);
	silence_init(&program->silence, helper);
	courier_init(&program->courier, helper);
	if (kernel_events_open(program->base, on_sm_event, program,
			       &program->events, &minor))
		log_warning("events of the SM are not logged: %s", minor.text);
	if (program->listener)
		log_notice("listening for helpers at %s, for clients at %s",
			   listener_address(program->listener),
			   helper->options.socket);
	else
		log_notice("listening for clients at %s",
			   helper->options.socket);
	return 0;
}

static void stop_jobs(struct helper *helper)
{
	const uint64_t one = 1;

	if (!helper->pool)
		return;
	if (write(helper->stop, &one, sizeof(one)) < 0)
		log_error("stopping: %s", strerror(errno));
	pool_stop(helper->pool);
	pool_reap(helper->pool);
}

static void stop(struct program *program)
{
	struct helper *helper = &program->helper;

	notify_manager("STOPPING=1");
	listener_close(program->listener);
	stop_jobs(helper);
	control_close(program->control);
	kernel_events_close(program->events);
	updater_close(program->updater);
	for (int i = 0; i < SIGNALS; i++)
		if (program->signals[i])
			event_free(program->signals[i]);
	if (program->tick)
		event_free(program->tick);
	if (program->reap)
		event_free(program->reap);
	if (program->base)
		event_base_free(program->base);
	pool_free(helper->pool);
	fetcher_close(helper->fetcher);
	updates_close(helper->updates);
	if (helper->stop >= 0)
		close(helper->stop);
	tls_unload(&helper->tls);
}

int main(int argc, char **argv)
{
	static struct program program = {
		.helper = { .tls = TLS_INIT, .stop = -1 },
	};
	const struct rlimit no_core = { 0 };
	struct rewire_error err;
	int ret;

	ret = options_parse(&program.helper.options, argc, argv);
	if (ret >= 0)
		return ret;
	log_open(program.helper.options.level);
	signal(SIGPIPE, SIG_IGN);
	/* Calls pass through our memory in the clear. */
	setrlimit(RLIMIT_CORE, &no_core);

	ret = start(&program, &err);
	if (ret) {
		log_error("%s", err.text);
	} else {
		notify_manager("READY=1");
		event_base_dispatch(program.base);
	}
	stop(&program);
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Promises are kept: by work of the SM, or at once by whoever is about to let out
 * something else than an answer. The rule is in output.h.
 *
 * No promise is overlooked. One that is made while a table's are being kept puts
 * the table into the list again and queues the work again, since the table was
 * taken out, and the work had begun, before it was asked how many there are.
 */
#include <linux/lockdep.h>

#include "compat.h"
#include "enclave.h"
#include "output.h"

#define OUTPUT_RETRY	HZ

static void output_work(struct work_struct *work)
{
	struct rewire_output *output =
		container_of(to_delayed_work(work), struct rewire_output, work);

	rewire_output_settle(container_of(output, struct rewire_sm, output),
			     NULL);
}

void rewire_output_setup(struct rewire_output *output)
{
	INIT_DELAYED_WORK(&output->work, output_work);
	spin_lock_init(&output->lock);
	INIT_LIST_HEAD(&output->tables);
}

/* into the list, with the caller's reference, which goes if it is there already */
static void output_put(struct rewire_output *output, struct rewire_calls *calls)
{
	bool new;

	spin_lock(&output->lock);
	new = list_empty(&calls->promising);
	if (new)
		list_add_tail(&calls->promising, &output->tables);
	spin_unlock(&output->lock);
	if (!new)
		rewire_calls_put(calls);
}

/* out of the list, with its reference; NULL: there is none */
static struct rewire_calls *output_take(struct rewire_output *output)
{
	struct rewire_calls *calls;

	spin_lock(&output->lock);
	calls = list_first_entry_or_null(&output->tables, struct rewire_calls,
					 promising);
	if (calls)
		list_del_init(&calls->promising);
	spin_unlock(&output->lock);
	return calls;
}

/* As long as earlier promises cannot be kept it waits for the disk itself. */
static int output_add(struct rewire_enclave *enclave, u32 which, u64 *value)
{
	struct rewire_output *output = &enclave->sm->output;
	bool wait = READ_ONCE(output->error);
	int ret;

	ret = rewire_sm_counter(enclave->sm, enclave->workload, which,
				wait ? REWIRE_COUNTER_ADD :
				       REWIRE_COUNTER_ADD_AHEAD, value);
	if (ret || wait)
		return ret;
	rewire_calls_promise(enclave->calls);
	output_put(output, rewire_calls_get(enclave->calls));
	queue_delayed_work(rewire_wq, &output->work, 0);
	return 0;
}

/**
 * rewire_output_counter() - read a counter, or add to it, and who waits for the disk
 * @enclave: locked, an instance that runs
 * @which: below REWIRE_COUNTERS
 * @how: REWIRE_COUNTER_*
 * @value: out
 *
 * The enclave's lock makes addition and promise one: nobody reads the counter in
 * between.
 *
 * Return: as rewire_sm_counter().
 */
int rewire_output_counter(struct rewire_enclave *enclave, u32 which, u32 how,
			  u64 *value)
{
	int ret;

	lockdep_assert_held(&enclave->lock);
	switch (how) {
	case REWIRE_COUNTER_ADD_HELD:
	case REWIRE_COUNTER_ADD_AHEAD:
		ret = output_add(enclave, which, value);
		break;
	case REWIRE_COUNTER_HOLD:
		ret = rewire_sm_counter(enclave->sm, enclave->workload, which,
					REWIRE_COUNTER_READ, value);
		break;
	default:
		return rewire_sm_counter(enclave->sm, enclave->workload, which,
					 how, value);
	}
	if (!ret && how != REWIRE_COUNTER_ADD_AHEAD)
		rewire_calls_rest(enclave->calls);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_output_counter);

/* with the journal's lock: who listens is told when it begins, and when it ends */
static void output_told(struct rewire_sm *sm, int error)
{
	struct rewire_event event = { .type = REWIRE_EVENT_TYPE_JOURNAL };

	lockdep_assert_held(&sm->journal.lock);
	if (sm->output.error == error)
		return;
	WRITE_ONCE(sm->output.error, error);
	if (error)
		snprintf(event.reason, sizeof(event.reason),
			 "answers are held: a counter could not be written down (%d)",
			 error);
	else
		strscpy(event.reason, "answers are held no longer",
			sizeof(event.reason));
	pr_warn("rewire: %s\n", event.reason);
	rewire_event_post(&sm->events, &event);
}

/* Return: 0; or an error, and @lost when it stays */
static int output_write(struct rewire_sm *sm, int *lost, struct rewire_why *why)
{
	int ret;

	mutex_lock(&sm->journal.lock);
	ret = rewire_workloads_write(sm, why);
	output_told(sm, ret);
	*lost = ret ? sm->journal.error : 0;
	mutex_unlock(&sm->journal.lock);
	return ret;
}

/**
 * rewire_output_settle() - keep all promises made so far
 * @sm: the SM; the caller has none of its locks from the journal's on
 * @why: for the sentence
 *
 * Return: 0 when everything that was added is on the disk; or as the journal says,
 * and nothing that rests on it may leave. It is tried again later, unless the
 * journal has failed for good.
 */
int rewire_output_settle(struct rewire_sm *sm, struct rewire_why *why)
{
	struct rewire_output *output = &sm->output;
	struct rewire_calls *calls;
	int ret, lost;
	u64 made;

	/* once without a table too: somebody else may be at work on it */
	do {
		calls = output_take(output);
		made = calls ? rewire_calls_promised(calls) : 0;
		ret = output_write(sm, &lost, why);
		if (!calls)
			break;
		if (ret && !lost) {
			output_put(output, calls);
			queue_delayed_work(rewire_wq, &output->work,
					   OUTPUT_RETRY);
			break;
		}
		rewire_calls_settle(calls, made, lost);
		rewire_calls_put(calls);
	} while (!ret || lost);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_output_settle);

/* no enclave is left: what they added is written down, if it goes */
void rewire_output_stop(struct rewire_sm *sm)
{
	struct rewire_calls *calls;

	cancel_delayed_work_sync(&sm->output.work);
	while ((calls = output_take(&sm->output)))
		rewire_calls_put(calls);
	mutex_lock(&sm->journal.lock);
	rewire_workloads_write(sm, NULL);
	mutex_unlock(&sm->journal.lock);
}

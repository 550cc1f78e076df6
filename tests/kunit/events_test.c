// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log of events: numbers, times, its bound, and readers that come late, are
 * overtaken, or belong to another namespace.
 */
#include <kunit/test.h>
#include <linux/string.h>
#include <net/net_namespace.h>

#include "../../kmod/events.h"

static int events_init(struct kunit *test)
{
	struct rewire_events *events;

	events = kunit_kzalloc(test, sizeof(*events), GFP_KERNEL);
	if (!events)
		return -ENOMEM;
	test->priv = events;
	return rewire_events_init(events, &init_net);
}

static void events_exit(struct kunit *test)
{
	if (test->priv)
		rewire_events_free(test->priv);
}

/* Events whose enclave is 1, 2, 3 ... so that content tells which one it is. */
static void post(struct rewire_events *events, u64 first, u64 count)
{
	struct rewire_event event = { .type = REWIRE_EVENT_TYPE_ENCLAVE };
	u64 i;

	for (i = 0; i < count; i++) {
		event.enclave = first + i;
		rewire_event_post(events, &event);
	}
}

/* Read from @cursor on; every event must be the next one and what it says. */
static u64 read_all(struct kunit *test, struct rewire_events *events,
		    struct rewire_event_cursor *cursor, bool *lost)
{
	const struct rewire_event *event;
	u64 count = 0;

	mutex_lock(&events->lock);
	while ((event = rewire_events_peek(events, cursor, lost))) {
		KUNIT_EXPECT_EQ(test, event->sequence, cursor->next);
		KUNIT_EXPECT_EQ(test, event->enclave, cursor->next);
		cursor->next++;
		count++;
	}
	mutex_unlock(&events->lock);
	return count;
}

static void events_log_empty(struct kunit *test)
{
	struct rewire_events *events = test->priv;
	struct rewire_event_cursor cursor;
	bool lost = false;

	rewire_events_start(events, &cursor, 1);

	KUNIT_EXPECT_EQ(test, read_all(test, events, &cursor, &lost), 0ULL);
	KUNIT_EXPECT_FALSE(test, lost);
	KUNIT_EXPECT_NULL(test, events->ring);
}

static void events_post_keeps_content(struct kunit *test)
{
	struct rewire_events *events = test->priv;
	struct rewire_event event = {
		.sequence = 99, .time_boot = 1, .time_real = 1,
		.type = REWIRE_EVENT_TYPE_SESSION, .side = REWIRE_SIDE_TARGET,
		.from = REWIRE_SESSION_RECEIVING, .to = REWIRE_SESSION_PREPARED,
		.enclave = 7, .epoch = 3,
	};
	struct rewire_event_cursor cursor;
	const struct rewire_event *kept;
	bool lost = false;

	/* Arrange: a reason that is not terminated */
	memset(event.workload, 0xa1, sizeof(event.workload));
	memset(event.request_id, 0xa2, sizeof(event.request_id));
	memset(event.peer, 0xa3, sizeof(event.peer));
	memset(event.reason, 'x', sizeof(event.reason));

	/* Act */
	rewire_event_post(events, &event);

	/* Assert */
	rewire_events_start(events, &cursor, 0);
	mutex_lock(&events->lock);
	kept = rewire_events_peek(events, &cursor, &lost);
	KUNIT_EXPECT_NOT_NULL(test, kept);
	if (kept) {
		KUNIT_EXPECT_EQ(test, kept->sequence, 1ULL);
		KUNIT_EXPECT_GT(test, kept->time_boot, 1ULL);
		KUNIT_EXPECT_GT(test, kept->time_real, 1ULL);
		KUNIT_EXPECT_EQ(test, strlen(kept->reason),
				(size_t)REWIRE_REASON_MAX);
		event.reason[REWIRE_REASON_MAX] = '\0';
		KUNIT_EXPECT_EQ(test, 0,
				memcmp(&kept->type, &event.type, sizeof(event) -
				       offsetof(struct rewire_event, type)));
	}
	mutex_unlock(&events->lock);
}

static void events_times_never_go_back(struct kunit *test)
{
	struct rewire_events *events = test->priv;
	u64 i;

	post(events, 1, 64);

	for (i = 2; i <= 64; i++)
		KUNIT_EXPECT_GE(test, events->ring[i].time_boot,
				events->ring[i - 1].time_boot);
}

struct since_case {
	const char *desc;
	u64 posted;
	u64 since;
	u64 first;	/* number of the first event read */
	u64 count;
};

static const struct since_case since_cases[] = {
	{ "all from 0", 10, 0, 1, 10 },
	{ "all from 1", 10, 1, 1, 10 },
	{ "from the middle", 10, 5, 5, 6 },
	{ "the last", 10, 10, 10, 1 },
	{ "the one to come", 10, 11, 11, 0 },
	{ "the future", 10, U64_MAX, U64_MAX, 0 },
	{ "exactly full", REWIRE_LOG_SIZE, 0, 1, REWIRE_LOG_SIZE },
	{ "one more than full", REWIRE_LOG_SIZE + 1, 0, 2, REWIRE_LOG_SIZE },
	{ "wrapped twice", 3 * REWIRE_LOG_SIZE - 1, 0, 2 * REWIRE_LOG_SIZE,
	  REWIRE_LOG_SIZE },
	{ "wrapped, since what is gone", 2 * REWIRE_LOG_SIZE, 17,
	  REWIRE_LOG_SIZE + 1, REWIRE_LOG_SIZE },
	{ "wrapped, since what is there", 2 * REWIRE_LOG_SIZE,
	  2 * REWIRE_LOG_SIZE - 4, 2 * REWIRE_LOG_SIZE - 4, 5 },
};

static void since_desc(const struct since_case *c, char *desc)
{
	strscpy(desc, c->desc, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(since, since_cases, since_desc);

static void events_read_since(struct kunit *test)
{
	const struct since_case *c = test->param_value;
	struct rewire_events *events = test->priv;
	struct rewire_event_cursor cursor;
	bool lost = false;

	post(events, 1, c->posted);

	rewire_events_start(events, &cursor, c->since);
	KUNIT_EXPECT_EQ(test, cursor.next, c->first);
	KUNIT_EXPECT_EQ(test, read_all(test, events, &cursor, &lost), c->count);
	KUNIT_EXPECT_FALSE(test, lost);
}

static void events_read_ends_at_its_start(struct kunit *test)
{
	struct rewire_events *events = test->priv;
	struct rewire_event_cursor cursor;
	bool lost = false;

	post(events, 1, 3);
	rewire_events_start(events, &cursor, 1);
	post(events, 4, 3);

	KUNIT_EXPECT_EQ(test, read_all(test, events, &cursor, &lost), 3ULL);
	KUNIT_EXPECT_FALSE(test, lost);
}

static void events_overtaken_reader_is_told(struct kunit *test)
{
	struct rewire_events *events = test->priv;
	struct rewire_event_cursor cursor;
	bool lost = false;

	/* Arrange: a reader that wants 1 to 100, and has not begun */
	post(events, 1, 100);
	rewire_events_start(events, &cursor, 1);

	/* Act: 1 to 40 are overwritten */
	post(events, 101, REWIRE_LOG_SIZE - 60);

	/* Assert */
	KUNIT_EXPECT_EQ(test, read_all(test, events, &cursor, &lost), 60ULL);
	KUNIT_EXPECT_TRUE(test, lost);
	KUNIT_EXPECT_EQ(test, cursor.next, 101ULL);
}

static void events_overtaken_beyond_its_end(struct kunit *test)
{
	struct rewire_events *events = test->priv;
	struct rewire_event_cursor cursor;
	bool lost = false;

	post(events, 1, 100);
	rewire_events_start(events, &cursor, 1);
	post(events, 101, 2 * REWIRE_LOG_SIZE);

	KUNIT_EXPECT_EQ(test, read_all(test, events, &cursor, &lost), 0ULL);
	KUNIT_EXPECT_TRUE(test, lost);
}

static void events_finished_reader_misses_nothing(struct kunit *test)
{
	struct rewire_events *events = test->priv;
	struct rewire_event_cursor cursor;
	bool lost = false;

	post(events, 1, 5);
	rewire_events_start(events, &cursor, 1);
	read_all(test, events, &cursor, &lost);
	post(events, 6, 2 * REWIRE_LOG_SIZE);

	KUNIT_EXPECT_EQ(test, read_all(test, events, &cursor, &lost), 0ULL);
	KUNIT_EXPECT_FALSE(test, lost);
}

static void events_namespaces_are_apart(struct kunit *test)
{
	struct rewire_events *events = test->priv;
	struct rewire_events other = {};
	struct rewire_event_cursor cursor;
	bool lost = false;

	KUNIT_ASSERT_EQ(test, rewire_events_init(&other, &init_net), 0);
	post(events, 1, 5);
	post(&other, 1, 2);

	rewire_events_start(&other, &cursor, 0);
	KUNIT_EXPECT_EQ(test, read_all(test, &other, &cursor, &lost), 2ULL);
	rewire_events_start(events, &cursor, 0);
	KUNIT_EXPECT_EQ(test, read_all(test, events, &cursor, &lost), 5ULL);
	rewire_events_free(&other);
}

static struct kunit_case events_cases[] = {
	KUNIT_CASE(events_log_empty),
	KUNIT_CASE(events_post_keeps_content),
	KUNIT_CASE(events_times_never_go_back),
	KUNIT_CASE_PARAM(events_read_since, since_gen_params),
	KUNIT_CASE(events_read_ends_at_its_start),
	KUNIT_CASE(events_overtaken_reader_is_told),
	KUNIT_CASE(events_overtaken_beyond_its_end),
	KUNIT_CASE(events_finished_reader_misses_nothing),
	KUNIT_CASE(events_namespaces_are_apart),
	{}
};

static struct kunit_suite events_suite = {
	.name = "rewire_events",
	.init = events_init,
	.exit = events_exit,
	.test_cases = events_cases,
};

kunit_test_suite(events_suite);

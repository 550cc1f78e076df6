// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log edited, cut, forked, forged: what the SM says that starts from it, and
 * what `rewire log verify` says, who has no SM.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <openssl/sha.h>

#include "../attacks/tap.h"
#include "cases.h"
#include "lives.h"

#define ALONE		REWIRE_PROVISION_UNWITNESSED
#define RECORDS		64

static struct life alpha;
static struct rewire_error error;

/* A file, and where each record is. */
struct file {
	__u8 *data;
	size_t length;
	unsigned int records;
	size_t at[RECORDS + 1];
};

static struct file file_open(const char *journal)
{
	struct rewire_journal_entry entry;
	struct file file = { 0 };
	size_t position = 0;

	file.data = life_read(journal, 0, &file.length);
	while (file.records < RECORDS &&
	       rewire_journal_next(file.data, file.length, &position, &entry,
				   &error) > 0) {
		file.at[file.records++] = entry.offset;
		file.at[file.records] = position;
	}
	file.length = position;
	return file;
}

static struct rewire_journal_record *record_of(struct file *file,
					       unsigned int n)
{
	return (struct rewire_journal_record *)(file->data + file->at[n]);
}

/* All that follows names what is there now; without the key there is no MAC. */
static void chain_anew(struct file *file, unsigned int from)
{
	for (unsigned int n = from; n + 1 < file->records; n++)
		SHA256(file->data + file->at[n], file->at[n + 1] - file->at[n],
		       record_of(file, n + 1)->previous);
}

/* A journal with some records of a life. */
static void begin(void)
{
	struct work work;

	life_begin(&alpha, "alpha", ALONE);
	for (int i = 0; i < 3; i++) {
		work_start(&work, &alpha.host, "counter");
		work_destroy(&work, &alpha.host);
	}
}

static void put_back(const char *journal, struct file *file)
{
	life_write(journal, 0, file->data, file->length);
	free(file->data);
}

/* `rewire log verify`: how it must end, and what it must say. */
__attribute__((format(printf, 4, 5)))
static void expect_verify(const char *journal, int status, const char *words,
			  const char *format, ...)
{
	char command[512], text[2048] = "", options[256];
	va_list list;
	size_t got;
	FILE *out;
	int rc;

	va_start(list, format);
	vsnprintf(options, sizeof(options), format, list);
	va_end(list);
	snprintf(command, sizeof(command), "build/bin/rewire log verify %s/%s %s 2>&1",
		 journal, REWIRE_JOURNAL_FILE_0, options);
	out = popen(command, "r");
	if (!out)
		tap_bail("popen: %s", strerror(errno));
	got = fread(text, 1, sizeof(text) - 1, out);
	text[got] = 0;
	rc = pclose(out);
	expect(WIFEXITED(rc) && WEXITSTATUS(rc) == status &&
	       strstr(text, words), "verify ended with %#x: %s", rc, text);
}

static void expect_refused(const char *journal, unsigned int record)
{
	struct life life;
	char words[32];

	snprintf(words, sizeof(words), "record %u:", record);
	expect_refusal(life_from(&life, "alpha", journal, ALONE, &error),
		       EUCLEAN, &error, words);
}

/* One byte in the middle, whichever: header, payload or MAC. */
static void edited(void)
{
	static const size_t places[] = { 40, sizeof(struct rewire_journal_record) };
	char journal[JOURNAL_PATH], name[32];

	begin();
	for (int i = 0; i < 3; i++) {
		struct file file;
		size_t at;

		life_keep(&alpha, journal);
		file = file_open(journal);
		if (!expect(file.records > 5, "only %u records", file.records))
			return;
		at = i < 2 ? file.at[3] + places[i] : file.at[4] - 1;
		file.data[at] ^= 1;
		put_back(journal, &file);
		expect_refused(journal, 3);
		/* where the MAC is wrong, the next one names another hash */
		snprintf(name, sizeof(name), "record %d", i ? 4 : 3);
		expect_verify(journal, 1, name, "%s", "");
		expect_verify(journal, 1, "record 3", "--root-key %s",
			      E2E_PKI "/hosts/alpha/root.bin");
	}
}

/* Who has no key writes a record as he likes it, and all that follow it too. */
static void forged(void)
{
	struct rewire_journal_info info;
	char journal[JOURNAL_PATH];
	struct file file;
	struct life life;
	__u64 cut;

	begin();
	life_keep(&alpha, journal);
	file = file_open(journal);
	if (!expect(file.records > 5, "only %u records", file.records))
		return;
	record_of(&file, 3)->time_real++;
	chain_anew(&file, 3);
	cut = file.at[file.records] - file.at[3];
	put_back(journal, &file);
	expect_verify(journal, 1, "record 3", "--root-key %s",
		      E2E_PKI "/hosts/alpha/root.bin");
	/* not one of them is believed: as if they had never been written */
	if (!expect_ok(life_from(&life, "alpha", journal, ALONE, &error),
		       &error) ||
	    !expect_ok(rewire_sm_journal_info(life.host.sm, &info, &error),
		       &error))
		return;
	expect(info.cut == cut, "%llu bytes were cut off, not %llu", info.cut,
	       cut);
}

/* Two lives of one past: records of the one, then of the other. */
static void forked(void)
{
	char past[JOURNAL_PATH], one[JOURNAL_PATH], other[JOURNAL_PATH];
	struct file first, second;
	struct life life;
	struct work work;
	unsigned int from;

	begin();
	life_keep(&alpha, past);
	first = file_open(past);
	from = first.records;
	free(first.data);
	for (int i = 0; i < 2; i++) {
		if (!expect_ok(life_from(&life, "alpha", past, ALONE, &error),
			       &error))
			return;
		work_start(&work, &life.host, "counter");
		work_destroy(&work, &life.host);
		life_keep(&life, i ? other : one);
	}
	first = file_open(one);
	second = file_open(other);
	if (!expect(first.at[from + 1] == second.at[from + 1] &&
		    second.records > from + 2, "the two lives differ in length"))
		return;
	memcpy(first.data, second.data, second.at[from + 1]);
	put_back(one, &first);
	free(second.data);
	expect_refused(one, from + 1);
	expect_verify(one, 1, "record", "%s", "");
}

/* It ends where a record does: only who knows the head can tell. */
static void cut(void)
{
	char journal[JOURNAL_PATH], head[2 * JOURNAL_PATH];
	struct memory memory = { 0 };
	__u8 data[REWIRE_MAX_HEAD];
	size_t length = sizeof(data);
	struct file file;
	struct life life;

	begin();
	expect_ok(life_witness(&alpha, &memory, &error), &error);
	expect_ok(rewire_sm_head(alpha.host.sm, data, &length, &error),
		  &error);
	life_keep(&alpha, journal);
	snprintf(head, sizeof(head), "%s/head", journal);
	expect_ok(rewire_file_write(head, data, length, 0600, &error), &error);
	expect_verify(journal, 0, "whole", "--head %s --platform %s", head,
		      E2E_PKI "/platform.crt");
	file = file_open(journal);
	file.length = file.at[file.records - 3];
	put_back(journal, &file);
	expect_verify(journal, 0, "whole", "%s", "");
	expect_verify(journal, 1, "it was cut, or forked",
		      "--head %s --platform %s", head, E2E_PKI "/platform.crt");
	if (!expect_ok(life_from(&life, "alpha", journal, 0, &error), &error))
		return;
	expect_refusal(life_witness(&life, &memory, &error), EUCLEAN, &error,
		       "the journal has");
	expect(life_freshness(&life) == REWIRE_FRESHNESS_WAITING, "it is %s",
	       rewire_freshness_name(life_freshness(&life)));
}

static const struct test_case cases[] = {
	{ "attack_44_edited_log", edited },
	{ "attack_44_forged_log", forged },
	{ "attack_44_forked_log", forked },
	{ "attack_44_cut_log", cut },
	{ 0 }
};

int main(int argc, char **argv)
{
	return cases_run(cases, argc, argv);
}

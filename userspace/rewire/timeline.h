/* SPDX-License-Identifier: MIT */
/*
 * What happened in a migration, and when: kept while it goes on, told afterwards.
 */
#ifndef REWIRE_TIMELINE_H
#define REWIRE_TIMELINE_H

#include <jansson.h>

#include <rewire.h>

/**
 * struct timeline - one migration
 * @events: array of objects: "event", "side", "ms" since the start, and what else
 *	the helper said
 * @result: of the migration, or the error that it ended with; NULL until then
 */
struct timeline {
	json_t *events;
	json_t *result;
};

/* @info: of the event; may be NULL. */
void timeline_add(struct timeline *timeline, const char *event,
		  const json_t *info);

/* How it ended. Takes over @result. */
void timeline_end(struct timeline *timeline, json_t *result);

/**
 * timeline_write - the report
 * @timeline: as it is
 * @path: where to; "-": standard output. By its ending: .json, .html (one page that
 *	needs nothing else), otherwise text
 *
 * Return: 0 or a negative errno.
 */
int timeline_write(const struct timeline *timeline, const char *path,
		   struct rewire_error *err);

void timeline_free(struct timeline *timeline);

#endif

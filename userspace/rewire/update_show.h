/* SPDX-License-Identifier: MIT */
/*
 * Updates, for people.
 */
#ifndef REWIRE_UPDATE_SHOW_H
#define REWIRE_UPDATE_SHOW_H

#include <stdio.h>

#include <jansson.h>

#include <rewire_update.h>

/* What an update would change: the helper's answer to UPDATE_PLAN. */
void show_plan(FILE *to, const json_t *plan);

/* How many of the instances the SM would update. */
size_t show_plan_allowed(const json_t *plan);

/* A line for each update: the helper's answer to UPDATE_LIST. */
void show_updates(FILE *to, const json_t *list);

/* What a receipt says. */
void show_receipt(FILE *to, const struct rewire_update_receipt *receipt);
json_t *show_receipt_json(const struct rewire_update_receipt *receipt);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_INBOX_H
#define REWIRED_INBOX_H

#include <stdbool.h>

#include <rewire_update.h>

/*
 * The folder where packages are dropped, by whoever fetches them. A package is
 *
 *	NAME.package	what is signed
 *	NAME.payload	the new version
 *	NAME.wrap	the content key for this device, when the payload is
 *			encrypted
 *
 * It counts once all of it is there, the payload in its full length. Who drops
 * it need not be trusted: all of it is signed, and read anew each time.
 */

#define INBOX_MAX	64

/**
 * struct inbox_item - one package
 * @name: NAME
 * @order: what is in it
 * @whole: all of it is there; else its payload is not yet
 */
struct inbox_item {
	char name[256];
	struct rewire_update_order *order;
	bool whole;
};

/**
 * struct inbox - what was found
 * @item: in the order of their names, which is that of their application
 * @count: how many
 */
struct inbox {
	struct inbox_item item[INBOX_MAX];
	unsigned int count;
};

/**
 * typedef inbox_bad_fn - is told of what is no package
 * @name: of the file
 * @why: in words
 * @data: as given to inbox_scan()
 */
typedef void inbox_bad_fn(const char *name, const char *why, void *data);

/**
 * inbox_scan - look what is there
 * @dir: the folder
 * @partial: packages that lack their payload as well
 * @bad: told of what will never be a package as it stands; not of what is not
 *	complete yet
 * @data: for @bad
 * @ret_inbox: to be cleared by inbox_clear()
 *
 * Return: 0 or a negative errno.
 */
int inbox_scan(const char *dir, bool partial, inbox_bad_fn *bad, void *data,
	       struct inbox *ret_inbox, struct rewire_error *err);
void inbox_clear(struct inbox *inbox);

/* The payload's file. Return: a descriptor or a negative errno. */
int inbox_open_payload(const char *dir, const struct inbox_item *item,
		       struct rewire_error *err);

#endif /* REWIRED_INBOX_H */

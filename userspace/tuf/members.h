/* SPDX-License-Identifier: MIT */
/*
 * Targets metadata may name many thousands of targets. As values all at once they
 * would take several times the memory of their text; so each is read, checked and
 * dropped, and what is kept is the canonical form, which is needed in any case.
 */
#ifndef TUF_MEMBERS_H
#define TUF_MEMBERS_H

#include "json.h"

/**
 * struct tuf_members - the targets of targets metadata
 * @form: the canonical form of all that is signed, targets included; when that is
 *	wrong there are no targets
 * @list: where each target lies in @form, in the order of their names
 * @count: how many
 * @wrong: what is wrong with one of them; NULL: nothing
 * @last: the one that was asked for last
 */
struct tuf_members {
	struct tuf_text form;
	struct tuf_member {
		uint32_t at;
		uint32_t length;
	} *list;
	size_t count;
	const char *wrong;
	json_t *last;
};

/**
 * tuf_members_load - parse targets metadata that nobody vouches for
 * @data: its bytes; at most TUF_TARGETS_MAX
 * @length: how many
 * @wrong: says what is wrong with the value of a member; NULL: nothing
 * @ret_doc: the document, with an object of targets that is empty
 * @ret: its targets, for tuf_members_free()
 * @err: what is wrong
 *
 * Refuses what tuf_json_load() refuses.
 */
int tuf_members_load(const void *data, size_t length,
		     const char *(*wrong)(const json_t *value), json_t **ret_doc,
		     struct tuf_members **ret, struct tuf_error *err);
void tuf_members_free(struct tuf_members *members);

/* The value of one; NULL: there is none. It is there until another one is asked. */
const json_t *tuf_members_get(struct tuf_members *members, const char *name);
/* The same by its place in the list; NULL: no memory. The caller frees @ret_name. */
const json_t *tuf_members_at(struct tuf_members *members, size_t place,
			     char **ret_name);

#endif

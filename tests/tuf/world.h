/* SPDX-License-Identifier: MIT */
/*
 * A repository, the server in front of it, and a client's folders.
 */
#ifndef TESTS_TUF_WORLD_H
#define TESTS_TUF_WORLD_H

#include <time.h>

#include <tuf.h>

#include "repo.h"
#include "server.h"

struct world {
	char *folder;
	struct repo *repo;
	struct server *server;
	struct tuf_options options;	/* one mirror each, over HTTP */
	char metadata_dir[256];
	char target_dir[256];
	char metadata_url[256];
	char target_url[256];
	const char *metadata_urls[4];
	const char *target_urls[4];
	struct tuf_error err;		/* of what was done last */
};

/* For cmocka: *state is the world, with an empty repository nobody trusts yet. */
int world_new(void **state);
int world_free(void **state);

/* Publish, trust its root. */
void world_init(struct world *world);
int world_try_init(struct world *world);
/* The same, and a refresh. */
void world_begin(struct world *world);

/* What time(2) says in this program; 0: the true time. */
extern time_t clock_now;

/* By a client of its own each. */
int world_refresh(struct world *world);
int world_download(struct world *world, const char *target);
void world_works(struct world *world);
/* The target comes, and its file has @content. */
void world_delivers(struct world *world, const char *target, const char *content);

/**
 * struct refusal - what a failure has to say
 * @text: part of its line
 */
struct refusal {
	enum tuf_check check;
	const char *role;
	int version;
	const char *section;
	const char *text;
};

/*
 * The refresh, or download, fails in that way, and what is stored of the role and
 * of those below it is as before, byte by byte.
 */
#define world_refuses(world, ...) \
	expect_refused(world, NULL, &(struct refusal){ __VA_ARGS__ }, __FILE__, \
		       __LINE__)
#define world_denies(world, target, ...) \
	expect_refused(world, target, &(struct refusal){ __VA_ARGS__ }, __FILE__, \
		       __LINE__)
void expect_refused(struct world *world, const char *target,
		    const struct refusal *refusal, const char *file, int line);
/* Is that what @world->err says? */
void expect_error(struct world *world, const struct refusal *refusal,
		  const char *file, int line);

/* All files of a folder: NAME: bytes. Hidden ones are left out. */
json_t *listing(const char *folder);
/* What the client has stored of a role; NULL: nothing. The caller frees it. */
char *world_stored(struct world *world, const char *role);
int world_stored_version(struct world *world, const char *role);
/* The same bytes as in the repository. */
void world_has(struct world *world, const char *role);
void world_lacks(struct world *world, const char *role);

char *file_read(const char *folder, const char *name);
void file_write(const char *folder, const char *name, const char *data);
bool file_exists(const char *folder, const char *name);

/* What the server was asked for since last time, as "/a\n/b\n". */
void world_asked(struct world *world, const char *paths);

#endif

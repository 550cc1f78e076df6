/* SPDX-License-Identifier: MIT */
/*
 * The folder of a repository, and the metadata in it.
 */
#ifndef TUF_REPO_INTERNAL_H
#define TUF_REPO_INTERNAL_H

#include "metadata.h"
#include "store.h"
#include "tuf-repo.h"

/* Metadata and the bytes it is stored as. */
struct tuf_stored {
	struct tuf_metadata *metadata;
	char *data;
	size_t length;
};

/**
 * struct tuf_entry - what there is of one role
 * @name: the role
 * @public: what clients get; .metadata is NULL when there is none
 * @draft: the next version; .metadata is NULL when there is none
 * @dirty: @draft has changed since it was read; its bytes may not be there yet
 */
struct tuf_entry {
	struct tuf_entry *next;
	char *name;
	struct tuf_stored public;
	struct tuf_stored draft;
	bool dirty;
};

/**
 * struct tuf_repo - an open repository
 * @path: its folder
 * @dir: the same, open
 * @draft: the folder of drafts; its lock is the repository's
 * @entries: roles that were asked for
 * @files: targets were copied since the last tuf_repo_save()
 */
struct tuf_repo {
	char *path;
	int dir;
	struct tuf_store draft;
	struct tuf_entry *entries;
	bool files;
};

#define TUF_PUBLIC	"public"
#define TUF_NEXT	".next"		/* becomes "public" */
#define TUF_DRAFT	"draft"
#define TUF_DRAFT_FILES	"draft/targets"

enum tuf_type tuf_role_type(const char *role);

/* What there is of a role. */
int tuf_repo_get(struct tuf_repo *repo, const char *role, struct tuf_entry **ret,
		 struct tuf_error *err);

/* Read again what is asked for from now on. */
void tuf_repo_forget(struct tuf_repo *repo);

/* The draft, or what is public, or NULL. */
struct tuf_metadata *tuf_entry_newest(const struct tuf_entry *entry);

/*
 * The document of a role's next version, without signatures: of the draft, else
 * after what is public. tuf_repo_put() takes it back, or json_decref() drops it.
 */
int tuf_repo_edit(struct tuf_repo *repo, const char *role, int64_t expires,
		  json_t **ret, struct tuf_error *err);

/* A document becomes the draft, when its form is right. Takes the reference. */
int tuf_repo_put(struct tuf_repo *repo, const char *role, json_t *doc,
		 struct tuf_error *err);

/* A first version of a role. */
json_t *tuf_repo_blank(enum tuf_type type, int64_t expires);

/* The bytes that a document is stored as; the caller frees them. */
int tuf_dump(const json_t *doc, char **ret_data, size_t *ret_length,
	     struct tuf_error *err);

/* Who may sign */

/**
 * typedef tuf_visit_fn - one role, reached by a delegation
 * @role: who may sign for it
 * @from: who delegates to it
 * @bin: it is one of many bins
 *
 * Return: 0 to go on, 1 to stop, negative: failure.
 */
typedef int tuf_visit_fn(struct tuf_repo *repo, const struct tuf_role *role,
			 const char *from, bool bin, void *data,
			 struct tuf_error *err);

/*
 * Visit targets and all roles behind it, each before those that it delegates to.
 * @settled: not the newest version of each counts, but the newest one that has
 * enough signatures; one that has none is a failure.
 * Return: 0, 1 when a visit stopped, or negative.
 */
int tuf_repo_walk(struct tuf_repo *repo, bool settled, tuf_visit_fn *visit,
		  void *data, struct tuf_error *err);

/* The newest version of @entry that @role has signed enough; NULL: none. */
const struct tuf_stored *tuf_entry_settled(const struct tuf_entry *entry,
					   const struct tuf_role *role);

/* The root that counts once all that has enough signatures is public. */
int tuf_repo_root(struct tuf_repo *repo, const struct tuf_stored **ret,
		  struct tuf_error *err);

/*
 * Who may sign the draft of a role. @ret[1]: of a root who else may, as the one
 * before says; its keyids are NULL otherwise. @ret_from: NULL, or who delegates;
 * the caller frees it.
 */
int tuf_repo_signers(struct tuf_repo *repo, const char *role,
		     struct tuf_role ret[2], char **ret_from,
		     struct tuf_error *err);

/* How many of the role's keys have signed. */
int64_t tuf_count_signed(const struct tuf_metadata *metadata,
			 const struct tuf_role *role);

/* Signatures */

/* Add @signer's signature to @doc, which one of @roles has to allow. */
int tuf_doc_sign(json_t *doc, const struct tuf_role roles[2],
		 const struct tuf_signer *signer, struct tuf_error *err);
bool tuf_doc_signed_by(const json_t *doc, const char *keyid);
bool tuf_role_has(const struct tuf_role roles[2], const char *keyid);

int tuf_signer_sign(const struct tuf_signer *signer, const void *data,
		    size_t length, unsigned char *sig, size_t *ret_length,
		    struct tuf_error *err);
const struct tuf_key *tuf_signer_key(const struct tuf_signer *signer);

/* In words: what @new changes; @old: NULL when there was none. */
void tuf_diff(const char *role, const struct tuf_metadata *old,
	      const struct tuf_metadata *new, tuf_say_fn *say, void *data);
/* A line of them; control characters become "?". */
void tuf_say(tuf_say_fn *say, void *data, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Targets */

/* "folder/HASH.file"; the caller frees it. NULL: no memory. */
char *tuf_target_file(const char *name, const char *hash);

/* Folders */

/* Make the folders above a file, below @dir. */
int tuf_tree_parents(int dir, const char *name, struct tuf_error *err);
/* The same files in a new folder: hard links, or copies where there are none. */
int tuf_tree_copy(const char *from, const char *to, bool link,
		  struct tuf_error *err);
/* Sync all that is in a folder. */
int tuf_tree_sync(const char *path, struct tuf_error *err);
/* Remove a folder; it may be missing. */
int tuf_tree_remove(const char *path, struct tuf_error *err);
/* "A/B"; the caller frees it. */
char *tuf_join(const char *a, const char *b);
/* One file, copied and synced. -TUF_ARGUMENT: not a file. */
int tuf_file_copy(int from, int dir, const char *name, struct tuf_error *err);
/* Exchange a new folder for one that is there or is not, in one step. */
int tuf_tree_replace(int dir, const char *fresh, const char *name,
		     struct tuf_error *err);

/*
 * tuf_check_folder() for a client that has seen @before, a folder as @folder;
 * NULL: none. @root: bytes of the root that it trusts.
 */
int tuf_check_after(const char *folder, const char *before, const void *root,
		    size_t length, int64_t now, struct tuf_counts *ret,
		    struct tuf_error *err);

#endif

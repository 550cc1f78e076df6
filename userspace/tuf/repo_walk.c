// SPDX-License-Identifier: MIT
/*
 * Who may sign for which role, and which version of it counts.
 */
#include <stdlib.h>
#include <string.h>

#include "delegate.h"
#include "error.h"
#include "repo.h"

int64_t tuf_count_signed(const struct tuf_metadata *metadata,
			 const struct tuf_role *role)
{
	struct tuf_error unfit = { 0 };
	struct tuf_role some = *role;

	for (some.threshold = 1; !tuf_verify(metadata, &some, NULL, &unfit);
	     some.threshold++)
		;
	return some.threshold - 1;
}

static bool enough(const struct tuf_metadata *metadata,
		   const struct tuf_role *role)
{
	struct tuf_error unfit = { 0 };

	return metadata && !tuf_verify(metadata, role, NULL, &unfit);
}

const struct tuf_stored *tuf_entry_settled(const struct tuf_entry *entry,
					   const struct tuf_role *role)
{
	if (enough(entry->draft.metadata, role))
		return &entry->draft;
	return enough(entry->public.metadata, role) ? &entry->public : NULL;
}

/* A root is signed by its own keys and by those of the root before it (5.3.4). */
int tuf_repo_root(struct tuf_repo *repo, const struct tuf_stored **ret,
		  struct tuf_error *err)
{
	struct tuf_metadata *draft, *public;
	struct tuf_entry *entry;
	struct tuf_role role;
	int rc;

	rc = tuf_repo_get(repo, "root", &entry, err);
	if (rc)
		return rc;
	draft = entry->draft.metadata;
	public = entry->public.metadata;
	*ret = &entry->public;
	if (draft) {
		tuf_root_role(draft, TUF_ROOT, &role);
		if (enough(draft, &role)) {
			if (public)
				tuf_root_role(public, TUF_ROOT, &role);
			if (!public || enough(draft, &role))
				*ret = &entry->draft;
		}
	}
	return (*ret)->metadata ? 0 :
	       tuf_fail(err, TUF_SIGNATURE, "5.3.4",
			"the first root has not enough signatures yet");
}

/* One role that is waited for. */
struct step {
	struct step *next;
	struct tuf_role role;
	char *name;
	char *from;
	bool bin;
};

struct walk {
	struct tuf_repo *repo;
	bool settled;
	json_t *seen;
	struct step *first, **last;
};

static int push(struct walk *walk, const struct tuf_role *role, const char *from,
		bool bin, struct tuf_error *err)
{
	struct step *step;

	/* A role may be delegated to by several; the first of them counts here. */
	if (json_object_get(walk->seen, role->name))
		return 0;
	step = calloc(1, sizeof(*step));
	if (!step || json_object_set_new(walk->seen, role->name, json_null())) {
		free(step);
		return tuf_no_memory(err);
	}
	step->role = *role;
	step->name = strdup(role->name);
	step->role.name = step->name;
	step->from = strdup(from);
	step->bin = bin;
	*walk->last = step;
	walk->last = &step->next;
	return step->name && step->from ? 0 : tuf_no_memory(err);
}

static bool has_bins(const struct tuf_metadata *targets)
{
	const json_t *delegations = json_object_get(targets->body, "delegations");
	const json_t *roles = json_object_get(delegations, "roles");

	return json_object_get(delegations, "succinct_roles") ||
	       json_object_get(json_array_get(roles, 0), "path_hash_prefixes");
}

static int push_all(struct walk *walk, const struct tuf_metadata *targets,
		    const char *from, struct tuf_error *err)
{
	bool bins = has_bins(targets);
	struct tuf_delegate next;
	uint64_t position = 0;
	int rc;

	while ((rc = tuf_delegate_at(targets, position++, &next, err)) > 0) {
		rc = push(walk, &next.role, from, bins, err);
		free(next.name);
		if (rc)
			return rc;
	}
	return rc;
}

/* Not yet there: a draft of who delegates that has not been saved whole. */
static int metadata_of(struct walk *walk, const struct tuf_role *role,
		       struct tuf_metadata **ret, struct tuf_error *err)
{
	const struct tuf_stored *settled;
	struct tuf_entry *entry;
	int rc;

	rc = tuf_repo_get(walk->repo, role->name, &entry, err);
	if (rc)
		return rc;
	if (!walk->settled) {
		*ret = tuf_entry_newest(entry);
		return 0;
	}
	settled = tuf_entry_settled(entry, role);
	if (!settled)
		return tuf_fail(err, TUF_SIGNATURE, "5.6.3",
				"no version of %.64s has the %lld signature%s that it takes",
				role->name, (long long)role->threshold,
				role->threshold == 1 ? "" : "s");
	*ret = settled->metadata;
	return 0;
}

static int go(struct walk *walk, tuf_visit_fn *visit, void *data,
	      struct tuf_error *err)
{
	struct tuf_metadata *metadata = NULL;
	struct step *step;
	int rc;

	for (step = walk->first; step; step = step->next) {
		rc = metadata_of(walk, &step->role, &metadata, err);
		if (!rc)
			rc = visit(walk->repo, &step->role, step->from, step->bin,
				   data, err);
		if (!rc && metadata)
			rc = push_all(walk, metadata, step->name, err);
		if (rc)
			return rc;
	}
	return 0;
}

int tuf_repo_walk(struct tuf_repo *repo, bool settled, tuf_visit_fn *visit,
		  void *data, struct tuf_error *err)
{
	struct walk walk = { .repo = repo, .settled = settled };
	const struct tuf_stored *counts;
	struct tuf_metadata *root;
	struct tuf_entry *entry;
	struct tuf_role role;
	struct step *step;
	int rc;

	rc = settled ? tuf_repo_root(repo, &counts, err) :
	     tuf_repo_get(repo, "root", &entry, err);
	if (rc)
		return rc;
	root = settled ? counts->metadata : tuf_entry_newest(entry);
	if (!root)
		return tuf_fail(err, TUF_ARGUMENT, NULL, "there is no root");
	walk.seen = json_object();
	walk.last = &walk.first;
	tuf_root_role(root, TUF_TARGETS, &role);
	rc = push(&walk, &role, "root", false, err);
	if (!rc)
		rc = go(&walk, visit, data, err);
	while ((step = walk.first)) {
		walk.first = step->next;
		free(step->name);
		free(step->from);
		free(step);
	}
	json_decref(walk.seen);
	return rc;
}

struct wanted {
	const char *name;
	struct tuf_role *role;
	char **from;
};

static int find(struct tuf_repo *repo, const struct tuf_role *role,
		const char *from, bool bin, void *data, struct tuf_error *err)
{
	struct wanted *wanted = data;

	(void)repo;
	(void)bin;
	if (strcmp(role->name, wanted->name))
		return 0;
	*wanted->role = *role;
	wanted->role->name = wanted->name;
	if (wanted->from) {
		*wanted->from = strdup(from);
		if (!*wanted->from)
			return tuf_no_memory(err);
	}
	return 1;
}

static int root_signers(const struct tuf_entry *root, struct tuf_role ret[2])
{
	if (root->draft.metadata)
		tuf_root_role(root->draft.metadata, TUF_ROOT, &ret[0]);
	if (root->public.metadata)
		tuf_root_role(root->public.metadata, TUF_ROOT,
			      &ret[root->draft.metadata ? 1 : 0]);
	return 0;
}

int tuf_repo_signers(struct tuf_repo *repo, const char *role,
		     struct tuf_role ret[2], char **ret_from,
		     struct tuf_error *err)
{
	struct wanted wanted = { role, &ret[0], ret_from };
	enum tuf_type type = tuf_role_type(role);
	struct tuf_metadata *newest;
	struct tuf_entry *root;
	int rc;

	memset(ret, 0, 2 * sizeof(*ret));
	if (ret_from)
		*ret_from = NULL;
	rc = tuf_repo_get(repo, "root", &root, err);
	if (rc)
		return rc;
	newest = tuf_entry_newest(root);
	if (!newest)
		return tuf_fail(err, TUF_ARGUMENT, NULL, "there is no root");
	if (type == TUF_ROOT)
		return root_signers(root, ret);
	if (type != TUF_TARGETS) {
		tuf_root_role(newest, type, &ret[0]);
		return 0;
	}
	rc = tuf_repo_walk(repo, false, find, &wanted, err);
	if (rc == 1)
		return 0;
	return rc ? rc : tuf_fail(err, TUF_ARGUMENT, NULL,
				  "nobody delegates to a role %.64s", role);
}

struct telling {
	tuf_status_fn *tell;
	void *data;
};

static int tell_one(const struct telling *telling, const char *role,
		    const struct tuf_stored *stored, bool draft,
		    const struct tuf_role roles[2])
{
	struct tuf_status status = { .role = role, .draft = draft };
	int i;

	if (!stored->metadata)
		return 0;
	status.version = stored->metadata->version;
	status.expires = stored->metadata->expires;
	/* Of a root's two sets of keys: the one that lacks more. */
	for (i = 0; i < 2 && roles[i].keyids; i++) {
		int64_t count = tuf_count_signed(stored->metadata, &roles[i]);

		if (i && roles[i].threshold - count <=
			 status.threshold - status.signed_by)
			continue;
		status.signed_by = count;
		status.threshold = roles[i].threshold;
	}
	return telling->tell(&status, telling->data);
}

static int tell_role(struct tuf_repo *repo, const char *name, bool draft,
		     const struct tuf_role *known, struct telling *telling,
		     struct tuf_error *err)
{
	struct tuf_role roles[2] = { { 0 }, { 0 } };
	struct tuf_entry *entry;
	int rc;

	rc = tuf_repo_get(repo, name, &entry, err);
	if (rc)
		return rc;
	if (known)
		roles[0] = *known;
	else
		rc = tuf_repo_signers(repo, name, roles, NULL, err);
	/* A public root was checked against the one before when it became public. */
	if (!rc && !draft && !strcmp(name, "root") && entry->public.metadata) {
		tuf_root_role(entry->public.metadata, TUF_ROOT, &roles[0]);
		roles[1] = (struct tuf_role){ 0 };
	}
	return rc ? rc : tell_one(telling, name, draft ? &entry->draft :
				  &entry->public, draft, roles);
}

struct round {
	struct telling telling;
	bool draft;
};

static int tell_targets(struct tuf_repo *repo, const struct tuf_role *role,
			const char *from, bool bin, void *data,
			struct tuf_error *err)
{
	struct round *round = data;

	(void)from;
	(void)bin;
	return tell_role(repo, role->name, round->draft, role, &round->telling,
			 err);
}

int tuf_repo_status(struct tuf_repo *repo, tuf_status_fn *tell, void *data,
		    struct tuf_error *err)
{
	struct round round = { .telling = { tell, data } };
	int i, rc = 0;

	for (i = 0; i < 2 && !rc; i++) {
		round.draft = i;
		rc = tell_role(repo, "root", i, NULL, &round.telling, err);
		if (!rc)
			rc = tuf_repo_walk(repo, false, tell_targets, &round, err);
		if (!rc)
			rc = tell_role(repo, "snapshot", i, NULL, &round.telling,
				       err);
		if (!rc)
			rc = tell_role(repo, "timestamp", i, NULL, &round.telling,
				       err);
	}
	return rc;
}

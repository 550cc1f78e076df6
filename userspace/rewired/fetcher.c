// SPDX-License-Identifier: MIT
/*
 * From the repository into the inbox. What was fetched stays in the folder of
 * targets, and goes from there to the inbox once: a package that somebody took out
 * does not come back.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/sendfile.h>
#include <sys/stat.h>

#include <rewire_update.h>

#include "clock.h"
#include "command.h"
#include "fetcher.h"
#include "inbox.h"
#include "log.h"

/* After a failure; people may be waiting, and servers are many clients'. */
#define RETRY_MS	60000
/* The client gives up a server that is slow; this is for one that hangs itself. */
#define CLIENT_MS	(6 * 3600 * 1000)

struct fetcher {
	struct job job;
	struct helper *helper;
	bool running;
	int64_t next;		/* look at the channel */
	int64_t retry;		/* payloads are not asked for before that */
	char metadata[STORE_PATH], targets[STORE_PATH];
	char *channel;		/* what was in it last */
	pthread_mutex_t lock;	/* guards what follows */
	char wanted[INBOX_MAX][256];
	unsigned int wants;
};

/* ---- names ---- */

/* Names that need no quoting in a URL or a path, and lead nowhere else. */
static bool name_is_plain(const char *name)
{
	bool start = true;

	for (const char *c = name; *c; c++) {
		if (!isalnum((unsigned char)*c) && !strchr("-_./", *c))
			return false;
		if (start && (*c == '.' || *c == '/'))
			return false;
		start = *c == '/';
	}
	return !start && strlen(name) < 200;
}

static bool ends_in(const char *name, const char *suffix)
{
	size_t length = strlen(name), end = strlen(suffix);

	return length > end && !strcmp(name + length - end, suffix);
}

/* Where the client puts a target: "/" in its name is written as "%2F". */
static int path_of(const struct fetcher *f, const char *name,
		   char path[STORE_PATH], struct rewire_error *err)
{
	size_t used = (size_t)snprintf(path, STORE_PATH, "%s/", f->targets);

	for (; *name && used + 4 < STORE_PATH; name++)
		used += (size_t)snprintf(path + used, STORE_PATH - used,
					 *name == '/' ? "%%2F" : "%c", *name);
	return *name ? rewire_fail(err, ENAMETOOLONG, "%s: name too long",
				   f->targets) : 0;
}

/* "folder/NAME.package": NAME, as in the inbox. */
static void name_in_inbox(const char *target, char name[256])
{
	const char *slash = strrchr(target, '/');

	snprintf(name, 256, "%s", slash ? slash + 1 : target);
	name[strlen(name) - strlen(".package")] = '\0';
}

/* Another target of the same package. */
static void beside(const char *target, const char *suffix, char name[512])
{
	snprintf(name, 512, "%.*s%s", (int)(strlen(target) - strlen(".package")),
		 target, suffix);
}

/* ---- the client ---- */

static int client(const struct fetcher *f, const char *const more[],
		  struct rewire_error *err)
{
	const struct options *options = &f->helper->options;
	const struct helper patient = {
		.options.io_timeout_ms = CLIENT_MS,
		.stop = f->helper->stop,
	};
	const char *argv[16] = { options->tuf_client, "--metadata-dir", f->metadata };
	size_t count = 3;

	while (*more)
		argv[count++] = *more++;
	return command_run(&patient, argv, -1, true, err);
}

static int fetch(const struct fetcher *f, const char *name,
		 char path[STORE_PATH], struct rewire_error *err)
{
	const struct options *options = &f->helper->options;
	const char *const more[] = {
		"--metadata-url", options->tuf_metadata,
		"--target-base-url", options->tuf_targets,
		"--target-dir", f->targets, "--target-name", name, "download",
		NULL,
	};
	int rc = path_of(f, name, path, err);

	return rc ? rc : client(f, more, err);
}

/* ---- into the inbox ---- */

static int copy(const char *from, const char *to, struct rewire_error *err)
{
	struct rewire_output out;
	FILE *in = fopen(from, "re");
	ssize_t n;
	int rc;

	if (!in)
		return rewire_fail(err, errno, "%s: %s", from, strerror(errno));
	rc = rewire_output_open(&out, to, 0600, err);
	if (!rc) {
		while ((n = sendfile(out.fd, fileno(in), NULL, 1 << 30)) > 0)
			;
		if (!n) {
			rc = rewire_output_commit(&out, err);
		} else {
			rc = rewire_fail(err, errno, "%s: %s", to, strerror(errno));
			rewire_output_discard(&out);
		}
	}
	fclose(in);
	return rc;
}

/* A link where it can be: payloads are large. Either way it appears whole. */
static int deliver(const struct fetcher *f, const char *from, const char *name,
		   const char *suffix, struct rewire_error *err)
{
	char to[STORE_PATH];

	if (snprintf(to, sizeof(to), "%s/%s%s", f->helper->options.update_inbox,
		     name, suffix) >= (int)sizeof(to))
		return rewire_fail(err, ENAMETOOLONG, "%s: name too long", name);
	if (!link(from, to))
		return 0;
	if (errno == EEXIST) {
		unlink(to);
		if (!link(from, to))
			return 0;
	}
	if (errno != EXDEV && errno != EPERM)
		return rewire_fail(err, errno, "%s: %s", to, strerror(errno));
	return copy(from, to, err);
}

static bool needs_wrap(const char *package)
{
	struct rewire_update_order *order;
	struct rewire_error why;

	if (rewire_update_order_read(package, NULL, &order, &why))
		return why.code == EINVAL;
	free(order);
	return false;
}

static int sm_name(char hex[2 * REWIRE_ID_SIZE + 1], struct rewire_error *err)
{
	struct rewire_get_info info;
	int sm = rewire_sm_open(err), rc;

	if (sm < 0)
		return sm;
	rc = rewire_sm_info(sm, &info, err);
	close(sm);
	if (!rc)
		rewire_hex(info.sm, REWIRE_ID_SIZE, hex);
	return rc;
}

/* The key to the payload comes first, or the package would be seen without it. */
static int offer_wrap(const struct fetcher *f, const char *target,
		      const char *name, struct rewire_error *err)
{
	char wrap[512], suffix[64], sm[2 * REWIRE_ID_SIZE + 1], path[STORE_PATH];
	int rc = sm_name(sm, err);

	if (rc)
		return rc;
	snprintf(suffix, sizeof(suffix), ".wraps/%s.wrap", sm);
	beside(target, suffix, wrap);
	rc = fetch(f, wrap, path, err);
	return rc ? rc : deliver(f, path, name, ".wrap", err);
}

static int offer(const struct fetcher *f, const char *target,
		 struct rewire_error *err)
{
	char path[STORE_PATH], name[256];
	int rc = path_of(f, target, path, err);

	if (rc || !access(path, F_OK))
		return rc;
	rc = fetch(f, target, path, err);
	if (rc)
		return rc;
	name_in_inbox(target, name);
	if (needs_wrap(path))
		rc = offer_wrap(f, target, name, err);
	if (!rc)
		rc = deliver(f, path, name, ".package", err);
	/* Or it would count as one that was there already. */
	if (rc)
		unlink(path);
	else
		log_notice("package %s came from the repository", name);
	return rc;
}

/* ---- trust ---- */

static __u64 version_of(const struct rewire_statement *statement, __u32 *ret_kind)
{
	const struct rewire_header *header = (const void *)statement->body;
	const struct rewire_levels *levels = (const void *)statement->body;
	const struct rewire_bundle *bundle = (const void *)statement->body;

	if (header->type == REWIRE_TYPE_LEVELS) {
		*ret_kind = REWIRE_TRUST_LEVELS;
		return levels->version;
	}
	*ret_kind = bundle->role;
	return bundle->version;
}

/* The SM refuses what is old by itself, and notes it each time: it is not asked. */
static int give_newer(int sm, const struct rewire_statement *statement,
		      const char *name, struct rewire_error *err)
{
	struct rewire_get_trust now;
	__u32 kind;
	__u64 version = version_of(statement, &kind);
	int rc = rewire_sm_trust(sm, kind, &now, err);

	if (rc || version <= now.version)
		return rc;
	rc = rewire_trust_give(sm, statement, err);
	if (!rc)
		log_notice("%s came from the repository, and is in force", name);
	return rc;
}

static int give(const struct fetcher *f, const char *target,
		struct rewire_error *err)
{
	struct rewire_statement *statement;
	char path[STORE_PATH];
	int rc = fetch(f, target, path, err), sm;

	if (!rc)
		rc = rewire_trust_read(path, &statement, err);
	if (rc)
		return rc;
	sm = rewire_sm_open(err);
	rc = sm < 0 ? sm : give_newer(sm, statement, target, err);
	if (sm >= 0)
		close(sm);
	rewire_trust_free(statement);
	return rc;
}

/* ---- the channel ---- */

static int read_channel(struct fetcher *f, struct rewire_error *err)
{
	char path[STORE_PATH];
	size_t length;
	__u8 *text;
	int rc = fetch(f, f->helper->options.tuf_channel, path, err);

	if (!rc)
		rc = rewire_file_read(path, CHANNEL_MAX, &text, &length, err);
	if (rc)
		return rc;
	free(f->channel);
	f->channel = strndup((const char *)text, length);
	free(text);
	return f->channel ? 0 : rewire_fail(err, ENOMEM, "no memory");
}

/**
 * typedef line_fn - one line of the channel
 *
 * Return: 0 to go on.
 */
typedef int line_fn(struct fetcher *f, const char *target, void *data);

static int each_line(struct fetcher *f, line_fn *take, void *data)
{
	char *copy = f->channel ? strdup(f->channel) : NULL, *rest, *line;
	int rc = 0;

	for (line = copy ? strtok_r(copy, "\n", &rest) : NULL; line && !rc;
	     line = strtok_r(NULL, "\n", &rest))
		if (*line != '#')
			rc = take(f, line, data);
	free(copy);
	return rc;
}

/* One that fails keeps none of the others away. */
static int take_line(struct fetcher *f, const char *target, void *data)
{
	struct rewire_error err = { 0 };
	bool *failed = data;
	int rc;

	if (!name_is_plain(target))
		rc = rewire_fail(&err, EINVAL, "not a name that can be fetched");
	else if (ends_in(target, ".package"))
		rc = offer(f, target, &err);
	else if (ends_in(target, ".trust"))
		rc = give(f, target, &err);
	else
		rc = rewire_fail(&err, EINVAL, "neither a package nor a trust bundle");
	if (!rc)
		return 0;
	*failed = true;
	log_warning("from the repository, %.200s: %s", target, err.text);
	return rc == -ESHUTDOWN;
}

static void look(struct fetcher *f)
{
	unsigned int period = f->helper->options.tuf_period_s;
	struct rewire_error err = { 0 };
	bool failed = false;

	if (read_channel(f, &err)) {
		log_warning("the repository: %s", err.text);
		failed = true;
	} else {
		each_line(f, take_line, &failed);
	}
	f->next = clock_ms() + (failed ? RETRY_MS : (int64_t)period * 1000);
}

/* ---- payloads ---- */

void fetcher_want(struct fetcher *f, const char *package)
{
	unsigned int i = 0;

	if (!f)
		return;
	pthread_mutex_lock(&f->lock);
	while (i < f->wants && strcmp(f->wanted[i], package))
		i++;
	if (i == f->wants && f->wants < INBOX_MAX)
		snprintf(f->wanted[f->wants++], sizeof(f->wanted[0]), "%s",
			 package);
	pthread_mutex_unlock(&f->lock);
}

static bool is_wanting(struct fetcher *f)
{
	bool wanting;

	pthread_mutex_lock(&f->lock);
	wanting = f->wants;
	pthread_mutex_unlock(&f->lock);
	return wanting;
}

static bool next_wanted(struct fetcher *f, char name[256])
{
	bool any;

	pthread_mutex_lock(&f->lock);
	any = f->wants;
	if (any)
		memcpy(name, f->wanted[--f->wants], 256);
	pthread_mutex_unlock(&f->lock);
	return any;
}

struct search {
	const char *name;
	char target[512];
};

static int find_line(struct fetcher *f, const char *target, void *data)
{
	struct search *search = data;
	char name[256];

	(void)f;
	if (!name_is_plain(target) || !ends_in(target, ".package"))
		return 0;
	name_in_inbox(target, name);
	if (strcmp(name, search->name))
		return 0;
	snprintf(search->target, sizeof(search->target), "%s", target);
	return 1;
}

static int fetch_payload(struct fetcher *f, const char *name,
			 struct rewire_error *err)
{
	struct search search = { .name = name };
	char payload[512], path[STORE_PATH];
	int rc;

	/* Dropped into the inbox by somebody who will drop the rest as well. */
	if (!each_line(f, find_line, &search))
		return 0;
	beside(search.target, ".payload", payload);
	rc = fetch(f, payload, path, err);
	return rc ? rc : deliver(f, path, name, ".payload", err);
}

static void fetch_wanted(struct fetcher *f)
{
	struct rewire_error err = { 0 };
	char name[256];

	while (next_wanted(f, name)) {
		if (!fetch_payload(f, name, &err))
			continue;
		/* The updater wants it again as long as it is due. */
		log_warning("the payload of %s: %s", name, err.text);
		f->retry = clock_ms() + RETRY_MS;
		if (err.code == ESHUTDOWN)
			return;
	}
}

/* ---- the job ---- */

static void work(struct job *job)
{
	struct fetcher *f = (struct fetcher *)job;

	if (clock_ms() >= f->next)
		look(f);
	if (clock_ms() >= f->retry)
		fetch_wanted(f);
}

static void done(struct job *job)
{
	((struct fetcher *)job)->running = false;
}

void fetcher_tick(struct fetcher *f)
{
	int64_t now = clock_ms();

	if (!f || f->running ||
	    (now < f->next && (now < f->retry || !is_wanting(f))))
		return;
	f->running = pool_submit(f->helper->pool, POOL_FETCHER, &f->job);
}

/* A root is only given once: from then on the repository says which is next. */
static int trust_root(struct fetcher *f, struct rewire_error *err)
{
	const char *const more[] = { "init", f->helper->options.tuf_root, NULL };
	char root[STORE_PATH + 16];

	snprintf(root, sizeof(root), "%s/root.json", f->metadata);
	if (!access(root, F_OK))
		return 0;
	if (!f->helper->options.tuf_root)
		return rewire_fail(err, ENOENT, "no root of the repository is trusted yet: give --tuf-root");
	return client(f, more, err);
}

int fetcher_open(struct helper *helper, struct fetcher **ret_fetcher,
		 struct rewire_error *err)
{
	struct fetcher *f;
	int rc = 0;

	*ret_fetcher = NULL;
	if (!helper->options.tuf_metadata)
		return 0;
	f = calloc(1, sizeof(*f));
	if (!f)
		return rewire_fail(err, ENOMEM, "no memory");
	f->job = (struct job){ .work = work, .done = done };
	f->helper = helper;
	pthread_mutex_init(&f->lock, NULL);
	if (snprintf(f->metadata, STORE_PATH, "%s/tuf", helper->options.state_dir) >=
		    STORE_PATH ||
	    snprintf(f->targets, STORE_PATH, "%s/tuf-targets",
		     helper->options.state_dir) >= STORE_PATH)
		rc = rewire_fail(err, ENAMETOOLONG, "--state-dir: name too long");
	else if (mkdir(f->targets, 0700) && errno != EEXIST)
		rc = rewire_fail(err, errno, "%s: %s", f->targets,
				 strerror(errno));
	if (!rc)
		rc = trust_root(f, err);
	if (rc)
		fetcher_close(f);
	else
		*ret_fetcher = f;
	return rc;
}

void fetcher_close(struct fetcher *f)
{
	if (!f)
		return;
	pthread_mutex_destroy(&f->lock);
	free(f->channel);
	free(f);
}

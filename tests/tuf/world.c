// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <sys/stat.h>

#include "../user/scratch.h"
#include "test.h"

time_t clock_now;

time_t __real_time(time_t *now);
time_t __wrap_time(time_t *now);

time_t __wrap_time(time_t *now)
{
	if (!clock_now)
		return __real_time(now);
	if (now)
		*now = clock_now;
	return clock_now;
}

int world_new(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	char path[256];

	clock_now = 0;
	world->folder = scratch_make();
	snprintf(path, sizeof(path), "%s/repo", world->folder);
	world->repo = repo_new(path);
	world->server = server_start(path, NULL);
	snprintf(world->metadata_dir, sizeof(path), "%s/trusted", world->folder);
	snprintf(world->target_dir, sizeof(path), "%s/got", world->folder);
	if (mkdir(world->target_dir, 0755))
		return -1;
	snprintf(world->metadata_url, sizeof(path), "http://127.0.0.1:%d/metadata",
		 server_port(world->server));
	snprintf(world->target_url, sizeof(path), "http://127.0.0.1:%d/targets/",
		 server_port(world->server));
	world->metadata_urls[0] = world->metadata_url;
	world->target_urls[0] = world->target_url;
	world->options = (struct tuf_options){
		.metadata_dir = world->metadata_dir,
		.metadata_urls = world->metadata_urls,
		.metadata_url_count = 1,
		.target_urls = world->target_urls,
		.target_url_count = 1,
		.target_dir = world->target_dir,
	};
	*state = world;
	return 0;
}

int world_free(void **state)
{
	struct world *world = *state;

	clock_now = 0;
	server_stop(world->server);
	repo_free(world->repo);
	scratch_remove(world->folder);
	free(world);
	return 0;
}

int world_try_init(struct world *world)
{
	char *root = repo_bytes(world->repo, "root");
	int rc = tuf_init(world->metadata_dir, root, strlen(root), &world->err);

	free(root);
	return rc;
}

static void must(struct world *world, int rc)
{
	if (rc)
		fprintf(stderr, "%s\n", world->err.text);
	assert_int_equal(rc, 0);
}

void world_init(struct world *world)
{
	repo_publish(world->repo);
	must(world, world_try_init(world));
}

void world_begin(struct world *world)
{
	world_init(world);
	world_works(world);
	free(server_asked(world->server));
}

int world_refresh(struct world *world)
{
	struct tuf_client *client;
	int rc;

	world->err = (struct tuf_error){ 0 };
	rc = tuf_client_new(&world->options, &client, &world->err);
	if (rc)
		return rc;
	rc = tuf_client_refresh(client, &world->err);
	tuf_client_free(client);
	return rc;
}

int world_download(struct world *world, const char *target)
{
	struct tuf_target *found = NULL;
	struct tuf_client *client;
	char *path = NULL;
	int rc;

	world->err = (struct tuf_error){ 0 };
	rc = tuf_client_new(&world->options, &client, &world->err);
	if (rc)
		return rc;
	rc = tuf_client_find(client, target, &found, &world->err);
	if (!rc)
		rc = tuf_client_download(client, found, &path, &world->err);
	tuf_target_free(found);
	tuf_client_free(client);
	free(path);
	return rc;
}

void world_works(struct world *world)
{
	must(world, world_refresh(world));
}

void world_delivers(struct world *world, const char *target, const char *content)
{
	char name[512], *to = name, *got;

	must(world, world_download(world, target));
	for (; *target; target++)
		to += *target == '/' ? sprintf(to, "%%2F") :
		      sprintf(to, "%c", *target);
	*to = 0;
	got = file_read(world->target_dir, name);
	assert_non_null(got);
	assert_string_equal(got, content);
	free(got);
}

json_t *listing(const char *folder)
{
	json_t *files = json_object();
	struct dirent *entry;
	DIR *dir = opendir(folder);

	while (dir && (entry = readdir(dir))) {
		char *data;

		if (entry->d_name[0] == '.')
			continue;
		data = file_read(folder, entry->d_name);
		json_object_set_new(files, entry->d_name,
				    json_stringn_nocheck(data ? data : "",
							 data ? strlen(data) : 0));
		free(data);
	}
	if (dir)
		closedir(dir);
	return files;
}

/* Those that come first may be newer after a failure further down. */
static int rank(const char *name)
{
	static const char *const order[] = {
		"root", "timestamp", "snapshot", "targets",
	};
	size_t i, length = strcspn(name, ".");

	for (i = 0; i < ARRAY_SIZE(order); i++)
		if (strlen(order[i]) == length && !strncmp(name, order[i], length))
			return (int)i;
	return 4;
}

static void drop_before(json_t *files, const char *role)
{
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(files, next, name, value)
		if (rank(name) < rank(role))
			json_object_del(files, name);
}

void expect_error(struct world *world, const struct refusal *refusal,
		  const char *file, int line)
{
	const struct tuf_error *err = &world->err;
	const char *section = refusal->section ? refusal->section : "";
	char cited[32] = "";

	if (*section)
		snprintf(cited, sizeof(cited), "(TUF %s)", section);
	if (err->check == refusal->check && !strcmp(err->role, refusal->role) &&
	    err->version == refusal->version && !strcmp(err->section, section) &&
	    strstr(err->text, refusal->text) && strstr(err->text, refusal->role) &&
	    strstr(err->text, tuf_check_name(refusal->check)) &&
	    strstr(err->text, cited))
		return;
	fprintf(stderr, "said: %s {%s, %lld, %s, %s}\nnot: {%s, %d, %s, %s} %s\n",
		err->text, err->role, (long long)err->version,
		tuf_check_name(err->check), err->section, refusal->role,
		refusal->version, tuf_check_name(refusal->check), section,
		refusal->text);
	_fail(file, line);
}

void expect_refused(struct world *world, const char *target,
		    const struct refusal *refusal, const char *file, int line)
{
	json_t *before = listing(world->metadata_dir), *after;
	json_t *targets = listing(world->target_dir), *now;
	int rc = target ? world_download(world, target) : world_refresh(world);
	bool same;

	if (!rc) {
		fprintf(stderr, "nothing was refused\n");
		_fail(file, line);
	}
	_assert_int_equal((LargestIntegralType)rc,
			  (LargestIntegralType)-(int)refusal->check, file, line);
	expect_error(world, refusal, file, line);
	after = listing(world->metadata_dir);
	now = listing(world->target_dir);
	drop_before(before, refusal->role);
	drop_before(after, refusal->role);
	same = json_equal(before, after) && json_equal(targets, now);
	json_decref(before);
	json_decref(after);
	json_decref(targets);
	json_decref(now);
	if (!same) {
		fprintf(stderr, "trusted metadata or targets changed\n");
		_fail(file, line);
	}
}

char *file_read(const char *folder, const char *name)
{
	char *path, *data = NULL;
	struct stat st;
	FILE *file;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		abort();
	file = !lstat(path, &st) && S_ISREG(st.st_mode) ? fopen(path, "r") : NULL;
	free(path);
	if (!file)
		return NULL;
	data = malloc((size_t)st.st_size + 1);
	data[fread(data, 1, (size_t)st.st_size, file)] = 0;
	fclose(file);
	return data;
}

void file_write(const char *folder, const char *name, const char *data)
{
	FILE *file;
	char *path;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		abort();
	file = fopen(path, "w");
	if (!file || fputs(data, file) < 0 || fclose(file))
		abort();
	free(path);
}

bool file_exists(const char *folder, const char *name)
{
	struct stat st;
	char *path;
	bool found;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		abort();
	found = !lstat(path, &st);
	free(path);
	return found;
}

char *world_stored(struct world *world, const char *role)
{
	char name[256];

	snprintf(name, sizeof(name), "%s.json", role);
	return file_read(world->metadata_dir, name);
}

int world_stored_version(struct world *world, const char *role)
{
	char *data = world_stored(world, role);
	json_t *doc = data ? json_loads(data, 0, NULL) : NULL;
	int version = -1;

	json_unpack(doc, "{s:{s:i}}", "signed", "version", &version);
	json_decref(doc);
	free(data);
	return version;
}

void world_has(struct world *world, const char *role)
{
	char *stored = world_stored(world, role);
	char *bytes = repo_bytes(world->repo, role);

	assert_non_null(stored);
	assert_string_equal(stored, bytes);
	free(stored);
	free(bytes);
}

void world_lacks(struct world *world, const char *role)
{
	char *stored = world_stored(world, role);

	assert_null(stored);
}

void world_asked(struct world *world, const char *paths)
{
	char *asked = server_asked(world->server);

	assert_string_equal(asked, paths);
	free(asked);
}

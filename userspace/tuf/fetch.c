// SPDX-License-Identifier: MIT
/*
 * Downloads. A server may say anything, and take any time for it: what counts is
 * what comes, byte by byte, against a limit, a speed and a time.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <curl/curl.h>

#include "error.h"
#include "fetch.h"
#include "name.h"

#define TRIES		4	/* of a download that breaks off midway */
#define REDIRECTS	3
#define UNREAD_MAX	65536	/* of bodies that nobody reads, of redirects */

struct tuf_fetcher {
	CURL *curl;
	char *cacert;
	unsigned int min_speed;
	unsigned int patience;
	struct tuf_sink *sink;
	uint64_t left;		/* that may still come to @sink */
	bool over;		/* more came than may */
};

int tuf_fetcher_new(const char *cacert, unsigned int min_speed,
		    unsigned int patience, struct tuf_fetcher **ret,
		    struct tuf_error *err)
{
	struct tuf_fetcher *fetcher = calloc(1, sizeof(*fetcher));

	if (!fetcher)
		return tuf_no_memory(err);
	fetcher->min_speed = min_speed ? min_speed : 1000;
	fetcher->patience = patience ? patience : 30;
	fetcher->cacert = cacert ? strdup(cacert) : NULL;
	fetcher->curl = curl_easy_init();
	if (!fetcher->curl || (cacert && !fetcher->cacert)) {
		tuf_fetcher_free(fetcher);
		return tuf_no_memory(err);
	}
	*ret = fetcher;
	return 0;
}

void tuf_fetcher_free(struct tuf_fetcher *fetcher)
{
	if (!fetcher)
		return;
	curl_easy_cleanup(fetcher->curl);
	free(fetcher->cacert);
	free(fetcher);
}

static int take(struct tuf_fetcher *fetcher, const char *data, size_t length)
{
	struct tuf_sink *sink = fetcher->sink;

	if (length > sink->limit - sink->got) {
		fetcher->over = true;
		return -1;
	}
	if (sink->write(sink, data, length))
		return -1;
	sink->got += length;
	return 0;
}

static size_t on_data(char *data, size_t size, size_t count, void *fetcher)
{
	return take(fetcher, data, size * count) ? 0 : size * count;
}

/* Called for what on_data() never sees as well: the bodies of redirects. */
static int on_progress(void *context, curl_off_t total, curl_off_t now,
		       curl_off_t up_total, curl_off_t up_now)
{
	struct tuf_fetcher *fetcher = context;

	(void)total, (void)up_total, (void)up_now;
	if ((uint64_t)now > fetcher->left + UNREAD_MAX)
		fetcher->over = true;
	return fetcher->over;
}

static int too_long(struct tuf_fetcher *fetcher, struct tuf_error *err)
{
	return tuf_fail(err, TUF_LIMIT, fetcher->sink->section,
			"more than the %llu bytes it may have",
			(unsigned long long)fetcher->sink->limit);
}

/* curl counts milliseconds, and takes no number beyond those. */
static long seconds(uint64_t count)
{
	return count < INT_MAX / 1000 ? (long)count : INT_MAX / 1000;
}

/* With as much again as nobody reads it is still a length. */
static uint64_t what_is_left(const struct tuf_sink *sink)
{
	uint64_t left = sink->limit - sink->got, most = INT64_MAX - UNREAD_MAX;

	return left < most ? left : most;
}

static void prepare(struct tuf_fetcher *fetcher, const char *url)
{
	uint64_t left = what_is_left(fetcher->sink);
	bool safe = !strncasecmp(url, "https:", 6);
	CURL *curl = fetcher->curl;

	fetcher->left = left;
	curl_easy_reset(curl);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "libtuf");
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	/* What came over TLS is not to go on in the open. */
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)REDIRECTS);
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR,
			 safe ? "https" : "http,https");
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT,
			 seconds(fetcher->patience));
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)fetcher->min_speed);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME,
			 seconds(fetcher->patience));
	curl_easy_setopt(curl, CURLOPT_TIMEOUT,
			 seconds(fetcher->patience + left / fetcher->min_speed));
	if (fetcher->cacert)
		curl_easy_setopt(curl, CURLOPT_CAINFO, fetcher->cacert);
	if (fetcher->sink->got)
		curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE,
				 (curl_off_t)fetcher->sink->got);
	/* A length that is told too long need not come at all. */
	curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE,
			 (curl_off_t)left + UNREAD_MAX);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, fetcher);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, fetcher);
}

/* Worth another try, when it has come further than before. */
static bool broke_off(CURLcode code)
{
	return code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR ||
	       code == CURLE_GOT_NOTHING;
}

static int fetch_url(struct tuf_fetcher *fetcher, const char *url,
		     struct tuf_error *err)
{
	struct tuf_sink *sink = fetcher->sink;
	CURLcode code = CURLE_OK;
	long status = 0;
	uint64_t before;
	int tries;

	for (tries = 0; tries < TRIES; tries++) {
		before = sink->got;
		prepare(fetcher, url);
		code = curl_easy_perform(fetcher->curl);
		if (code == CURLE_RANGE_ERROR && before) {
			/* This server only sends from the start. */
			if (sink->restart(sink))
				return tuf_fail_errno(err, "starting again");
			sink->got = 0;
		} else if (!broke_off(code) || sink->got <= before) {
			break;
		}
	}
	if (!code)
		return 0;
	if (fetcher->over || code == CURLE_FILESIZE_EXCEEDED)
		return too_long(fetcher, err);
	curl_easy_getinfo(fetcher->curl, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_HTTP_RETURNED_ERROR && (status == 404 || status == 403))
		return tuf_fail(err, TUF_MISSING, sink->section,
				"%s: not there (HTTP %ld)", url, status);
	if (code == CURLE_HTTP_RETURNED_ERROR)
		return tuf_fail(err, TUF_TRANSFER, sink->section, "%s: HTTP %ld", url,
				status);
	return tuf_fail(err, TUF_TRANSFER, sink->section, "%s: %s", url,
			curl_easy_strerror(code));
}

/* A path of a folder must not lead out of it. */
static bool leads_out(const char *name)
{
	const char *part = name;

	while (part) {
		size_t length = strcspn(part, "/");

		if (!length || (length == 1 && part[0] == '.') ||
		    (length == 2 && part[0] == '.' && part[1] == '.'))
			return true;
		part = part[length] ? part + length + 1 : NULL;
	}
	return false;
}

static int copy_file(struct tuf_fetcher *fetcher, int fd, const char *path,
		     struct tuf_error *err)
{
	char buffer[65536];
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return tuf_fail(err, TUF_TRANSFER, fetcher->sink->section,
				"%s: not a file", path);
	while ((n = read(fd, buffer, sizeof(buffer)))) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return tuf_fail(err, TUF_TRANSFER, fetcher->sink->section,
					"%s: %s", path, strerror(errno));
		if (take(fetcher, buffer, (size_t)n))
			return fetcher->over ? too_long(fetcher, err) :
			       tuf_fail_errno(err, "storing a download");
	}
	return 0;
}

static int fetch_path(struct tuf_fetcher *fetcher, const char *path,
		      struct tuf_error *err)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), rc;

	if (fd < 0)
		return tuf_fail(err, errno == ENOENT || errno == ENOTDIR ?
				TUF_MISSING : TUF_TRANSFER, fetcher->sink->section,
				"%s: %s", path, strerror(errno));
	rc = copy_file(fetcher, fd, path, err);
	close(fd);
	return rc;
}

int tuf_fetch(struct tuf_fetcher *fetcher, const char *base, const char *name,
	      struct tuf_sink *sink, struct tuf_error *err)
{
	bool local = !strstr(base, "://") || !strncasecmp(base, "file://", 7);
	size_t length = strlen(base);
	char *place, *below;
	int rc;

	fetcher->sink = sink;
	fetcher->over = false;
	while (length > 1 && base[length - 1] == '/')
		length--;
	place = malloc(length + strlen(name) + 2);
	if (!place)
		return tuf_no_memory(err);
	memcpy(place, base, length);
	place[length] = '/';
	below = strcpy(place + length + 1, name);
	if (local) {
		tuf_name_unquote(below);
		rc = leads_out(below) ?
		     tuf_fail(err, TUF_MISSING, sink->section, "%s: not a path",
			      below) :
		     fetch_path(fetcher, strstr(base, "://") ? place + 7 : place,
				err);
	} else {
		rc = fetch_url(fetcher, place, err);
	}
	free(place);
	return rc;
}

struct memory {
	struct tuf_sink sink;
	char *data;		/* as much as may come: pages that nothing came to are none */
};

static int memory_write(struct tuf_sink *sink, const void *data, size_t length)
{
	struct memory *memory = (struct memory *)sink;

	memcpy(memory->data + sink->got, data, length);
	return 0;
}

static int memory_restart(struct tuf_sink *sink)
{
	(void)sink;
	return 0;
}

int tuf_fetch_data(struct tuf_fetcher *fetcher, const char *base,
		   const char *name, uint64_t limit, const char *section,
		   char **ret_data, size_t *ret_length, struct tuf_error *err)
{
	struct memory memory = {
		.sink = { memory_write, memory_restart, section, limit, 0 },
		.data = malloc(limit + 1),
	};
	int rc = memory.data ? tuf_fetch(fetcher, base, name, &memory.sink, err) :
		 tuf_no_memory(err);

	if (rc) {
		free(memory.data);
		return rc;
	}
	*ret_data = memory.data;
	*ret_length = (size_t)memory.sink.got;
	return 0;
}

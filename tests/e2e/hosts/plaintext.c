// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the helpers and the network get to see of an enclave that moves: their
 * memory and every packet between them are searched for something that the
 * enclave is known to hold.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../attacks/tap.h"
#include "carry.h"
#include "cases.h"
#include "vaults.h"

#define COPIES		16	/* of the needle in each value */
#define VALUES		24
#define NEEDLE		32	/* characters */
#define BUFFER		(64 << 20)
#define CHUNK		(1 << 20)
#define POLL_US		20000

static struct host alpha, beta;
static struct work work;
static char dir[] = "/tmp/rewire-plain.XXXXXX";
static char needle[NEEDLE + 1];
static pid_t helpers[2];

__attribute__((format(printf, 1, 2)))
static void run(const char *format, ...)
{
	char command[512];
	va_list list;

	va_start(list, format);
	vsnprintf(command, sizeof(command), format, list);
	va_end(list);
	if (system(command))
		tap_bail("failed: %s", command);
}

static void network_open(void)
{
	host_enter(&alpha);
	run("ip link add veth0 type veth peer name veth1 && ip link set veth1 name veth0 netns /proc/%d/fd/%d",
	    getpid(), beta.netns);
	for (int i = 0; i < 2; i++) {
		host_enter(i ? &beta : &alpha);
		run("ip link set lo up && ip addr add 10.9.0.%d/24 dev veth0 && ip link set veth0 up",
		    i + 1);
	}
}

static pid_t spawn(const struct host *where, const char *log, char *const argv[])
{
	char path[96];
	pid_t pid;

	snprintf(path, sizeof(path), "%s/%s", dir, log);
	host_enter(where);
	pid = fork();
	if (!pid) {
		int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		execv(argv[0], argv);
		_exit(127);
	}
	return pid;
}

static pid_t helper_start(const struct host *host, const char *listen)
{
	const struct rewire_ctl_request status = { .op = REWIRE_CTL_STATUS };
	char keys[64], state[64], socket[64], log[32];
	char *const argv[] = {
		"build/bin/rewired", "--host-dir", keys, "--state-dir", state,
		"--socket", socket, "--listen", (char *)listen, NULL,
	};
	pid_t pid;

	snprintf(keys, sizeof(keys), E2E_PKI "/hosts/%s", host->name);
	snprintf(state, sizeof(state), "%s/%s", dir, host->name);
	snprintf(socket, sizeof(socket), "%s/%s.sock", dir, host->name);
	snprintf(log, sizeof(log), "%s.log", host->name);
	pid = spawn(host, log, argv);
	for (int i = 0; i < PATIENCE_MS * 1000 / POLL_US; i++) {
		struct rewire_ctl_answer answer;
		struct rewire_error error;

		if (!rewire_ctl_exchange(socket, &status, NULL, NULL, &answer,
					 &error)) {
			rewire_ctl_answer_clear(&answer);
			return pid;
		}
		usleep(POLL_US);
	}
	tap_bail("the helper of %s does not come up", host->name);
}

/* How often the needle is in a process; it may change while we look. */
static unsigned int count_in(pid_t pid)
{
	unsigned long from, to;
	char path[48], line[512];
	unsigned int found = 0;
	FILE *maps;
	__u8 *chunk = malloc(CHUNK + NEEDLE);
	int mem;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "r");
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	mem = open(path, O_RDONLY | O_CLOEXEC);
	if (!maps || mem < 0 || !chunk)
		tap_bail("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx r", &from, &to) != 2)
			continue;
		for (; from < to; from += CHUNK) {
			size_t most = to - from < CHUNK ? to - from :
							  CHUNK + NEEDLE;
			ssize_t n = pread(mem, chunk, most, (off_t)from);
			__u8 *at = chunk;

			while (n > 0 && (at = memmem(at, chunk + n - at, needle,
						     NEEDLE))) {
				found++;
				at += NEEDLE;
			}
		}
	}
	fclose(maps);
	close(mem);
	free(chunk);
	return found;
}

/* All that passes alpha's end of the network, from now on. */
static int wire_open(void)
{
	struct sockaddr_ll link = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
	};
	int room = BUFFER, fd;

	host_enter(&alpha);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	link.sll_ifindex = (int)if_nametoindex("veth0");
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room,
				 sizeof(room)) ||
	    bind(fd, (struct sockaddr *)&link, sizeof(link)))
		tap_bail("packets of veth0: %s", strerror(errno));
	return fd;
}

static unsigned int count_on_wire(int fd, size_t *bytes)
{
	static __u8 packet[70000];
	struct tpacket_stats stats;
	socklen_t length = sizeof(stats);
	unsigned int found = 0;
	ssize_t n;

	*bytes = 0;
	while ((n = recv(fd, packet, sizeof(packet), MSG_DONTWAIT)) > 0) {
		*bytes += n;
		found += !!memmem(packet, n, needle, NEEDLE);
	}
	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &length))
		tap_bail("PACKET_STATISTICS: %s", strerror(errno));
	expect(!stats.tp_drops, "%u packets were not seen", stats.tp_drops);
	return found;
}

/* The search itself: in a process that has the needle, and sends it. */
static void the_search_works(void)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(9),
		.sin_addr.s_addr = inet_addr("10.9.0.2"),
	};
	int wire = wire_open(), fd = socket(AF_INET, SOCK_DGRAM, 0);
	size_t bytes;

	expect(count_in(getpid()), "it is not found where it is");
	expect(sendto(fd, needle, NEEDLE, 0, (struct sockaddr *)&to,
		      sizeof(to)) == NEEDLE, "sending: %s", strerror(errno));
	expect(count_on_wire(wire, &bytes), "it is not found on the wire");
	close(fd);
	close(wire);
}

static void fill(void)
{
	static const struct identity vault = { VAULT, 1, 1, NULL };
	char name[8], value[COPIES * NEEDLE + 1] = "";

	work_init(&work);
	vault_start(&work, &alpha, &vault);
	for (int i = 0; i < COPIES; i++)
		strcat(value, needle);
	for (int i = 0; i < VALUES; i++) {
		snprintf(name, sizeof(name), "v%d", i);
		work_prepare(&work, "put", name, value, NULL);
		expect_ok(work_ask(&work, &alpha, PATIENCE_MS), &work.error);
	}
}

/* How long one look into a helper takes on this machine, in ms. */
static unsigned int look_ms(void)
{
	struct timespec from, to;

	clock_gettime(CLOCK_MONOTONIC, &from);
	count_in(helpers[0]);
	clock_gettime(CLOCK_MONOTONIC, &to);
	return (unsigned int)((to.tv_sec - from.tv_sec) * 1000 +
			      (to.tv_nsec - from.tv_nsec) / 1000000);
}

static void moved(void)
{
	char request[64], socket[64], value[COPIES * NEEDLE + 1] = "";
	char *const argv[] = {
		"build/bin/rewire", "migrate", "--request", request, "--to",
		"beta@10.9.0.2:7001", "--socket", socket, NULL,
	};
	unsigned int looks = 0, found = 0, delay;
	int wire, status = -1;
	struct carry carry;
	size_t bytes;
	pid_t pid;

	fill();
	carry_init(&carry, &work, &alpha, &beta, LIFETIME_MS);
	snprintf(request, sizeof(request), "%s/request", dir);
	snprintf(socket, sizeof(socket), "%s/alpha.sock", dir);
	if (rewire_signed_write(request, &carry.request, &carry.error))
		tap_bail("%s", carry.error.text);
	wire = wire_open();
	/* so that there is time to look, however long a look takes here */
	delay = look_ms();
	delay = delay < 50 ? 50 : delay > 2000 ? 2000 : delay;
	run("tc qdisc replace dev veth0 root netem delay %ums", delay);
	pid = spawn(&alpha, "migrate", argv);
	do {
		found += count_in(helpers[0]) + count_in(helpers[1]);
		looks++;
	} while (!waitpid(pid, &status, WNOHANG));
	found += count_in(helpers[0]) + count_in(helpers[1]);
	expect(WIFEXITED(status) && !WEXITSTATUS(status),
	       "rewire migrate ended with %#x", status);
	expect(!found, "found %u times in the helpers' memory", found);
	expect(looks > 1, "there was no time to look");
	found = count_on_wire(wire, &bytes);
	expect(!found, "found in %u packets", found);
	expect(bytes > VALUES * sizeof(value), "only %zu bytes passed", bytes);
	close(wire);
	tap_note("%u looks into both helpers, %zu bytes on the wire", looks,
		 bytes);
	/* and it was all there */
	for (int i = 0; i < COPIES; i++)
		strcat(value, needle);
	work_prepare(&work, "get", "v7", NULL);
	expect_ok(work_ask(&work, &beta, PATIENCE_MS), &work.error);
	expect(!strcmp((char *)work.answer, value), "it has not arrived");
	work_destroy(&work, &beta);
}

static const struct test_case cases[] = {
	{ "the search finds what is there", the_search_works },
	{ "attack_40_helpers_and_wire", moved },
	{ 0 }
};

int main(int argc, char **argv)
{
	__u8 random[NEEDLE / 2];
	struct rewire_error error;
	int rc;

	if (!mkdtemp(dir) || rewire_id_random(random, &error))
		tap_bail("%s: %s", dir, strerror(errno));
	for (int i = 0; i < NEEDLE / 2; i++)
		snprintf(needle + 2 * i, 3, "%02x", random[i]);
	host_open(&alpha, "alpha", 0);
	host_open(&beta, "beta", 0);
	network_open();
	helpers[0] = helper_start(&alpha, "10.9.0.1:7001");
	helpers[1] = helper_start(&beta, "10.9.0.2:7001");
	rc = cases_run(cases, argc, argv);
	for (int i = 0; i < 2; i++) {
		kill(helpers[i], SIGKILL);
		waitpid(helpers[i], NULL, 0);
	}
	run("rm -rf %s", dir);
	return rc;
}

// SPDX-License-Identifier: MIT
/*
 * What the sub-commands share: options, values, errors.
 */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "cli.h"
#include "show.h"

#define MAX_OPTIONS 16

#define PARSE_HELP (-1)
#define PARSE_WRONG (-2)

struct cli cli;

int cli_usage(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "rewire %s: ", cli.command->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\ntry: rewire %s --help\n", cli.command->name);
	return EXIT_USAGE;
}

int cli_fail(const struct rewire_error *err)
{
	fprintf(stderr, "%srewire: %s%s\n", show_colour(stderr, SHOW_BAD),
		err->text, show_colour(stderr, SHOW_PLAIN));
	if (cli.json)
		show_error(err);
	return EXIT_REFUSED;
}

int cli_parse_exit(int rc)
{
	return rc == PARSE_HELP ? EXIT_SUCCESS : EXIT_USAGE;
}

/* getopt's codes of long options: 'h', 'j', then OWN plus their index. */
#define OWN 256

static size_t fill_tables(const struct cli_option *options, bool first,
			  struct option *longs, char *shorts)
{
	size_t count = 0;

	/* '+' stops at the first other argument, ':' keeps getopt silent. */
	if (first)
		*shorts++ = '+';
	*shorts++ = ':';
	*shorts++ = 'h';
	for (; options && options[count].name; count++) {
		const struct cli_option *option = &options[count];
		bool valued = option->value || option->more;

		longs[count] = (struct option){
			.name = option->name,
			.has_arg = valued ? required_argument : no_argument,
			.val = OWN + (int)count,
		};
		if (option->letter) {
			*shorts++ = option->letter;
			if (valued)
				*shorts++ = ':';
		}
	}
	*shorts = '\0';
	longs[count++] = (struct option){ "help", no_argument, NULL, 'h' };
	longs[count++] = (struct option){ "json", no_argument, NULL, 'j' };
	longs[count] = (struct option){ 0 };
	return count;
}

static const struct cli_option *find_option(const struct cli_option *options,
					    int code)
{
	if (code >= OWN)
		return &options[code - OWN];
	for (; options && options->name; options++)
		if (options->letter == code)
			return options;
	return NULL;
}

static int take_option(const struct cli_option *option, const char *value)
{
	if (option->more)
		return option->more(value) ? 0 :
		       (cli_usage("--%s: cannot be %s", option->name, value),
			PARSE_WRONG);
	if (option->value)
		*option->value = value;
	else
		*option->flag = true;
	return 0;
}

static int check_complete(const struct cli_option *options, int others,
			  int least, int most)
{
	for (; options && options->name; options++)
		if (options->required && options->value && !*options->value) {
			cli_usage("--%s is missing", options->name);
			return PARSE_WRONG;
		}
	if (others < least) {
		cli_usage("too few arguments");
		return PARSE_WRONG;
	}
	if (most >= 0 && others > most) {
		cli_usage("too many arguments");
		return PARSE_WRONG;
	}
	return 0;
}

int cli_parse(int argc, char **argv, const struct cli_option *options,
	      int least, int most)
{
	struct option longs[MAX_OPTIONS + 3];
	char shorts[2 * MAX_OPTIONS + 4];
	int code, rc;

	fill_tables(options, most < 0, longs, shorts);
	optind = 0;
	while ((code = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct cli_option *option = find_option(options, code);

		if (option) {
			rc = take_option(option, optarg);
			if (rc)
				return rc;
			continue;
		}
		switch (code) {
		case 'h':
			fputs(cli.command->help, stdout);
			return PARSE_HELP;
		case 'j':
			cli.json = true;
			break;
		case ':':
			cli_usage("%s needs a value", argv[optind - 1]);
			return PARSE_WRONG;
		default:
			cli_usage("unknown option %s", argv[optind - 1]);
			return PARSE_WRONG;
		}
	}
	rc = check_complete(options, argc - optind, least, most);
	return rc ? rc : optind;
}

bool cli_number(const char *text, __u64 low, __u64 high, __u64 *ret_value)
{
	unsigned long long value;
	char *end;

	/* strtoull() takes signs and white space. */
	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || *end || value < low || value > high)
		return false;
	*ret_value = value;
	return true;
}

static bool scaled(const char *text, const char *const *units,
		   const __u64 *factors, size_t count, __u64 *ret_value)
{
	unsigned long long value;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!strcmp(end, units[i]))
			return !__builtin_mul_overflow((__u64)value, factors[i],
						       ret_value);
	return false;
}

bool cli_duration(const char *text, __u32 *ret_ms)
{
	static const char *const units[] = { "", "ms", "s", "m", "h", "d" };
	static const __u64 factors[] = { 1000, 1, 1000, 60000, 3600000,
					  86400000 };
	__u64 ms;

	if (!scaled(text, units, factors, ARRAY_SIZE(units), &ms) ||
	    ms > UINT32_MAX)
		return false;
	*ret_ms = (__u32)ms;
	return true;
}

bool cli_size(const char *text, __u64 *ret_bytes)
{
	static const char *const units[] = { "", "K", "M", "G" };
	static const __u64 factors[] = { 1, 1 << 10, 1 << 20, 1 << 30 };

	return scaled(text, units, factors, ARRAY_SIZE(units), ret_bytes);
}

int cli_open_enclave(const char *name, struct rewire_error *err)
{
	__u8 workload[REWIRE_ID_SIZE] = { 0 };
	__u64 id = 0;
	int sm, fd;

	if (rewire_id_parse(name, workload) &&
	    !cli_number(name, 1, UINT64_MAX, &id))
		return rewire_fail(err, EINVAL, "%s: neither a workload (UUID) nor the number of an enclave; `rewire ls` shows both",
				   name);
	sm = rewire_sm_open(err);
	if (sm < 0)
		return sm;
	fd = rewire_enclave_open(sm, id, workload, err);
	close(sm);
	return fd;
}

/* One line, without its newline; a descriptor and not argv, which all can see. */
static int read_passphrase(int fd, char *buffer, size_t size)
{
	size_t length = 0;

	while (length < size) {
		ssize_t n = read(fd, buffer + length, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n || buffer[length] == '\n')
			return (int)length;
		length++;
	}
	return -EMSGSIZE;
}

int cli_passphrase(char *buffer, size_t size, void *data)
{
	const int *fd = data;

	if (*fd >= 0)
		return read_passphrase(*fd, buffer, size);
	if (EVP_read_pw_string(buffer, (int)size, "Passphrase of the key: ", 0))
		return -EACCES;
	return (int)strlen(buffer);
}

int cli_new_passphrase(char *buffer, size_t size, int fd)
{
	if (fd >= 0)
		return read_passphrase(fd, buffer, size);
	if (EVP_read_pw_string(buffer, (int)size, "New passphrase: ", 1))
		return -EACCES;
	return (int)strlen(buffer);
}

int cli_passphrase_fd(const char *text, int *ret_fd)
{
	__u64 number;

	*ret_fd = -1;
	if (!text)
		return EXIT_SUCCESS;
	if (!cli_number(text, 0, 1 << 20, &number))
		return cli_usage("--passphrase-fd: %s is not a descriptor", text);
	*ret_fd = (int)number;
	return EXIT_SUCCESS;
}

bool cli_date(const char *text, __u64 *ret_seconds)
{
	struct tm tm = { 0 };
	__u64 days;
	char *end;

	if (text[0] == '+') {
		if (!cli_number(text + 1, 1, 36500, &days))
			return false;
		*ret_seconds = (__u64)time(NULL) + days * 86400;
		return true;
	}
	end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (!end || *end) {
		tm = (struct tm){ 0 };
		end = strptime(text, "%Y-%m-%d", &tm);
	}
	if (!end || *end || timegm(&tm) <= 0)
		return false;
	*ret_seconds = (__u64)timegm(&tm);
	return true;
}

int cli_signer(const char *key, const char *certificate,
	       const char *passphrase_fd, struct rewire_signer **ret_signer)
{
	struct rewire_error err;
	int fd;

	if (cli_passphrase_fd(passphrase_fd, &fd) != EXIT_SUCCESS)
		return EXIT_USAGE;
	if (rewire_signer_open(key, certificate, cli_passphrase, &fd, ret_signer,
			       &err))
		return cli_fail(&err);
	return EXIT_SUCCESS;
}

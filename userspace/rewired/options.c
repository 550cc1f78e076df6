// SPDX-License-Identifier: MIT
/*
 * The command line of rewired.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rewire.h>

#include "log.h"
#include "options.h"

/* Processors are for enclaves, too. */
#define MOST_STREAMS	4

static const char usage[] =
"Usage: rewired --host-dir DIR [OPTION]...\n"
"Carry messages, streams and calls between the Security Monitor of this host\n"
"and those of others. Runs in the foreground until SIGTERM or SIGINT.\n"
"\n"
"  --host-dir DIR        keys of this host, as made by \"rewire pki host\"\n"
"  --state-dir DIR       open migrations, receipts, checkpoints\n"
"                        [/var/lib/rewire]\n"
"  --socket PATH         control socket [" REWIRE_CTL_SOCKET "]\n"
"  --listen HOST:PORT    let other helpers connect here; port 0 takes any that\n"
"                        is free. Without it this host can only be a source\n"
"  --provision           give the SM its keys from --host-dir if it has none\n"
"  --journal DIR         with --provision: folder of the SM's journal\n"
"                        [journal in the host's]\n"
"  --unwitnessed         with --provision: ask nobody if the journal is the last\n"
"  --strict              with --provision: the SM has a witness know each step that\n"
"                        others act on before it is taken; see --witness-command\n"
"  --no-journal          with --provision: the SM remembers nothing; for benches\n"
"  --witness-command PROGRAM\n"
"                        how to ask a witness. It gets the names of two files: the\n"
"                        SM's head, and where the answer is to be; what\n"
"                        'rewire witness sign HEAD -o ANSWER' does. Without it\n"
"                        somebody has to run 'rewire witness' each time\n"
"  --max-silence S       say so when no witness was heard for that many seconds\n"
"  --volatile            keep no sealed checkpoint of an enclave that moves:\n"
"                        it is lost if its host goes down meanwhile\n"
"  --update-inbox DIR    apply the packages that appear there, as the policy says\n"
"  --update-policy FILE  what may be updated, when, and who has to agree; see\n"
"                        docs/update.md. Without it all has to be approved.\n"
"                        Read again on SIGHUP\n"
"  --tuf-metadata URL    fetch packages from a repository of The Update Framework into\n"
"                        --update-inbox, and payloads once the policy lets them be\n"
"                        applied; see docs/update.md\n"
"  --tuf-targets URL     where its targets lie\n"
"  --tuf-channel NAME    its target that lists what is for this host [channel]\n"
"  --tuf-root FILE       its first root, for a host that trusts none yet\n"
"  --tuf-period S        how often it is looked at [3600]\n"
"  --tuf-client PROGRAM  what fetches [/usr/local/bin/rewire-tuf-client]\n"
"  --receipts DIR        keep receipts of updates there [receipts in --state-dir]\n"
"  --receipt-command PROGRAM\n"
"                        how the SDS gets the receipts of updates: PROGRAM reads one\n"
"                        from its standard input, and is run again until it exits\n"
"                        with 0\n"
"  --max-peers N         connections of other helpers at a time [16]\n"
"  --max-clients N       connections on the control socket at a time [32]\n"
"  --pause-goal MS       a running enclave is copied in rounds, until what is left\n"
"                        would take no longer than this [100]\n"
"  --pause-limit MS      move no enclave that would stand still for longer, however\n"
"                        much it was slowed down [none]\n"
"  --stop-and-copy       an enclave stands still from the first page to the last\n"
"  --streams N           send an enclave's pages in as many streams, 1 to 8, each of\n"
"                        them a connection and a thread [processors, at most 4]\n"
"  --freeze-timeout S    seconds an enclave has to stand still, 1 .. 60 [10]\n"
"  --io-timeout S        seconds a peer has to take or send something [60]\n"
"  --no-ktls             encrypt what is sent here, not in the kernel\n"
"  --verbose             log more; twice: even more\n"
"  --quiet               log warnings and errors only\n"
"  --help                this\n"
"\n"
"Exit status: 0 stopped by a signal, 1 could not start, 2 wrong usage.\n";

enum {
	OPT_HOST_DIR = 256, OPT_STATE_DIR, OPT_SOCKET, OPT_LISTEN,
	OPT_PROVISION, OPT_JOURNAL, OPT_UNWITNESSED, OPT_STRICT, OPT_NO_JOURNAL,
	OPT_WITNESS, OPT_SILENCE, OPT_VOLATILE, OPT_UPDATE_INBOX, OPT_UPDATE_POLICY,
	OPT_TUF_METADATA, OPT_TUF_TARGETS, OPT_TUF_CHANNEL, OPT_TUF_ROOT,
	OPT_TUF_PERIOD, OPT_TUF_CLIENT, OPT_RECEIPTS, OPT_COURIER, OPT_MAX_PEERS, OPT_MAX_CLIENTS,
	OPT_PAUSE, OPT_LIMIT, OPT_STOP, OPT_STREAMS, OPT_FREEZE, OPT_IO,
	OPT_NO_KTLS,
	OPT_VERBOSE, OPT_QUIET, OPT_HELP,
};

static const struct option longs[] = {
	{ "host-dir", required_argument, NULL, OPT_HOST_DIR },
	{ "state-dir", required_argument, NULL, OPT_STATE_DIR },
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "listen", required_argument, NULL, OPT_LISTEN },
	{ "provision", no_argument, NULL, OPT_PROVISION },
	{ "journal", required_argument, NULL, OPT_JOURNAL },
	{ "unwitnessed", no_argument, NULL, OPT_UNWITNESSED },
	{ "strict", no_argument, NULL, OPT_STRICT },
	{ "witness-command", required_argument, NULL, OPT_WITNESS },
	{ "max-silence", required_argument, NULL, OPT_SILENCE },
	{ "no-journal", no_argument, NULL, OPT_NO_JOURNAL },
	{ "volatile", no_argument, NULL, OPT_VOLATILE },
	{ "update-inbox", required_argument, NULL, OPT_UPDATE_INBOX },
	{ "update-policy", required_argument, NULL, OPT_UPDATE_POLICY },
	{ "tuf-metadata", required_argument, NULL, OPT_TUF_METADATA },
	{ "tuf-targets", required_argument, NULL, OPT_TUF_TARGETS },
	{ "tuf-channel", required_argument, NULL, OPT_TUF_CHANNEL },
	{ "tuf-root", required_argument, NULL, OPT_TUF_ROOT },
	{ "tuf-period", required_argument, NULL, OPT_TUF_PERIOD },
	{ "tuf-client", required_argument, NULL, OPT_TUF_CLIENT },
	{ "receipts", required_argument, NULL, OPT_RECEIPTS },
	{ "receipt-command", required_argument, NULL, OPT_COURIER },
	{ "max-peers", required_argument, NULL, OPT_MAX_PEERS },
	{ "max-clients", required_argument, NULL, OPT_MAX_CLIENTS },
	{ "pause-goal", required_argument, NULL, OPT_PAUSE },
	{ "pause-limit", required_argument, NULL, OPT_LIMIT },
	{ "stop-and-copy", no_argument, NULL, OPT_STOP },
	{ "streams", required_argument, NULL, OPT_STREAMS },
	{ "freeze-timeout", required_argument, NULL, OPT_FREEZE },
	{ "io-timeout", required_argument, NULL, OPT_IO },
	{ "no-ktls", no_argument, NULL, OPT_NO_KTLS },
	{ "verbose", no_argument, NULL, OPT_VERBOSE },
	{ "quiet", no_argument, NULL, OPT_QUIET },
	{ "help", no_argument, NULL, OPT_HELP },
	{ }
};

/* Takes 1 .. @most; false with a message for anything else. */
static bool parse_number(const char *name, const char *text, unsigned long most,
			 unsigned int *ret)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || value < 1 || value > most) {
		fprintf(stderr, "rewired: --%s takes a number from 1 to %lu, not '%s'\n",
			name, most, text);
		return false;
	}
	*ret = (unsigned int)value;
	return true;
}

static bool take_number(struct options *o, int option, const char *text)
{
	unsigned int seconds;

	switch (option) {
	case OPT_MAX_PEERS:
		return parse_number("max-peers", text, 256, &o->max_peers);
	case OPT_MAX_CLIENTS:
		return parse_number("max-clients", text, 256, &o->max_clients);
	case OPT_SILENCE:
		return parse_number("max-silence", text, 365 * 86400,
				    &o->max_silence_s);
	case OPT_TUF_PERIOD:
		return parse_number("tuf-period", text, 30 * 86400,
				    &o->tuf_period_s);
	case OPT_PAUSE:
		return parse_number("pause-goal", text, 60000,
				    &o->pause_goal_ms);
	case OPT_LIMIT:
		return parse_number("pause-limit", text, 600000,
				    &o->pause_limit_ms);
	case OPT_STREAMS:
		return parse_number("streams", text, REWIRE_MAX_LANES,
				    &o->streams);
	case OPT_FREEZE:
		if (!parse_number("freeze-timeout", text, 60, &seconds))
			return false;
		o->freeze_timeout_ms = seconds * 1000;
		return true;
	case OPT_IO:
		if (!parse_number("io-timeout", text, 3600, &seconds))
			return false;
		o->io_timeout_ms = seconds * 1000;
		return true;
	}
	return false;
}

static bool take(struct options *o, int option, const char *text)
{
	switch (option) {
	case OPT_HOST_DIR:
		o->host_dir = text;
		return true;
	case OPT_STATE_DIR:
		o->state_dir = text;
		return true;
	case OPT_SOCKET:
		o->socket = text;
		return true;
	case OPT_LISTEN:
		o->listen = text;
		return true;
	case OPT_PROVISION:
		o->provision = true;
		return true;
	case OPT_JOURNAL:
		o->provisioning.journal = text;
		return true;
	case OPT_UNWITNESSED:
		o->provisioning.flags |= REWIRE_PROVISION_UNWITNESSED;
		return true;
	case OPT_STRICT:
		o->provisioning.flags |= REWIRE_PROVISION_STRICT;
		return true;
	case OPT_WITNESS:
		o->witness_command = text;
		return true;
	case OPT_NO_JOURNAL:
		o->provisioning.flags |= REWIRE_PROVISION_VOLATILE;
		return true;
	case OPT_VOLATILE:
		o->is_volatile = true;
		return true;
	case OPT_STOP:
		o->pause_goal_ms = 0;
		return true;
	case OPT_UPDATE_INBOX:
		o->update_inbox = text;
		return true;
	case OPT_UPDATE_POLICY:
		o->update_policy = text;
		return true;
	case OPT_TUF_METADATA:
		o->tuf_metadata = text;
		return true;
	case OPT_TUF_TARGETS:
		o->tuf_targets = text;
		return true;
	case OPT_TUF_CHANNEL:
		o->tuf_channel = text;
		return true;
	case OPT_TUF_ROOT:
		o->tuf_root = text;
		return true;
	case OPT_TUF_CLIENT:
		o->tuf_client = text;
		return true;
	case OPT_RECEIPTS:
		o->receipts_dir = text;
		return true;
	case OPT_COURIER:
		o->receipt_command = text;
		return true;
	case OPT_NO_KTLS:
		o->no_ktls = true;
		return true;
	case OPT_VERBOSE:
		if (o->level < LOG_LEVEL_DEBUG)
			o->level++;
		return true;
	case OPT_QUIET:
		o->level = LOG_LEVEL_WARNING;
		return true;
	}
	return take_number(o, option, text);
}

static unsigned int streams_here(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	return processors < 1 ? 1 : processors > MOST_STREAMS ?
	       MOST_STREAMS : (unsigned int)processors;
}

int options_parse(struct options *options, int argc, char **argv)
{
	int option;

	*options = (struct options){
		.state_dir = "/var/lib/rewire",
		.socket = REWIRE_CTL_SOCKET,
		.tuf_channel = "channel",
		.tuf_client = "/usr/local/bin/rewire-tuf-client",
		.tuf_period_s = 3600,
		.max_peers = 16,
		.max_clients = 32,
		.pause_goal_ms = 100,
		.streams = streams_here(),
		.freeze_timeout_ms = 10 * 1000,
		.io_timeout_ms = 60 * 1000,
		.level = LOG_LEVEL_NOTICE,
	};
	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (option == OPT_HELP) {
			fputs(usage, stdout);
			return 0;
		}
		if (option == '?' || !take(options, option, optarg)) {
			fputs("Try 'rewired --help'.\n", stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "rewired: what is '%s' for?\nTry 'rewired --help'.\n",
			argv[optind]);
		return 2;
	}
	if (!options->host_dir) {
		fputs("rewired: --host-dir is needed; make one with 'rewire pki host'.\n"
		      "Try 'rewired --help'.\n", stderr);
		return 2;
	}
	if (!options->tuf_metadata != !options->tuf_targets ||
	    (options->tuf_metadata && !options->update_inbox)) {
		fputs("rewired: --tuf-metadata, --tuf-targets and --update-inbox go together.\n"
		      "Try 'rewired --help'.\n", stderr);
		return 2;
	}
	return -1;
}

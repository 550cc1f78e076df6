/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_OPTIONS_H
#define REWIRED_OPTIONS_H

#include <stdbool.h>

#include <rewire.h>

/**
 * struct options - the command line
 * @host_dir: folder of this host, as made by "rewire pki host"
 * @state_dir: where open migrations, receipts and checkpoints are kept
 * @socket: path of the control socket
 * @listen: "HOST:PORT" for other helpers; NULL: this host is only a source
 * @provision: provision the SM from @host_dir if nobody did
 * @provisioning: how
 * @witness_command: program that asks a witness; NULL: somebody else does
 * @max_silence_s: after which it is said that no witness was heard; 0: never
 * @is_volatile: keep no sealed checkpoints of what moves
 * @update_policy: file that says what may be updated when; NULL: all of it has
 *	to be approved
 * @update_inbox: folder where packages are dropped; NULL: none
 * @tuf_metadata: URL of the metadata of a repository of The Update Framework that
 *	packages come from; NULL: none
 * @tuf_targets: URL of its targets
 * @tuf_channel: the target that lists what is for this host
 * @tuf_root: file with its first root, for a host that trusts none yet; or NULL
 * @tuf_client: program that fetches
 * @tuf_period_s: how often it is looked at
 * @receipts_dir: folder for receipts of updates; NULL: in the state folder
 * @receipt_command: program that takes a receipt to the SDS; NULL: none does
 * @max_peers: connections of other helpers at a time
 * @max_clients: connections on the control socket at a time
 * @pause_goal_ms: for what is left of an enclave that is copied while it runs; 0:
 *	none is
 * @pause_limit_ms: longest pause of such a one; 0: any
 * @streams: of a migration from here, at most
 * @freeze_timeout_ms: for an enclave to stand still
 * @io_timeout_ms: for a peer to take or send something
 * @no_ktls: what is sent is encrypted here, even where the kernel could
 * @level: LOG_LEVEL_*
 */
struct options {
	const char *host_dir;
	const char *state_dir;
	const char *socket;
	const char *listen;
	bool provision;
	struct rewire_provision_options provisioning;
	const char *witness_command;
	unsigned int max_silence_s;
	bool is_volatile;
	const char *update_policy;
	const char *update_inbox;
	const char *tuf_metadata;
	const char *tuf_targets;
	const char *tuf_channel;
	const char *tuf_root;
	const char *tuf_client;
	unsigned int tuf_period_s;
	const char *receipts_dir;
	const char *receipt_command;
	unsigned int max_peers;
	unsigned int max_clients;
	unsigned int pause_goal_ms;
	unsigned int pause_limit_ms;
	unsigned int streams;
	unsigned int freeze_timeout_ms;
	unsigned int io_timeout_ms;
	bool no_ktls;
	int level;
};

/**
 * options_parse - read the command line
 * @options: filled
 * @argc: of main()
 * @argv: of main()
 *
 * Return: -1: go on; else the exit status (help was asked for, or needed).
 */
int options_parse(struct options *options, int argc, char **argv);

#endif /* REWIRED_OPTIONS_H */

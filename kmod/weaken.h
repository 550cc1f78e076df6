/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Switches that remove one defence each. A test of an attack is worth something
 * only if it fails without the defence that it is about; scripts/check-weakened
 * builds the module with REWIRE_WEAKEN=1 and tries each. In any other build a
 * switch is the constant false, and there is no parameter.
 */
#ifndef REWIRE_WEAKEN_H
#define REWIRE_WEAKEN_H

#include <linux/types.h>

#define REWIRE_WEAKNESSES(X)						\
	/* what a role has to have signed */				\
	X(signature, "wrong signatures of roles count")			\
	X(role, "the key of one role stands in for another's")		\
	X(threshold, "a root key that signs twice counts twice")	\
	X(bundle_version, "older bundles and levels are taken")		\
	X(revocation, "revoked SMs are believed")			\
	X(measurement, "the code need not be the manifest's")		\
	/* who may do what with a request */				\
	X(addressee, "requests for other SMs count")			\
	X(request_replay, "requests are followed more than once")	\
	X(epoch, "requests for other epochs are followed")		\
	X(level_accept, "levels are not looked at after ACCEPT")	\
	X(level_ready, "levels are not looked at after READY")		\
	X(fence, "a target that is not revoked can be fenced")		\
	/* what the other SM says */					\
	X(speaker, "messages of either role are heard")			\
	X(listener, "messages for other SMs are heard")			\
	X(session, "messages of other lives of a session are heard")	\
	X(evidence, "evidence of anything counts")			\
	X(evidence_nonce, "evidence that answers nobody counts")	\
	X(start_digest, "START may be about another state")		\
	X(receipt_digest, "RECEIPT may be about another state")		\
	X(record_tag, "records of a stream may be changed")		\
	/* one instance, and its last state */				\
	X(no_return, "a source may go back on what it promised")	\
	X(relinquished, "RELINQUISHED is not written down")		\
	X(aborted, "ABORTED is not written down")			\
	X(place, "a workload may live here twice")			\
	X(moved, "a workload that moved away may start again")		\
	X(floor, "old checkpoints come back")				\
	X(lineage, "checkpoints of any migration come back")		\
	X(counter, "counters do not come along")			\
	X(dirty, "what is written while it is copied is not noted")	\
	X(predecessor, "other code opens what is sealed for one")	\
	X(sealed_last, "a checkpoint ends whatever became of its migration") \
	X(output_commit, "answers do not wait for their counters")	\
	/* one version, and none of before */				\
	X(version_floor, "older versions take over")			\
	X(version_from, "packages are for any version")			\
	X(package_replay, "a package is taken more than once")		\
	X(package_device, "packages for others are taken")		\
	X(package_expiry, "packages do not expire")			\
	X(package_revoked, "who signed is not looked at again")		\
	X(trial_output, "a version on trial may add to counters")	\
	X(trial_health, "a version need not be well to take over")	\
	/* the journal */						\
	X(witness, "no witness is waited for")				\
	X(strict, "only the start waits for a witness")			\
	X(head, "the head that a witness knows is not looked for")	\
	X(record_mac, "records need not be ours")			\
	X(chain, "records need not follow each other")

#define REWIRE_WEAKNESS(name, ...)	REWIRE_WEAK_##name,
enum rewire_weakness {
	REWIRE_WEAKNESSES(REWIRE_WEAKNESS)
	REWIRE_WEAKNESS_COUNT
};

#undef REWIRE_WEAKNESS

/**
 * rewire_weakened() - is a defence removed?
 * @name: of REWIRE_WEAKNESSES
 *
 * Return: false.
 */
#ifdef REWIRE_WEAKEN
#include <linux/bitops.h>

extern unsigned long rewire_weaknesses[BITS_TO_LONGS(REWIRE_WEAKNESS_COUNT)];

#define rewire_weakened(name)						\
	test_bit(REWIRE_WEAK_##name, rewire_weaknesses)
#else
#define rewire_weakened(name)	((void)REWIRE_WEAK_##name, false)
#endif

#endif

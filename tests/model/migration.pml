/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Migration of one workload between two Security Monitors, for spin.
 * docs/model.md explains it; `make check-model` runs it.
 *
 * Each step of a party is one atomic: a record in its journal, or one message,
 * never both. So a crash comes between any two of them. All is global state
 * without channels: a party's next step depends on its journal, its memory and
 * the messages that exist, on nothing else.
 *
 * What is checked is set from outside:
 *
 *	HOPS		sessions: 1, or 2 (the second goes back; with RETRY the
 *			second goes the same way again)
 *	CRASHES		power losses, of either host
 *	ROLLBACKS	old journals put back by the attacker
 *	REVOKES		may the SDS revoke the first session's target?
 *	DISKS		sealed checkpoints of a target that get lost
 *	LOSSES		messages the network loses for good
 *	HELPERS		helpers that die and come back
 *	NO_START	nobody is asked at the start of an SM: each record that
 *			counts waits for the witness, and that has to do
 *	LIVE		check never_stuck instead of what is never to happen
 *	REACH		find the happy end: is there one at all?
 *	BREAK		the rule to break, by its name below
 *	ONLY		the one property to look at
 */
#ifndef HOPS
#define HOPS		1
#endif
#ifndef CRASHES
#define CRASHES		0
#endif
#ifndef ROLLBACKS
#define ROLLBACKS	0
#endif
#ifndef REVOKES
#define REVOKES		0
#endif
#ifndef DISKS
#define DISKS		0
#endif
#ifndef LOSSES
#define LOSSES		0
#endif
#ifndef HELPERS
#define HELPERS		0
#endif

#ifndef BREAK
#define BREAK		nothing
#endif
#define BROKEN(rule)	(BREAK == rule)

#define nothing				0
#define start_before_relinquished	1
#define target_runs_on_ready		2
#define thaw_before_durable_abort	3
#define aborted_not_durable		4
#define active_then_aborted		5
#define aborted_then_active		6
#define no_fsync			7
#define restore_without_floor		8
#define enter_voids_lower_epochs_only	9
#define no_witness			10
#define run_not_witnessed		11
#define unconfirmed_speaks		12
#define resume_on_timeout		13
#define recovery_aborts_relinquished	14
#define fence_without_revocation	15
#define start_without_image		16
#define restore_moved			17
#define restore_relinquished		18
#define checkpoint_after_digest		19
#define no_source_checkpoint		20
#define ready_before_checkpoint		21
#define wipe_on_relinquished		22
#define no_query			23
#define request_replayed		24
#define unknown_is_silent		25
#define no_fence			26
#define active_keeps_epoch		27
#define start_not_witnessed		28
#define aborted_not_witnessed		29
#define witness_at_start_only		30
#define active_not_witnessed		31

/* Properties, for ONLY. */
#define two		1
#define fork		2
#define lost		3
#ifdef ONLY
#define LOOK_AT(property)	(ONLY == property)
#else
#define LOOK_AT(property)	1
#endif

/* Hosts 0 and 1; session 0 goes from 0 to 1. */
#ifdef RETRY
#define SRC(h)		0
#define DST(h)		1
#else
#define SRC(h)		(h)
#define DST(h)		(1 - (h))
#endif
#define OTHER(h)	(1 - (h))

/* What a session's record says. FROZEN_D: FROZEN, and D is recorded. */
mtype = {
	NONE, OFFERED, AGREED, FROZEN, FROZEN_D, RELINQUISHED, DESTROYED,
	RECEIVING, PREPARED, ACTIVE, ABORTED, FENCED
};

/*
 * What a host's memory holds of the workload. IMAGE: complete, no thread runs
 * (a frozen source, a prepared target, a checkpoint loaded). ENTERING: the
 * epoch is recorded, the first instruction is still to come.
 */
mtype:memory = { GONE, IMAGE, ENTERING, RUNNING };

/* The journal, in the SM's memory and on the disk. */
mtype s[HOPS] = NONE, s_disk[HOPS] = NONE;
mtype t[HOPS] = NONE, t_disk[HOPS] = NONE;
byte floor[2];		/* the workload's epoch here: no older one is restored */

/* Sealed checkpoints. Each that was ever written can be put back later. */
bool s_ckpt[HOPS], t_ckpt[HOPS];

/* Volatile. */
mtype:memory mem[2] = GONE;
bit image_of[2];		/* the session that the image belongs to */
bool up[2] = true;
bool confirmed[2] = true;	/* by the witness, since the start */
bool helper[2] = true;		/* has its handles of the sessions */

/*
 * The network: for each session the set of messages that exist. Hearing one does
 * not remove it, so that it is heard late, twice, out of order, or never; LOSSES
 * takes some away.
 */
#define OFFER		1
#define ACCEPT		2
#define STREAM		4
#define READY		8
#define START		16
#define ACTIVE_MSG	32
#define RECEIPT		64
#define S_ABORTED	128
#define T_ABORTED	256
#define FENCE		512
short net[HOPS], said[HOPS];

/* The SDS: what it signed, and the witness. */
byte request[HOPS];	/* the epoch that the request names; 0: not signed */
bool revoked[2], dead[2];
bool behind[2];		/* the journal has records that the witness has not */

/* The attacker's old copy of one host's journal. */
bool copied, copy_older, copy_caught;
bit copy_host;
byte copy_floor;
mtype copy_s[HOPS] = NONE, copy_t[HOPS] = NONE;
bool caught[2];		/* the witness's head is not in the journal: for good */

byte crashes = CRASHES, rollbacks = ROLLBACKS, revokes = REVOKES;
byte disks = DISKS, losses = LOSSES, helpers = HELPERS;

/*
 * Ghosts, which no rule reads. `age` counts how often an instance began to run;
 * frozen[h] is the age of the state that session h moves. Who runs on from a
 * state that is not the newest forks the workload.
 */
byte age = 1, frozen[HOPS];
bool forked, excused;
bool never_two_running, never_forked, never_lost, happy_end; /* false: names */

#define BEFORE_END(h)	(s[h] == OFFERED || s[h] == AGREED || s[h] == FROZEN)
#define MAY_ABORT(h)	(BEFORE_END(h) || s[h] == FROZEN_D)
#define S_OPEN(h)	(MAY_ABORT(h) || s[h] == RELINQUISHED)
#define T_OPEN(h)	(t[h] == RECEIVING || t[h] == PREPARED)

/*
 * An SM that the witness has not confirmed since its start runs nothing that
 * could run elsewhere. It may speak: what counts waits for the witness by itself.
 */
#define MAY_ACT(i)	up[i]
#ifdef NO_START
#define MAY_RUN(i)	up[i]
#else
#define MAY_RUN(i)	(up[i] && confirmed[i])
#endif

/*
 * A record that can't be taken back: the witness holds it before it has effects.
 * An SM that is not strict does without, wherever that is asked for.
 */
#define WITNESSED(i, rule) \
	(!behind[i] || BROKEN(rule) || BROKEN(witness_at_start_only))

#define HEARS(i, h, m)	(MAY_ACT(i) && helper[i] && (net[h] & (m)))
/* The last word, as often as the helper asks (QUERY) and it does not exist. */
#define MAY_SAY(i, h, m) \
	(MAY_ACT(i) && helper[i] && !(net[h] & (m)) && \
	 !(BROKEN(no_query) && (said[h] & (m))))

inline say(h, m)
{
	net[h] = net[h] | (m);
	if
	:: BROKEN(no_query) -> said[h] = said[h] | (m)
	:: else
	fi
}

/* The witness falls behind, the attacker's copy becomes an old one. */
inline recorded(i)
{
	if
	:: ROLLBACKS > 0 ->
		behind[i] = true;
		if
		:: copied && copy_host == i -> copy_older = true
		:: else
		fi
	:: else
	fi
}

inline s_record(h, state)
{
	s[h] = state;
	if
	:: BROKEN(no_fsync) || BROKEN(thaw_before_durable_abort) && s[h] == ABORTED
	:: else -> s_disk[h] = state
	fi;
	recorded(SRC(h))
}

inline t_record(h, state)
{
	t[h] = state;
	if
	:: BROKEN(no_fsync) || BROKEN(aborted_not_durable) && t[h] == ABORTED
	:: else -> t_disk[h] = state
	fi;
	recorded(DST(h))
}

/*
 * To enter is to raise the epoch above that of each checkpoint of this state,
 * e at the source and e + 1 at the target, and so to void them.
 */
inline enter(h, i, epoch)
{
	floor[i] = epoch;
	mem[i] = ENTERING;
	recorded(i)
}

inline runs(h, i)
{
	mem[i] = RUNNING;
	if
	:: revoked[i]
	:: else ->
		forked = forked || frozen[h] != age;
		age++
	fi
}

/* What a copy's epoch must be; see enter(). */
#define HOLDS(i, h)	(mem[i] == IMAGE && image_of[i] == h)
#define ENTERS(i, h)	(mem[i] == ENTERING && image_of[i] == h)
#define S_VALID(h)	(floor[SRC(h)] == request[h] || BROKEN(restore_without_floor))
#define T_EPOCH(h)	(request[h] + 1)
#define T_VALID(h)	(floor[DST(h)] <= T_EPOCH(h) || BROKEN(restore_without_floor))
#define BACK_EPOCH(h)	(request[h] + 2)
#define T_ENTERED(h) \
	(T_EPOCH(h) + (1 - BROKEN(enter_voids_lower_epochs_only)))

/*
 * "Lost" is measured by this: a running instance, or a newest copy that the
 * journals let one party start, now or once it has heard the other.
 */
#define COUNTS(i)	(mem[i] == RUNNING && !revoked[i])
#define S_COPY(h)	((HOLDS(SRC(h), h) || \
			  s_ckpt[h] && floor[SRC(h)] == request[h]) && \
			 frozen[h] == age)
#define T_COPY(h)	((HOLDS(DST(h), h) || \
			  t_ckpt[h] && floor[DST(h)] <= T_EPOCH(h)) && \
			 frozen[h] == age && !revoked[DST(h)])
#define S_HAS(h)	(S_COPY(h) && \
			 (s[h] == FROZEN || s[h] == FROZEN_D || s[h] == ABORTED || \
			  s[h] == RELINQUISHED && \
			  (t[h] != ACTIVE || revoked[DST(h)])))
#define T_HAS(h)	(T_COPY(h) && \
			 (t[h] == ACTIVE || \
			  t[h] == PREPARED && \
			  (s[h] == FROZEN_D || s[h] == RELINQUISHED)))
#define ON_THE_WAY(i)	(mem[i] == ENTERING && !revoked[i])
#if HOPS > 1
#define ANY_HAS		(S_HAS(0) || T_HAS(0) || S_HAS(1) || T_HAS(1))
#else
#define ANY_HAS		(S_HAS(0) || T_HAS(0))
#endif
#define EXISTS		(COUNTS(0) || COUNTS(1) || ON_THE_WAY(0) || ON_THE_WAY(1) || \
			 ANY_HAS)

/* One workload has one place in an SM: no second session, no second image. */
#if HOPS > 1
#define FREE_FOR_TARGET(h) \
	(mem[DST(h)] == GONE && \
	 !(SRC(OTHER(h)) == DST(h) && S_OPEN(OTHER(h))) && \
	 !(DST(OTHER(h)) == DST(h) && T_OPEN(OTHER(h))))
#define FREE_FOR_SOURCE(h)	(!(SRC(OTHER(h)) == SRC(h) && S_OPEN(OTHER(h))))
#else
#define FREE_FOR_TARGET(h)	(mem[DST(h)] == GONE)
#define FREE_FOR_SOURCE(h)	true
#endif

proctype source(bit h)
{
end:	do
	/* A request counts once, and only for the epoch it names. */
	:: d_step { MAY_ACT(SRC(h)) && s[h] == NONE && request[h] &&
		    mem[SRC(h)] == RUNNING && floor[SRC(h)] == request[h] &&
		    FREE_FOR_SOURCE(h) ->
		s_record(h, OFFERED) }
	:: d_step { BROKEN(request_replayed) && MAY_ACT(SRC(h)) &&
		    (s[h] == DESTROYED || s[h] == ABORTED) &&
		    mem[SRC(h)] == RUNNING && FREE_FOR_SOURCE(h) ->
		request[h] = floor[SRC(h)];
		s_ckpt[h] = false;
		s_record(h, OFFERED) }
	:: d_step { s[h] == OFFERED && MAY_SAY(SRC(h), h, OFFER) -> say(h, OFFER) }

	:: d_step { s[h] == OFFERED && HEARS(SRC(h), h, ACCEPT) ->
		s_record(h, AGREED) }
	:: d_step { s[h] == AGREED && MAY_ACT(SRC(h)) && mem[SRC(h)] == RUNNING ->
		s_record(h, FROZEN);
		mem[SRC(h)] = IMAGE;
		image_of[SRC(h)] = h;
		frozen[h] = age }

	/* The sealed checkpoint is on the disk before the stream can end. */
	:: d_step { (s[h] == FROZEN || s[h] == FROZEN_D && BROKEN(checkpoint_after_digest)) &&
		    MAY_ACT(SRC(h)) && HOLDS(SRC(h), h) && !s_ckpt[h] &&
		    !BROKEN(no_source_checkpoint) ->
		s_ckpt[h] = true }
	:: d_step { s[h] == FROZEN && MAY_ACT(SRC(h)) && HOLDS(SRC(h), h) &&
		    (s_ckpt[h] || BROKEN(checkpoint_after_digest) ||
		     BROKEN(no_source_checkpoint)) ->
		s_record(h, FROZEN_D) }
	:: d_step { s[h] == FROZEN_D && HOLDS(SRC(h), h) &&
		    MAY_SAY(SRC(h), h, STREAM) ->
		say(h, STREAM) }

	/* The decision. It needs READY(D), not the image. */
	:: d_step { s[h] == FROZEN_D && HEARS(SRC(h), h, READY) &&
		    (s_ckpt[h] || mem[SRC(h)] == GONE || BROKEN(no_source_checkpoint)) ->
		s_record(h, RELINQUISHED);
		if
		:: BROKEN(wipe_on_relinquished) ->
			mem[SRC(h)] = GONE;
			s_ckpt[h] = false
		:: else
		fi }
	:: d_step { (s[h] == RELINQUISHED &&
		     WITNESSED(SRC(h), start_not_witnessed) ||
		     BROKEN(start_before_relinquished) && s[h] == FROZEN_D &&
		     (net[h] & READY)) &&
		    MAY_SAY(SRC(h), h, START) ->
		say(h, START) }

	/* Alone until RELINQUISHED; then only by the target's word, or the SDS's. */
	:: d_step { MAY_ABORT(h) && MAY_ACT(SRC(h)) -> s_record(h, ABORTED) }
	:: d_step { s[h] == RELINQUISHED && BROKEN(resume_on_timeout) &&
		    MAY_ACT(SRC(h)) ->
		s_record(h, ABORTED) }
	:: d_step { S_OPEN(h) && HEARS(SRC(h), h, T_ABORTED) -> s_record(h, ABORTED) }
	:: d_step { S_OPEN(h) && HEARS(SRC(h), h, FENCE) -> s_record(h, ABORTED) }
	:: d_step { s[h] == ABORTED && MAY_SAY(SRC(h), h, S_ABORTED) ->
		say(h, S_ABORTED) }

	/* The target runs: wiped here, MOVED. */
	:: d_step { s[h] == RELINQUISHED && HEARS(SRC(h), h, ACTIVE_MSG) ->
		s_record(h, DESTROYED);
		mem[SRC(h)] = GONE;
		/* Told by an SM that the SDS had just taken out of the world. */
		excused = excused || revoked[DST(h)] }
	:: d_step { s[h] == DESTROYED && MAY_SAY(SRC(h), h, RECEIPT) ->
		say(h, RECEIPT) }

	/* Taken back: from memory, or from the checkpoint of this session. */
	:: d_step { (s[h] == ABORTED || s[h] == DESTROYED && BROKEN(restore_moved) ||
		     s[h] == RELINQUISHED && BROKEN(restore_relinquished)) &&
		    MAY_RUN(SRC(h)) && mem[SRC(h)] == GONE && s_ckpt[h] &&
		    S_VALID(h) && FREE_FOR_SOURCE(h) ->
		mem[SRC(h)] = IMAGE;
		image_of[SRC(h)] = h }
	:: d_step { (s[h] == ABORTED || s[h] == DESTROYED && BROKEN(restore_moved) ||
		     s[h] == RELINQUISHED && BROKEN(restore_relinquished)) &&
		    MAY_RUN(SRC(h)) && HOLDS(SRC(h), h) && S_VALID(h) ->
		enter(h, SRC(h), BACK_EPOCH(h)) }
	:: d_step { ENTERS(SRC(h), h) && MAY_RUN(SRC(h)) &&
		    WITNESSED(SRC(h), run_not_witnessed) ->
		runs(h, SRC(h)) }

	:: d_step { BROKEN(no_fsync) && up[SRC(h)] && s_disk[h] != s[h] ->
		s_disk[h] = s[h] }
	od
}

proctype target(bit h)
{
end:	do
	:: d_step { (t[h] == NONE || BROKEN(request_replayed) && t[h] == ABORTED) &&
		    HEARS(DST(h), h, OFFER) && FREE_FOR_TARGET(h) &&
		    floor[DST(h)] < T_EPOCH(h) ->
		t_record(h, RECEIVING) }
	:: d_step { t[h] == RECEIVING && MAY_SAY(DST(h), h, ACCEPT) ->
		say(h, ACCEPT) }

	/* Image complete, checkpoint on the disk, PREPARED, and then READY. */
	:: d_step { t[h] == RECEIVING && HEARS(DST(h), h, STREAM) &&
		    mem[DST(h)] == GONE ->
		mem[DST(h)] = IMAGE;
		image_of[DST(h)] = h;
		t_ckpt[h] = !BROKEN(ready_before_checkpoint) }
	:: d_step { t[h] == RECEIVING && MAY_ACT(DST(h)) && HOLDS(DST(h), h) ->
		t_record(h, PREPARED) }
	:: d_step { t[h] == PREPARED && MAY_SAY(DST(h), h, READY) -> say(h, READY) }

	/* After a crash: the image comes from the checkpoint, or there is none. */
	:: d_step { (t[h] == PREPARED || t[h] == ACTIVE ||
		     t[h] == ABORTED && BROKEN(aborted_then_active)) &&
		    MAY_RUN(DST(h)) && mem[DST(h)] == GONE && t_ckpt[h] &&
		    T_VALID(h) ->
		mem[DST(h)] = IMAGE;
		image_of[DST(h)] = h }

	/* One register: ACTIVE or ABORTED. */
	:: d_step { (t[h] == PREPARED || t[h] == ABORTED && BROKEN(aborted_then_active)) &&
		    HEARS(DST(h), h, START) &&
		    (HOLDS(DST(h), h) || BROKEN(start_without_image)) ->
		t_record(h, ACTIVE);
		/* Also while it is only a checkpoint, its place is taken. */
		if
		:: BROKEN(active_keeps_epoch)
		:: else -> floor[DST(h)] = T_EPOCH(h)
		fi }
	:: d_step { (T_OPEN(h) || t[h] == ACTIVE && BROKEN(active_then_aborted)) &&
		    MAY_ACT(DST(h)) ->
		t_record(h, ABORTED);
		if
		:: T_OPEN(h) || mem[DST(h)] != RUNNING -> mem[DST(h)] = GONE
		:: else
		fi }
	:: d_step { T_OPEN(h) && HEARS(DST(h), h, S_ABORTED) ->
		t_record(h, ABORTED);
		mem[DST(h)] = GONE }
	:: d_step { (T_OPEN(h) || t[h] == ACTIVE) && HEARS(DST(h), h, FENCE) ->
		t_record(h, FENCED);
		mem[DST(h)] = GONE }
	/* A session that the journal does not know never ran here, nor will. */
	:: d_step { t[h] == NONE && HEARS(DST(h), h, START) &&
		    !BROKEN(unknown_is_silent) ->
		t_record(h, ABORTED) }

	:: d_step { t[h] == ACTIVE && WITNESSED(DST(h), active_not_witnessed) &&
		    MAY_SAY(DST(h), h, ACTIVE_MSG) ->
		say(h, ACTIVE_MSG) }
	:: d_step { t[h] == ABORTED &&
		    WITNESSED(DST(h), aborted_not_witnessed) &&
		    MAY_SAY(DST(h), h, T_ABORTED) ->
		say(h, T_ABORTED) }

	:: d_step { (t[h] == ACTIVE || t[h] == PREPARED && BROKEN(target_runs_on_ready)) &&
		    MAY_RUN(DST(h)) && HOLDS(DST(h), h) && T_VALID(h) ->
		enter(h, DST(h), T_ENTERED(h)) }
	:: d_step { (t[h] == ACTIVE || t[h] == PREPARED && BROKEN(target_runs_on_ready)) &&
		    ENTERS(DST(h), h) && MAY_RUN(DST(h)) &&
		    WITNESSED(DST(h), run_not_witnessed) ->
		runs(h, DST(h)) }

	:: d_step { BROKEN(no_fsync) && up[DST(h)] && t_disk[h] != t[h] ->
		t_disk[h] = t[h] }
	od
}

/*
 * Power. A crash takes the memory; the journal says at the next start what was
 * going on. It also takes the workload when this memory had the only copy: while
 * the enclave runs, and until the checkpoint of the freeze is on the disk. That
 * is what a power cut does to an enclave that nobody migrates.
 */
#define ONLY_IN_MEMORY(i) \
	(mem[i] == RUNNING || mem[i] == ENTERING || mem[i] == IMAGE && NO_CKPT_YET(i))
#define FROZE_ONLY(h)	(!s_ckpt[h] && \
			 (s[h] == FROZEN || s[h] == FROZEN_D || s[h] == ABORTED))
#if HOPS > 1
#define NO_CKPT_YET(i)	(SRC(0) == i && FROZE_ONLY(0) || SRC(1) == i && FROZE_ONLY(1))
#else
#define NO_CKPT_YET(i)	(SRC(0) == i && FROZE_ONLY(0))
#endif

inline s_recover(h)
{
	if
	:: BEFORE_END(h) || s[h] == RELINQUISHED && BROKEN(recovery_aborts_relinquished) ->
		s_record(h, ABORTED)
	:: else
	fi
}

inline t_recover(h)
{
	if
	:: t[h] == RECEIVING -> t_record(h, ABORTED)
	:: else
	fi
}

proctype power(bit i)
{
	bool had;

end:	do
	:: d_step { up[i] && crashes > 0 ->
		crashes--;
		up[i] = false;
		confirmed[i] = false;
		had = ONLY_IN_MEMORY(i);
		mem[i] = GONE;
		if
		:: SRC(0) == i -> s[0] = s_disk[0]
		:: else -> t[0] = t_disk[0]
		fi;
#if HOPS > 1
		if
		:: SRC(1) == i -> s[1] = s_disk[1]
		:: else -> t[1] = t_disk[1]
		fi;
#endif
		excused = excused || had && !EXISTS;
		had = false }
	:: d_step { !up[i] && !dead[i] ->
		up[i] = true;
		confirmed[i] = !ROLLBACKS;
		if
		:: SRC(0) == i -> s_recover(0)
		:: else -> t_recover(0)
		fi;
#if HOPS > 1
		if
		:: SRC(1) == i -> s_recover(1)
		:: else -> t_recover(1)
		fi
#endif
	   }
	:: d_step { up[i] && helpers > 0 && helper[i] ->
		helpers--;
		helper[i] = false }
	:: d_step { !helper[i] -> helper[i] = true }
	od
}

/*
 * The SDS signs, revokes and fences. The witness is the SDS too, or a counter in
 * the TPM: it knows the newest head that it was told, and confirms a journal
 * which has that head in it.
 */
#define BELIEVES(i)	(!caught[i] || BROKEN(no_witness))

inline witness(i)
{
	behind[i] = false;
	if
	:: copied && copy_host == i && copy_older -> copy_caught = true
	:: else
	fi
}

#define MAY_FENCE(h) \
	((revoked[DST(h)] && !BROKEN(no_fence) || \
	  BROKEN(fence_without_revocation) && s[h] == RELINQUISHED) && \
	 !(net[h] & FENCE))

/* What a revoked SM's instance did since it took over does not count. */
inline forget(h)
{
	if
	:: (s[h] == RELINQUISHED || s[h] == DESTROYED) && age == frozen[h] + 1 ->
		age = frozen[h]
	:: else
	fi
}

inline revoke()
{
	revoked[1] = true;
	forget(0);
#if HOPS > 1
	forget(1);
#endif
	/* The operator's choice, if the only instance was there. */
	excused = excused || !EXISTS
}

proctype sds()
{
end:	do
#if HOPS > 1
	:: d_step { !request[1] && s[0] != NONE && !S_OPEN(0) &&
		    mem[SRC(1)] == RUNNING ->
		request[1] = floor[SRC(1)] }
#endif
	:: d_step { revokes > 0 && s[0] != NONE ->
		revokes--;
		revoke() }
	/* The machine burnt down: the usual reason to revoke. */
	:: d_step { revokes > 0 && s[0] != NONE ->
		revokes--;
		up[1] = false;
		dead[1] = true;
		mem[1] = GONE;
		revoke() }
	/* A target that the witness has caught will never answer again. */
	:: d_step { caught[1] && !revoked[1] && DST(HOPS - 1) == 1 -> revoke() }
	:: d_step { MAY_FENCE(0) -> say(0, FENCE) }
#if HOPS > 1
	:: d_step { MAY_FENCE(1) -> say(1, FENCE) }
#endif
#if ROLLBACKS
	:: d_step { MAY_RUN(0) && behind[0] && BELIEVES(0) -> witness(0) }
	:: d_step { MAY_RUN(1) && behind[1] && BELIEVES(1) -> witness(1) }
#ifndef NO_START
	:: d_step { up[0] && !confirmed[0] && BELIEVES(0) ->
		confirmed[0] = true; witness(0) }
	:: d_step { up[1] && !confirmed[1] && BELIEVES(1) ->
		confirmed[1] = true; witness(1) }
#endif
#endif
	od
}

/* Files put back or lost, messages lost. */
#define LOSE(m) \
	d_step { losses > 0 && (net[0] & (m)) -> losses--; net[0] = net[0] & ~(m) }

proctype attacker()
{
	bit i;

end:	do
#if ROLLBACKS
	:: atomic { !copied ->
		select(i : 0..1);
		copied = true;
		copy_host = i;
		copy_floor = floor[i];
		if
		:: SRC(0) == i -> copy_s[0] = s_disk[0]
		:: else -> copy_t[0] = t_disk[0]
		fi;
#if HOPS > 1
		if
		:: SRC(1) == i -> copy_s[1] = s_disk[1]
		:: else -> copy_t[1] = t_disk[1]
		fi;
#endif
		i = 0 }
	:: d_step { rollbacks > 0 && copied && copy_older && !up[copy_host] ->
		rollbacks--;
		i = copy_host;
		caught[i] = caught[i] || copy_caught;
		floor[i] = copy_floor;
		if
		:: SRC(0) == i -> s[0] = copy_s[0]; s_disk[0] = s[0]
		:: else -> t[0] = copy_t[0]; t_disk[0] = t[0]
		fi;
#if HOPS > 1
		if
		:: SRC(1) == i -> s[1] = copy_s[1]; s_disk[1] = s[1]
		:: else -> t[1] = copy_t[1]; t_disk[1] = t[1]
		fi;
#endif
		i = 0 }
#endif
	/* Not the only copy that is left: disks are not what is checked. */
	:: d_step { disks > 0 && t[0] == PREPARED && mem[DST(0)] == GONE && t_ckpt[0] ->
		disks--;
		t_ckpt[0] = false }
	:: LOSE(OFFER)
	:: LOSE(ACCEPT)
	:: LOSE(STREAM)
	:: LOSE(READY)
	:: LOSE(START)
	:: LOSE(ACTIVE_MSG)
	:: LOSE(S_ABORTED)
	:: LOSE(T_ABORTED)
	od
}

/* What must hold in each state. */
#define TWO_RUNNING	(COUNTS(0) && COUNTS(1))
/* An SM that was caught does nothing, for good: the attacker's way to deny service. */
#define IS_LOST		(!ROLLBACKS && !excused && !EXISTS)

proctype properties()
{
end:	do
	:: atomic { LOOK_AT(two) && TWO_RUNNING -> assert(never_two_running) }
	:: atomic { LOOK_AT(fork) && forked -> assert(never_forked) }
	:: atomic { LOOK_AT(lost) && IS_LOST -> assert(never_lost) }
#ifdef REACH
	:: atomic { s[HOPS - 1] == DESTROYED && mem[DST(HOPS - 1)] == RUNNING ->
		assert(happy_end) }
#endif
	od
}

/*
 * Crashes, losses and dying helpers are bounded, so each run has a last one;
 * from then on both sides live and talk.
 */
#define S_FINAL(h)	(s[h] == NONE || s[h] == DESTROYED || s[h] == ABORTED || \
			 caught[SRC(h)])
#define T_FINAL(h)	(!T_OPEN(h) || caught[DST(h)] || dead[DST(h)])
#if HOPS > 1
#define FINAL		(S_FINAL(0) && T_FINAL(0) && S_FINAL(1) && T_FINAL(1))
#else
#define FINAL		(S_FINAL(0) && T_FINAL(0))
#endif
/* Who puts a journal back can always deny service; no session hangs, though. */
#define RUNS		(COUNTS(0) || COUNTS(1) || excused || rollbacks < ROLLBACKS)
#define OVER		(FINAL && RUNS && up[0] && (up[1] || dead[1]))
#ifdef LIVE
ltl never_stuck { <>[] OVER }
#endif

init {
	atomic {
		mem[0] = RUNNING;
		floor[0] = 1;
		request[0] = 1;
		run source(0);
		run target(0);
#if HOPS > 1
		run source(1);
		run target(1);
#endif
		run power(0);
		run power(1);
		run sds();
		run attacker();
		run properties()
	}
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Update of one workload on one host, for spin: version 1 runs, packages for 2
 * and 3 are about, and each may be presented at any time. docs/model.md explains
 * it; `make check-model` runs it. Steps are as in migration.pml: one record, or
 * one thing that happens, so that the power can fail between any two.
 *
 *	CRASHES		power losses
 *	ROLLBACKS	old journals put back by the attacker
 *	LIVE		check never_stuck instead of what is never to happen
 *	REACH		find the happy end: is there one at all?
 *	BREAK		the rule to break, by its name below
 *	ONLY		the one property to look at
 */
#ifndef CRASHES
#define CRASHES		0
#endif
#ifndef ROLLBACKS
#define ROLLBACKS	0
#endif

#ifndef BREAK
#define BREAK		nothing
#endif
#define BROKEN(rule)	(BREAK == rule)

#define nothing				0
#define old_starts_in_trial		1
#define old_starts_after_switch		2
#define switch_in_two_records		3
#define switch_after_abort		4
#define switch_before_checkpoint	5
#define switch_not_durable		6
#define old_destroyed_in_trial		7
#define floor_not_raised		8
#define floor_raised_by_package		9
#define output_in_trial			10
#define enter_keeps_checkpoints		11
#define no_witness			12
#define witness_too_late		13
#define trial_without_end		14
#define handing_not_recorded		15

/* Properties, for ONLY. */
#define two		1
#define fork		2
#define lost		3
#define output		4
#define version_floor	5
#ifdef ONLY
#define LOOK_AT(property)	(ONLY == property)
#else
#define LOOK_AT(property)	1
#endif

/*
 * The update that the journal knows of: IDLE, VERIFIED (package and manifest),
 * TRIAL. SWITCHED is one record, which makes it IDLE with another version.
 */
mtype = { IDLE, VERIFIED, TRIAL };

/*
 * What the memory holds of one version. IMAGE: complete, no thread runs. BUILT:
 * measured, without state. TRYING: answers health checks and nothing else.
 */
mtype:memory = { GONE, BUILT, IMAGE, TRYING, ENTERING, RUNNING };

#define VERSIONS	4	/* 1, 2, 3; 0 is none */

/* The journal, in the SM's memory; `disk` is the file where they may differ. */
mtype phase = IDLE;
byte to;		/* version of the package */
byte current = 1;	/* version that is the instance */
byte least = 1;		/* the version floor */
byte epoch = 1;		/* no checkpoint of another epoch is restored */
bool seen[VERSIONS];	/* nonces of packages */
bool noted[VERSIONS];	/* updates to that version that the journal knows of */
byte disk_current = 1, disk_least = 1, disk_epoch = 1;

/* Sealed checkpoints. */
bool ckpt[VERSIONS];
byte ckpt_epoch[VERSIONS], ckpt_age[VERSIONS];
byte ckpt_update[VERSIONS];	/* made within the update to that version */

/* Volatile. */
mtype:memory mem[VERSIONS] = GONE;
bool healthy;
bool up = true, confirmed = true;

/* Witness and attacker. */
bool behind, copied, copy_older, copy_caught, caught;
mtype copy_phase = IDLE;
byte copy_to, copy_current, copy_least, copy_epoch;
bool copy_seen[VERSIONS], copy_noted[VERSIONS];

byte crashes = CRASHES, rollbacks = ROLLBACKS;

/*
 * Ghosts. `age` counts how often an instance began to run, `held` is the age of
 * the state in memory, `newest` the newest version that ran.
 */
byte age = 1, held = 1, newest = 1;
bool forked, excused, leaked, fell;
bool never_two_running, never_forked, never_lost, happy_end; /* false: names */
bool no_output_of_trial, version_floor_never_falls;

#define MAY_RUN		(up && confirmed)
#define WITNESSED	(!behind || BROKEN(witness_too_late))
/* One made within an update that nobody knows of is nobody's. */
#define VALID(v)	(ckpt[v] && noted[ckpt_update[v]] && \
			 (ckpt_epoch[v] == epoch || BROKEN(enter_keeps_checkpoints)))

/* Appending: what is on the disk is there with all that came before. */
#define LAGS		(BROKEN(switch_not_durable) && current != disk_current)

inline recorded()
{
	if
	:: LAGS
	:: else ->
		disk_current = current;
		disk_least = least;
		disk_epoch = epoch
	fi;
	if
	:: ROLLBACKS > 0 ->
		behind = true;
		copy_older = copied
	:: else
	fi
}

inline phase_record(p)
{
	phase = p;
	recorded()
}

inline enter(v)
{
	epoch++;
	mem[v] = ENTERING;
	recorded()
}

inline runs(v)
{
	mem[v] = RUNNING;
	forked = forked || held != age;
	age++;
	held = age;
	fell = fell || v < newest;
	newest = (v > newest -> v : newest)
}

/* A workload lives once in an SM. */
#define ALONE		(mem[1] == GONE && mem[2] == GONE && mem[3] == GONE)

proctype update(byte v)
{
end:	do
	:: d_step { up && phase == IDLE && mem[current] == RUNNING && !seen[v] &&
		    (v > least || BROKEN(floor_not_raised) && v != current) ->
		to = v;
		seen[v] = true;
		least = (BROKEN(floor_raised_by_package) -> v : least);
		if
		:: BROKEN(handing_not_recorded) -> phase = VERIFIED
		:: else ->
			noted[v] = true;
			phase_record(VERIFIED)
		fi }
	:: d_step { up && phase == VERIFIED && to == v && mem[v] == GONE ->
		mem[v] = BUILT }
	:: d_step { up && phase == VERIFIED && to == v && mem[v] == BUILT &&
		    mem[current] == RUNNING ->
		mem[current] = IMAGE }
	/* The old one's state, on the disk before anybody else gets it. */
	:: d_step { up && phase == VERIFIED && to == v && mem[current] == IMAGE &&
		    !(ckpt[current] && ckpt_epoch[current] == epoch) ->
		ckpt[current] = true;
		ckpt_update[current] = v;
		ckpt_epoch[current] = epoch;
		ckpt_age[current] = held }
	:: d_step { up && phase == VERIFIED && to == v && mem[current] == IMAGE &&
		    mem[v] == BUILT && VALID(current) ->
		mem[v] = IMAGE }
	:: d_step { up && phase == VERIFIED && to == v && mem[v] == IMAGE ->
		noted[v] = true;
		phase_record(TRIAL);
		mem[v] = TRYING;
		if
		:: BROKEN(old_destroyed_in_trial) ->
			mem[current] = GONE;
			ckpt[current] = false
		:: else
		fi }

	:: d_step { up && mem[v] == TRYING && !healthy -> healthy = true }
	:: d_step { up && mem[v] == TRYING && BROKEN(output_in_trial) -> leaked = true }
	:: d_step { up && phase == TRIAL && to == v && mem[v] == TRYING &&
		    !(ckpt[v] && ckpt_epoch[v] == epoch + 1) ->
		ckpt[v] = true;
		ckpt_update[v] = v;
		ckpt_epoch[v] = epoch + 1;
		ckpt_age[v] = held }

	/* One record: instance, floor, epoch, and the end of the old one. */
	:: d_step { up && (phase == TRIAL || BROKEN(switch_after_abort)) && to == v &&
		    mem[v] == TRYING && healthy &&
		    (ckpt[v] && ckpt_epoch[v] == epoch + 1 ||
		     BROKEN(switch_before_checkpoint) || BROKEN(switch_after_abort)) &&
		    !(BROKEN(switch_in_two_records) && least < v) ->
		if
		:: BROKEN(old_starts_in_trial) || BROKEN(switch_after_abort)
		:: else -> mem[current] = GONE
		fi;
		current = v;
		least = (BROKEN(floor_not_raised) -> least : v);
		epoch++;
		phase_record(IDLE);
		mem[v] = IMAGE;
		healthy = false }
	:: d_step { BROKEN(switch_in_two_records) && up && phase == TRIAL && to == v &&
		    mem[v] == TRYING && healthy && ckpt[v] && least < v ->
		least = v;
		recorded() }

	/* Time-out, failed health check, cancelled: back to the old one. */
	:: d_step { up && phase != IDLE && to == v && !BROKEN(trial_without_end) ->
		phase_record(IDLE);
		if
		:: BROKEN(switch_after_abort)
		:: else -> mem[v] = GONE; healthy = false
		fi }
	od
}

/* The instance, whichever version it is. */
proctype instance(byte v)
{
end:	do
	:: d_step { (current == v || BROKEN(old_starts_after_switch)) &&
		    (v >= least || BROKEN(old_starts_after_switch)) && phase == IDLE &&
		    MAY_RUN && ALONE &&
		    (VALID(v) || ckpt[v] && BROKEN(old_starts_after_switch)) ->
		mem[v] = IMAGE;
		held = ckpt_age[v] }
	:: d_step { current == v && MAY_RUN && mem[v] == IMAGE &&
		    (phase == IDLE || BROKEN(old_starts_in_trial) && phase == TRIAL) ->
		enter(v) }
	:: d_step { BROKEN(old_starts_after_switch) && MAY_RUN && mem[v] == IMAGE &&
		    v < current -> enter(v) }
	:: d_step { MAY_RUN && mem[v] == ENTERING && WITNESSED -> runs(v) }
	od
}

#define HAS_COPY(v)	(mem[v] == RUNNING || mem[v] == ENTERING || mem[v] == IMAGE || \
			 ckpt[v] && noted[ckpt_update[v]] && ckpt_epoch[v] == epoch && ckpt_age[v] == age && \
			 v >= least)
#define EXISTS		HAS_COPY(current)

inline witness()
{
	behind = false;
	copy_caught = copy_caught || copied && copy_older
}

/* Power, witness, attacker. */
proctype world()
{
	bool had;

end:	do
	:: d_step { up && crashes > 0 ->
		crashes--;
		up = false;
		confirmed = false;
		healthy = false;
		/* As in migration.pml: nobody had a second copy yet. */
		had = mem[current] == RUNNING || mem[current] == ENTERING ||
		      mem[current] == IMAGE &&
		      !(ckpt[current] && ckpt_epoch[current] == epoch) &&
		      (phase == VERIFIED || phase == IDLE) &&
		      !BROKEN(switch_before_checkpoint);
		mem[1] = GONE;
		mem[2] = GONE;
		mem[3] = GONE;
		current = disk_current;
		least = disk_least;
		epoch = disk_epoch;
		excused = excused || had && !EXISTS;
		had = false }
	:: d_step { !up ->
		up = true;
		confirmed = !ROLLBACKS;
		if
		:: phase != IDLE && !BROKEN(trial_without_end) -> phase_record(IDLE)
		:: else
		fi }
	:: d_step { up && current != disk_current ->
		disk_current = current;
		disk_least = least;
		disk_epoch = epoch }
#if ROLLBACKS
	:: d_step { MAY_RUN && behind -> witness() }
	:: d_step { up && !confirmed && (!caught || BROKEN(no_witness)) ->
		confirmed = true;
		witness() }
	:: d_step { !copied ->
		copied = true;
		copy_phase = phase;
		copy_to = to;
		copy_current = current;
		copy_least = least;
		copy_epoch = epoch;
		copy_seen[2] = seen[2];
		copy_seen[3] = seen[3];
		copy_noted[2] = noted[2];
		copy_noted[3] = noted[3] }
	:: d_step { rollbacks > 0 && !up && copied && copy_older ->
		rollbacks--;
		caught = copy_caught;
		phase = copy_phase;
		to = copy_to;
		current = copy_current;
		disk_current = current;
		least = copy_least;
		disk_least = least;
		epoch = copy_epoch;
		disk_epoch = epoch;
		seen[2] = copy_seen[2];
		seen[3] = copy_seen[3];
		noted[2] = copy_noted[2];
		noted[3] = copy_noted[3] }
#endif
	od
}

#define IS(v)		(mem[v] == RUNNING)
#define TWO_RUNNING	(IS(1) + IS(2) + IS(3) > 1)
#define FLOOR_FELL	(fell || MAY_RUN && least < newest)

proctype properties()
{
end:	do
	:: atomic { LOOK_AT(two) && TWO_RUNNING -> assert(never_two_running) }
	:: atomic { LOOK_AT(fork) && forked -> assert(never_forked) }
	:: atomic { LOOK_AT(lost) && !ROLLBACKS && !excused && !EXISTS ->
		assert(never_lost) }
	:: atomic { LOOK_AT(output) && leaked -> assert(no_output_of_trial) }
	:: atomic { LOOK_AT(version_floor) && FLOOR_FELL ->
		assert(version_floor_never_falls) }
#ifdef REACH
	:: atomic { current == 3 && mem[3] == RUNNING && seen[2] -> assert(happy_end) }
#endif
	od
}

#define OVER	(phase == IDLE && up && \
		 (mem[current] == RUNNING || excused || rollbacks < ROLLBACKS))
#ifdef LIVE
ltl never_stuck { <>[] OVER }
#endif

init {
	atomic {
		mem[1] = RUNNING;
		run update(2);
		run update(3);
		run instance(1);
		run instance(2);
		run instance(3);
		run world();
		run properties()
	}
}

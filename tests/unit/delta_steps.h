/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_DELTA_STEPS_H
#define TENURE_TESTS_DELTA_STEPS_H

/*
 * A directory that changes at random: people come, go, are renamed, moved and renumbered; groups follow at once, later, or
 * never; now and then something is refused. All of it follows from steps_seed.
 */

#include "tests/unit/ldap_world.h"

#define STEPS_USERS  72
#define STEPS_GROUPS 14
#define STEPS_NAMES  2 /* that a person may be renamed to: ren-PERSON-0, ren-PERSON-1; a group: team-GROUP-0, team-GROUP-1 */

/* What happened in a step. */
enum event { CAME, WENT, RENAMED, MOVED, RENUMBERED, REGROUPED, GROUP_CAME, GROUP_WENT, GROUP_RENAMED, GROUP_RENUMBERED,
	     ASSIGNED, UNASSIGNED, REASSIGNED, NESTED, EVENT_COUNT };
extern bool steps_happened[EVENT_COUNT]; /* the caller takes them away */

extern uint64_t steps_seed;
unsigned steps_draw(unsigned below);

/* The whole directory, in force. */
void steps_begin(struct engine_fixture *f);
/* One change, into the batch that is open. */
void steps_one(struct mirror *m);
/* What is broken keeps later changes from being deltas: somebody mends all of it. */
void steps_mend(struct mirror *m);

#endif

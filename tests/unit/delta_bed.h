/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_DELTA_BED_H
#define TENURE_TESTS_DELTA_BED_H

/* A small tenant in LDAP, changes of it, and what its published files say, for the tests of deltas. */

#include "daemon/tenured/engine_internal.h"
#include "tests/unit/ldap_world.h"

#define PEOPLE 40
#define UID(n) (WORLD_UID_FIRST + 1 + (n))

/* For cmocka. Users 0 to 19 may log in, 5 to 9 may become operator, which 30 to 32 approve. */
int delta_setup(void **state);
struct delta *delta_of(struct engine_fixture *f);

/* As they are in the beginning. */
struct world_user person(unsigned n);
void put_team(struct engine_fixture *f, unsigned n, unsigned first, unsigned count);
/* Said, committed and published. */
void change(struct engine_fixture *f, const struct world_user *u);
void change_gecos(struct engine_fixture *f, unsigned n, const char *text);
void disable(struct engine_fixture *f, unsigned n);

/* What the files say; static text. */
const char *gecos_of(unsigned n);
bool is_enabled(unsigned n);
size_t rows_of(unsigned n);
size_t keys_of(unsigned n);
/* Of the bases that are in place; static. */
const char *delta_path(struct engine_fixture *f, const char *file);
bool has_delta(struct engine_fixture *f, const char *file);
uint64_t whole_count(struct engine_fixture *f);
/* A compaction that is under way comes to its end. */
void wait_for_compactor(struct engine_fixture *f);

#endif

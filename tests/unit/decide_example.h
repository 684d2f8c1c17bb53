/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_DECIDE_EXAMPLE_H
#define TENURE_TESTS_DECIDE_EXAMPLE_H

/* The world of the examples, and short ways to ask the core about it. */

#include "tests/unit/world.h"

#define SECONDS(n) ((int64_t)(n) * NS_PER_S)

/* The directory of the examples: alice and bob in dba, carol approves. To be compiled, and freed by world_free. */
struct world *example(void);
/* At 100 s of the clock, 50 s of the boot; user is a name of the directory. */
struct decision_request question(const struct world *w, const char *user, enum question q, const char *target);
/* Asks; the verdict must agree with its reason. ret may be NULL. */
enum why ask(const struct world *w, const struct decision_request *request, struct decision *ret);
enum why why(const struct world *w, const char *user, enum question q, const char *target);
/* target_user NULL: nobody in particular. */
enum why manage(const struct world *w, const char *user, enum right_kind kind, const char *target_user);

#endif

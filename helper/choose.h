/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_HELPER_CHOOSE_H
#define TENURE_HELPER_CHOOSE_H

/*
 * Which request or grant a verb is about: what was typed, checked, or the only one that it can be. CODE_DONE with a
 * string of the cli; a recorded CODE_UNKNOWN (there is none) or CODE_USAGE (no id at all, or several to choose from).
 */

#include "helper/cli.h"

/* A request that the caller may decide. */
int choose_decidable(struct cli *cli, const char **ret_id) MUST_CHECK;
/* A request of the caller's own that waits. */
int choose_own_pending(struct cli *cli, const char **ret_id) MUST_CHECK;
/* A grant that the caller holds; where several are of one role, the one that lasts longest. */
int choose_own_grant(struct cli *cli, const char **ret_id) MUST_CHECK;
/* The same, or NULL for all of the caller's grants when they are of one role: an extension is a grant of its own. */
int choose_own_role(struct cli *cli, const char **ret_id) MUST_CHECK;

#endif

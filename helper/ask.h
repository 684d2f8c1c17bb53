/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_HELPER_ASK_H
#define TENURE_HELPER_ASK_H

/* What a verb still needs to know, asked until it can be used; prompt.h reads the line. */

#include "helper/rows.h"

/*
 * Free text that must not be empty, of at most `max` bytes. `option` is what gives it without a terminal ("reason").
 * CODE_DONE with a string of the cli; a recorded CODE_USAGE.
 */
int ask_text(struct cli *cli, const char *question, const char *option, size_t max, const char **ret) MUST_CHECK;

/* A duration; an empty answer takes the proposal. As ask_text. */
int ask_duration(struct cli *cli, int64_t proposal_ns, int64_t *ret) MUST_CHECK;

/* One letter of `letters`, in lower case; anything else is `otherwise`. CODE_DONE or a recorded CODE_USAGE. */
int ask_letter(struct cli *cli, const char *question, const char *letters, char otherwise, char *ret) MUST_CHECK;

#endif

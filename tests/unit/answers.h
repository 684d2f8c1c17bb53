/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_ANSWERS_H
#define TENURE_TESTS_ANSWERS_H

/* Everything that a tenant's published files answer, as lines of text in order: equal texts, equal answers. */

#include "common/base/clock.h"

/* The caller frees it. names, uids, gids: those that may be asked for and not be there. */
struct answers_asked {
	const char *const *names;
	size_t name_count;
	const uint32_t *ids;
	size_t id_count;
	struct instant now;
};
char *answers_of(const char *tenant, const struct answers_asked *asked);

#endif

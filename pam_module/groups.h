/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_PAM_GROUPS_H
#define TENURE_PAM_GROUPS_H

/*
 * The supplementary groups that a login holds for a time (right group:NAME). MUST: a process gets them only inside a
 * session that rests on each of them, so that it ends with the first that ends.
 */

#include "common/wire/session_record.h"
#include "pam_module/judge.h"

struct group_list {
	size_t count;
	gid_t gids[SESSION_GROUPS_COUNT_MAX];
	char names[SESSION_GROUPS_MAX + 1]; /* "adm,systemd-journal"; "" if there are none */
	struct decision first; /* of the one that ends first; good if there are any */
	struct instant now; /* of the search */
};

/* Those that the subject holds now, each once; more than fit are left out. 0 or -errno. */
int groups_find(const struct subject *s, struct group_list *ret) MUST_CHECK;

/* True if a ends before b, by either clock. */
bool ends_before(const struct window *a, const struct window *b, const struct instant *now);

#endif

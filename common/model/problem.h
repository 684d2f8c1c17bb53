/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_MODEL_PROBLEM_H
#define TENURE_MODEL_PROBLEM_H

/*
 * What is wrong with a configuration or a directory, and what to do: collected while it is read and validated, shown
 * by `tenure check`, logged by the broker. The id is stable and documented (tenure(1)); place names file:line or DN.
 */

#include "common/base/result.h"

enum severity { SEVERITY_ERROR, SEVERITY_WARNING };

struct problem {
	const char *id; /* static: "dir-uid" */
	enum severity severity;
	char *place;   /* "directory.d/contoso.conf:5"; "" if nowhere */
	char *message; /* "user alice: uid 1000 is local" */
	char *remedy;  /* "give alice a uid in 1900000000-1900099999" */
};

struct problem_list {
	struct problem *items;
	size_t count, size;
	size_t errors, warnings;
	bool lost; /* memory ran out: treat as one error more */
};

void problem_list_done(struct problem_list *list);

/*
 * Adds one. place may be NULL. The message is formatted; remedy is text ("" if none). Names from outside are escaped
 * by the caller (text_escape). Never fails: what cannot be stored sets list->lost.
 */
void problem_add(struct problem_list *list, enum severity severity, const char *id, const char *place, const char *remedy,
		 const char *format, ...) PRINTF_LIKE(6, 7);

/* Takes away all behind the first `count`. */
void problem_list_cut(struct problem_list *list, size_t count);
/* Puts all of `from`, which is empty then, behind those of `to`. */
void problem_list_move(struct problem_list *to, struct problem_list *from);

/* Differs, as good as certainly, where anything in the lists does: what was said before need not be said again. */
uint64_t problem_list_hash(const struct problem_list *list);

#endif

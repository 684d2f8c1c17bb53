/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_HELPER_CHECK_SUDOERS_LINE_H
#define TENURE_HELPER_CHECK_SUDOERS_LINE_H

/* The grammar of one line of sudoers(5), comments cut and continued lines joined. For sudoers.c alone. */

#include "helper/check/sudoers.h"

struct sudoers_reading {
	const struct check_context *c;
	struct sudoers *s;
	const char *file;
	unsigned line, depth;
	bool no_memory;
};

/* Defaults, an alias or a rule. What is none of them, sudo does not take either. */
void sudoers_read_line(struct sudoers_reading *r, const char *line);

/* "/etc/sudoers:27"; NULL when memory is out, which is noted. The caller frees it. */
char *sudoers_place(struct sudoers_reading *r);

const char *sudoers_skip_blanks(const char *p);
/* Up to one of `ends` outside quotes and behind no backslash; blanks at the end are cut. Moves *p there. */
void sudoers_take_until(const char **p, const char *ends, char *word, size_t len);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_FAKE_AD_H
#define TENURE_TESTS_FAKE_AD_H

/*
 * A server that gives values in parts, as Active Directory does, and one that lies about them. It knows no sync control
 * and has two pages: a group whose members may come in parts, and one of two members; then a user.
 */

#include <stdatomic.h>

#include "tests/unit/fake_ldap.h"

#define FAKE_BASE   "dc=x"
#define FAKE_PEOPLE "ou=people,dc=x"
#define FAKE_GROUPS "ou=groups,dc=x"
#define FAKE_BIG    "cn=big,ou=groups,dc=x"

/* The last byte of the first part of the object's id, as the broker gets it; that of FAKE_BIG is 04030201-0605-... */
enum { FAKE_OTHER = 2, FAKE_SMALL, FAKE_USER };

enum lie {
	NO_LIE,
	ENDS_LATE,	/* says of all that there are more */
	NAMED_WHOLE,	/* all of them, as a part */
	EMPTY_BESIDE,	/* what was asked for, without values, and what there is */
	REPEATS, BACKWARDS, AHEAD, WITHOUT_END, VANISHES, PLAIN, RENAMES, MISCOUNTS, EMPTY, NOT_A_NUMBER, ANSWERS_TWICE,
	FAILS, BUSY, CLOSES, SILENT,
	GONE, GONE_LATER, REPLACED, REPLACED_LATER, REFERS,
	SHRINKS_ONCE,	/* the first of them goes after the first part */
	SHRINKS_ALWAYS, TWO_FIRST, FORBIDS_ENTRY, LARGE,
};

/* What the server is, and what it was asked. */
struct fake_ad {
	enum lie lie;
	unsigned members, part; /* of FAKE_BIG; values at once */
	unsigned gone;		/* of the members, from the first */
	atomic_uint searches, pages, entries, parts;
	char asked[3][64]; /* of the first parts */
	bool page_was_next; /* the second page was asked for with the first's cookie */
	char *padding;	    /* of LARGE */
};

/* context: a struct fake_ad. */
bool fake_ad_answer(struct fake_ldap *f, const struct fake_request *q);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SYNC_PARTS_H
#define TENURE_SYNC_PARTS_H

/*
 * Values that a server gives in parts: of an attribute with more than 1500, Active Directory gives the first as
 * "member;range=0-1499", and the others to who asks for "member;range=1500-*", until a part's end is "*" (MS-ADTS
 * 3.1.1.3.1.3.3, Range Retrieval of Attribute Values). This collects them; search_parts.c asks.
 *
 * Each part is asked for from the last value that is there, not from the one behind it: where that one comes first again,
 * none before it went in the meantime, and so none is missed.
 */

#include "daemon/tenure-sync/entry.h"

#define PARTS_MAX	     4096 /* of an entry: a server that never ends gives up here */
#define PARTS_ATTRIBUTES_MAX 4	  /* of an entry */
#define PART_NAME_MAX	     256

struct part_attribute {
	char name[PART_NAME_MAX]; /* without the option */
	struct berval *values;	  /* ended by one without bv_val */
	size_t count, room;
	bool whole;
};
struct parts {
	struct part_attribute attributes[PARTS_ATTRIBUTES_MAX];
	size_t count;  /* of attributes */
	size_t asked;  /* of parts */
	size_t total;  /* bytes, as an object's are counted */
	char problem[PART_NAME_MAX + 160]; /* why they are not whole; "": they are, or may be yet */
};

/* "NAME;range=LOW-HIGH" or "-*". */
struct part_name {
	size_t name_len;
	uint64_t low, high; /* high: UINT64_MAX for "*" */
};
#define PART_OPTION ";range="
bool part_parse(const struct berval *attribute, struct part_name *ret);

/*
 * The first parts of all attributes of the map. Of both: 0; -EAGAIN: values went since the last part, all of it is to be
 * read anew; -EBADMSG: not what was asked for, -EFBIG: too many: p->problem says so; -ENOMEM. No room is left behind.
 */
int parts_begin(struct parts *p, const struct mapping *map, const struct entry_content *entry) MUST_CHECK;
/* The answer to what parts_next said. */
int parts_add(struct parts *p, const struct entry_content *entry) MUST_CHECK;
/* What to ask for next. 1 and its name; 0: all is there; -EFBIG. */
int parts_next(struct parts *p, char ret[static PART_NAME_MAX]) MUST_CHECK;
/* The attribute's values, if they came in parts and are whole; else NULL. */
const struct berval *parts_values(const struct parts *p, const char *attribute);
/* Why the one that was asked for is not there. */
void parts_fail(struct parts *p, const char *why);
void parts_done(struct parts *p);

#endif

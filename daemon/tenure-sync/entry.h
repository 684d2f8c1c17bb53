/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SYNC_ENTRY_H
#define TENURE_SYNC_ENTRY_H

/*
 * An LDAP entry as an object of the vocabulary: which kind it is (where it lies and its classes), and its attributes as
 * fields, by the tenant's schema and mapping. What cannot be taken goes along as SYNC_TAG_PROBLEM; what this version does
 * not know of Tenure's own, as SYNC_TAG_UNKNOWN: the broker decides what follows.
 */

#include <ldap.h>

#include "daemon/tenure-sync/attributes.h"
#include "daemon/tenure-sync/settings.h"

/* The filter and the attributes of the one search. The caller frees the filter alone. 0 or -ENOMEM. */
#define ATTRIBUTES_MAX 96
int entry_filter(const struct settings *s, char **ret) MUST_CHECK;
void entry_attributes(const struct settings *s, char *ret[static ATTRIBUTES_MAX]);

/*
 * Sends the entry's object to the broker in ENTRY packets; it may wait for others until entry_flush. uuid: what the server
 * calls it; NULL: objectGUID or entryUUID of the entry. parts: of the attributes that came in parts, all values (NULL: the
 * object is a broken one, if there are any). What is none of the tenant's goes as OBJECT_ELSEWHERE (T27). 0; -EBADMSG: no
 * id; -EMSGSIZE: too large; -errno.
 */
struct parts;
int entry_send(int fd, const struct settings *s, const struct entry_content *a, const struct uuid *uuid,
	       const struct parts *parts) MUST_CHECK;
/* One that cannot be read, as a broken object of that kind. dn: as the server writes it, or NULL. 0 or -errno. */
int entry_send_broken(int fd, const struct uuid *uuid, enum object_kind kind, const char *dn, const char *problem) MUST_CHECK;
/* Before whatever else of the batch. 0 or -errno. */
int entry_flush(void) MUST_CHECK;
/* To begin with; and what waits belongs to a batch that will not be complete. */
void entry_forget(void);
/* Is it one of the tenant's of which an attribute came in parts? */
bool entry_in_parts(const struct settings *s, const struct entry_content *a, enum object_kind *ret_kind);
/* objectGUID or entryUUID. */
bool entry_id(const struct entry_content *a, struct uuid *ret);

/* map.c */
enum conversion {
	TAKE_TEXT, TAKE_ALL, /* the first value; each */
	TAKE_NAME,	     /* one value, or the one that the entry is named by */
	TAKE_BOOL, TAKE_TIME, TAKE_DNS, TAKE_ID,
	TAKE_AD_CONTROL, TAKE_AD_EXPIRES, TAKE_SHADOW_EXPIRE, TAKE_PPOLICY_LOCK,
	TAKE_NOTHING,	     /* known, and none of ours */
};
struct mapping {
	const char *attribute;
	unsigned tag; /* enum sync_tag */
	enum conversion conversion;
};
#define MAPPINGS_MAX 40
/* Those of the kind, ended by one without attribute. */
void map_of(const struct settings *s, enum object_kind kind, struct mapping ret[static MAPPINGS_MAX]);
/* The classes that make an entry one of the kind, ended by NULL. */
const char *const *map_classes(const struct settings *s, enum object_kind kind);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SYNC_VALUE_H
#define TENURE_SYNC_VALUE_H

/* Values of attributes as fields of an object, and the packets that carry it. */

#include "daemon/tenure-sync/entry.h"

/*
 * Objects on their way: those that are small go together, so that neither side is woken for each. The first error of an
 * object stays. too_large: what came behind is left out, and the object is broken.
 */
struct object_writer {
	int fd, error;
	size_t total, begin; /* of this object: its bytes, and where it begins in the packet */
	bool in_parts;	     /* some of it is sent already */
	bool too_large;
	bool has_gecos, has_created;
	/* Several attributes may say them; the strictest counts, and is sent at the end. */
	enum { ENABLED_UNSAID, ENABLED_TRUE, ENABLED_FALSE } enabled;
	int64_t end_s; /* INT64_MAX: unsaid */
	struct sync_packet packet;
};
/* To begin with, and whenever what was not sent is to be forgotten. */
void writer_init(struct object_writer *w);
void writer_begin(struct object_writer *w, int fd);
/* The first field of an object is SYNC_TAG_UUID. */
void writer_add(struct object_writer *w, unsigned tag, const void *data, size_t len);
/* The object is whole; it may wait for others. 0 or -errno. */
int writer_end(struct object_writer *w) MUST_CHECK;
/* Sends what waits. 0 or -errno. */
int writer_flush(struct object_writer *w) MUST_CHECK;

/*
 * values: at least one, ended by one without bv_val. What cannot be converted becomes a problem of the object. dn: the
 * entry's, normalised.
 */
void value_take(struct object_writer *w, const struct mapping *m, const char *dn, const struct berval *values);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SYNC_VALUE_H
#define TENURE_SYNC_VALUE_H

/* Values of attributes as fields of an object, and the packets that carry it. */

#include "daemon/tenure-sync/entry.h"

/* An object on its way; the first error stays. too_large: what came behind is left out, and the object is broken. */
struct object_writer {
	int fd, error;
	size_t total;
	bool too_large;
	bool has_gecos, has_end, has_enabled, has_created;
	struct sync_packet packet;
};
void writer_begin(struct object_writer *w, int fd);
void writer_add(struct object_writer *w, unsigned tag, const void *data, size_t len);
/* Sends the last packet. 0 or -errno. */
int writer_end(struct object_writer *w) MUST_CHECK;

/*
 * values: at least one, ended by one without bv_val. What cannot be converted becomes a problem of the object. dn: the
 * entry's, normalised.
 */
void value_take(struct object_writer *w, const struct mapping *m, const char *dn, const struct berval *values);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_NSS_WALK_H
#define TENURE_NSS_WALK_H

/*
 * An enumeration: all that one view shows, tenant by tenant. The view is pinned from the first entry to endXXent, so
 * that nothing is shown twice or left out when the directory changes meanwhile. Under its database's lock.
 */

#include "nss_module/view.h"

struct walk {
	const struct view *view; /* NULL: not begun */
	size_t tenant, phase, cursor;
};

/* Goes to the start. Ends what went on before. */
void walk_end(struct walk *w);

/* Pins a view if none is. 0 or as view_enter. */
int walk_begin(struct walk *w) MUST_CHECK;

#endif

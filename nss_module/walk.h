/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_NSS_WALK_H
#define TENURE_NSS_WALK_H

/*
 * An enumeration: all that one view shows, tenant by tenant. The view is pinned from the first entry to endXXent, so
 * that nothing is shown twice or left out when the directory changes meanwhile. Under its database's lock.
 *
 * An entry or a tenant that is damaged hides no other: it is passed over, and said once, behind the last.
 */

#include "nss_module/view.h"

struct walk {
	const struct view *view; /* NULL: not begun */
	size_t tenant, phase, cursor;
	int damage; /* -errno of what was passed over; 0 */
};

/* Goes to the start. Ends what went on before. */
void walk_end(struct walk *w);

/* Pins a view if none is. 0 or as view_enter. */
int walk_begin(struct walk *w) MUST_CHECK;

/* The tenant's next entry is not to be had for this error: does the walk go on with the next tenant? */
bool walk_goes_on(struct walk *w, int error);
/* Behind the last tenant: -ENOENT, or once what was passed over. */
int walk_over(struct walk *w) MUST_CHECK;

#endif

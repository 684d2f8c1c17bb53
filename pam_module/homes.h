/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_PAM_HOMES_H
#define TENURE_PAM_HOMES_H

/*
 * The folder that the homes of a tenant's users are in, /home/DOMAIN: pam_mkhomedir makes a home and whatever is above
 * it, open to all. Made here before it, at the first login of such a user, as the door of the tenant's snapshots stands
 * (daemon/tenured/folder_access.h): root's, 0710 and of the members' group for a tenant that hides, else 0711. One that
 * is there follows the tenant when it hides or shows itself, if it is root's and of root's group or one of the tenant's; any
 * other is left as it is: tenure check looks at it. Costs a login one lstat.
 */

#include "pam_module/subject.h"

/* For a login that was allowed, of a tenant's own user. What goes wrong is logged, and no reason to refuse a login. */
void homes_make_parent(pam_handle_t *pamh, const struct subject *s);

#endif

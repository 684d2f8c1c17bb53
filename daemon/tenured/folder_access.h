/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_FOLDER_ACCESS_H
#define TENURE_TENURED_FOLDER_ACCESS_H

/*
 * Who may go into a tenant's folder below PATH_STATE/tenants: the one door in front of its files, so that no file has a
 * moment of its own in which it stands open.
 *
 *   visibility "all"      root:root 0755
 *   visibility "tenant"   root:MEMBERS 0710, and by POSIX ACL --x for the local accounts of visible_to
 *   the members' group is somebody else's as well (tenant_members_fault): root:root 0700
 *
 * MUST: from one to the other the folder is closed first, so that it never stands open to whom neither lets in; what
 * stands as it should is left alone, so that no member finds it closed in between.
 */

#include "common/model/settings.h"

/* Makes the folder if need be. 0 or -errno: then it is as closed as it could be made, and not to be published into. */
int folder_open_for(const char *path, const struct tenant_config *tenant, const struct host_config *host,
		    const struct local_accounts *local) MUST_CHECK;

#endif

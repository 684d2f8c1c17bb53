/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_NSS_ANSWER_H
#define TENURE_NSS_ANSWER_H

/*
 * From a record to the caller's buffer, and from -errno to what glibc understands.
 *
 * MUST: nothing is written unless everything fits; every string lies inside the buffer; errnop may be &errno, so it is
 * written last and nothing else touches errno behind it.
 */

#include <grp.h>
#include <pwd.h>

#include "nss_module/view.h"

/*
 * 0 is SUCCESS; -ENOENT NOTFOUND; -ERANGE TRYAGAIN with ERANGE, the buffer is too small; all else UNAVAIL, with ENOMEM,
 * EMFILE and ENFILE as they are and EIO for the rest: EINVAL and ERANGE would be taken for something else.
 */
enum nss_status answer_status(int r, int *errnop);

/* 0, -ERANGE, or -EBADMSG for ids that are not the tenant's. */
int answer_user(const struct view_tenant *t, const struct identity_user *u, struct passwd *ret, char *buf,
		size_t len) MUST_CHECK;
int answer_group(const struct view_tenant *t, const struct identity *id, const struct identity_group *g,
		 struct group *ret, char *buf, size_t len) MUST_CHECK;
/* The group of all members of a tenant that hides: it lists none, for there may be a million. 0, -ENOENT, -ERANGE. */
int answer_members_group(const struct view_tenant *t, struct group *ret, char *buf, size_t len) MUST_CHECK;
bool answer_is_members_group(const struct view_tenant *t, const char *name);
/* A group that shows holders, filled with who holds at this moment: of all tenants for become-USER. */
int answer_role_group(const struct view *view, const struct view_tenant *t, const struct identity_role_group *g,
		      struct group *ret, char *buf, size_t len) MUST_CHECK;

/* The start of gr_mem in buf: pointers are aligned. At most len. */
static inline size_t answer_padding(const char *buf, size_t len)
{
	size_t padding = -(uintptr_t)buf % sizeof(char *);

	return padding < len ? padding : len;
}

#endif

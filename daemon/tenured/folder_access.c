/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/folder_access.h"

#include <acl/libacl.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/acl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/base/safe_file.h"

static void acl_freep(acl_t *acl)
{
	if (*acl)
		(void)acl_free(*acl);
}

/* Lets a uid go through, and see no more. 0 or -errno. */
static int acl_add_user(acl_t *acl, uid_t uid)
{
	acl_permset_t permissions;
	acl_entry_t entry;

	if (acl_create_entry(acl, &entry) < 0 || acl_set_tag_type(entry, ACL_USER) < 0 ||
	    acl_set_qualifier(entry, &uid) < 0 || acl_get_permset(entry, &permissions) < 0 ||
	    acl_clear_perms(permissions) < 0 || acl_add_perm(permissions, ACL_EXECUTE) < 0)
		return -errno;
	return 0;
}

/* An ACL has one entry for a uid, whatever its names. */
static bool is_named_before(const struct host_config *host, const struct local_accounts *local, size_t position, uid_t uid)
{
	for (size_t i = 0; i < position; i++) {
		const struct local_account *a = local_user_by_name(local, host->visible_to[i]);

		if (a && a->id == uid)
			return true;
	}
	return false;
}

/* Accounts that this host lacks need no door. Root has every one. */
static int acl_add_services(acl_t *acl, const struct host_config *host, const struct local_accounts *local)
{
	bool any = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < host->visible_to_count; i++) {
		const struct local_account *a = local_user_by_name(local, host->visible_to[i]);

		if (!a || a->id == 0 || is_named_before(host, local, i, a->id))
			continue;
		r = acl_add_user(acl, a->id);
		any = true;
	}
	if (r == 0 && any && acl_calc_mask(acl) < 0)
		r = -errno;
	return r == 0 && acl_check(*acl, NULL) != 0 ? -EINVAL : r;
}

static int acl_wanted(const struct tenant_config *tenant, const struct host_config *host,
		      const struct local_accounts *local, acl_t *ret, mode_t *ret_mode, gid_t *ret_gid)
{
	const bool hides = tenant->visibility != VISIBILITY_ALL;
	const bool shut = hides && tenant_members_fault(tenant, local);

	*ret_gid = hides && !shut ? members_gid(tenant->visibility, &tenant->role_gids) : 0;
	*ret_mode = !hides ? 0755 : shut ? 0700 : 0710;
	*ret = acl_from_mode(*ret_mode);
	if (!*ret)
		return -errno;
	return hides && !shut ? acl_add_services(ret, host, local) : 0;
}

static int close_folder(int fd)
{
	acl_t shut CLEANUP(acl_freep) = acl_from_mode(0700);

	if (!shut)
		return fchmod(fd, 0700) < 0 ? -errno : -ENOMEM;
	if (acl_set_fd(fd, shut) < 0 && (errno != EOPNOTSUPP || fchmod(fd, 0700) < 0))
		return -errno;
	return 0;
}

/* Where the file system has no ACLs, the mode says all but the doors of services, which have none then. */
static int put_acl(int fd, acl_t wanted, mode_t mode)
{
	if (acl_set_fd(fd, wanted) == 0)
		return 0;
	if (errno != EOPNOTSUPP)
		return -errno;
	return fchmod(fd, mode) < 0 ? -errno : 0;
}

static int folder_set(int fd, acl_t wanted, mode_t mode, gid_t gid)
{
	acl_t have CLEANUP(acl_freep) = acl_get_fd(fd);
	struct stat st;
	int r;

	if (!have && errno != EOPNOTSUPP)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_gid == gid && st.st_uid == tenure_trusted_uid() &&
	    (have ? acl_cmp(have, wanted) == 0 : (st.st_mode & 07777) == mode))
		return 0;
	r = close_folder(fd);
	if (r == 0 && st.st_gid != gid && fchown(fd, (uid_t)-1, gid) < 0)
		r = -errno;
	return r == 0 ? put_acl(fd, wanted, mode) : r;
}

int folder_open_for(const char *path, const struct tenant_config *tenant, const struct host_config *host,
		    const struct local_accounts *local)
{
	int fd CLEANUP(fd_closep) = -1;
	acl_t wanted CLEANUP(acl_freep) = NULL;
	mode_t mode;
	gid_t gid;
	int r;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = acl_wanted(tenant, host, local, &wanted, &mode, &gid);
	if (r == 0)
		r = folder_set(fd, wanted, mode, gid);
	if (r < 0 && tenant->visibility != VISIBILITY_ALL)
		(void)close_folder(fd);
	return r;
}

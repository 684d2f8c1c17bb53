/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pam_module/homes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <security/pam_ext.h>

#include "common/base/paths.h"
#include "common/base/safe_file.h"
#include "common/snapshot/identity.h"

#define HOMES "/home/"

/* "DOMAIN" of "/home/DOMAIN/", the folder of that home. False: it is elsewhere. */
static bool domain_of_home(const struct identity_user *u, char ret[static NAME_MAX + 1])
{
	const char *parent = u->home ? u->home : u->home_prefix, *last = u->home ? strrchr(u->home, '/') : NULL;
	const size_t len = last ? (size_t)(last - parent) + 1 : u->home ? 0 : u->home_prefix_len;
	const size_t head = sizeof(HOMES) - 1;

	if (len <= head + 1 || len - head > NAME_MAX || memcmp(parent, HOMES, head) != 0)
		return false;
	memcpy(ret, parent + head, len - head - 1);
	ret[len - head - 1] = '\0';
	return !strchr(ret, '/');
}

/* 0; -ENOENT: the home is elsewhere, or in no domain of the tenant's; -errno. */
static int find_domain(const struct subject *s, char ret[static NAME_MAX + 1])
{
	CLEANUP(identity_closep) struct identity *identity = NULL;
	struct identity_user u;
	size_t tenant;
	int r = identity_open(s->tenant.name, &identity);

	if (r == 0)
		r = identity_user_by_uid(identity, s->uid, &u);
	if (r < 0)
		return r;
	if (!domain_of_home(&u, ret) || index_tenant_by_domain(s->index, ret, &tenant) < 0 || tenant != s->mapped.tenant)
		return -ENOENT;
	return 0;
}

/* Group and mode; -EACCES: the tenant's door is shut to its own members, and so would be their homes. */
static int door_of(const struct subject *s, gid_t *ret_gid, mode_t *ret_mode)
{
	char path[PATH_MAX];
	struct stat st;
	int r = snapshot_tenant_path(s->tenant.name, "", path, sizeof(path));

	if (r < 0)
		return r;
	if (stat(path, &st) < 0)
		return -errno;
	if (s->tenant.visibility != VISIBILITY_ALL && !(st.st_mode & S_IXGRP))
		return -EACCES;
	*ret_gid = s->tenant.visibility == VISIBILITY_ALL ? 0 : st.st_gid;
	*ret_mode = s->tenant.visibility == VISIBILITY_ALL ? 0711 : 0710;
	return 0;
}

/* Whole under another name first: it never stands open, nor shut to who may go in. */
static int make(int homes, const char *domain, gid_t gid, mode_t mode)
{
	char name[32];
	int r = 0;

	(void)snprintf(name, sizeof(name), ".tenure-%ld", (long)getpid());
	if (mkdirat(homes, name, 0700) < 0)
		return -errno;
	if (fchownat(homes, name, tenure_trusted_uid(), gid, AT_SYMLINK_NOFOLLOW) < 0 || fchmodat(homes, name, mode, 0) < 0 ||
	    renameat2(homes, name, homes, domain, RENAME_NOREPLACE) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(homes, name, AT_REMOVEDIR);
	return r == -EEXIST ? 0 : r;
}

/* Where others than root could exchange what is made, nothing is. */
static int open_homes(int *ret)
{
	struct stat st;
	int fd = open(tenure_path(PATH_HOMES), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || st.st_uid != tenure_trusted_uid() || (st.st_mode & 022)) {
		(void)close(fd);
		return -EPERM;
	}
	*ret = fd;
	return 0;
}

/*
 * One that is there, is root's, and of root's group or of one of the tenant's: as the tenant stands now. Whoever made it
 * otherwise wants it otherwise.
 */
static int renew(int homes, const char *domain, const struct subject *s, const struct stat *st)
{
	const bool was_closed = st->st_gid >= s->tenant.role_gids.first && st->st_gid <= s->tenant.role_gids.last;
	mode_t mode;
	gid_t gid;
	int r;

	if (!S_ISDIR(st->st_mode) || st->st_uid != tenure_trusted_uid() ||
	    !(was_closed || (s->tenant.visibility != VISIBILITY_ALL && st->st_gid == 0)))
		return 0;
	r = door_of(s, &gid, &mode);
	if (r < 0 || (st->st_gid == gid && (st->st_mode & 07777) == mode))
		return r;
	if (fchmodat(homes, domain, 0700, 0) < 0 || fchownat(homes, domain, (uid_t)-1, gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(homes, domain, mode, 0) < 0)
		return -errno;
	return 0;
}

static int make_parent(const struct subject *s)
{
	CLEANUP(fd_closep) int homes = -1;
	char domain[NAME_MAX + 1];
	struct stat st;
	mode_t mode;
	gid_t gid;
	int r = find_domain(s, domain);

	if (r == 0)
		r = open_homes(&homes);
	if (r < 0)
		return r;
	if (fstatat(homes, domain, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return renew(homes, domain, s, &st);
	if (errno != ENOENT)
		return -errno;
	r = door_of(s, &gid, &mode);
	return r < 0 ? r : make(homes, domain, gid, mode);
}

void homes_make_parent(pam_handle_t *pamh, const struct subject *s)
{
	int r = s->mapped.governed == GOVERNED_TENANT && geteuid() == tenure_trusted_uid() ? make_parent(s) : 0;

	if (r < 0 && r != -ENOENT)
		pam_syslog(pamh, LOG_WARNING, "the folder of the homes of %s could not be made: %s", s->tenant.name, strerror(-r));
}

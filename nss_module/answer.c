/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nss_module/answer.h"

#include <errno.h>
#include <string.h>

#define MEMBERS_NAME_MAX 300 /* a tenant's name and a domain */

enum nss_status answer_status(int r, int *errnop)
{
	if (r == 0)
		return NSS_STATUS_SUCCESS;
	if (r == -ENOENT)
		return NSS_STATUS_NOTFOUND;
	if (r == -ERANGE) {
		*errnop = ERANGE;
		return NSS_STATUS_TRYAGAIN;
	}
	*errnop = r == -ENOMEM || r == -EMFILE || r == -ENFILE ? -r : EIO;
	return NSS_STATUS_UNAVAIL;
}

int answer_user(const struct view_tenant *t, const struct identity_user *u, struct passwd *ret, char *buf, size_t len)
{
	size_t home_len = u->home ? 0 : u->home_prefix_len + u->short_len + 1;

	if (!view_id_is_ours(t, u->uid) || !view_id_is_ours(t, u->gid))
		return -EBADMSG;
	if (!buf || len < u->strings_len + home_len)
		return -ERANGE;
	memcpy(buf, u->strings, u->strings_len);
	ret->pw_name = buf;
	ret->pw_passwd = buf + u->name_len + 1;
	ret->pw_uid = u->uid;
	ret->pw_gid = u->gid;
	ret->pw_gecos = buf + (u->gecos - u->strings);
	ret->pw_shell = buf + (u->shell - u->strings);
	if (u->home) {
		ret->pw_dir = buf + (u->home - u->strings);
	} else {
		ret->pw_dir = buf + u->strings_len;
		memcpy(ret->pw_dir, u->home_prefix, u->home_prefix_len);
		memcpy(ret->pw_dir + u->home_prefix_len, u->strings, u->short_len);
		ret->pw_dir[home_len - 1] = '\0';
	}
	return 0;
}

/* Names that stand together: one copy. Lengths never go back: if the sum is right, every name began inside. */
static int put_names(const struct identity_group *g, char **members, char *names)
{
	const uint8_t *lengths = g->member_lengths; /* else read again after each store */
	size_t at = 0, i = 0, count = g->member_count;

	/* Two at a step: one addition waits for the one before, not two. */
	for (; i + 1 < count; i += 2) {
		size_t first = lengths[i], second = lengths[i + 1];

		members[i] = names + at;
		members[i + 1] = names + at + first;
		at += first + second;
	}
	if (i < count) {
		members[i] = names + at;
		at += lengths[i];
	}
	if (at != g->members_len)
		return -EBADMSG;
	if (at > 0)
		memcpy(names, g->members, at);
	return 0;
}

/* Names of users, each from its record. */
static int put_users(const struct identity *id, const struct identity_group *g, char **members, char *names)
{
	size_t at = 0, len;
	const char *name;

	for (size_t i = 0; i < g->member_count; i++) {
		int r = identity_member(id, g, i, &name, &len);

		if (r < 0)
			return r;
		if (len + 1 > g->members_len - at)
			return -EBADMSG;
		members[i] = memcpy(names + at, name, len + 1);
		at += len + 1;
	}
	return at == g->members_len ? 0 : -EBADMSG;
}

/* gr_mem, the members' names, the group's name, "*". */
int answer_group(const struct view_tenant *t, const struct identity *id, const struct identity_group *g,
		 struct group *ret, char *buf, size_t len)
{
	size_t padding = answer_padding(buf, len), name_len = strlen(g->name) + 1;
	size_t pointers = (g->member_count + 1) * sizeof(char *);
	char **members, *names;
	int r;

	if (!view_id_is_ours(t, g->gid))
		return -EBADMSG;
	if (!buf || len - padding < pointers + g->members_len + name_len + 2)
		return -ERANGE;
	members = (char **)(void *)(buf + padding);
	names = buf + padding + pointers;
	r = g->member_users ? put_users(id, g, members, names) : put_names(g, members, names);
	if (r < 0)
		return r;
	members[g->member_count] = NULL;
	names += g->members_len;
	memcpy(names, g->name, name_len);
	memcpy(names + name_len, "*", 2);
	ret->gr_mem = members;
	ret->gr_name = names;
	ret->gr_passwd = names + name_len;
	ret->gr_gid = g->gid;
	return 0;
}

/* MEMBERS_PREFIX, the tenant's name, and away from home "@" and the first domain. The length, NUL included; 0: no name. */
static size_t members_name(const struct view_tenant *t, char *buf, size_t len)
{
	const char *const parts[] = {MEMBERS_PREFIX, t->info.name, t->info.home ? "" : "@",
				     t->info.home ? "" : t->info.domain};
	size_t at = 0;

	if (view_members_gid(t) == NO_ID)
		return 0;
	for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
		size_t n = parts[i] ? strlen(parts[i]) : len;

		if (n >= len - at)
			return 0;
		memcpy(buf + at, parts[i], n + 1);
		at += n;
	}
	return at + 1;
}

bool answer_is_members_group(const struct view_tenant *t, const char *name)
{
	char own[MEMBERS_NAME_MAX];

	return strncmp(name, MEMBERS_PREFIX, sizeof(MEMBERS_PREFIX) - 1) == 0 && members_name(t, own, sizeof(own)) > 0 &&
	       strcmp(name, own) == 0;
}

int answer_members_group(const struct view_tenant *t, struct group *ret, char *buf, size_t len)
{
	size_t padding = answer_padding(buf, len), name_len;
	char name[MEMBERS_NAME_MAX], *at;

	name_len = members_name(t, name, sizeof(name));
	if (name_len == 0)
		return -ENOENT;
	if (!buf || len - padding < sizeof(char *) + name_len + 2)
		return -ERANGE;
	ret->gr_mem = (char **)(void *)(buf + padding);
	ret->gr_mem[0] = NULL;
	at = buf + padding + sizeof(char *);
	ret->gr_name = memcpy(at, name, name_len);
	ret->gr_passwd = memcpy(at + name_len, "*", 2);
	ret->gr_gid = view_members_gid(t);
	return 0;
}

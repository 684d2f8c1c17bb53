/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_NSS_VIEW_H
#define TENURE_NSS_VIEW_H

/*
 * What the module has mapped: the index and, as they are asked for, each tenant's identity and tables of holders. A
 * view is immutable; when the generation page moves, the next call makes a new one, and the old one goes when no
 * thread can still be reading it.
 *
 * A tenant that hides (visibility = "tenant") is mapped by who can open its folder, by effective and by real user: su tells
 * nobody whether there is a name that they may not see. A process may change who it is, and sshd, cron and su do: so a view
 * with such a tenant belongs to one pair of users, and is made anew when another asks.
 * Whoever may not open it learns what a name that nobody has would tell: NOTFOUND, at the price of the first look, which
 * is remembered as long as the view. Every other error is one.
 *
 * MUST: every entry point begins with view_enter and ends with view_leave; nothing of a view is used outside, but by
 * enumerations, which pin theirs. Neither a lock nor a count survives a fork: the child begins with fresh ones, so that
 * a fork in the midst of another thread's lookup leaves nothing locked.
 */

#include <nss.h>
#include <stdatomic.h>
#include <unistd.h>

#include "common/snapshot/holders.h"
#include "common/snapshot/identity.h"
#include "common/snapshot/index.h"

#define NSS_EXPORT __attribute__((visibility("default")))

struct view;

/* Who a process is at a moment. They differ in programs with the set-user-ID bit: su, asked for a name, is asked by the real one. */
struct asker {
	uid_t real, effective;
};

static inline struct asker asker_now(void)
{
	return (struct asker){getuid(), geteuid()};
}

static inline bool asker_equal(const struct asker *a, const struct asker *b)
{
	return a->real == b->real && a->effective == b->effective;
}

struct view_tenant {
	struct index_tenant info;
	struct identity_part *_Atomic identity; /* NULL until asked for */
	struct holders *_Atomic standing;	/* likewise */
	struct holders *_Atomic grants;
	/* Of a tenant that hides: nothing of it may be mapped for who asks. What is not hidden is what `asker` may map. */
	atomic_bool hidden;
	struct asker asker;
};

/* A call in progress. */
struct reading {
	const struct view *view;
	unsigned shard;
};

/* Which lock of the module's three; enumerations of passwd and group know nothing of each other. */
enum view_lock { LOCK_VIEWS, LOCK_PASSWD, LOCK_GROUP, LOCK_COUNT };

/*
 * Begins a call: 0, or -ENOENT (no tenant is bound here, or this is the broker itself), or why the index cannot be
 * read. Only after 0 is view_leave due.
 */
int view_enter(struct reading *ret) MUST_CHECK;
void view_leave(struct reading *reading);

/* Is what the view has mapped for who calls now to see? Costs two system calls where a tenant hides, else nothing. */
bool view_is_mine(const struct view *view);

/* For enumerations, under their lock: keeps the view beyond the call. Either accepts NULL. */
void view_pin(const struct view *view);
void view_unpin(const struct view *view);
/* Takes or gives back a lock. The host's thread cannot be cancelled while it holds one. -ENOMEM: there are no locks. */
int view_lock(enum view_lock lock, int *ret_cancel_state) MUST_CHECK;
void view_unlock(enum view_lock lock, int cancel_state);

size_t view_tenant_count(const struct view *view);
const struct view_tenant *view_tenant(const struct view *view, size_t i);
size_t view_position(const struct view *view, const struct view_tenant *tenant);
const struct index_view *view_index(const struct view *view);

/* Whose name may this be: the home tenant's without '@', else the one of the domain. NULL: nobody's; -EBADMSG. */
int view_tenant_of_name(const struct view *view, const char *name, const struct view_tenant **ret) MUST_CHECK;
/*
 * The user and whose he is: the home tenant is asked first, without a look for '@', since most names are its. 0,
 * -ENOENT, or as view_identity.
 */
int view_user_by_name(const struct view *view, const char *name, const struct view_tenant **ret_tenant,
		      struct identity_user *ret) MUST_CHECK;
/* Whose range holds the id: NULL if nobody's. */
const struct view_tenant *view_tenant_of_id(const struct view *view, uint32_t id);

/*
 * The tenant's files, mapped at the first call. 0 or -errno; identity: -ENOENT is said as -EBADMSG (a tenant that is
 * bound and not published cannot be read), and -ENOENT is that of a tenant that hides from who asks; holders: NULL where
 * there is no such file, or it hides.
 */
int view_identity(const struct view_tenant *tenant, const struct identity **ret) MUST_CHECK;
int view_standing(const struct view_tenant *tenant, const struct holders **ret) MUST_CHECK;
int view_grants(const struct view_tenant *tenant, const struct holders **ret) MUST_CHECK;

/*
 * T22, once more at the door: is the id the tenant's to give to a user or group, to a group that shows holders? Whatever
 * the index says of its range.
 */
static inline bool view_id_is_ours(const struct view_tenant *t, uint32_t id)
{
	return id >= t->info.id_range.first && id <= t->info.id_range.last &&
	       !(id >= t->info.role_gids.first && id <= t->info.role_gids.last) && id_may_be_given(id);
}

static inline bool view_role_gid_is_ours(const struct view_tenant *t, uint32_t gid)
{
	return gid >= t->info.role_gids.first && gid <= t->info.role_gids.last && id_may_be_given(gid);
}

/* The group of all members of a tenant that hides; NO_ID: it has none. */
static inline uint32_t view_members_gid(const struct view_tenant *t)
{
	uint32_t gid = members_gid(t->info.visibility, &t->info.role_gids);

	return gid != NO_ID && view_role_gid_is_ours(t, gid) ? gid : NO_ID;
}

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of a tenant is mapped: its identity and its tables of holders, each when it is first asked for. */
#include "nss_module/view_files.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/safe_file.h"

/* An identity, shared by the views in which it is the same file. */
struct identity_part {
	struct identity *identity;
	unsigned views; /* under LOCK_VIEWS */
};

static bool hides(const struct view_tenant *t)
{
	return t->info.visibility == VISIBILITY_TENANT;
}

/*
 * What became of opening a file: of a tenant that hides, "may not" is remembered, and said as what a name that nobody
 * has would answer. A thread may have changed who all are while it was opened: then it was opened for another.
 */
static int opened(struct view_tenant *t, int r)
{
	const struct asker now = asker_now();

	if (!hides(t))
		return r;
	if (!asker_equal(&now, &t->asker))
		return -EAGAIN;
	if (r != -EACCES)
		return r;
	atomic_store(&t->hidden, true);
	return -ENOENT;
}

void view_files_done(struct view_tenant *t)
{
	struct identity_part *part = atomic_load(&t->identity);

	if (part && --part->views == 0) {
		identity_close(part->identity);
		free(part);
	}
	holders_close(atomic_load(&t->standing));
	holders_close(atomic_load(&t->grants));
}

bool view_files_keep(struct view_tenant *t, const struct view_tenant *old)
{
	struct identity_part *part = atomic_load(&old->identity);

	/* Of a tenant that hides, or did, nothing goes from one user to another. */
	if (t->hidden || (hides(t) && !asker_equal(&t->asker, &old->asker)) || hides(t) != hides(old))
		return false;
	if (!part || strcmp(old->info.name, t->info.name) != 0 || !identity_is_current(part->identity, t->info.name))
		return false;
	part->views++;
	atomic_store(&t->identity, part);
	return true;
}

bool view_files_are_current(const struct view_tenant *t)
{
	struct identity_part *part = atomic_load(&t->identity);
	struct holders *standing = atomic_load(&t->standing), *grants = atomic_load(&t->grants);

	return (!part || identity_is_current(part->identity, t->info.name)) &&
	       (!standing || holders_is_current(standing, t->info.name, "holders")) &&
	       (!grants || holders_is_current(grants, t->info.name, "grants"));
}

static int identity_map(struct view_tenant *t, struct safe_walk *walk)
{
	struct identity_part *part = calloc(1, sizeof(*part));
	int r = part ? identity_open_near(walk, t->info.name, &part->identity) : -ENOMEM;
	const bool is_open = r == 0;

	if (r == -ENOENT)
		r = -EBADMSG; /* bound, and not published */
	r = opened(t, r);
	if (r < 0) {
		if (is_open)
			identity_close(part->identity);
		free(part);
		return r;
	}
	part->views = 1;
	atomic_store(&t->identity, part);
	return 0;
}

void view_files_map(struct view_tenant *t, struct safe_walk *walk)
{
	struct holders *standing;

	if (t->hidden || identity_map(t, walk) < 0)
		return;
	if (holders_open_near(walk, t->info.name, "holders", &standing) == 0)
		atomic_store(&t->standing, standing);
}

static int identity_load(struct view_tenant *t)
{
	int saved = errno, cancel_state, r;

	r = view_lock(LOCK_VIEWS, &cancel_state);
	if (r < 0)
		return r;
	if (!atomic_load(&t->identity))
		r = identity_map(t, NULL);
	view_unlock(LOCK_VIEWS, cancel_state);
	errno = saved;
	return r;
}

int view_identity(const struct view_tenant *tenant, const struct identity **ret)
{
	struct view_tenant *t = (struct view_tenant *)(uintptr_t)tenant;
	struct identity_part *part = atomic_load_explicit(&t->identity, memory_order_acquire);
	int r;

	if (__builtin_expect(!part, 0)) {
		r = t->hidden ? -ENOENT : identity_load(t);
		if (r < 0)
			return r;
		part = atomic_load_explicit(&t->identity, memory_order_acquire);
	}
	*ret = part->identity;
	return 0;
}

static int holders_load(struct view_tenant *t, const char *file, struct holders *_Atomic *slot)
{
	int saved = errno, cancel_state, r;
	struct holders *h;

	r = view_lock(LOCK_VIEWS, &cancel_state);
	if (r < 0)
		return r;
	if (!atomic_load(slot)) {
		int open_r = holders_open(t->info.name, file, &h);

		r = opened(t, open_r);
		if (r == 0)
			atomic_store(slot, h);
		else if (open_r == 0)
			holders_close(h);
	}
	view_unlock(LOCK_VIEWS, cancel_state);
	errno = saved;
	return r == -ENOENT ? 0 : r;
}

static int holders_get(struct view_tenant *t, const char *file, struct holders *_Atomic *slot,
		       const struct holders **ret)
{
	int r = 0;

	*ret = atomic_load_explicit(slot, memory_order_acquire);
	if (__builtin_expect(!*ret, 0) && !t->hidden) {
		r = holders_load(t, file, slot);
		*ret = atomic_load_explicit(slot, memory_order_acquire);
	}
	return r;
}

int view_standing(const struct view_tenant *tenant, const struct holders **ret)
{
	struct view_tenant *t = (struct view_tenant *)(uintptr_t)tenant;

	return holders_get(t, "holders", &t->standing, ret);
}

int view_grants(const struct view_tenant *tenant, const struct holders **ret)
{
	struct view_tenant *t = (struct view_tenant *)(uintptr_t)tenant;

	return holders_get(t, "grants", &t->grants, ret);
}

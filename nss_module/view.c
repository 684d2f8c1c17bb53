/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a view ends. A reader counts itself in one of READER_SHARDS counters, then loads the current view. Whoever puts
 * another in its place looks at each counter until he has seen it at zero once: then nobody who may have loaded the old
 * one is left. He never waits for that; what is not yet free is looked at again at the next change.
 */
#include "nss_module/view_files.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/single_threaded.h>
#include <unistd.h>

#include "common/base/safe_file.h"
#include "common/snapshot/leak.h"

#define READER_SHARDS 16
#define ENTER_TRIES   8
#define ALL_SHARDS    ((1u << READER_SHARDS) - 1)

/* All zeroes is the state of rest, which the child of a fork begins with. */
struct shared {
	_Alignas(64) struct {
		_Alignas(64) atomic_uint readers;
	} shards[READER_SHARDS];
	pthread_mutex_t locks[LOCK_COUNT];
	bool used; /* false in a child that has not called yet */
};

struct view {
	atomic_ullong generation; /* 0: there is no page, or it was not looked at yet: look at the files */
	struct index_view *index; /* NULL: no tenant is bound here */
	struct view *next_retired;
	bool guarded;	    /* a tenant hides: the view is of this asker alone */
	struct asker asker;
	unsigned seen_idle; /* a bit for each shard */
	unsigned pins;	    /* under LOCK_VIEWS */
	size_t tenant_count;
	struct view_tenant tenants[];
};

extern const int tenure_broker_process __attribute__((weak));

static struct shared memory, *shared; /* NULL: forks would go unseen */
static struct view *_Atomic current;
static struct view *retired; /* under LOCK_VIEWS */

static void after_fork(void)
{
	memset(&memory, 0, sizeof(memory));
}

__attribute__((constructor)) static void watch_forks(void)
{
	if (pthread_atfork(NULL, NULL, after_fork) == 0)
		shared = &memory;
}

int view_lock(enum view_lock lock, int *ret_cancel_state)
{
	struct shared *s = shared;

	if (!s)
		return -ENOMEM;
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, ret_cancel_state);
	(void)pthread_mutex_lock(&s->locks[lock]);
	if (lock == LOCK_VIEWS && !s->used) {
		retired = NULL; /* the parent's thread may have been at work on the list: leave it be */
		s->used = true;
	}
	return 0;
}

void view_unlock(enum view_lock lock, int cancel_state)
{
	(void)pthread_mutex_unlock(&shared->locks[lock]);
	(void)pthread_setcancelstate(cancel_state, NULL);
}

/* Threads are told apart by where their stacks are. */
static unsigned shard_pick(void)
{
	char here;

	return (uint32_t)((uintptr_t)&here >> 16) * 2654435769u >> 28;
}

static void readers_enter(struct shared *s, unsigned shard)
{
	atomic_uint *readers = &s->shards[shard].readers;

	if (__libc_single_threaded)
		atomic_store_explicit(readers, atomic_load_explicit(readers, memory_order_relaxed) + 1,
				      memory_order_relaxed);
	else
		(void)atomic_fetch_add(readers, 1);
}

/* A thread may have been made meanwhile, never by us: the count is as good either way. */
static void readers_leave(struct shared *s, unsigned shard)
{
	atomic_uint *readers = &s->shards[shard].readers;

	if (__libc_single_threaded)
		atomic_store_explicit(readers, atomic_load_explicit(readers, memory_order_relaxed) - 1,
				      memory_order_relaxed);
	else
		(void)atomic_fetch_sub(readers, 1);
}

static void view_free(struct view *v)
{
	for (size_t i = 0; i < v->tenant_count; i++)
		view_files_done(&v->tenants[i]);
	index_close(v->index);
	free(v);
}

/* Frees the retired views that nobody can be reading. */
static void views_reap(struct shared *s)
{
	for (struct view **at = &retired; *at;) {
		struct view *v = *at;

		for (unsigned i = 0; i < READER_SHARDS; i++)
			if (atomic_load(&s->shards[i].readers) == 0)
				v->seen_idle |= 1u << i;
		if (v->seen_idle != ALL_SHARDS || v->pins > 0) {
			at = &v->next_retired;
			continue;
		}
		*at = v->next_retired;
		view_free(v);
	}
}

static void view_publish(struct shared *s, struct view *v)
{
	struct view *old = atomic_exchange(&current, v);

	if (old) {
		old->seen_idle = 0;
		old->next_retired = retired;
		retired = old;
	}
	views_reap(s);
}

/*
 * Which tenants hide, and from whom. Tenants that hide have nothing mapped for others than the one who asks; where a
 * cache would hand it on, they hide from all.
 */
static void view_guard(struct view *v, const struct asker *asker)
{
	bool leaks;

	v->asker = *asker;
	for (size_t i = 0; i < v->tenant_count; i++)
		v->guarded = v->guarded || v->tenants[i].info.visibility == VISIBILITY_TENANT;
	leaks = v->guarded && leak_find();
	for (size_t i = 0; i < v->tenant_count; i++) {
		struct view_tenant *t = &v->tenants[i];

		t->asker = *asker;
		t->hidden = t->info.visibility == VISIBILITY_TENANT &&
			    (leaks || (asker->real != asker->effective && !leak_real_user_may(t->info.name)));
	}
}

/*
 * The first view of a process is made without the page: many ask once and are gone, and nearly all ask for a user of
 * the home tenant, so that its files come along for one walk through the folders.
 */
static int view_make(const struct view *old, struct view **ret)
{
	uint64_t generation = old ? generation_read() : 0; /* before any file is opened */
	const struct asker asker = asker_now();
	struct safe_walk walk = {.trusted = ""};
	struct index_view *index = NULL;
	struct view *v;
	size_t count;
	int r = index_open_near(&walk, &index);

	if (r < 0 && r != -ENOENT)
		return r;
	count = index ? index_tenant_count(index) : 0;
	v = calloc(1, sizeof(*v) + count * sizeof(v->tenants[0]));
	if (!v) {
		index_close(index);
		return -ENOMEM;
	}
	v->generation = generation;
	v->index = index;
	v->tenant_count = count;
	for (size_t i = 0; i < count; i++) {
		r = index_tenant(index, i, &v->tenants[i].info);
		if (r < 0) {
			view_free(v);
			return r;
		}
	}
	view_guard(v, &asker);
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; old && k < old->tenant_count && !view_files_keep(&v->tenants[i], &old->tenants[k]); k++)
			;
	if (!old && count > 0 && v->tenants[0].info.home)
		view_files_map(&v->tenants[0], &walk);
	*ret = v;
	return 0;
}

/*
 * A view without a generation stays good while its files stand where they stood; and if there is a page by now, it gets
 * that one's, read before they were looked at.
 */
static bool view_stays(struct view *v)
{
	uint64_t generation = generation_read();

	if (!v->index || !index_is_current(v->index) || !view_is_mine(v) || (v->guarded && leak_find()))
		return false;
	for (size_t i = 0; i < v->tenant_count; i++)
		if (!view_files_are_current(&v->tenants[i]))
			return false;
	v->generation = generation;
	return true;
}

bool view_is_mine(const struct view *v)
{
	if (__builtin_expect(!v->guarded, 1))
		return true;
	const struct asker now = asker_now();

	return asker_equal(&now, &v->asker);
}

static bool view_is_current(const struct view *v)
{
	uint64_t generation = v ? atomic_load_explicit(&v->generation, memory_order_relaxed) : 0;

	return generation != 0 && generation == generation_read() && view_is_mine(v);
}

/* Puts a current view in place. Our edge to the host: errno is as it was. */
static int views_refresh(struct shared *s)
{
	int saved = errno, cancel_state, r;
	struct view *old, *made;

	r = view_lock(LOCK_VIEWS, &cancel_state);
	if (r < 0)
		return r;
	old = atomic_load(&current);
	if (!view_is_current(old) && !(old && old->generation == 0 && view_stays(old))) {
		r = view_make(old, &made);
		if (r == 0)
			view_publish(s, made);
	}
	view_unlock(LOCK_VIEWS, cancel_state);
	errno = saved;
	return r;
}

/*
 * The current view, with the shard entered, after another was put in place. A thread of another user (file servers have
 * them) may be at it all the time: then this one gives up.
 */
static int enter_anew(struct shared *s, unsigned shard, const struct view **ret)
{
	for (unsigned i = 0; i < ENTER_TRIES; i++) {
		int r = views_refresh(s);

		if (r < 0)
			return r;
		readers_enter(s, shard);
		*ret = atomic_load(&current);
		if (view_is_mine(*ret))
			return 0;
		readers_leave(s, shard);
	}
	return -EAGAIN;
}

int view_enter(struct reading *ret)
{
	struct shared *s;
	const struct view *v;
	unsigned shard;
	int r;

	if (&tenure_broker_process)
		return -ENOENT; /* T21 */
	s = shared;
	if (!s)
		return -ENOMEM;
	shard = shard_pick();
	readers_enter(s, shard);
	v = atomic_load(&current);
	if (__builtin_expect(!view_is_current(v), 0)) {
		readers_leave(s, shard);
		r = enter_anew(s, shard, &v);
		if (r < 0)
			return r;
	}
	if (!v->index) {
		readers_leave(s, shard);
		return -ENOENT;
	}
	*ret = (struct reading){.view = v, .shard = shard};
	return 0;
}

void view_leave(struct reading *reading)
{
	readers_leave(shared, reading->shard);
}

void view_pin(const struct view *view)
{
	struct view *v = (struct view *)(uintptr_t)view;
	int cancel_state;

	if (v && view_lock(LOCK_VIEWS, &cancel_state) == 0) {
		v->pins++;
		view_unlock(LOCK_VIEWS, cancel_state);
	}
}

void view_unpin(const struct view *view)
{
	struct view *v = (struct view *)(uintptr_t)view;
	int cancel_state;

	if (v && view_lock(LOCK_VIEWS, &cancel_state) == 0) {
		v->pins--;
		views_reap(shared);
		view_unlock(LOCK_VIEWS, cancel_state);
	}
}

size_t view_tenant_count(const struct view *view)
{
	return view->tenant_count;
}

const struct view_tenant *view_tenant(const struct view *view, size_t i)
{
	return &view->tenants[i];
}

size_t view_position(const struct view *view, const struct view_tenant *tenant)
{
	return (size_t)(tenant - view->tenants);
}

const struct index_view *view_index(const struct view *view)
{
	return view->index;
}

int view_tenant_of_name(const struct view *view, const char *name, const struct view_tenant **ret)
{
	const char *at = strchr(name, '@');
	size_t i = 0;
	int r;

	*ret = NULL;
	if (at) {
		r = index_tenant_by_domain(view->index, at + 1, &i);
		if (r < 0)
			return r == -ENOENT ? 0 : r;
	}
	/* The home tenant is the first; its names are short, all others have a domain. */
	if (i < view->tenant_count && view->tenants[i].info.home == !at)
		*ret = &view->tenants[i];
	return 0;
}

int view_user_by_name(const struct view *view, const char *name, const struct view_tenant **ret_tenant,
		      struct identity_user *ret)
{
	const struct view_tenant *t;
	const struct identity *id;
	int r = -ENOENT;

	if (view->tenant_count > 0 && view->tenants[0].info.home) {
		*ret_tenant = &view->tenants[0];
		r = view_identity(&view->tenants[0], &id);
		if (r == 0)
			r = identity_user_by_name(id, name, ret);
	}
	if (r != -ENOENT)
		return r;
	r = view_tenant_of_name(view, name, &t);
	if (r < 0)
		return r;
	if (!t || t->info.home)
		return -ENOENT;
	*ret_tenant = t;
	r = view_identity(t, &id);
	return r < 0 ? r : identity_user_by_name(id, name, ret);
}

const struct view_tenant *view_tenant_of_id(const struct view *view, uint32_t id)
{
	for (size_t i = 0; i < view->tenant_count; i++)
		if (id >= view->tenants[i].info.id_range.first && id <= view->tenants[i].info.id_range.last)
			return &view->tenants[i];
	return NULL;
}

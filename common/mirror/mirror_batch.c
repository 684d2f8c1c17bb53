/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A batch is put aside until it is complete; then it is written, and only then it is what is there. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/mirror/mirror_internal.h"

static void open_batch(struct mirror *m)
{
	if (m->open)
		return;
	m->open = true;
	m->batch++;
}

int mirror_begin(struct mirror *m)
{
	open_batch(m);
	return 0;
}

void mirror_abort(struct mirror *m)
{
	mirror_table_done(&m->staged);
	m->open = false;
}

/* The last word on an object counts. Takes it. */
static int stage(struct mirror *m, struct mirrored *o)
{
	free(mirror_table_take(&m->staged, &o->uuid));
	int r = mirror_table_add(&m->staged, o);

	if (r < 0)
		free(o);
	return r;
}

int mirror_entry(struct mirror *m, const void *object, size_t len)
{
	struct mirrored *o, *old;
	int r = mirrored_new(object, len, &o);

	if (r < 0)
		return r;
	open_batch(m);
	old = mirror_table_find(&m->objects, &o->uuid);
	if (old)
		old->batch = m->batch;
	if (old && old->len == len && memcmp(old->bytes, object, len) == 0) {
		free(mirror_table_take(&m->staged, &o->uuid)); /* what the batch said before is taken back */
		free(o);
		return 0;
	}
	if (m->objects.count + m->staged.count >= MIRROR_OBJECTS_MAX) {
		free(o);
		return -EFBIG;
	}
	return stage(m, o);
}

int mirror_deleted(struct mirror *m, const struct uuid *uuid)
{
	struct mirrored *o;
	int r;

	open_batch(m);
	if (!mirror_table_find(&m->objects, uuid)) {
		free(mirror_table_take(&m->staged, uuid)); /* came and went */
		return 0;
	}
	r = mirrored_gone(uuid, &o);
	return r == 0 ? stage(m, o) : r;
}

int mirror_present(struct mirror *m, const struct uuid *uuid)
{
	struct mirrored *o = mirror_table_find(&m->objects, uuid);

	open_batch(m);
	if (o)
		o->batch = m->batch;
	return o || mirror_table_find(&m->staged, uuid) ? 0 : -ENOENT;
}

/* What was not mentioned is gone. */
static int stage_unmentioned(struct mirror *m)
{
	struct mirror_cursor c = {0};
	struct mirrored *o, *gone;
	int r = 0;

	while (r == 0 && (o = mirror_table_next(&m->objects, &c))) {
		if (o->batch == m->batch || mirror_table_find(&m->staged, &o->uuid))
			continue;
		r = mirrored_gone(&o->uuid, &gone);
		if (r == 0)
			r = stage(m, gone);
	}
	return r;
}

static void tell(const struct mirror *m, mirror_change_fn changed, void *context)
{
	struct mirror_cursor c = {0};
	const struct mirrored *o;

	while (changed && (o = mirror_table_next(&m->staged, &c))) {
		const struct mirrored *old = mirror_table_find(&m->objects, &o->uuid);
		const struct mirror_change change = {
			.kind = (enum object_kind)(o->len ? o->kind : old ? old->kind : 0),
			.uuid = o->uuid,
			.before = old ? old->bytes : NULL,
			.now = o->len ? o->bytes : NULL,
			.before_len = old ? old->len : 0,
			.now_len = o->len,
		};

		changed(context, &change);
	}
}

void mirror_fold(struct mirror *m)
{
	struct mirror_cursor c = {0};
	struct mirrored *o, *old;

	while ((o = mirror_table_next(&m->staged, &c))) {
		old = mirror_table_take(&m->objects, &o->uuid);
		m->live -= old ? old->len : 0;
		free(old);
		if (o->len == 0) {
			free(o);
			continue;
		}
		o->batch = m->batch;
		m->live += o->len;
		if (mirror_table_add(&m->objects, o) < 0)
			abort(); /* there is room for all of them: its caller saw to that */
	}
	free(m->staged.by_uuid);
	m->staged = (struct mirror_table){.has_dns = false};
	m->open = false;
}

static int take_cookie(struct mirror *m, const void *cookie, size_t len)
{
	void *copy = NULL;

	if (len > SYNC_COOKIE_MAX)
		return -EBADMSG;
	if (len > 0) {
		copy = malloc(len);
		if (!copy)
			return -ENOMEM;
		memcpy(copy, cookie, len);
	}
	free(m->cookie);
	m->cookie = copy;
	m->cookie_len = len;
	return 0;
}

int mirror_commit(struct mirror *m, bool all, const void *cookie, size_t cookie_len, int64_t realtime_ns,
		  mirror_change_fn changed, void *context, size_t *ret_changes)
{
	int r = cookie_len > SYNC_COOKIE_MAX ? -EBADMSG : 0;

	*ret_changes = 0;
	open_batch(m);
	if (r == 0 && all)
		r = stage_unmentioned(m);
	if (r == 0)
		r = mirror_table_reserve(&m->objects, m->objects.count + m->staged.count);
	if (r == 0)
		r = mirror_file_append(m, cookie, cookie_len, realtime_ns);
	if (r < 0) {
		mirror_abort(m);
		return r;
	}
	*ret_changes = m->staged.count;
	tell(m, changed, context);
	mirror_fold(m);
	m->complete_ns = realtime_ns;
	if (take_cookie(m, cookie, cookie_len) < 0)
		(void)take_cookie(m, NULL, 0); /* none: everything is sent again */
	mirror_file_tidy(m);
	return 0;
}

int mirror_forget_cookie(struct mirror *m)
{
	mirror_abort(m);
	if (m->cookie_len == 0)
		return 0;
	(void)take_cookie(m, NULL, 0);
	return m->complete_ns ? mirror_file_append(m, NULL, 0, m->complete_ns) : 0;
}

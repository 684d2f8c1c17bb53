/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A batch: into the mirror object by object, and in force when it is whole. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/tenured/log.h"
#include "common/mirror/mirror.h"
#include "daemon/tenured/sync_internal.h"

#define OBJECT_FIRST_SIZE 4096u

static void drop_notes(struct sync_tenant *t)
{
	for (size_t i = 0; i < t->note_count; i++) {
		free(t->notes[i].dn);
		free(t->notes[i].modifier);
	}
	t->note_count = t->note_more = 0;
}

void sync_batch_abort(struct sync_tenant *t, struct mirror *m)
{
	if (m)
		mirror_abort(m);
	t->open = t->all = false;
	free(t->object);
	t->object = NULL;
	t->object_len = t->object_size = 0;
	drop_notes(t);
}

/* --- whose change it is --- */

static bool find_field(const void *object, size_t len, unsigned tag, struct sync_field *ret)
{
	const bool found = object && sync_find(sync_object_fields(object, len), tag, ret) == 0;

	if (!found)
		*ret = (struct sync_field){0};
	return found;
}

static char *text_of(const void *object, size_t len, unsigned tag)
{
	struct sync_field f;
	char *text = NULL;

	return find_field(object, len, tag, &f) && sync_field_text(&f, &text) == 0 ? text : NULL;
}

static bool field_differs(const struct mirror_change *c, unsigned tag)
{
	struct sync_field before, now;
	const bool was = find_field(c->before, c->before_len, tag, &before);
	const bool is = find_field(c->now, c->now_len, tag, &now);

	return was != is || before.len != now.len || (was && memcmp(before.data, now.data, now.len) != 0);
}

/* Groups and people come and go; what they may do, and whether they may do anything, is policy. */
static bool is_policy(const struct mirror_change *c)
{
	if (c->kind == OBJECT_GROUP || c->kind == OBJECT_ELSEWHERE)
		return false;
	if (c->kind != OBJECT_USER)
		return true;
	return c->before && c->now &&
	       (field_differs(c, SYNC_TAG_ENABLED) || field_differs(c, SYNC_TAG_BEGIN) || field_differs(c, SYNC_TAG_END));
}

static const char *kind_text(enum object_kind kind)
{
	static const char *const texts[OBJECT_KIND_COUNT] = {
		[OBJECT_TENANT] = "tenant", [OBJECT_USER] = "user", [OBJECT_GROUP] = "group",
		[OBJECT_SCOPE] = "scope",   [OBJECT_HOST] = "host", [OBJECT_UNIT] = "unit",
		[OBJECT_ROLE] = "role",	    [OBJECT_ASSIGNMENT] = "assignment",
	};

	return kind > 0 && kind < OBJECT_KIND_COUNT && texts[kind] ? texts[kind] : "other";
}

static void on_change(void *context, const struct mirror_change *c)
{
	struct sync_tenant *t = context;
	const void *object = c->now ? c->now : c->before;
	const size_t len = c->now ? c->now_len : c->before_len;

	engine_note_change(t->sync->engine, engine_tenant_by_name(t->sync->engine, t->name), c);
	if (!is_policy(c))
		return;
	if (t->note_count == POLICY_NOTES_MAX) {
		t->note_more++;
		return;
	}
	t->notes[t->note_count++] = (struct policy_note){
		.dn = text_of(object, len, SYNC_TAG_DN),
		/* Who removed it, nobody says. */
		.modifier = c->now ? text_of(object, len, SYNC_TAG_MODIFIER) : NULL,
		.kind = kind_text(c->kind),
		.change = !c->before ? "added" : c->now ? "changed" : "removed",
	};
}

/* --- packets --- */

/* What the mirror does not take is a lie, or does not fit: then all of it is asked for again, later. */
static int judge(struct sync_tenant *t, struct mirror *m, int r)
{
	if (r == 0)
		return 0;
	sync_batch_abort(t, m);
	if (r == -EBADMSG || r == -EFBIG)
		return r;
	if (r == -ENOENT && mirror_forget_cookie(m) == 0)
		worker_restart(t->worker, "its cookie did not hold; everything is asked for again");
	else
		worker_restart(t->worker, r == -ENOMEM ? "out of memory" : "what it says cannot be kept");
	return 0;
}

static int begin(struct sync_tenant *t, struct mirror *m)
{
	int r = t->open ? 0 : mirror_begin(m);

	t->open = t->open || r == 0;
	return r;
}

static int append_object(struct sync_tenant *t, const struct sync_cursor *fields)
{
	const size_t len = (size_t)(fields->end - fields->at);
	size_t size = t->object_size ? t->object_size : OBJECT_FIRST_SIZE;
	uint8_t *grown;

	if (len > SYNC_OBJECT_MAX - t->object_len)
		return -EBADMSG;
	while (size < t->object_len + len)
		size *= 2;
	if (size != t->object_size) {
		grown = realloc(t->object, size);
		if (!grown)
			return -ENOMEM;
		t->object = grown;
		t->object_size = size;
	}
	if (len > 0)
		memcpy(t->object + t->object_len, fields->at, len);
	t->object_len += len;
	return 0;
}

static int take_objects(struct mirror *m, struct sync_cursor fields)
{
	const uint8_t *begin = fields.at, *at = begin;
	struct sync_field f;
	int r;

	while ((r = sync_next(&fields, &f)) > 0) {
		if (f.tag == SYNC_TAG_UUID && at != begin) {
			r = mirror_entry(m, begin, (size_t)(at - begin));
			if (r < 0)
				return r;
			begin = at;
		}
		at = fields.at;
	}
	return r < 0 ? r : mirror_entry(m, begin, (size_t)(at - begin));
}

static int take_entry(struct sync_tenant *t, struct mirror *m, const struct sync_packet *p)
{
	const struct sync_cursor fields = sync_packet_fields(p);
	const bool more = sync_packet_flags(p) & SYNC_MORE;
	int r;

	if (!more && t->object_len == 0)
		return take_objects(m, fields);
	r = append_object(t, &fields);
	if (r < 0 || more)
		return r;
	r = mirror_entry(m, t->object, t->object_len);
	t->object_len = 0;
	if (t->object_size > SYNC_PACKET_MAX) {
		free(t->object);
		t->object = NULL;
		t->object_size = 0;
	}
	return r;
}

static int take_uuids(struct mirror *m, const struct sync_packet *p, int (*fn)(struct mirror *, const struct uuid *))
{
	struct sync_cursor c = sync_packet_fields(p);
	struct sync_field f;
	struct uuid uuid;
	int r;

	while ((r = sync_next(&c, &f)) > 0) {
		r = f.tag == SYNC_TAG_UUID ? sync_field_uuid(&f, &uuid) : -EBADMSG;
		if (r == 0)
			r = fn(m, &uuid);
		if (r < 0)
			return r;
	}
	return r;
}

/* The batch counts. */
static int take_done(struct sync_tenant *t, size_t tenant, struct mirror *m, const struct sync_packet *p)
{
	const bool all = t->all || (sync_packet_flags(p) & SYNC_ALL), first = mirror_complete_ns(m) == 0;
	struct engine *e = t->sync->engine;
	struct sync_field cookie = {0};
	struct instant now;
	size_t changes = 0;
	int r = sync_find(sync_packet_fields(p), SYNC_TAG_COOKIE, &cookie);

	if (r == -ENOENT)
		cookie.len = 0;
	if (r == -EBADMSG || cookie.len > SYNC_COOKIE_MAX)
		return -EBADMSG;
	r = engine_now(e, &now);
	if (r == 0)
		r = mirror_commit(m, all, cookie.len > 0 ? cookie.data : NULL, cookie.len, now.realtime_ns, on_change, t,
				  &changes);
	if (r < 0) {
		log_text(LOG_ERR, "tenant %s: what its directory says cannot be kept: %s", t->name, strerror(-r));
		return r == -EBADMSG ? -EIO : r;
	}
	t->open = t->all = false;
	engine_note_policy(e, tenant, t->notes, t->note_count, t->note_more);
	drop_notes(t);
	if (first)
		engine_directory_changed(e, tenant);
	else if (changes > 0)
		engine_directory_noted(e, tenant);
	sync_answered(t);
	return 0;
}

static int take(struct sync_tenant *t, size_t tenant, struct mirror *m, const struct sync_packet *p)
{
	int r;

	if (t->object_len > 0 && sync_packet_type(p) != SYNC_ENTRY)
		return -EBADMSG;
	if (sync_packet_type(p) == SYNC_REFRESH && t->open)
		return -EBADMSG;
	r = begin(t, m);
	if (r < 0)
		return r;
	switch (sync_packet_type(p)) {
	case SYNC_REFRESH:
		t->all = sync_packet_flags(p) & SYNC_ALL;
		return 0;
	case SYNC_ENTRY:
		return take_entry(t, m, p);
	case SYNC_DELETED:
		return take_uuids(m, p, mirror_deleted);
	case SYNC_PRESENT:
		return take_uuids(m, p, mirror_present);
	case SYNC_DONE:
		return take_done(t, tenant, m, p);
	default:
		return -EBADMSG;
	}
}

int sync_batch_packet(struct sync_tenant *t, size_t tenant, const struct sync_packet *p)
{
	unsigned serial;
	struct mirror *m = engine_mirror(t->sync->engine, tenant, &serial);

	return judge(t, m, take(t, tenant, m, p));
}

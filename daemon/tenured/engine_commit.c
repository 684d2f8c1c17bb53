/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/tenured/engine_internal.h"

struct fields fields_new(void)
{
	struct fields f = {.object = json_object()};

	f.failed = !f.object;
	return f;
}

static void set(struct fields *f, const char *key, json_t *value)
{
	if (f->failed)
		json_decref(value); /* it was made for us */
	else if (json_object_set_new(f->object, key, value) < 0)
		f->failed = true;
}

void fields_text(struct fields *f, const char *key, const char *value)
{
	if (value)
		set(f, key, json_string(value));
}

void fields_int(struct fields *f, const char *key, int64_t value)
{
	set(f, key, json_integer(value));
}

void fields_uuid(struct fields *f, const char *key, const struct uuid *value)
{
	char text[UUID_TEXT_MAX];

	if (uuid_is_null(value))
		return;
	uuid_format(value, text);
	set(f, key, json_string(text));
}

void fields_time(struct fields *f, const char *key, int64_t realtime_ns)
{
	char text[TIME_TEXT_MAX];

	time_format_rfc3339(realtime_ns, text, sizeof(text));
	set(f, key, json_string(text));
}

void fields_window(struct fields *f, const struct window *w, int64_t from_ns)
{
	fields_time(f, "until", w->end_ns);
	fields_int(f, "start_ns", from_ns);
	fields_int(f, "end_ns", w->end_ns);
	fields_int(f, "boot_end_ns", w->boot_end_ns);
}

struct fields fields_of(const struct request *r)
{
	struct fields f = fields_new();

	fields_uuid(&f, "id", &r->id);
	fields_text(&f, "user", r->user);
	fields_uuid(&f, "tenant_id", &r->tenant_id);
	fields_uuid(&f, "principal", &r->principal);
	fields_text(&f, "role", r->role);
	fields_text(&f, "scope", r->scope);
	return f;
}

void fields_by(struct fields *f, const struct actor *who)
{
	if (!who)
		return;
	fields_text(f, "by", who->root ? "root" : who->user);
	fields_uuid(f, "by_principal", &who->principal_id);
	fields_int(f, "by_uid", who->uid);
	if (who->login_uid != NO_ID)
		fields_int(f, "by_login_uid", who->login_uid);
}

void fields_by_of(struct fields *f, const struct actor *who, const struct request *r)
{
	fields_by(f, who);
	/* In the trail of the tenant whose guest he is, he is that guest: the own id may be another's there. */
	if (who && !uuid_equal(&who->tenant_id, &r->tenant_id) && engine_actor_is(who, &r->tenant_id, &r->principal))
		fields_uuid(f, "by_principal", &r->principal);
}

void engine_say(struct engine *e, enum engine_event_kind kind, const struct request *r)
{
	const struct engine_event event = {.kind = kind, .request = r};

	if (e->hooks.event)
		e->hooks.event(e->hooks.context, &event);
}

void engine_say_degraded(struct engine *e)
{
	const struct engine_event event = {.kind = ENGINE_DEGRADED, .text = engine_degraded(e)};

	if (strcmp(event.text ? event.text : "", e->degraded_said) == 0)
		return;
	(void)snprintf(e->degraded_said, sizeof(e->degraded_said), "%s", event.text ? event.text : "");
	if (e->hooks.event)
		e->hooks.event(e->hooks.context, &event);
}

void engine_apply(struct engine *e, enum journal_event event, json_t *fields)
{
	struct journal_record record = {
		.seq = journal_last_seq(e->journal), .boot = *journal_boot(e->journal), .event = event,
		.name = journal_event_text(event), .line = fields,
	};

	if (e->clock->now(e->clock, &record.at) < 0 || state_apply(&e->state, &record) < 0)
		e->broken = "memory or clock failed between journal and state; start tenured anew";
}

int engine_commit(struct engine *e, enum journal_event *events, struct fields *fields, size_t count)
{
	struct journal_entry entries[COMMIT_MAX];
	uint64_t seq;
	bool failed = count > ARRAY_LENGTH(entries);

	for (size_t i = 0; i < count; i++)
		failed = failed || fields[i].failed;
	for (size_t i = 0; i < count && !failed; i++)
		entries[i] = (struct journal_entry){.event = events[i], .fields = json_incref(fields[i].object)};
	int r = failed ? -ENOMEM : journal_append_batch(e->journal, entries, count, &seq);

	for (size_t i = 0; i < count; i++) {
		if (r == 0)
			engine_apply(e, events[i], fields[i].object);
		json_decref(fields[i].object);
	}
	if (r < 0)
		engine_say_degraded(e);
	/* Whatever the disk said: nothing happened, and the caller is told that nothing can be granted. */
	return r == 0 || r == -ENOMEM || r == -E2BIG ? r : -EROFS;
}

void engine_commit_ending(struct engine *e, enum journal_event event, struct fields fields)
{
	uint64_t seq;

	/* Of an ending: it never fails. */
	(void)!journal_append(e->journal, journal_event_text(event), json_incref(fields.object), &seq);
	engine_apply(e, event, fields.object);
	json_decref(fields.object);
	engine_say_degraded(e);
}

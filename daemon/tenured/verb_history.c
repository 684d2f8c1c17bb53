/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/verb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * The journal, read and verified anew: one's own lines, or, with audit.read, those of `user`, or of the tenant and of the
 * host itself; for root, all. Newest last; the oldest are left out when a message cannot hold them.
 */

#define LIMIT_DEFAULT 100
#define REPLY_BYTES   (WIRE_MESSAGE_MAX - 4096)

struct history {
	struct call *call;
	struct reading *reading;
	bool of_one;	     /* else: everybody's of */
	bool of_tenant;	     /* this tenant, and what is no tenant's; else: of all */
	struct uuid tenant_id, principal;
	const char *id;	     /* the call's */
	size_t limit;
	json_t *items;
};

static void release(void *state)
{
	struct history *h = state;

	reading_free(h->reading);
	json_decref(h->items);
	free(h);
}

static const char *field(const json_t *line, const char *name)
{
	return json_string_value(json_object_get(line, name));
}

static bool is_id(const json_t *line, const char *name, const struct uuid *id)
{
	const char *text = field(line, name);
	struct uuid uuid;

	return text && uuid_parse(text, &uuid) == 0 && uuid_equal(&uuid, id);
}

/* Theirs, or done by them: by id, for a name may have been somebody else's (T50). */
static bool is_about(const struct history *h, const json_t *line)
{
	return is_id(line, "tenant_id", &h->tenant_id) &&
	       (is_id(line, "principal", &h->principal) || is_id(line, "by_principal", &h->principal));
}

/*
 * What has no tenant was done to the host: a journal begun anew is of concern to every auditor. But a tenant's file that
 * could not be read has none either.
 */
static bool is_of_tenant(const struct history *h, const json_t *line)
{
	const char *file = field(line, "file");

	if (!json_object_get(line, "tenant_id"))
		return !file || !strchr(file, '/');
	return is_id(line, "tenant_id", &h->tenant_id);
}

static bool is_wanted(const struct history *h, const struct journal_record *record)
{
	const char *id = field(record->line, "id");
	struct uuid uuid;

	if ((h->of_one && !is_about(h, record->line)) || (h->of_tenant && !is_of_tenant(h, record->line)))
		return false;
	return !h->id || (id && uuid_parse(id, &uuid) == 0 && request_id_matches(&uuid, h->id));
}

/* The uid of who acted as root says that another tenant has such a one. */
static bool is_foreign(const struct history *h, json_int_t uid)
{
	struct broker *b = call_broker(h->call);

	for (size_t i = 0; i < engine_tenant_count(b->engine); i++) {
		const struct tenant_config *t = engine_tenant(b->engine, i);

		if (t && !uuid_equal(&t->id, &h->tenant_id) && uid >= t->id_range.first && uid <= t->id_range.last)
			return true;
	}
	return false;
}

static json_t *row_of(const struct history *h, const struct journal_record *record)
{
	json_t *row = row_event(record), *login_uid = json_object_get(record->line, "by_login_uid"), *details;

	if (!row || !h->of_tenant || !login_uid || !is_foreign(h, json_integer_value(login_uid)))
		return row;
	details = json_copy(record->line);
	if (json_object_del(details, "by_login_uid") < 0 || json_object_set_new(row, "details", details) < 0) {
		json_decref(row);
		return NULL;
	}
	return row;
}

static int collect(void *context, const struct journal_record *record)
{
	struct history *h = context;

	if (!is_wanted(h, record))
		return 0;
	if (json_array_size(h->items) >= h->limit)
		(void)json_array_remove(h->items, 0);
	return json_array_append_new(h->items, row_of(h, record)) < 0 ? -ENOMEM : 0;
}

/* Drops the oldest until the rest fits a message. */
static void fit(json_t *items)
{
	size_t total = 0, keep = 0;

	for (size_t i = json_array_size(items); i > 0; i--) {
		total += json_dumpb(json_array_get(items, i - 1), NULL, 0, JSON_COMPACT) + 1;
		if (total > REPLY_BYTES)
			break;
		keep++;
	}
	while (json_array_size(items) > keep)
		(void)json_array_remove(items, 0);
}

static void answer(void *context, int result, const struct journal_report *report)
{
	struct history *h = context;
	struct call *c = h->call;
	char escaped[128];

	h->reading = NULL;
	if (result < 0) {
		verb_engine_error(c, result, &(struct error_subject){0});
		return;
	}
	if (h->id && json_array_size(h->items) == 0 && !report->damaged) {
		(void)text_escape(h->id, escaped, sizeof(escaped));
		call_error(c, "NoSuchRequest", json_pack("{s:s}", "id", escaped), "tenure history",
			   "there is no entry of %s", escaped);
		return;
	}
	fit(h->items);
	call_reply(c, json_pack("{s:O, s:b, s:I}", "items", h->items, "intact", !report->damaged, "verified",
				(json_int_t)report->verified));
}

/* Whose lines: -ENOMEM, or what reading says. */
static int start(struct call *c, struct history *h, const struct actor *subject, bool sees_all)
{
	struct broker *b = call_broker(c);
	const struct tenant_config *tenant = engine_tenant(b->engine, subject->tenant);
	const struct reading_input in = {.journal = engine_journal(b->engine), .uid = call_actor(c)->uid, .context = h,
					 .line = collect, .done = answer};

	h->call = c;
	h->id = call_text(c, "id");
	h->limit = (size_t)call_number(c, "limit", LIMIT_DEFAULT);
	h->of_one = call_text(c, "user") || !sees_all;
	h->of_tenant = !viewer_may_know(call_actor(c), SIZE_MAX);
	h->principal = subject->principal_id;
	h->tenant_id = tenant ? tenant->id : (struct uuid){{0}};
	h->items = json_array();
	return h->items ? reading_start(b->readings, &in, &h->reading) : -ENOMEM;
}

void verb_history(struct call *c)
{
	bool sees_all = viewer_has_right(call_broker(c), call_actor(c), call_right_for_others(c), NULL);
	struct history *h;
	struct actor subject;
	int r;

	if (!verb_subject(c, &subject))
		return;
	h = calloc(1, sizeof(*h));
	if (!h) {
		verb_engine_error(c, -ENOMEM, &(struct error_subject){0});
		return;
	}
	call_set_state(c, h, release);
	r = start(c, h, &subject, sees_all);
	if (r == -EBUSY)
		call_error(c, "Busy", NULL, "try again in a moment", "the journal is long, and others read it");
	else if (r < 0)
		verb_engine_error(c, r, &(struct error_subject){0});
}

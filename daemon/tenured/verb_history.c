/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/verb.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/*
 * The journal, read and verified anew: one's own lines, or, with audit.read, those of `user` or all. Newest last; the
 * oldest are left out when a message cannot hold them.
 */

#define LIMIT_DEFAULT 100

/*
 * Reading it all holds up everybody else, so that it may take a fifth of the broker's time and no more: after a reading
 * that took a while there is a pause of four times as long.
 */
#define A_WHILE_NS  (50 * NS_PER_MS)
#define PAUSE_TIMES 4
static int64_t pause_until_ns;
#define REPLY_BYTES (WIRE_MESSAGE_MAX - 4096)

struct history {
	const char *user; /* NULL: everybody */
	const char *id;
	size_t limit;
	json_t *items;
};

static const char *field(const json_t *line, const char *name)
{
	return json_string_value(json_object_get(line, name));
}

static bool is_wanted(const struct history *h, const struct journal_record *record)
{
	const char *user = field(record->line, "user"), *by = field(record->line, "by"),
		   *id = field(record->line, "id");
	struct uuid uuid;

	if (h->user && !(user && strcmp(user, h->user) == 0) && !(by && strcmp(by, h->user) == 0))
		return false;
	return !h->id || (id && uuid_parse(id, &uuid) == 0 && request_id_matches(&uuid, h->id));
}

static int collect(void *context, const struct journal_record *record)
{
	struct history *h = context;

	if (!is_wanted(h, record))
		return 0;
	if (json_array_size(h->items) >= h->limit)
		(void)json_array_remove(h->items, 0);
	return json_array_append_new(h->items, row_event(record)) < 0 ? -ENOMEM : 0;
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

/* Of ours alone: a busy machine is nobody's fault here. */
static int64_t processor_time(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) < 0)
		return 0;
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

void verb_history(struct call *c)
{
	struct broker *b = call_broker(c);
	bool sees_all = viewer_has_right(b, call_actor(c), call_right_for_others(c), NULL);
	struct history h = {.id = call_text(c, "id"), .limit = (size_t)call_number(c, "limit", LIMIT_DEFAULT)};
	struct journal_report report = {0};
	struct actor subject;
	int64_t began = processor_time(), took;
	char escaped[128];
	int r;

	if (!verb_subject(c, &subject))
		return;
	if (loop_in_ms(0) < pause_until_ns) {
		call_error(c, "Busy", NULL, "try again in a moment", "the journal is long, and others read it");
		return;
	}
	if (call_text(c, "user") || !sees_all)
		h.user = subject.user;
	h.items = json_array();
	r = h.items ? journal_each(engine_journal(b->engine), collect, &h, &report) : -ENOMEM;
	took = processor_time() - began;
	if (took > A_WHILE_NS)
		pause_until_ns = time_add(loop_in_ms(0), PAUSE_TIMES * took);
	if (r < 0) {
		json_decref(h.items);
		verb_engine_error(c, r, &(struct error_subject){0});
		return;
	}
	if (h.id && json_array_size(h.items) == 0 && !report.damaged) {
		json_decref(h.items);
		(void)text_escape(h.id, escaped, sizeof(escaped));
		call_error(c, "NoSuchRequest", json_pack("{s:s}", "id", escaped), "tenure history",
			   "there is no entry of %s", escaped);
		return;
	}
	fit(h.items);
	call_reply(c, json_pack("{s:o, s:b, s:I}", "items", h.items, "intact", !report.damaged, "verified",
				(json_int_t)report.verified));
}

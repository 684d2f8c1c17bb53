/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "common/base/text.h"
#include "daemon/tenured/engine_internal.h"

/* A journal that begins anew still knows who is bound to whom, and which uids are nobody's. */
static int write_again(struct engine *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < e->state.binding_count; i++) {
		const struct binding *b = &e->state.bindings[i];
		struct fields f = fields_new();
		uint64_t seq;

		fields_text(&f, "login", b->login);
		fields_int(&f, "uid", b->uid);
		fields_uuid(&f, "tenant_id", &b->tenant_id);
		fields_uuid(&f, "principal", &b->principal);
		r = f.failed ? -ENOMEM : journal_append(e->journal, "bind", json_incref(f.object), &seq);
		json_decref(f.object);
	}
	for (size_t i = 0; r == 0 && i < e->state.retired_count; i++) {
		const struct retired *t = &e->state.retired[i];
		struct fields f = fields_new();
		uint64_t seq;

		fields_int(&f, "uid", t->uid);
		fields_uuid(&f, "tenant_id", &t->tenant_id);
		fields_uuid(&f, "principal", &t->principal);
		r = f.failed ? -ENOMEM : journal_append(e->journal, "retire", json_incref(f.object), &seq);
		json_decref(f.object);
	}
	return r;
}

/* What the new journal does not know must not go on in memory. */
static void end_what_was(struct engine *e)
{
	for (size_t i = 0; i < e->state.request_count; i++) {
		struct request *r = e->state.requests[i];
		struct fields f;

		if (r->state == REQUEST_ACTIVE) {
			engine_finish(e, r, JOURNAL_REVOKE, "root", "journal-reset", NULL);
		} else if (r->state == REQUEST_PENDING || r->state == REQUEST_SCHEDULED) {
			f = fields_of(r);
			fields_text(&f, "why", "journal-reset");
			(void)engine_commit_ending(e, JOURNAL_FAILED, f);
			engine_say(e, ENGINE_REQUEST_CHANGED, r);
		}
	}
}

static int reset_clock(struct engine *e, struct fields f)
{
	int r = engine_commit_ending(e, JOURNAL_JOURNAL_RESET, f);

	e->floor_said = false;
	return r;
}

int engine_journal_reset(struct engine *e, const struct actor *who, const char *what, const char *reason)
{
	const bool clock = what && strcmp(what, "clock") == 0;
	struct fields f;

	if (!who->root)
		return -EACCES;
	if (!clock && (!what || strcmp(what, "journal") != 0))
		return -EINVAL;
	if (!reason || reason[strspn(reason, " ")] == '\0')
		return -ENODATA;
	if (text_check(reason, REASON_LENGTH_MAX) < 0)
		return -EINVAL;
	if (!clock && !e->report.damaged && !journal_trouble(e->journal))
		return -EALREADY;
	f = fields_new();
	fields_text(&f, "what", what);
	fields_text(&f, "reason", reason);
	fields_text(&f, "by", "root");
	if (clock)
		return reset_clock(e, f);
	if (!e->report.damaged) {
		json_decref(f.object);
		return journal_retry(e->journal) < 0 ? -EROFS : 0; /* a full disk is no damage */
	}
	end_what_was(e);
	int r = f.failed ? -ENOMEM : 0;

	if (r < 0)
		json_decref(f.object);
	else
		r = journal_reset(e->journal, f.object);
	if (r == 0)
		r = write_again(e);
	if (r == 0)
		e->report.damaged = false;
	engine_say_degraded(e);
	return r;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "daemon/tenured/engine_internal.h"

/* A journal that begins anew still knows who is bound to whom, and which uids are nobody's. */
struct carried {
	struct journal_entry *entries;
	size_t count;
	bool failed;
};

static void carry(struct carried *c, enum journal_event event, struct fields f)
{
	c->failed = c->failed || f.failed;
	c->entries[c->count++] = (struct journal_entry){.event = event, .fields = f.object};
}

static int carry_all(struct engine *e, struct fields reset, struct carried *ret)
{
	const size_t most = 1 + e->state.binding_count + e->state.retired_count;

	*ret = (struct carried){.entries = calloc(most, sizeof(*ret->entries))};
	if (!ret->entries) {
		json_decref(reset.object);
		return -ENOMEM;
	}
	carry(ret, JOURNAL_JOURNAL_RESET, reset);
	for (size_t i = 0; i < e->state.binding_count; i++) {
		const struct binding *b = &e->state.bindings[i];
		struct fields f = fields_new();

		fields_text(&f, "login", b->login);
		fields_int(&f, "uid", b->uid);
		fields_uuid(&f, "tenant_id", &b->tenant_id);
		fields_uuid(&f, "principal", &b->principal);
		carry(ret, JOURNAL_BIND, f);
	}
	for (size_t i = 0; i < e->state.retired_count; i++) {
		const struct retired *t = &e->state.retired[i];
		struct fields f = fields_new();

		fields_int(&f, "uid", t->uid);
		fields_uuid(&f, "tenant_id", &t->tenant_id);
		fields_uuid(&f, "principal", &t->principal);
		carry(ret, JOURNAL_RETIRE, f);
	}
	return ret->failed ? -ENOMEM : 0;
}

/* All of it is the new journal, in one step, or the old one stays. */
static int begin_anew(struct engine *e, struct fields reset)
{
	struct carried c;
	int r = carry_all(e, reset, &c);

	if (r == 0)
		r = journal_reset(e->journal, c.entries, c.count);
	for (size_t i = 0; i < c.count; i++)
		json_decref(c.entries[i].fields);
	free(c.entries);
	if (r == 0)
		e->report.damaged = false;
	return r;
}

/* What the new journal does not know must not go on in memory. */
static void end_what_was(struct engine *e, const struct actor *who)
{
	struct overs o = {.count = 0};

	for (size_t i = 0; i < e->state.request_count; i++) {
		struct request *r = e->state.requests[i];
		struct fields f;

		if (r->state == REQUEST_ACTIVE) {
			engine_finish(e, &o, r, JOURNAL_REVOKE, who, "journal-reset", NULL);
		} else if (r->state == REQUEST_PENDING || r->state == REQUEST_SCHEDULED) {
			f = fields_of(r);
			fields_text(&f, "why", "journal-reset");
			engine_over(e, &o, r, JOURNAL_FAILED, f);
		}
	}
	engine_overs_done(e, &o);
}

static int reset_clock(struct engine *e, struct fields f)
{
	if (f.failed) {
		json_decref(f.object);
		return -ENOMEM;
	}
	engine_commit_ending(e, JOURNAL_JOURNAL_RESET, f);
	e->floor_said = false;
	return 0;
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
	fields_by(&f, who);
	if (clock)
		return reset_clock(e, f);
	if (!e->report.damaged) {
		json_decref(f.object);
		return journal_retry(e->journal) < 0 ? -EROFS : 0; /* a full disk is no damage */
	}
	end_what_was(e, who);
	int r = begin_anew(e, f);

	engine_say_degraded(e);
	return r;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/engine_internal.h"

#define RETRY_NS (1 * NS_PER_S)
/* However far the next deadline is: clocks are looked at, and old requests forgotten. */
#define LOOK_NS	 (10 * NS_PER_S)
#define TRIM_NS	 (3600 * NS_PER_S)

static void end_of_grant(struct engine *e, struct overs *o, struct request *r, const struct instant *now)
{
	if (!uuid_equal(&r->boot, &e->state.boot))
		engine_finish(e, o, r, JOURNAL_EXPIRE, NULL, "reboot", NULL);
	else if (e->report.damaged)
		engine_finish(e, o, r, JOURNAL_REVOKE, NULL, "journal-damaged", "the journal is damaged");
	else if (!window_holds(&r->window, now))
		engine_finish(e, o, r, JOURNAL_EXPIRE, NULL, "time", NULL);
}

static void end_of_wait(struct engine *e, struct overs *o, struct request *r, const struct instant *now)
{
	if (r->times_out_ns <= now->realtime_ns)
		engine_over(e, o, r, JOURNAL_TIME_OUT, fields_of(r));
}

static bool is_open(const struct request *r)
{
	return r->state == REQUEST_PENDING || r->state == REQUEST_SCHEDULED;
}

/* The earliest BOOTTIME at which something of this request happens. */
static int64_t deadline(const struct request *r, const struct instant *now, const struct instant *dates)
{
	if (r->state == REQUEST_ACTIVE)
		return time_add(now->boottime_ns, window_left_ns(&r->window, now));
	if (is_open(r))
		return r->times_out_ns <= dates->realtime_ns
			       ? now->boottime_ns
			       : time_add(now->boottime_ns, r->times_out_ns - dates->realtime_ns);
	return r->ending ? time_add(now->boottime_ns, RETRY_NS) : TIME_FOREVER;
}

/* Each try tells the hooks, which may call here at once: so not more often than this. */
static void publish_again(struct engine *e, const struct instant *now)
{
	if (now->boottime_ns < time_add(e->tried_ns, RETRY_NS))
		return;
	e->tried_ns = now->boottime_ns;
	if (e->load_failed)
		(void)engine_load(e, NULL);
	else if (e->publish_trouble[0])
		(void)engine_publish(e);
	for (size_t i = 0; i < e->tenant_count; i++)
		if (e->tenants[i].grants_dirty)
			(void)engine_publish_grants(e, i);
}

static int64_t next_deadline(const struct engine *e, const struct instant *now, const struct instant *dates)
{
	int64_t next = time_add(now->boottime_ns, engine_degraded(e) ? RETRY_NS : LOOK_NS);

	for (size_t i = 0; i < e->tenant_count; i++)
		if (e->tenants[i].grants_dirty || e->load_failed)
			next = time_add(now->boottime_ns, RETRY_NS);
	for (size_t i = 0; i < e->state.request_count; i++) {
		int64_t at = deadline(e->state.requests[i], now, dates);

		if (at < next)
			next = at;
	}
	int64_t watched = watch_deadline(e->watch), changed = engine_directories_due(e);
	int64_t compacted = engine_compact_due(e, now);

	if (changed < next)
		next = changed;
	if (compacted < next)
		next = compacted;
	return watched < next ? watched : next;
}

/* A clock that jumped ahead is told once; it is no floor until root says so. */
static void look_at_clock(struct engine *e, const struct instant *raw)
{
	struct fields f;

	floor_note(&e->state.floor, &e->state.boot, raw);
	if (!e->state.floor.refused || e->floor_said) {
		e->floor_said = e->state.floor.refused;
		return;
	}
	e->floor_said = true;
	f = fields_new();
	fields_text(&f, "what", "clock");
	fields_text(&f, "reason", "REALTIME is far ahead of what the journal knows; it is not taken for a floor");
	engine_commit_ending(e, JOURNAL_WARN, f);
}

static void judge_requests(struct engine *e, const struct instant *now, const struct instant *dates)
{
	struct overs o = {.count = 0};

	for (size_t i = 0; i < e->state.request_count; i++) {
		struct request *r = e->state.requests[i];

		if (r->state == REQUEST_ACTIVE)
			end_of_grant(e, &o, r, now);
		else if (is_open(r))
			end_of_wait(e, &o, r, dates);
	}
	engine_overs_write(e, &o);
	engine_rejudge(e, &o);
	engine_overs_write(e, &o);
	if (e->started)
		engine_close_endings(e, &o, now);
	engine_overs_done(e, &o);
}

int64_t engine_tick(struct engine *e)
{
	struct instant now, dates;

	if (e->clock->now(e->clock, &now) < 0)
		return 0; /* no time, no judgement: at once again */
	if (journal_trouble(e->journal))
		(void)journal_retry(e->journal);
	look_at_clock(e, &now);
	dates = floor_apply(&e->state.floor, &e->state.boot, &now);
	if (watch_is_due(e->watch, &now))
		(void)engine_load(e, NULL);
	engine_directories_tick(e, &now);
	engine_compact_tick(e);
	judge_requests(e, &now, &dates);
	publish_again(e, &now);
	if (now.boottime_ns - e->trimmed_ns > TRIM_NS) {
		state_trim(&e->state, &now);
		e->trimmed_ns = now.boottime_ns;
	}
	engine_say_degraded(e);
	return next_deadline(e, &now, &dates);
}

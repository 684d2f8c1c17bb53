/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/paths.h"
#include "common/base/text.h"
#include "daemon/tenured/engine_internal.h"

#define CHAIN_DIGITS 16
#define BEFORE_NS (30 * 24 * 3600 * NS_PER_S)

static void journalled(void *context, uint64_t seq, const char *name, json_t *line, const uint8_t *hash)
{
	struct engine *e = context;
	char chain[CHAIN_DIGITS + 1] = "";
	const struct engine_event event = {
		.kind = ENGINE_JOURNALLED, .event = name, .seq = seq, .record = line, .chain = hash ? chain : NULL,
	};

	for (size_t i = 0; hash && i < CHAIN_DIGITS / 2; i++)
		(void)snprintf(chain + 2 * i, 3, "%02x", hash[i]);
	if (e->hooks.event)
		e->hooks.event(e->hooks.context, &event);
}

/* The package makes them; a broker that runs from the tree does so itself. */
static int make_folder(enum tenure_path id)
{
	if (mkdir(tenure_path(id), 0755) == 0)
		return chmod(tenure_path(id), 0755) < 0 ? -errno : 0;
	return errno == EEXIST ? 0 : -errno;
}

int engine_new(struct clock_source *clock, struct engine **ret)
{
	struct engine *e = calloc(1, sizeof(*e));
	struct uuid boot;
	int r;

	if (!e)
		return -ENOMEM;
	e->clock = clock;
	e->behind_objects = BEHIND_OBJECTS;
	r = host_id_read(&e->host_id);
	if (r == 0)
		r = make_folder(PATH_STATE);
	if (r == 0)
		r = make_folder(PATH_RUN);
	if (r == 0)
		r = boot_id_read(&boot);
	if (r == 0) {
		state_init(&e->state, &boot);
		r = journal_open(tenure_path(PATH_JOURNAL), clock, state_replay, &e->state, &e->report, &e->journal);
	}
	if (r != 0) {
		engine_free(e);
		return r;
	}
	journal_set_listener(e->journal, journalled, e);
	*ret = e;
	return 0;
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	watch_free(e->watch);
	engine_close_tenants(e);
	for (size_t i = 0; i < e->tenant_count; i++) {
		problem_list_done(&e->tenants[i].trouble);
		delta_done(&e->tenants[i].delta);
	}
	free(e->tenants);
	compile_free(e->compile);
	mirrors_done(&e->mirrors);
	free(e->shown.items);
	state_done(&e->state);
	journal_close(e->journal);
	free(e);
}

void engine_freep(struct engine **e)
{
	engine_free(*e);
}

void engine_set_hooks(struct engine *e, const struct engine_hooks *hooks)
{
	e->hooks = hooks ? *hooks : (struct engine_hooks){0};
}

/* Of a write that was cut short the first part is there: approved and not granted. Nobody was told. */
static void fail_interrupted(struct engine *e)
{
	struct overs o = {.count = 0};

	for (size_t i = 0; i < e->state.request_count; i++) {
		struct request *r = e->state.requests[i];

		if (r->state != REQUEST_PENDING || (r->approvals_needed > 0 && !r->quorum))
			continue;
		struct fields f = fields_of(r);

		fields_text(&f, "why", "interrupted");
		fields_text(&f, "reason", "the broker stopped in between; ask again");
		engine_over(e, &o, r, JOURNAL_FAILED, f);
	}
	engine_overs_done(e, &o);
}

int engine_start(struct engine *e, const char *version)
{
	struct fields f = fields_new();
	struct instant now;
	int r = generation_open();

	fields_text(&f, "version", version);
	if (e->report.cut_bytes > 0)
		fields_int(&f, "cut_bytes", (int64_t)e->report.cut_bytes);
	if (e->report.damaged)
		fields_text(&f, "damage", e->report.damage);
	if (e->state.nonsense > 0)
		fields_int(&f, "nonsense", (int64_t)e->state.nonsense); /* lines that hold and mean nothing here */
	engine_commit_ending(e, JOURNAL_START, f);
	if (r == 0)
		r = e->clock->now(e->clock, &now);
	if (r == 0)
		r = watch_new(true, &now, &e->watch);
	if (r == 0)
		r = engine_load(e, NULL);
	if (r < 0)
		return r;
	fail_interrupted(e);
	(void)engine_tick(e);
	e->started = true;
	return 0;
}

void engine_stop(struct engine *e)
{
	engine_commit_ending(e, JOURNAL_STOP, fields_new());
}

int engine_watch_fd(const struct engine *e)
{
	return watch_fd(e->watch);
}

void engine_watch_ready(struct engine *e)
{
	struct instant now;

	if (e->watch && e->clock->now(e->clock, &now) == 0)
		watch_ready(e->watch, &now);
}

int engine_reload(struct engine *e, const struct actor *who, size_t *ret_errors, size_t *ret_warnings)
{
	int r = engine_load(e, who);

	if (r < 0)
		return r;
	*ret_errors = e->shown.errors + (e->shown.lost ? 1 : 0);
	*ret_warnings = e->shown.warnings;
	return 0;
}

const char *engine_degraded(const struct engine *e)
{
	const char *trouble = journal_trouble(e->journal);

	if (e->broken)
		return e->broken;
	if (trouble)
		return trouble;
	if (e->report.damaged)
		return "the journal is damaged";
	if (e->load_failed)
		return "the configuration cannot be read: memory or descriptors ran out";
	if (e->load_trouble[0])
		return e->load_trouble;
	if (e->publish_trouble[0])
		return e->publish_trouble;
	return e->draining > 0 ? "Tenure is being removed; everything granted is ended" : NULL;
}

int engine_now(struct engine *e, struct instant *ret)
{
	return e->clock->now(e->clock, ret);
}

int engine_dates_now(struct engine *e, struct instant *ret)
{
	struct instant raw;
	int r = e->clock->now(e->clock, &raw);

	if (r < 0)
		return r;
	*ret = floor_apply(&e->state.floor, &e->state.boot, &raw);
	return 0;
}

const struct problem_list *engine_problems(const struct engine *e)
{
	return &e->shown;
}

const struct host_config *engine_host_config(const struct engine *e)
{
	static const struct host_config none;

	return e->compile ? &e->compile->host : &none;
}

const struct local_accounts *engine_accounts(const struct engine *e)
{
	static const struct local_accounts none;

	return e->compile ? &e->compile->accounts : &none;
}

const struct uuid *engine_host_id(const struct engine *e)
{
	return &e->host_id;
}

const struct uuid *engine_boot_id(const struct engine *e)
{
	return &e->state.boot;
}

size_t engine_tenant_count(const struct engine *e)
{
	return e->tenant_count;
}

const struct tenant_config *engine_tenant(const struct engine *e, size_t i)
{
	return i < e->tenant_count ? &e->compile->tenants[i].config : NULL;
}

const struct policy *engine_policy(const struct engine *e, size_t tenant)
{
	return tenant < e->tenant_count ? e->tenants[tenant].policy : NULL;
}

const struct holders *engine_grants(const struct engine *e, size_t tenant)
{
	return tenant < e->tenant_count ? e->tenants[tenant].grants : NULL;
}

struct journal *engine_journal(struct engine *e)
{
	return e->journal;
}

int engine_find(const struct engine *e, const char *text, const struct request **ret)
{
	const struct request *found = NULL;

	if (!text || (!request_id_text_is_valid(text) && strlen(text) != UUID_TEXT_MAX - 1))
		return -ENOENT;
	for (size_t i = 0; i < e->state.request_count; i++) {
		if (!request_id_matches(&e->state.requests[i]->id, text))
			continue;
		if (found)
			return -ENOTUNIQ;
		found = e->state.requests[i];
	}
	*ret = found;
	return found ? 0 : -ENOENT;
}

int engine_find_id(const struct engine *e, const struct uuid *id, const struct request **ret)
{
	*ret = state_request(&e->state, id);
	return *ret ? 0 : -ENOENT;
}

int engine_each(const struct engine *e, int (*fn)(void *, const struct request *), void *context)
{
	for (size_t i = 0; i < e->state.request_count; i++) {
		int r = fn(context, e->state.requests[i]);

		if (r != 0)
			return r;
	}
	return 0;
}

void engine_before(struct engine *e, const struct request *r, unsigned *ret_count, int64_t *ret_last_ns)
{
	struct instant now;

	*ret_count = 0;
	*ret_last_ns = 0;
	if (engine_now(e, &now) < 0)
		return;
	for (size_t i = 0; i < e->state.request_count; i++) {
		const struct request *other = e->state.requests[i];

		if (other == r || other->activated_ns == 0 || strcmp(other->role, r->role) != 0 ||
		    !uuid_equal(&other->tenant_id, &r->tenant_id) || !uuid_equal(&other->principal, &r->principal) ||
		    time_add(other->activated_ns, BEFORE_NS) < now.realtime_ns)
			continue;
		(*ret_count)++;
		if (other->activated_ns > *ret_last_ns)
			*ret_last_ns = other->activated_ns;
	}
}

int engine_note_step_up(struct engine *e, const struct actor *who, const char *what, const char *method, bool ok)
{
	enum journal_event event = JOURNAL_STEP_UP;
	const struct tenant_config *tenant = engine_tenant(e, who->tenant);
	struct fields f = fields_new();

	engine_spend(e, who);
	fields_text(&f, "user", who->user);
	if (tenant)
		fields_uuid(&f, "tenant_id", &tenant->id);
	fields_uuid(&f, "principal", &who->principal_id);
	fields_int(&f, "uid", who->uid);
	fields_text(&f, "what", what);
	fields_text(&f, "method", method);
	fields_text(&f, "result", ok ? "ok" : "failed");
	return engine_commit(e, &event, &f, 1);
}

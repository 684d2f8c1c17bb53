/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "common/base/text.h"
#include "daemon/tenured/engine_internal.h"

#define TICKET_LENGTH_MAX 128

/* A request that was looked at and may be filed. */
struct judged {
	const struct policy *policy;
	struct role_terms terms;
	struct eligibility eligible;
	struct instant now, dates; /* as gates read it; with the floor */
	int64_t duration_ns;
};

/* Not empty, not blanks alone, clean. -ENODATA, -EINVAL. */
static int check_text(const char *text, bool needed, size_t max)
{
	if (!text || text[strspn(text, " ")] == '\0')
		return needed ? -ENODATA : 0;
	return text_check(text, max) < 0 ? -EINVAL : 0;
}

static int check_extended(struct engine *e, const struct actor *who, const struct request_input *in,
			  const struct instant *now)
{
	const struct uuid tenant_id = engine_tenant_id(e, who);
	const struct request *r;

	if (uuid_is_null(&in->extends))
		return 0;
	r = state_request(&e->state, &in->extends);
	if (!r || !uuid_equal(&r->tenant_id, &tenant_id) || !uuid_equal(&r->principal, &who->principal_id))
		return -ENOENT;
	if (!state_is_live(&e->state, r, now))
		return -EALREADY;
	return strcmp(r->role, in->role) == 0 ? 0 : -EINVAL;
}

static int check_limits(struct engine *e, const struct actor *who, const struct request_input *in)
{
	const struct uuid tenant_id = engine_tenant_id(e, who);
	size_t open = 0, live = 0;

	for (size_t i = 0; i < e->state.request_count; i++) {
		const struct request *r = e->state.requests[i];

		if (!uuid_equal(&r->tenant_id, &tenant_id) || !uuid_equal(&r->principal, &who->principal_id))
			continue;
		live += r->state == REQUEST_ACTIVE;
		if (r->state != REQUEST_PENDING && r->state != REQUEST_SCHEDULED)
			continue;
		if (strcmp(r->role, in->role) == 0 && uuid_equal(&r->extends, &in->extends))
			return -EALREADY; /* the same is asked already */
		open++;
	}
	if (open >= REQUESTS_PER_PRINCIPAL_MAX || live >= GRANTS_PER_PRINCIPAL_MAX)
		return -EBUSY;
	return engine_check_budget(e, who);
}

static int check_duration(struct engine *e, const struct request_input *in, struct judged *j)
{
	const int64_t max = j->terms.activation.max_duration_ns;
	const int64_t min = engine_host_config(e)->min_duration_ns;

	j->duration_ns = in->duration_ns == 0 ? max : in->duration_ns;
	return j->duration_ns > 0 && j->duration_ns <= max && j->duration_ns >= (min < max ? min : max) ? 0 : -EINVAL;
}

bool engine_gains(struct engine *e, const struct uuid *tenant_id, const struct uuid *principal, const char *role, const char *scope,
		  const struct window *w, const struct instant *now)
{
	const int64_t left_ns = window_left_ns(w, now);

	for (size_t i = 0; i < e->state.request_count; i++) {
		const struct request *r = e->state.requests[i];

		if (uuid_equal(&r->tenant_id, tenant_id) && uuid_equal(&r->principal, principal) && strcmp(r->role, role) == 0 && strcmp(r->scope, scope) == 0 &&
		    state_is_live(&e->state, r, now) && window_left_ns(&r->window, now) >= left_ns)
			return false;
	}
	return true;
}

static int check_gain(struct engine *e, const struct actor *who, const struct request_input *in,
		      const struct judged *j)
{
	const struct window w = state_grant_window(&j->now, &j->dates, j->duration_ns, j->eligible.window.end_ns);
	const struct uuid tenant_id = engine_tenant_id(e, who);

	return uuid_is_null(&in->extends) ||
			       engine_gains(e, &tenant_id, &who->principal_id, in->role, j->eligible.grant_scope, &w, &j->now)
		       ? 0
		       : -EINVAL;
}

static int check_role(struct engine *e, const struct actor *who, const struct request_input *in, struct judged *j,
		      const char **ret_field)
{
	uint32_t principal, role;
	int r = engine_find_actor(e, who, &j->policy, &principal);

	if (r < 0)
		return r;
	*ret_field = "role";
	if (!in->role || !name_is_valid(in->role))
		return in->role ? -ENOENT : -ENODATA;
	r = policy_role_by_name(j->policy, in->role, &role);
	if (r == 0)
		r = policy_role_terms(j->policy, role, &j->terms);
	if (r < 0)
		return r;
	*ret_field = "scope";
	if (in->scope && !scope_path_is_valid(in->scope) && !name_is_valid(in->scope))
		return -EINVAL;
	*ret_field = NULL;
	r = decide_activation(j->policy, principal, role, in->scope, &j->dates, &j->eligible);
	if (r == -EACCES && in->scope &&
	    decide_activation(j->policy, principal, role, NULL, &j->dates, &j->eligible) == 0) {
		*ret_field = "scope"; /* eligible, but not there */
		return -EINVAL;
	}
	return r == -ENOENT ? -EACCES : r;
}

static int judge(struct engine *e, const struct actor *who, const struct request_input *in, struct judged *j,
		 const char **ret_field)
{
	static const char *const fields[] = {"extends", "duration", "reason", "ticket"};
	int r = engine_degraded(e) ? -EROFS : engine_now(e, &j->now);

	*ret_field = NULL;
	if (r == 0)
		r = engine_check_lease(e, who->tenant, &j->now);
	if (r == 0)
		r = engine_dates_now(e, &j->dates);
	if (r == 0)
		r = check_role(e, who, in, j, ret_field);
	if (r < 0)
		return r;
	const int checks[] = {
		check_extended(e, who, in, &j->now), check_duration(e, in, j),
		check_text(in->reason, j->terms.activation.justification, REASON_LENGTH_MAX),
		check_text(in->ticket, j->terms.activation.ticket, TICKET_LENGTH_MAX),
	};
	for (size_t i = 0; i < ARRAY_LENGTH(checks); i++)
		if (checks[i] < 0) {
			*ret_field = fields[i];
			return checks[i];
		}
	r = check_gain(e, who, in, j);
	if (r < 0) {
		*ret_field = "duration";
		return r;
	}
	return check_limits(e, who, in);
}

int engine_request_check(struct engine *e, const struct actor *who, const struct request_input *in,
			 const char **ret_field)
{
	struct judged j;
	int r = judge(e, who, in, &j, ret_field);

	return r == 0 && j.terms.activation.step_up ? -EKEYREJECTED : r;
}

static struct fields request_fields(struct engine *e, const struct actor *who, const struct request_input *in,
				    const struct judged *j, const struct uuid *id, bool step_up)
{
	const struct tenant_config *tenant = engine_tenant(e, who->tenant);
	struct fields f = fields_new();
	char duration[DURATION_TEXT_MAX];

	duration_format(j->duration_ns, duration, sizeof(duration));
	fields_uuid(&f, "id", id);
	fields_text(&f, "user", who->user);
	fields_text(&f, "role", j->terms.name);
	fields_text(&f, "scope", j->eligible.grant_scope);
	fields_text(&f, "tenant", tenant->name);
	fields_uuid(&f, "tenant_id", &tenant->id);
	fields_uuid(&f, "principal", &who->principal_id);
	fields_int(&f, "uid", who->uid);
	fields_text(&f, "login", who->login);
	fields_uuid(&f, "role_id", &j->terms.id);
	fields_text(&f, "duration", duration);
	fields_int(&f, "duration_ns", j->duration_ns);
	fields_text(&f, "reason", check_text(in->reason, true, REASON_LENGTH_MAX) == 0 ? in->reason : NULL);
	fields_text(&f, "ticket", check_text(in->ticket, true, TICKET_LENGTH_MAX) == 0 ? in->ticket : NULL);
	fields_int(&f, "times_out_ns", time_add(j->dates.realtime_ns, j->terms.activation.approval_timeout_ns));
	fields_uuid(&f, "extends", &in->extends);
	fields_int(&f, "approvals", j->terms.activation.approvals);
	if (step_up && json_object_set_new(f.object, "step_up", json_true()) < 0)
		f.failed = true;
	return f;
}

/* Whose it is. */
static struct fields own_fields(struct engine *e, const struct uuid *id, const struct actor *who)
{
	struct fields f = fields_new();

	fields_uuid(&f, "id", id);
	fields_text(&f, "user", who->user);
	fields_uuid(&f, "tenant_id", &engine_tenant(e, who->tenant)->id);
	fields_uuid(&f, "principal", &who->principal_id);
	return f;
}

static struct fields activate_fields(struct engine *e, const struct uuid *id, const struct actor *who,
				     const struct judged *j)
{
	const struct window w = state_grant_window(&j->now, &j->dates, j->duration_ns, j->eligible.window.end_ns);
	struct fields f = own_fields(e, id, who);

	fields_text(&f, "role", j->terms.name);
	fields_text(&f, "scope", j->eligible.grant_scope);
	fields_window(&f, &w, j->now.realtime_ns);
	return f;
}

static struct fields step_up_fields(struct engine *e, const struct uuid *id, const struct actor *who)
{
	struct fields f = own_fields(e, id, who);

	fields_text(&f, "what", "request");
	fields_text(&f, "method", who->proof[0] ? who->proof : "step-up");
	fields_text(&f, "result", "ok");
	return f;
}

int engine_request(struct engine *e, const struct actor *who, const struct request_input *in, bool step_up,
		   const struct request **ret)
{
	enum journal_event events[3] = {JOURNAL_REQUEST};
	struct fields fields[3];
	const char *field;
	struct judged j;
	struct uuid id;
	size_t count = 1;
	int r = judge(e, who, in, &j, &field);

	if (r == 0 && j.terms.activation.step_up && !step_up)
		r = -EKEYREJECTED;
	if (r == 0)
		r = uuid_random(&id);
	if (r < 0)
		return r;
	fields[0] = request_fields(e, who, in, &j, &id, step_up);
	if (step_up) {
		events[count] = JOURNAL_STEP_UP;
		fields[count++] = step_up_fields(e, &id, who);
	}
	if (j.terms.activation.approvals == 0) {
		events[count] = JOURNAL_ACTIVATE;
		fields[count++] = activate_fields(e, &id, who, &j);
	}
	engine_spend(e, who);
	r = engine_commit(e, events, fields, count);
	if (r < 0)
		return r;
	struct request *filed = state_request(&e->state, &id);

	if (!filed)
		return -ENOMEM; /* e->broken is set */
	filed->tenant = who->tenant;
	r = filed->state == REQUEST_ACTIVE ? engine_grant_published(e, filed) : 0;
	engine_say(e, ENGINE_REQUEST_CHANGED, filed);
	*ret = filed;
	return r;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/tenured/state.h"

/* --- reading fields --- */

static int get_uuid(json_t *line, const char *key, struct uuid *ret)
{
	const char *text = json_string_value(json_object_get(line, key));

	return text ? uuid_parse(text, ret) : -EINVAL;
}

static int get_int(json_t *line, const char *key, int64_t *ret)
{
	json_t *value = json_object_get(line, key);

	if (!json_is_integer(value))
		return -EINVAL;
	*ret = json_integer_value(value);
	return 0;
}

static int get_uid(json_t *line, const char *key, uid_t *ret)
{
	int64_t n;

	if (get_int(line, key, &n) < 0 || n < 0 || n > UINT32_MAX)
		return -EINVAL;
	*ret = (uid_t)n;
	return 0;
}

/* NULL stays NULL. 0 or -ENOMEM. */
static int get_text(json_t *line, const char *key, char **ret)
{
	const char *text = json_string_value(json_object_get(line, key));

	if (!text)
		return 0;
	free(*ret);
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

static void *grow(void *list, size_t count, size_t item)
{
	/* In powers of two: room is made when the count reaches one. */
	if (count != 0 && (count & (count - 1)) != 0)
		return list;
	return reallocarray(list, count ? 2 * count : 1, item);
}

/* --- one function for each kind of record; -EINVAL: it makes no sense --- */

static int read_request(struct request *r, json_t *line)
{
	int64_t approvals;

	if (get_uuid(line, "id", &r->id) < 0 || get_uuid(line, "tenant_id", &r->tenant_id) < 0 ||
	    get_uuid(line, "principal", &r->principal) < 0 || get_uuid(line, "role_id", &r->role_id) < 0 ||
	    get_uid(line, "uid", &r->uid) < 0 || get_int(line, "duration_ns", &r->duration_ns) < 0 ||
	    get_int(line, "times_out_ns", &r->times_out_ns) < 0 || get_int(line, "approvals", &approvals) < 0 ||
	    approvals < 0 || approvals > 1000 || r->duration_ns <= 0)
		return -EINVAL;
	r->approvals_needed = (unsigned)approvals;
	r->step_up_done = json_is_true(json_object_get(line, "step_up"));
	if (json_object_get(line, "extends") && get_uuid(line, "extends", &r->extends) < 0)
		return -EINVAL;
	if (get_text(line, "user", &r->user) < 0 || get_text(line, "login", &r->login) < 0 ||
	    get_text(line, "role", &r->role) < 0 || get_text(line, "scope", &r->scope) < 0 ||
	    get_text(line, "reason", &r->reason) < 0 || get_text(line, "ticket", &r->ticket) < 0)
		return -ENOMEM;
	return r->user && r->login && r->role && r->scope ? 0 : -EINVAL;
}

static int apply_request(struct state *s, const struct journal_record *record)
{
	struct request *r = calloc(1, sizeof(*r));
	int k;

	if (!r)
		return -ENOMEM;
	r->tenant = SIZE_MAX;
	r->state = REQUEST_PENDING;
	r->asked_ns = record->at.realtime_ns;
	k = read_request(r, record->line);
	if (k == 0 && state_request(s, &r->id))
		k = -EINVAL; /* an id is used once */
	if (k == 0) {
		struct request **grown = grow(s->requests, s->request_count, sizeof(*grown));

		if (grown)
			s->requests = grown;
		k = grown ? state_index_add(&s->by_id, state_hash_id(&r->id), s->request_count) : -ENOMEM;
	}
	if (k == 0) {
		s->requests[s->request_count++] = r;
		return 0;
	}
	state_request_free(r);
	return k;
}

static int apply_approve(struct request *r, const struct journal_record *record)
{
	struct approval a = {.at_ns = record->at.realtime_ns}, *grown;

	if (r->state != REQUEST_PENDING || get_uuid(record->line, "by_principal", &a.principal) < 0)
		return -EINVAL;
	for (size_t i = 0; i < r->approval_count; i++)
		if (uuid_equal(&r->approvals[i].principal, &a.principal))
			return -EINVAL;
	grown = grow(r->approvals, r->approval_count, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	r->approvals = grown;
	if (get_text(record->line, "by", &a.by) < 0 || get_text(record->line, "reason", &a.reason) < 0) {
		free(a.by);
		return -ENOMEM;
	}
	r->approvals[r->approval_count++] = a;
	r->quorum = r->quorum || json_is_true(json_object_get(record->line, "quorum"));
	return 0;
}

static int apply_activate(struct request *r, const struct journal_record *record)
{
	struct window w = {.start_ns = TIME_ALWAYS};
	int64_t from_ns;

	if ((r->state != REQUEST_PENDING && r->state != REQUEST_SCHEDULED) ||
	    get_int(record->line, "start_ns", &from_ns) < 0 || get_int(record->line, "end_ns", &w.end_ns) < 0 ||
	    get_int(record->line, "boot_end_ns", &w.boot_end_ns) < 0)
		return -EINVAL;
	r->activated_ns = from_ns;
	r->window = w;
	r->boot = record->boot;
	r->state = REQUEST_ACTIVE;
	r->decided_ns = record->at.realtime_ns;
	return get_text(record->line, "by", &r->decided_by) < 0 || get_text(record->line, "reason", &r->decided_reason) < 0
		       ? -ENOMEM
		       : 0;
}

static bool is_open(const struct request *r)
{
	return r->state == REQUEST_PENDING || r->state == REQUEST_SCHEDULED;
}

/* Which state an ending leads to, or 0 if it does not fit the state that is. */
static enum request_state state_after(const struct request *r, enum journal_event event)
{
	switch (event) {
	case JOURNAL_DENY:
		return is_open(r) ? REQUEST_DENIED : 0;
	case JOURNAL_CANCEL:
		return is_open(r) ? REQUEST_CANCELLED : 0;
	case JOURNAL_TIME_OUT:
		return is_open(r) ? REQUEST_TIMED_OUT : 0;
	case JOURNAL_FAILED:
		return is_open(r) ? REQUEST_FAILED : 0;
	case JOURNAL_EXPIRE:
		return r->state == REQUEST_ACTIVE || (r->state == REQUEST_EXPIRED && r->ending) ? REQUEST_EXPIRED : 0;
	case JOURNAL_ENDING:
		return r->state == REQUEST_ACTIVE ? REQUEST_EXPIRED : 0;
	case JOURNAL_END:
		return r->state == REQUEST_ACTIVE ? REQUEST_ENDED : 0;
	case JOURNAL_REVOKE:
		return r->state == REQUEST_ACTIVE ? REQUEST_REVOKED : 0;
	default:
		return 0;
	}
}

bool state_end(struct request *r, enum journal_event event, const struct instant *at)
{
	enum request_state after = state_after(r, event);

	if (after == 0)
		return false;
	r->state = after;
	if (!r->ending)
		r->decided_ns = at->realtime_ns;
	r->ending = event == JOURNAL_ENDING;
	r->ending_ns = at->boottime_ns;
	return true;
}

static int apply_over(struct request *r, const struct journal_record *record)
{
	int64_t n;

	if (!state_end(r, record->event, &record->at))
		return -EINVAL;
	if (get_int(record->line, "ended", &n) == 0)
		r->ended = (unsigned)n;
	if (get_int(record->line, "survived", &n) == 0)
		r->survived = (unsigned)n;
	if (get_int(record->line, "left", &n) == 0)
		r->left = (unsigned)n;
	if (get_text(record->line, "by", &r->decided_by) < 0 || get_text(record->line, "why", &r->why) < 0 ||
	    get_text(record->line, "reason", &r->decided_reason) < 0)
		return -ENOMEM;
	return 0;
}

static int apply_bind(struct state *s, const struct journal_record *record)
{
	struct binding b = {0}, *grown;

	if (get_uid(record->line, "uid", &b.uid) < 0 || get_uuid(record->line, "tenant_id", &b.tenant_id) < 0 ||
	    get_uuid(record->line, "principal", &b.principal) < 0)
		return -EINVAL;
	if (get_text(record->line, "login", &b.login) < 0)
		return -ENOMEM;
	if (!b.login)
		return -EINVAL;
	if (state_binding_of_login(s, b.login) || state_binding_of_principal(s, &b.tenant_id, &b.principal)) {
		free(b.login); /* one to one, for good */
		return -EINVAL;
	}
	grown = grow(s->bindings, s->binding_count, sizeof(*grown));
	if (!grown) {
		free(b.login);
		return -ENOMEM;
	}
	s->bindings = grown;
	s->bindings[s->binding_count++] = b;
	return 0;
}

int state_add_retired(struct state *s, const struct retired *t)
{
	struct retired *grown = grow(s->retired, s->retired_count, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	s->retired = grown;
	s->retired[s->retired_count++] = *t;
	return 0;
}

static int apply_retire(struct state *s, const struct journal_record *record)
{
	struct retired t;

	if (get_uid(record->line, "uid", &t.uid) < 0 || get_uuid(record->line, "tenant_id", &t.tenant_id) < 0 ||
	    get_uuid(record->line, "principal", &t.principal) < 0)
		return -EINVAL;
	return state_add_retired(s, &t);
}

static int apply_policy(struct state *s, const struct journal_record *record)
{
	const char *file = json_string_value(json_object_get(record->line, "file"));
	const char *hash = json_string_value(json_object_get(record->line, "sha256"));
	struct policy_file *f = NULL, *grown;

	if (!file && json_object_get(record->line, "tenant_id"))
		return 0; /* of a directory in LDAP, whose mirror knows what it says */
	if (!file || !hash || strlen(hash) != JOURNAL_HEX_LEN)
		return -EINVAL;
	for (size_t i = 0; i < s->file_count; i++)
		if (strcmp(s->files[i].name, file) == 0)
			f = &s->files[i];
	if (!f) {
		grown = grow(s->files, s->file_count, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		s->files = grown;
		f = &s->files[s->file_count];
		f->name = strdup(file);
		if (!f->name)
			return -ENOMEM;
		s->file_count++;
	}
	memcpy(f->sha256, hash, JOURNAL_HEX_LEN + 1);
	return 0;
}

static int apply_to_request(struct state *s, const struct journal_record *record)
{
	struct uuid id;
	struct request *r = get_uuid(record->line, "id", &id) < 0 ? NULL : state_request(s, &id);

	if (!r)
		return -EINVAL;
	if (record->event == JOURNAL_APPROVE)
		return apply_approve(r, record);
	if (record->event == JOURNAL_ACTIVATE)
		return apply_activate(r, record);
	return apply_over(r, record);
}

static int apply_event(struct state *s, const struct journal_record *record)
{
	switch (record->event) {
	case JOURNAL_REQUEST:
		return apply_request(s, record);
	case JOURNAL_APPROVE:
	case JOURNAL_ACTIVATE:
	case JOURNAL_DENY:
	case JOURNAL_CANCEL:
	case JOURNAL_EXPIRE:
	case JOURNAL_ENDING:
	case JOURNAL_END:
	case JOURNAL_REVOKE:
	case JOURNAL_TIME_OUT:
	case JOURNAL_FAILED:
		return apply_to_request(s, record);
	case JOURNAL_BIND:
		return apply_bind(s, record);
	case JOURNAL_RETIRE:
		return apply_retire(s, record);
	case JOURNAL_POLICY:
		return apply_policy(s, record);
	default:
		return 0;
	}
}

int state_apply(void *context, const struct journal_record *record)
{
	struct state *s = context;
	const char *what = json_string_value(json_object_get(record->line, "what"));
	int r = apply_event(s, record);

	if (r == -ENOMEM)
		return r;
	if (r < 0)
		s->nonsense++;
	if (record->event == JOURNAL_JOURNAL_RESET && what && strcmp(what, "clock") == 0)
		s->floor.known = false; /* root says what time it is */
	floor_note(&s->floor, &record->boot, &record->at);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/tenured/state.h"

#define TRIM_LINES 1000 /* of a replay */

const char *request_state_text(enum request_state s)
{
	static const char *const texts[] = {
		[REQUEST_PENDING] = "pending",	   [REQUEST_SCHEDULED] = "scheduled", [REQUEST_ACTIVE] = "active",
		[REQUEST_EXPIRED] = "expired",	   [REQUEST_ENDED] = "ended",	      [REQUEST_REVOKED] = "revoked",
		[REQUEST_DENIED] = "denied",	   [REQUEST_CANCELLED] = "cancelled", [REQUEST_TIMED_OUT] = "timed-out",
		[REQUEST_FAILED] = "failed",
	};

	return (size_t)s < ARRAY_LENGTH(texts) && texts[s] ? texts[s] : "failed";
}

void state_request_free(struct request *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->approval_count; i++) {
		free(r->approvals[i].by);
		free(r->approvals[i].reason);
	}
	free(r->approvals);
	free(r->user);
	free(r->login);
	free(r->role);
	free(r->scope);
	free(r->reason);
	free(r->ticket);
	free(r->decided_by);
	free(r->decided_reason);
	free(r->why);
	free(r);
}

void state_init(struct state *s, const struct uuid *boot)
{
	*s = (struct state){.boot = *boot};
}

void state_done(struct state *s)
{
	for (size_t i = 0; i < s->request_count; i++)
		state_request_free(s->requests[i]);
	for (size_t i = 0; i < s->binding_count; i++)
		free(s->bindings[i].login);
	for (size_t i = 0; i < s->file_count; i++)
		free(s->files[i].name);
	state_index_done(&s->by_id);
	free(s->requests);
	free(s->bindings);
	free(s->retired);
	free(s->files);
	*s = (struct state){0};
}

struct request *state_request(const struct state *s, const struct uuid *id)
{
	const uint32_t hash = state_hash_id(id);
	size_t cursor = 0, at;

	while (state_index_next(&s->by_id, hash, &cursor, &at))
		if (uuid_equal(&s->requests[at]->id, id))
			return s->requests[at];
	return NULL;
}

const struct binding *state_binding_of_login(const struct state *s, const char *login)
{
	for (size_t i = 0; i < s->binding_count; i++)
		if (strcmp(s->bindings[i].login, login) == 0)
			return &s->bindings[i];
	return NULL;
}

const struct binding *state_binding_of_principal(const struct state *s, const struct uuid *tenant_id,
						 const struct uuid *principal)
{
	for (size_t i = 0; i < s->binding_count; i++)
		if (uuid_equal(&s->bindings[i].principal, principal) && uuid_equal(&s->bindings[i].tenant_id, tenant_id))
			return &s->bindings[i];
	return NULL;
}

bool state_uid_is_free(const struct state *s, const struct uuid *tenant_id, uid_t uid, const struct uuid *principal)
{
	for (size_t i = 0; i < s->retired_count; i++)
		if (s->retired[i].uid == uid && !(uuid_equal(&s->retired[i].principal, principal) &&
						  uuid_equal(&s->retired[i].tenant_id, tenant_id)))
			return false;
	return true;
}

const char *state_policy_hash(const struct state *s, const char *file)
{
	for (size_t i = 0; i < s->file_count; i++)
		if (strcmp(s->files[i].name, file) == 0)
			return s->files[i].sha256;
	return NULL;
}

static bool is_open(const struct request *r)
{
	return r->state == REQUEST_PENDING || r->state == REQUEST_SCHEDULED;
}

int state_replay(void *context, const struct journal_record *record)
{
	struct state *s = context;
	int r = state_apply(s, record);

	if (r == 0 && ++s->replayed % TRIM_LINES == 0)
		state_trim(s, &s->floor.at);
	return r;
}

void state_trim(struct state *s, const struct instant *now)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->request_count; i++) {
		struct request *r = s->requests[i];
		bool over = !is_open(r) && r->state != REQUEST_ACTIVE && !r->ending;

		if (over && time_add(r->decided_ns, STATE_KEEP_NS) < now->realtime_ns)
			state_request_free(r);
		else
			s->requests[kept++] = r;
	}
	if (kept == s->request_count)
		return;
	s->request_count = kept;
	state_index_clear(&s->by_id);
	for (size_t i = 0; i < kept; i++)
		(void)!state_index_add(&s->by_id, state_hash_id(&s->requests[i]->id), i); /* there was room for more */
}

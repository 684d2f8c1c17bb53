/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/everything.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PRINCIPALS_MAX 6
#define ROLES_MAX      6

static const struct instant now = {5 * NS_PER_S, 5 * NS_PER_S};

struct sum {
	unsigned long bytes; /* so that every string is read to its end */
	unsigned unreadable;
};

static void add(struct sum *s, const char *text)
{
	s->bytes += text ? strlen(text) : 0;
}

static void look_at_record(void *context, const struct trace_record *r)
{
	add(context, r->text);
	add(context, r->place);
	add(context, r->result);
}

static int look_at_row(void *context, const struct holder *row)
{
	add(context, row->argument);
	add(context, row->role);
	add(context, row->login);
	return row->window.start_ns < row->window.end_ns ? 0 : -EPROTO;
}

static int look_at_right(void *context, enum right_kind kind, const char *argument)
{
	add(context, argument);
	return 0;
}

static int look_at_principal(void *context, uint32_t principal)
{
	return 0;
}

static int look_at_assignment(void *context, const struct eligibility *e)
{
	add(context, e->role_name);
	add(context, e->title);
	add(context, e->scope);
	add(context, e->unit);
	add(context, e->through);
	add(context, e->place);
	return 0;
}

/* A walk may find nothing or nothing sound; it never answers what no caller expects. */
static void count(struct sum *s, int r)
{
	if (r != 0 && r != -EBADMSG && r != -ENOENT && r != -EACCES)
		abort();
	s->unreadable += r == -EBADMSG;
}

static void ask(const struct policy *p, const struct holders *grants, const struct decision_request *request, struct sum *s)
{
	struct decision plain, traced;
	enum verdict verdict = decide(p, grants, request, &plain, NULL, NULL);
	if (verdict != decide(p, grants, request, &traced, look_at_record, s) || plain.why != traced.why)
		abort();
	if (verdict_allows(verdict) != (plain.why == WHY_NONE) || (!verdict_allows(verdict) && verdict != VERDICT_DENY))
		abort();
	add(s, plain.role);
	add(s, plain.other_role);
	s->unreadable += plain.why == WHY_UNREADABLE;
}

static void ask_of_principal(const struct policy *p, const struct holders *grants, uint32_t principal, struct sum *s)
{
	static const char *const targets[] = {"root", "adm"};
	struct decision_request request = {.principal = principal, .target_user = NO_INDEX, .now = now};
	for (request.question = QUESTION_LOGIN; request.question <= QUESTION_GROUP; request.question++) {
		for (size_t i = 0; i < ARRAY_LENGTH(targets); i++) {
			request.target = targets[i];
			ask(p, grants, &request, s);
		}
	}
	request.question = QUESTION_MANAGE;
	for (request.manage = RIGHT_USER_LOCK; request.manage <= RIGHT_POLICY_READ; request.manage++) {
		request.target_user = NO_INDEX;
		ask(p, grants, &request, s);
		for (request.target_user = 0; request.target_user < 4; request.target_user++)
			ask(p, grants, &request, s);
		request.target_user = 1000; /* nobody */
		ask(p, grants, &request, s);
	}
	count(s, decide_assignments(p, principal, &now, look_at_assignment, s));
}

static void ask_of_role(const struct policy *p, const struct holders *grants, uint32_t role, struct sum *s)
{
	static const char *const places[] = {NULL, "/", "/a/b/h0", "n0"};
	const struct uuid id = {{1}};
	const struct window window = {0, 10 * NS_PER_S, 10 * NS_PER_S};
	struct role_terms terms;
	struct eligibility e;
	count(s, policy_role_terms(p, role, &terms));
	count(s, policy_role_rights(p, role, look_at_right, s));
	count(s, policy_role_approvers(p, grants, role, &now, look_at_principal, s));
	for (uint32_t principal = 0; principal < PRINCIPALS_MAX; principal++) {
		for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
			count(s, decide_activation(p, principal, role, places[i], &now, &e));
			if (places[i])
				count(s, decide_grant_rows(p, principal, role, places[i], &id, &window, look_at_row, s));
		}
	}
}

unsigned ask_everything(const struct policy *p, const struct holders *grants)
{
	static const struct uuid id = {{1, [15] = 2}};
	struct sum s = {0};
	uint32_t position;
	count(&s, policy_principal_by_name(p, "u1", &position));
	count(&s, policy_principal_by_uid(p, 1900000001, &position));
	count(&s, policy_principal_by_id(p, &id, &position));
	count(&s, policy_role_by_name(p, "r4", &position));
	count(&s, decide_standing_rows(p, look_at_row, &s));
	for (uint32_t i = 0; i < PRINCIPALS_MAX; i++)
		ask_of_principal(p, grants, i, &s);
	for (uint32_t i = 0; i < ROLES_MAX; i++)
		ask_of_role(p, grants, i, &s);
	return s.unreadable;
}

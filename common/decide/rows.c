/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rows of the holders tables. What a row says is shown by NSS without a further look at the policy, so denies and
 * ceiling are in it already; gates decide anew all the same.
 */

#include <errno.h>
#include <string.h>

#include "common/decide/walk.h"

typedef int (*row_fn)(void *context, const struct holder *row);

/* Where rows go, and what they have in common. */
struct rows {
	const struct policy *policy;
	uint32_t principal;
	struct holder row;
	uint32_t role;
	struct window window; /* before denies */
	const char *scope;    /* grants: where it was granted */
	bool at_host;	      /* grants: it is about this host */
	row_fn fn;
	void *context;
};

/* The deny takes the row, whenever: its right, or the role itself. */
static int row_is_taken(const struct rows *rows, const struct policy_assignment *a)
{
	const struct deny_query query = {
		.kind = rows->row.kind, .argument = rows->row.argument, .target_user = NO_INDEX};
	if (rows->row.kind == 0)
		return deny_takes_role(a, rows->role);
	return deny_takes(rows->policy, a, &query);
}

/*
 * Looks at the denies from a moment on: *at moves to the end of one that holds then (ret 1), or *until to the next
 * that starts (ret 0).
 */
static int step_over_denies(const struct rows *rows, int64_t *at, int64_t *until)
{
	struct policy_assignment a;
	for (uint32_t i = 0;; i++) {
		int r = policy_assignment(rows->policy, rows->principal, i, &a);
		if (r == -ENOENT)
			return 0;
		if (r == 0)
			r = row_is_taken(rows, &a);
		if (r < 0)
			return r;
		if (r == 0 || a.window.end_ns <= *at)
			continue;
		if (a.window.start_ns <= *at) {
			*at = a.window.end_ns;
			return 1;
		}
		if (a.window.start_ns < *until)
			*until = a.window.start_ns;
	}
}

/* One row for each piece of the window that no deny takes. */
static int emit(struct rows *rows, enum right_kind kind, const char *argument)
{
	const struct window whole = rows->window;
	int64_t at = whole.start_ns;
	rows->row.kind = kind;
	rows->row.argument = argument;
	while (at < whole.end_ns) {
		int64_t until = whole.end_ns;
		int r = step_over_denies(rows, &at, &until);
		if (r < 0)
			return r;
		if (r > 0)
			continue;
		rows->row.window = (struct window){at, until, whole.boot_end_ns};
		r = rows->fn(rows->context, &rows->row);
		if (r != 0)
			return r;
		at = until;
	}
	return 0;
}

static int emit_host_right(void *context, enum right_kind kind, const char *argument)
{
	return is_management(kind) ? 0 : emit(context, kind, argument);
}

/* Fills what the rows say of a principal. 1; 0: it is disabled, or gone, and holds nothing; -EBADMSG. */
static int rows_of_principal(struct rows *rows, struct policy_principal *ret)
{
	int r = policy_principal(rows->policy, rows->principal, ret);
	if (r < 0)
		return r == -ENOENT && rows->principal < policy_principal_count(rows->policy) ? 0 : -EBADMSG;
	rows->row = (struct holder){.principal = ret->id, .login = ret->login, .uid = ret->uid, .local_gid = NO_ID};
	return ret->enabled;
}

static int standing_rows(struct rows *rows, const struct policy_principal *user, const struct policy_assignment *a)
{
	struct policy_role role;
	if (policy_role(rows->policy, a->role, &role) < 0)
		return -EBADMSG;
	rows->role = a->role;
	rows->row.role = role.name;
	rows->window = window_cut(a->window, user->start_ns, user->end_ns);
	if (!host_right_reaches(a))
		return 0;
	int r = emit(rows, 0, NULL);
	if (r != 0)
		return r;
	return capped_rights(rows->policy, a->rights, emit_host_right, rows);
}

static int rows_of_assignments(struct rows *rows, const struct policy_principal *user)
{
	struct policy_assignment a;
	for (uint32_t i = 0;; i++) {
		int r = policy_assignment(rows->policy, rows->principal, i, &a);
		if (r == -ENOENT)
			return 0;
		if (r == 0 && a.type == ASSIGNMENT_ACTIVE)
			r = standing_rows(rows, user, &a);
		if (r != 0)
			return r;
	}
}

int decide_standing_rows_of(const struct policy *policy, uint32_t principal, row_fn fn, void *context)
{
	struct rows rows = {.policy = policy, .principal = principal, .fn = fn, .context = context};
	struct policy_principal user;
	int r = rows_of_principal(&rows, &user);
	return r > 0 ? rows_of_assignments(&rows, &user) : r;
}

int decide_standing_rows(const struct policy *policy, row_fn fn, void *context)
{
	const size_t count = policy_principal_count(policy);
	for (uint32_t principal = 0; principal < count; principal++) {
		int r = decide_standing_rows_of(policy, principal, fn, context);
		if (r != 0)
			return r;
	}
	return 0;
}

static int emit_granted(void *context, enum right_kind kind, const char *argument)
{
	struct rows *rows = context;
	if (is_management(kind))
		return emit(rows, kind, rows->scope);
	return rows->at_host ? emit(rows, kind, argument) : 0;
}

static int granted_rows(struct rows *rows, struct policy_rights rights)
{
	struct place_of_right place;
	int r = place_of_grant(rows->policy, rows->scope, &place);
	if (r <= 0)
		return r;
	rows->at_host = place.at_host;
	r = emit(rows, 0, NULL);
	if (r != 0)
		return r;
	return capped_rights(rows->policy, rights, emit_granted, rows);
}

int decide_grant_rows(const struct policy *policy, uint32_t principal, uint32_t role, const char *scope,
		      const struct uuid *request, const struct window *window, row_fn fn, void *context)
{
	struct rows rows = {
		.policy = policy, .principal = principal, .role = role, .scope = scope, .fn = fn, .context = context};
	struct policy_principal user;
	struct policy_role record;
	if (principal >= policy_principal_count(policy) || role >= policy_role_count(policy))
		return -ENOENT;
	int r = rows_of_principal(&rows, &user);
	if (r <= 0 || user.kind == USER_SERVICE)
		return r < 0 ? r : 0;
	if (policy_role(policy, role, &record) < 0)
		return -EBADMSG;
	rows.row.role = record.name;
	rows.row.request = *request;
	rows.window = window_cut(*window, user.start_ns, user.end_ns);
	return granted_rows(&rows, record.rights);
}

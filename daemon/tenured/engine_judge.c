/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/snapshot/index.h"
#include "daemon/tenured/engine_internal.h"

static int fill_actor(struct engine *e, const struct index_login *login, struct actor *ret)
{
	const struct policy *policy = engine_policy(e, login->tenant);
	const struct tenant_config *tenant = engine_tenant(e, login->tenant);
	struct policy_principal principal;
	int r;

	if (!policy || !tenant)
		return -EBADMSG;
	r = login->governed == GOVERNED_TENANT ? policy_principal_by_uid(policy, ret->uid, &ret->principal)
					       : policy_principal_by_id(policy, &login->principal, &ret->principal);
	if (r == 0)
		r = policy_principal(policy, ret->principal, &principal);
	if (r == -ENOENT && login->governed == GOVERNED_TENANT)
		return 0; /* in the range, and nobody: holds nothing */
	if (r < 0)
		return r == -ENOENT ? -EKEYREVOKED : r;
	ret->tenant = ret->home = login->tenant;
	ret->tenant_id = tenant->id;
	ret->principal_id = principal.id;
	(void)snprintf(ret->user, sizeof(ret->user), "%s@%s", principal.name, tenant->domains[0]);
	(void)snprintf(ret->login, sizeof(ret->login), "%s", login->login ? login->login
							     : principal.login ? principal.login
									       : principal.name);
	ret->governed = true;
	return 0;
}

/* A user name space may hand it to anybody (T47). */
static bool can_be_forged(const struct engine *e, uid_t uid)
{
	for (size_t i = 0; e->compile && i < e->compile->accounts.reserved_count; i++)
		if (uid >= e->compile->accounts.reserved[i].first && uid <= e->compile->accounts.reserved[i].last)
			return true;
	return false;
}

int engine_actor(struct engine *e, uid_t uid, uid_t login_uid, struct actor *ret)
{
	CLEANUP(index_closep) struct index_view *index = NULL;
	struct index_login login;
	int r;

	*ret = (struct actor){.uid = uid, .login_uid = login_uid, .tenant = SIZE_MAX, .home = SIZE_MAX,
			      .principal = NO_INDEX};
	if (uid == NO_ID)
		return -EBADMSG;
	ret->root = uid == 0;
	if (ret->root)
		return 0;
	r = index_open(&index);
	if (r == -ENOENT)
		return 0; /* no tenant was ever bound */
	if (r == 0)
		r = index_login_by_uid(index, uid, &login);
	if (r < 0)
		return r;
	if (login.governed == GOVERNED_NOT)
		return 0;
	return can_be_forged(e, uid) ? -EKEYREVOKED : fill_actor(e, &login, ret);
}

int engine_find_actor(struct engine *e, const struct actor *who, const struct policy **ret_policy,
		      uint32_t *ret_principal)
{
	struct policy_principal principal;
	struct instant now = {0};
	const struct policy *policy;

	if (who->root || !who->governed)
		return -EACCES;
	policy = engine_policy(e, who->tenant);
	if (!policy)
		return -EROFS;
	int r = policy_principal_by_id(policy, &who->principal_id, ret_principal);

	if (r == 0)
		r = policy_principal(policy, *ret_principal, &principal);
	if (r < 0)
		return r == -ENOENT ? -EACCES : r;
	if (principal.uid != who->uid)
		return -EACCES; /* the uid is somebody else's by now (T50) */
	if (principal.guest)
		r = engine_dates_now(e, &now);
	if (r < 0 || !engine_principal_stands(e, who->tenant, &principal, &now))
		return r < 0 ? r : -EACCES;
	*ret_policy = policy;
	return 0;
}

int engine_judge_request(struct engine *e, const struct request *r, const struct instant *now, struct eligibility *ret)
{
	const struct policy *policy = engine_policy(e, r->tenant);
	struct policy_principal principal;
	struct role_terms terms;
	uint32_t position, role;

	if (r->tenant == SIZE_MAX)
		return -EACCES; /* its tenant is no longer bound */
	if (!policy)
		return -EROFS;
	int k = policy_principal_by_id(policy, &r->principal, &position);

	if (k == 0)
		k = policy_principal(policy, position, &principal);
	if (k == 0)
		k = policy_role_by_name(policy, r->role, &role);
	if (k == 0)
		k = policy_role_terms(policy, role, &terms);
	if (k < 0)
		return k;
	if (principal.uid != r->uid || !uuid_equal(&terms.id, &r->role_id))
		return -EACCES; /* another login, or another role of that name */
	if (!engine_principal_stands(e, r->tenant, &principal, now))
		return -EACCES;
	return decide_activation(policy, position, role, r->scope, now, ret);
}

int engine_holds_right(struct engine *e, const struct actor *who, enum right_kind right)
{
	struct decision_request question = {.question = QUESTION_MANAGE, .manage = right, .target_user = NO_INDEX};
	const struct policy *policy;
	struct decision decision;

	if (who->root)
		return 0;
	int r = engine_find_actor(e, who, &policy, &question.principal);

	if (r == 0)
		r = engine_dates_now(e, &question.now);
	if (r < 0)
		return r;
	return verdict_allows(decide(policy, engine_grants(e, who->tenant), &question, &decision, NULL, NULL)) ? 0 : -EACCES;
}

struct approver_search {
	const struct policy *policy;
	const struct uuid *wanted;
};

static int is_wanted(void *context, uint32_t position)
{
	const struct approver_search *search = context;
	struct policy_principal principal;
	int r = policy_principal(search->policy, position, &principal);

	return r < 0 ? r : uuid_equal(&principal.id, search->wanted) ? 1 : 0;
}

bool engine_is_approver(struct engine *e, const struct request *r, const struct uuid *wanted, const struct instant *now)
{
	struct approver_search search = {engine_policy(e, r->tenant), wanted};
	uint32_t role;

	if (!search.policy || uuid_equal(wanted, &r->principal) || policy_role_by_name(search.policy, r->role, &role) < 0)
		return false;
	return policy_role_approvers(search.policy, engine_grants(e, r->tenant), role, now, is_wanted, &search) == 1;
}

bool engine_quorum(struct engine *e, const struct request *r, const struct uuid *also, const struct instant *now)
{
	struct role_terms terms;
	uint32_t role;
	const struct policy *policy = engine_policy(e, r->tenant);
	unsigned needed = r->approvals_needed, count = also ? 1 : 0;

	if (!policy || policy_role_by_name(policy, r->role, &role) < 0 || policy_role_terms(policy, role, &terms) < 0)
		return false;
	if (terms.activation.approvals > needed)
		needed = terms.activation.approvals; /* as it is now, and never less than when it was asked */
	for (size_t i = 0; i < r->approval_count; i++)
		if (engine_is_approver(e, r, &r->approvals[i].principal, now))
			count++;
	return count >= needed;
}

struct approver_names {
	const struct policy *policy;
	const struct request *request;
	int (*fn)(void *, const char *);
	void *context;
};

static int name_approver(void *context, uint32_t position)
{
	const struct approver_names *names = context;
	struct policy_principal principal;
	int r = policy_principal(names->policy, position, &principal);

	if (r < 0)
		return r;
	if (uuid_equal(&principal.id, &names->request->principal))
		return 0;
	for (size_t i = 0; i < names->request->approval_count; i++)
		if (uuid_equal(&principal.id, &names->request->approvals[i].principal))
			return 0;
	return names->fn(names->context, principal.login ? principal.login : principal.name);
}

int engine_approvers(struct engine *e, const struct request *r, int (*fn)(void *, const char *), void *context)
{
	struct approver_names names = {engine_policy(e, r->tenant), r, fn, context};
	struct instant now;
	uint32_t role;
	int k = names.policy ? engine_dates_now(e, &now) : -EROFS;

	if (k == 0)
		k = policy_role_by_name(names.policy, r->role, &role);
	if (k < 0)
		return k;
	return policy_role_approvers(names.policy, engine_grants(e, r->tenant), role, &now, name_approver, &names);
}

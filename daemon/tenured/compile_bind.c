/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "daemon/tenured/compile.h"

static int find_tenant(const struct compile *c, const char *domain)
{
	for (size_t i = 0; i < c->host.tenant_count; i++)
		for (size_t k = 0; k < c->tenants[i].config.domain_count; k++)
			if (strcmp(c->tenants[i].config.domains[k], domain) == 0)
				return (int)i;
	return -1;
}

static void report(struct compile *c, const struct local_login *l, const char *remedy, const char *what, const char *then)
{
	char login[128];

	problem_add(&c->binding_problems, SEVERITY_ERROR, "login-binding", l->place, remedy, "local login %s: %s; %s",
		    text_escape(l->login, login, sizeof(login)), what, then);
}

static void complain(struct compile *c, const struct local_login *l, const char *remedy, const char *what)
{
	report(c, l, remedy, what, "its gates are closed");
}

/* Its server has not said anything yet that is known here: the policy that is published is in force, if there is one. */
static bool stays_published(const struct compiled_tenant *t)
{
	return t->config.source == SOURCE_LDAP && !t->directory && !t->released;
}

static struct uuid bound_before(const struct state *state, const struct uuid *tenant_id, const char *login)
{
	const struct binding *bound = state_binding_of_login(state, login);

	return bound && uuid_equal(&bound->tenant_id, tenant_id) ? bound->principal : (struct uuid){{0}};
}

/* The principal that the mapping names. False: it cannot be found, which is "could not read", not "unknown". */
static bool resolve(struct compile *c, const struct state *state, const struct local_login *l, struct index_binding *b)
{
	const char *at = strchr(l->principal, '@');
	int tenant = at ? find_tenant(c, at + 1) : -1;
	const struct uuid *logins = tenant >= 0 ? c->tenants[tenant].logins : NULL;

	if (tenant >= 0)
		b->tenant = (size_t)tenant;
	if (logins)
		b->principal = logins[l - c->host.local_logins];
	if (logins && uuid_is_null(&b->principal) && stays_published(&c->tenants[tenant]))
		b->principal = bound_before(state, &c->tenants[tenant].config.id, l->login);
	if (uuid_is_null(&b->principal)) {
		complain(c, l, "name a principal that the directory has, or take the mapping out",
			 "its principal is not there");
		return false;
	}
	return true;
}

/* One to one, for good (T50). False: broken. */
static bool holds(struct compile *c, const struct state *state, const struct local_login *l,
		  const struct index_binding *b, bool *ret_new)
{
	const struct uuid *tenant_id = &c->tenants[b->tenant].config.id;
	const struct binding *of_login = state_binding_of_login(state, l->login);
	const struct binding *of_principal = state_binding_of_principal(state, tenant_id, &b->principal);

	*ret_new = !of_login && !of_principal;
	if (!state_uid_is_free(state, tenant_id, b->uid, &b->principal)) {
		complain(c, l, "give the account a uid that was nobody's", "its uid belonged to somebody who was deleted");
		return false;
	}
	if (*ret_new)
		return true;
	if (of_login && of_login == of_principal && of_login->uid == b->uid)
		return true;
	if (of_login && of_login->uid != b->uid)
		complain(c, l, "an account that was made anew is somebody else: use another name",
			 "its uid is not the one that was bound");
	else
		complain(c, l, "map it as it was bound, or another account: a binding is for good",
			 "login and principal were bound to others");
	return false;
}

static bool principal_is_repeated(const struct index_binding *list, size_t count, const struct index_binding *b)
{
	for (size_t i = 0; i < count; i++)
		if (!list[i].broken && list[i].tenant == b->tenant && uuid_equal(&list[i].principal, &b->principal))
			return true;
	return false;
}

/* A principal goes with the login that holds; one that is broken, too, names nobody. */
static void leave_principals(struct index_binding *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].broken && principal_is_repeated(list, count, &list[i]))
			list[i].principal = (struct uuid){{0}};
}

/* An account that is in the list already, under its name or another, is governed by what stands there. */
static bool account_is_repeated(const struct index_binding *list, size_t count, const struct index_binding *b)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i].login, b->login) == 0 || (b->uid != NO_ID && list[i].uid == b->uid))
			return true;
	return false;
}

/*
 * The account is not in /etc/passwd, or on no line that glibc would take. The login is closed by its name, and by the
 * uid that it had, unless that is somebody else's by now: a session of the old one may still be there.
 */
static uid_t uid_of_missing(struct compile *c, const struct state *state, const struct local_login *l)
{
	const struct binding *bound = state_binding_of_login(state, l->login);

	complain(c, l, "map an account of /etc/passwd, or take the mapping out", "there is no such account");
	return bound && !local_user_by_uid(&c->accounts, bound->uid) ? bound->uid : NO_ID;
}

/* False: it is not to be listed. */
static bool bind_login(struct compile *c, const struct state *state, const struct local_login *l, struct index_binding *b,
		       bool *ret_new)
{
	const struct local_account *account = local_user_by_name(&c->accounts, l->login);

	*ret_new = false;
	if (account && account->id == 0) {
		report(c, l, "map an account that is not root", "its uid is 0", "root is never governed");
		return false;
	}
	b->uid = account ? account->id : uid_of_missing(c, state, l);
	b->broken = !resolve(c, state, l, b) || !account || !holds(c, state, l, b, ret_new);
	return true;
}

int compile_bindings(struct compile *c, const struct state *state, struct index_binding **ret, size_t *ret_count,
		     size_t **ret_new, size_t *ret_new_count)
{
	const size_t most = c->host.local_login_count;
	struct index_binding *list = calloc(most + 1, sizeof(*list));
	size_t *fresh = calloc(most + 1, sizeof(*fresh)), count = 0, fresh_count = 0;

	problem_list_done(&c->binding_problems);
	if (!list || !fresh) {
		free(list);
		free(fresh);
		return -ENOMEM;
	}
	for (size_t i = 0; i < most; i++) {
		const struct local_login *l = &c->host.local_logins[i];
		struct index_binding b = {.login = l->login, .governs_login = l->governs_login};
		bool is_new;

		if (!bind_login(c, state, l, &b, &is_new))
			continue;
		if (account_is_repeated(list, count, &b)) {
			report(c, l, "map each account and each principal once", "it is mapped twice",
			       "the first mapping counts");
			continue;
		}
		/* Left out of the list it would be nobody's login, and pass every gate. */
		if (!b.broken && principal_is_repeated(list, count, &b)) {
			complain(c, l, "map each account and each principal once", "its principal is mapped twice");
			b.broken = true;
		}
		if (is_new && !b.broken)
			fresh[fresh_count++] = count;
		list[count++] = b;
	}
	leave_principals(list, count);
	*ret = list;
	*ret_count = count;
	*ret_new = fresh;
	*ret_new_count = fresh_count;
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a user may know about themselves without the broker: from index, identity, holders and grants. */
#include "config.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "common/snapshot/holders.h"
#include "common/snapshot/identity.h"
#include "common/snapshot/index.h"
#include "helper/broker.h"
#include "helper/status_screen.h"

struct collection {
	json_t *rows;
	const struct instant *now;
	const char *state;
	int error;
};

static void set_time(json_t *row, const char *key, int64_t ns)
{
	char text[TIME_TEXT_MAX];

	if (ns == TIME_FOREVER)
		return;
	time_format_rfc3339(ns, text, sizeof(text));
	set_text(row, key, text);
}

/* Only the rows of roles themselves; those of single rights say nothing more here. */
static int add_row(void *context, const struct holder *holder)
{
	struct collection *c = context;
	int64_t left_ns = window_left_ns(&holder->window, c->now);
	json_t *row;

	if (holder->kind != 0)
		return 0;
	row = json_pack("{s:s, s:s, s:s}", "role", holder->role, "title", holder->role, "state", c->state);
	if (!row)
		return -ENOMEM;
	set_time(row, "until", holder->window.end_ns);
	if (left_ns != TIME_FOREVER)
		(void)json_object_set_new(row, "left", json_integer(left_ns / NS_PER_S));
	if (!uuid_is_null(&holder->request)) {
		char id[REQUEST_ID_TEXT_MAX];

		request_id_format(&holder->request, id);
		set_text(row, "id", id);
	}
	return json_array_append_new(c->rows, row) < 0 ? -ENOMEM : 0;
}

static int collect(const char *tenant, const char *file, const char *state, const struct uuid *principal,
		   const struct instant *now, json_t *rows)
{
	CLEANUP(holders_closep) struct holders *holders = NULL;
	struct collection c = {.rows = rows, .now = now, .state = state};
	int r = holders_open(tenant, file, &holders);

	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : holders_of_principal(holders, principal, now, add_row, &c);
}

/* Who the caller is: the login's name and principal. 0, -ENOENT: no tenant knows this uid, -errno. */
static int find_caller(const struct index_view *index, struct index_tenant *ret_tenant, struct uuid *ret_principal,
		       char *name, size_t name_size)
{
	CLEANUP(identity_closep) struct identity *identity = NULL;
	struct identity_user user;
	struct index_login login;
	const char *known;
	int r = index_login_by_uid(index, getuid(), &login);

	if (r == 0 && login.governed == GOVERNED_NOT)
		r = -ENOENT;
	if (r == 0)
		r = index_tenant(index, login.tenant, ret_tenant);
	if (r == 0 && login.governed == GOVERNED_TENANT)
		r = identity_open(ret_tenant->name, &identity);
	if (r == 0 && login.governed == GOVERNED_TENANT)
		r = identity_user_by_uid(identity, getuid(), &user);
	if (r < 0)
		return r;
	known = login.governed == GOVERNED_TENANT ? user.name : login.login;
	*ret_principal = login.governed == GOVERNED_TENANT ? user.principal : login.principal;
	if (strlen(known) >= name_size)
		return -ENAMETOOLONG;
	memcpy(name, known, strlen(known) + 1);
	return 0;
}

/* "alice@contoso.com"; other tenants' logins carry their domain already. */
static json_t *caller_json(const char *login, const struct index_tenant *tenant)
{
	return strchr(login, '@') ? json_string(login) : json_sprintf("%s@%s", login, tenant->domain);
}

json_t *status_from_snapshots(struct cli *cli)
{
	CLEANUP(index_closep) struct index_view *index = NULL;
	struct index_tenant tenant;
	struct uuid principal;
	struct instant now;
	char login[256], host[256] = "";
	json_t *rows = NULL, *status = NULL;

	if (cli->clock->now(cli->clock, &now) < 0 || index_open(&index) < 0 ||
	    find_caller(index, &tenant, &principal, login, sizeof(login)) < 0)
		return NULL;
	(void)gethostname(host, sizeof(host) - 1);
	rows = json_array();
	if (rows && collect(tenant.name, "holders", "assigned", &principal, &now, rows) == 0 &&
	    collect(tenant.name, "grants", "activated", &principal, &now, rows) == 0)
		status = json_pack("{s:o, s:s, s:s, s:s, s:O}", "user", caller_json(login, &tenant), "login", login,
				   "host", host, "tenant", tenant.name, "roles", rows);
	json_decref(rows);
	return status;
}

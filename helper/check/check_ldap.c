/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tenants in LDAP: what only the broker can see, who asks their servers. */
#include "helper/check/check.h"

#include <stdio.h>
#include <string.h>

#include "common/base/text.h"

static bool has_ldap(const struct check_context *c)
{
	for (size_t i = 0; i < c->tenant_count; i++)
		if (c->tenants[i].source == SOURCE_LDAP)
			return true;
	return false;
}

static const char *text_of(const json_t *row, const char *key, char *buf, size_t size)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text_escape(text ? text : "", buf, size);
}

static bool is_true(const json_t *row, const char *key)
{
	return json_is_true(json_object_get(row, key));
}

/* "WHY; do: WHAT (DETAIL)", as the broker says it: the part behind "do" is what to do. */
static void not_connected(struct check_context *c, const char *place, const char *uri, bool answered, char *trouble)
{
	char *what = strstr(trouble, "; do: "), *detail = what ? strchr(what, '(') : NULL;

	if (what) {
		*what = '\0';
		what += strlen("; do: ");
	}
	if (detail > what && detail[-1] == ' ')
		detail[-1] = '\0';
	/* Where nothing was ever read there is nothing to go by. */
	problem_add(&c->problems, answered ? SEVERITY_WARNING : SEVERITY_ERROR, "ldap", place,
		    what ? what : "tenure status says since when", "not connected%s%s: %s%s%s", *uri ? " to " : "", uri, trouble,
		    detail ? " " : "", detail ? detail : "");
}

static void check_row(struct check_context *c, const json_t *row)
{
	char place[128], uri[300], trouble[600], name[64];

	(void)snprintf(place, sizeof(place), "tenants.d/%s.conf", text_of(row, "tenant", name, sizeof(name)));
	text_of(row, "uri", uri, sizeof(uri));
	text_of(row, "trouble", trouble, sizeof(trouble));
	if (!is_true(row, "connected"))
		not_connected(c, place, uri, json_is_string(json_object_get(row, "answered")), trouble);
	else if (is_true(row, "polls"))
		problem_add(&c->problems, SEVERITY_WARNING, "ldap-polls", place, "load the overlay syncprov there, if it is yours",
			    "%s cannot push: changes are true here after up to `poll`", uri);
}

int check_ldap(struct check_context *c)
{
	static const char *const of_broker[] = {"ldap-empty", "ldap-mirror", "ldap-user", "ldap-password", "ldap-tls", "ldap-worker"};
	const json_t *row;
	size_t i;

	if (c->broker.error < 0)
		return has_ldap(c);
	for (i = 0; i < ARRAY_LENGTH(of_broker); i++)
		check_take_broker(c, of_broker[i]);
	json_array_foreach (c->broker.directories, i, row)
		check_row(c, row);
	return 0;
}

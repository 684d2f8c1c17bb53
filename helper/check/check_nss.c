/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Does nsswitch.conf lead to Tenure, and does nothing stand before what Tenure shows? */
#include "helper/check/check.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "common/snapshot/leak.h"

static const struct {
	const char *database, *loss;
} databases[] = {
	{"passwd", "tenant users do not exist here"},
	{"group", "roles grant nothing"},
};

const char *check_nss_sources(char *text, const char *database)
{
	char *rest = text, *line, *found = NULL;
	size_t len = strlen(database);

	while ((line = strsep(&rest, "\n"))) {
		while (isspace((unsigned char)*line))
			line++;
		if (strncmp(line, database, len) != 0)
			continue;
		line += len + strspn(line + len, " \t");
		if (*line != ':')
			continue;
		found = line + 1;
		found[strcspn(found, "#")] = '\0';
	}
	return found;
}

struct order {
	bool has_tenure, after_files, stopped;
};

/* A word of "[ !UNAVAIL = return ]", with the blanks around it passed over. */
static const char *take_word(const char *p, char *word, size_t len)
{
	size_t used = 0;

	p += strspn(p, " \t");
	for (; isalpha((unsigned char)*p); p++)
		if (used + 1 < len)
			word[used++] = *p;
	word[used] = '\0';
	return p + strspn(p, " \t");
}

/* Reads "[...]" and says whether a status returns, when it is a success and when it is none. Where it ends. */
static const char *read_conditions(const char *p, bool *success_returns, bool *other_returns)
{
	char status[16], action[16];

	for (p++; *p && *p != ']';) {
		p += strspn(p, " \t");
		bool negated = *p == '!', returns, of_success;

		p = take_word(p + negated, status, sizeof(status));
		if (*p != '=' || !*status)
			return p + strcspn(p, "]"); /* the C library does not take it either */
		p = take_word(p + 1, action, sizeof(action));
		returns = strcasecmp(action, "return") == 0;
		of_success = strcasecmp(status, "SUCCESS") == 0;
		if (of_success != negated)
			*success_returns = returns;
		if (!of_success || negated)
			*other_returns = *other_returns || returns;
	}
	return p;
}

/*
 * What keeps the question from tenure: a source before it that returns although it has no answer. One that has an answer
 * returns by default, which is right for names; for the groups of a user all sources of group are asked anyway, but those
 * of an initgroups line are not.
 */
static void read_order(const char *p, bool success_must_go_on, struct order *ret)
{
	bool success_returns = false, other_returns = false;

	*ret = (struct order){0};
	while (*(p += strspn(p, " \t")) && !ret->has_tenure) {
		size_t len = strcspn(p, " \t[");

		if (*p == '[') {
			p = read_conditions(p, &success_returns, &other_returns);
			p += *p == ']';
			continue;
		}
		ret->stopped = ret->stopped || other_returns || (success_must_go_on && success_returns);
		ret->has_tenure = len == 6 && strncmp(p, "tenure", len) == 0;
		ret->after_files = ret->after_files || (len == 5 && strncmp(p, "files", len) == 0);
		success_returns = true;
		other_returns = false;
		p += len;
	}
}

static void check_database(struct check_context *c, const char *text, const char *database, const char *loss)
{
	char *copy = strdup(text);
	const char *sources = copy ? check_nss_sources(copy, database) : NULL;
	char remedy[256];
	struct order order;

	(void)snprintf(remedy, sizeof(remedy), "%s: files systemd tenure", database);
	if (!sources) {
		problem_add(&c->problems, SEVERITY_ERROR, "nss", "", remedy, "nsswitch.conf: %s has no line; %s", database,
			    loss);
		free(copy);
		return;
	}
	read_order(sources, false, &order);
	if (!order.has_tenure)
		problem_add(&c->problems, SEVERITY_ERROR, "nss", "", remedy, "nsswitch.conf: %s has no tenure; %s", database,
			    loss);
	else if (!order.after_files)
		problem_add(&c->problems, SEVERITY_ERROR, "nss", "", remedy,
			    "nsswitch.conf: %s has tenure before files; local names come first", database);
	else if (order.stopped)
		problem_add(&c->problems, SEVERITY_ERROR, "nss", "", remedy,
			    "nsswitch.conf: %s returns before tenure is asked", database);
	free(copy);
}

/* Where there is such a line, it is asked for the groups of a user, and group is not. */
static void check_initgroups(struct check_context *c, const char *text)
{
	char *copy = strdup(text);
	const char *sources = copy ? check_nss_sources(copy, "initgroups") : NULL;
	struct order order;

	if (sources) {
		read_order(sources, true, &order);
		if (!order.has_tenure || order.stopped)
			problem_add(&c->problems, SEVERITY_ERROR, "nss", "", "remove it: group is asked then",
				    "nsswitch.conf: initgroups %s; groups of roles are not taken on",
				    order.has_tenure ? "returns before tenure is asked" : "has no tenure");
	}
	free(copy);
}

static bool names_role(const struct check_context *c, const char *name)
{
	for (size_t i = 0; i < c->tenant_count; i++) {
		const struct directory *d = c->directories[i];

		for (size_t j = 0; d && c->tenants[i].home && j < d->role_count; j++)
			if (!d->roles[j].o.dropped && strcmp(d->roles[j].o.name, name) == 0)
				return true;
	}
	return false;
}

static bool is_target(const struct check_context *c, const char *name)
{
	for (size_t i = 0; i < c->host.allow_become_count; i++)
		if (strcmp(c->host.allow_become[i], name) == 0)
			return true;
	return false;
}

/* A group of /etc/group with the name of a role's is what sudo and everybody else get to see. */
static void check_local_groups(struct check_context *c)
{
	for (size_t i = 0; i < c->group_count; i++) {
		const char *name = c->groups[i].name;
		char remedy[128], escaped[96];

		if (!(strncmp(name, "become-", 7) == 0 && is_target(c, name + 7)) &&
		    !(strncmp(name, "role-", 5) == 0 && names_role(c, name + 5)))
			continue;
		text_escape(name, escaped, sizeof(escaped));
		(void)snprintf(remedy, sizeof(remedy), "groupdel %s", escaped);
		problem_add(&c->problems, SEVERITY_ERROR, "local-group", "/etc/group", remedy,
			    "has a group %s, which stands before the one of that name that Tenure shows", escaped);
	}
}

int check_nss(struct check_context *c)
{
	char *text = check_read(c, "/etc/nsswitch.conf");

	for (size_t i = 0; i < ARRAY_LENGTH(databases); i++)
		check_database(c, text ? text : "", databases[i].database, databases[i].loss);
	check_initgroups(c, text ? text : "");
	check_local_groups(c);
	free(text);
	return 0;
}

/* It keeps answers for minutes, ends of roles among them. */
/* What the log says of a tenant that hides is for root; a role that gives its readers' group gives that too. */
static void check_log_readers(struct check_context *c)
{
	static const char *const readers[] = {"adm", "systemd-journal"};
	bool hides = false;

	for (size_t i = 0; i < c->tenant_count; i++)
		hides = hides || c->tenants[i].visibility == VISIBILITY_TENANT;
	for (size_t i = 0; hides && i < c->host.allow_group_count; i++)
		for (size_t k = 0; k < ARRAY_LENGTH(readers); k++)
			if (strcmp(c->host.allow_groups[i], readers[k]) == 0)
				problem_add(&c->problems, SEVERITY_WARNING, "visibility-log", "tenure.conf",
					    "take it out of ceiling.allow_groups",
					    "who gets %s by a role reads of every tenant in the log", readers[k]);
}

int check_caches(struct check_context *c)
{
	const char *leak = leak_find();

	for (size_t i = 0; i < c->tenant_count; i++)
		tenant_check_leak(&c->tenants[i], leak, &c->problems);
	check_log_readers(c);
	if (check_exists(c, "/run/nscd/socket"))
		problem_add(&c->problems, SEVERITY_WARNING, "caches", "", "apt remove nscd",
			    "nscd shows roles for minutes after they end");
	return 0;
}

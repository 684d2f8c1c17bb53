/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/check/check.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *database, *loss;
} databases[] = {
	{"passwd", "tenant users do not exist here"},
	{"group", "roles grant nothing"},
};

/* What stands behind "passwd:", without comment; NULL if there is no such line. */
static char *sources_of(char *text, const char *database)
{
	char *rest = text, *line, *found = NULL;
	size_t len = strlen(database);

	while ((line = strsep(&rest, "\n"))) {
		while (isspace((unsigned char)*line))
			line++;
		if (strncmp(line, database, len) != 0 || line[len] != ':')
			continue;
		found = line + len + 1;
		found[strcspn(found, "#")] = '\0';
	}
	return found;
}

struct order {
	bool has_tenure, after_files, stopped;
};

/* [NOTFOUND=return] and the like before tenure keep the question from it. */
static void read_order(char *sources, struct order *ret)
{
	char *source;

	*ret = (struct order){0};
	while ((source = strsep(&sources, " \t"))) {
		if (!*source)
			continue;
		if (strcmp(source, "files") == 0 && !ret->has_tenure)
			ret->after_files = true;
		if (strcmp(source, "tenure") == 0)
			ret->has_tenure = true;
		if (*source == '[' && !ret->has_tenure && strcasestr(source, "NOTFOUND=return"))
			ret->stopped = true;
	}
}

static void check_database(struct check_context *c, const char *text, const char *database, const char *loss)
{
	char *copy = strdup(text), *sources = copy ? sources_of(copy, database) : NULL;
	char remedy[256];
	struct order order;

	(void)snprintf(remedy, sizeof(remedy), "%s: files systemd tenure", database);
	if (!sources) {
		problem_add(&c->problems, SEVERITY_ERROR, "nss", "", remedy, "nsswitch.conf: %s has no line; %s", database,
			    loss);
		free(copy);
		return;
	}
	read_order(sources, &order);
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

int check_nss(struct check_context *c)
{
	char *text = check_read(c, "/etc/nsswitch.conf");

	for (size_t i = 0; i < ARRAY_LENGTH(databases); i++)
		check_database(c, text ? text : "", databases[i].database, databases[i].loss);
	free(text);
	return 0;
}

/* It keeps answers for minutes, ends of roles among them. */
int check_caches(struct check_context *c)
{
	if (check_exists(c, "/run/nscd/socket"))
		problem_add(&c->problems, SEVERITY_WARNING, "caches", "", "apt remove nscd",
			    "nscd shows roles for minutes after they end");
	return 0;
}

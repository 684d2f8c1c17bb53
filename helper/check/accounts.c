/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's own accounts and groups, with what the model has no use for: shells, members, whether there is a password.
 * Unlike the model's reader this one takes a file whose mode is wrong: what check reports, it must be able to look at.
 */
#include "helper/check/check.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/base/text.h"

static int add_account(struct check_context *c, const struct passwd *p)
{
	struct unix_account *grown = reallocarray(c->accounts, c->account_count + 1, sizeof(*grown)), *a;

	if (!grown)
		return -ENOMEM;
	c->accounts = grown;
	a = &grown[c->account_count++];
	*a = (struct unix_account){.name = strdup(p->pw_name),
				   .shell = strdup(p->pw_shell),
				   .uid = p->pw_uid,
				   .gid = p->pw_gid,
				   .has_password = p->pw_passwd[0] == '\0' || p->pw_passwd[0] == '$'};
	return a->name && a->shell ? 0 : -ENOMEM;
}

static int read_passwd(struct check_context *c)
{
	char path[PATH_MAX];
	FILE *f = check_path(c, "/etc/passwd", path) ? fopen(path, "re") : NULL;
	struct passwd *p;
	int r = 0;

	while (f && r == 0 && (p = fgetpwent(f)))
		r = add_account(c, p);
	if (f)
		fclose(f);
	return r;
}

/* "adm:x:4:bob,dora". The C library's struct group has the name of the model's. */
static int add_group(struct check_context *c, char *line)
{
	struct unix_group *grown, *g;
	char *fields[4] = {NULL}, *member;
	size_t count = 0;
	uint64_t gid;

	line += strspn(line, " \t");
	while (line && count < ARRAY_LENGTH(fields))
		fields[count++] = strsep(&line, ":");
	if (count < 3 || fields[0][0] == '#' || number_parse(fields[2], UINT32_MAX, &gid) < 0)
		return 0;
	grown = reallocarray(c->groups, c->group_count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	c->groups = grown;
	g = &grown[c->group_count++];
	*g = (struct unix_group){.name = strdup(fields[0]), .gid = (uint32_t)gid};
	while ((member = strsep(&fields[3], ","))) {
		char **more = reallocarray(g->members, g->member_count + 1, sizeof(*more));

		if (!more)
			return -ENOMEM;
		g->members = more;
		more[g->member_count] = strdup(member);
		if (!more[g->member_count++])
			return -ENOMEM;
	}
	return g->name ? 0 : -ENOMEM;
}

static int read_groups(struct check_context *c)
{
	char *text = check_read(c, "/etc/group"), *rest = text, *line;
	int r = 0;

	while (r == 0 && (line = strsep(&rest, "\n")))
		r = add_group(c, line);
	free(text);
	return r;
}

/* A locked hash begins with '!' or '*'; an empty one lets everybody in. */
static void note_passwords(struct check_context *c)
{
	CLEANUP(secret_freep) char *text = check_read(c, "/etc/shadow");
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n"))) {
		char *name = strsep(&line, ":"), *hash = strsep(&line, ":");

		for (size_t i = 0; hash && i < c->account_count; i++)
			if (strcmp(c->accounts[i].name, name) == 0)
				c->accounts[i].has_password = hash[0] != '!' && hash[0] != '*';
		if (hash)
			explicit_bzero(hash, strlen(hash));
	}
}

int check_read_accounts(struct check_context *c)
{
	int r = read_passwd(c);

	if (r == 0)
		r = read_groups(c);
	if (r == 0)
		note_passwords(c);
	return r;
}

void check_accounts_done(struct check_context *c)
{
	for (size_t i = 0; i < c->account_count; i++) {
		free(c->accounts[i].name);
		free(c->accounts[i].shell);
	}
	for (size_t i = 0; i < c->group_count; i++) {
		for (size_t j = 0; j < c->groups[i].member_count; j++)
			free(c->groups[i].members[j]);
		free(c->groups[i].members);
		free(c->groups[i].name);
	}
	free(c->accounts);
	free(c->groups);
}

const struct unix_account *check_account(const struct check_context *c, const char *login)
{
	for (size_t i = 0; i < c->account_count; i++)
		if (strcmp(c->accounts[i].name, login) == 0)
			return &c->accounts[i];
	return NULL;
}

bool check_can_log_in(const struct unix_account *a)
{
	const char *shell = strrchr(a->shell, '/');

	shell = shell ? shell + 1 : a->shell;
	return a->has_password && strcmp(shell, "nologin") != 0 && strcmp(shell, "false") != 0 &&
	       strcmp(shell, "sync") != 0;
}

static bool is_member(const struct check_context *c, const struct unix_group *g, const char *login)
{
	const struct unix_account *a;

	for (size_t i = 0; i < g->member_count; i++)
		if (strcmp(g->members[i], login) == 0)
			return true;
	a = check_account(c, login);
	return a && a->gid == g->gid;
}

bool check_in_group(const struct check_context *c, const char *login, const char *group)
{
	for (size_t i = 0; i < c->group_count; i++)
		if (strcmp(c->groups[i].name, group) == 0 && is_member(c, &c->groups[i], login))
			return true;
	return false;
}

bool check_in_gid(const struct check_context *c, const char *login, uint32_t gid)
{
	const struct unix_account *a = check_account(c, login);

	for (size_t i = 0; i < c->group_count; i++)
		if (c->groups[i].gid == gid && is_member(c, &c->groups[i], login))
			return true;
	return a && a->gid == gid;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/check/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/safe_file.h"
#include "common/base/secret.h"
#include "common/base/text.h"

#define TEXT_MAX (1u << 20)

bool check_path(const struct check_context *c, const char *path, char ret[static PATH_MAX])
{
	int n = snprintf(ret, PATH_MAX, "%s%s", c->root, path);

	return n >= 0 && n < PATH_MAX;
}

char *check_read(const struct check_context *c, const char *path)
{
	CLEANUP(fd_closep) int fd = -1;
	char full[PATH_MAX], *text;
	struct stat st;
	size_t len = 0;
	ssize_t n = 1;

	if (!check_path(c, path, full))
		return NULL;
	fd = open(full, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	text = malloc(TEXT_MAX + 1);
	if (!text)
		return NULL;
	while (len < TEXT_MAX && n > 0) {
		n = read(fd, text + len, TEXT_MAX - len);
		len += n > 0 ? (size_t)n : 0;
	}
	text[len] = '\0';
	return text;
}

bool check_exists(const struct check_context *c, const char *path)
{
	char full[PATH_MAX];

	return check_path(c, path, full) && access(full, F_OK) == 0;
}

bool check_is_gate(const struct check_context *c, const char *service)
{
	for (size_t i = 0; i < c->host.gate_service_count; i++)
		if (strcmp(c->host.gate_services[i].name, service) == 0)
			return true;
	return false;
}

bool check_enforces(const struct check_context *c)
{
	for (size_t i = 0; i < c->host.gate_service_count; i++)
		if (c->host.gate_services[i].mode == GATE_ENFORCE)
			return true;
	return false;
}

bool check_is_governed(const struct check_context *c, const char *login)
{
	for (size_t i = 0; i < c->host.local_login_count; i++)
		if (strcmp(c->host.local_logins[i].login, login) == 0)
			return true;
	if (check_account(c, login))
		return false;
	for (size_t i = 0; i < c->tenant_count; i++) {
		const struct directory *d = c->directories[i];

		for (size_t j = 0; d && c->tenants[i].home && j < d->user_count; j++)
			if (d->users[j].o.name && d->users[j].uid != NO_ID && strcmp(d->users[j].o.name, login) == 0)
				return true;
	}
	return false;
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

static bool list_has(const char *list, const char *login)
{
	size_t len = strlen(login);

	while (*list) {
		size_t item = strcspn(list, ",");

		if (item == len && strncmp(list, login, len) == 0)
			return true;
		list += item + (list[item] == ',');
	}
	return false;
}

bool check_in_group(const struct check_context *c, const char *login, const char *group)
{
	char *text = check_read(c, "/etc/group"), *rest = text, *line;
	const struct unix_account *a = check_account(c, login);
	bool found = false;

	while (!found && (line = strsep(&rest, "\n"))) {
		char *name = strsep(&line, ":"), *gid;
		uint64_t number;

		if (strcmp(name, group) != 0 || !strsep(&line, ":"))
			continue;
		gid = strsep(&line, ":");
		found = (line && list_has(line, login)) ||
			(a && gid && number_parse(gid, UINT32_MAX, &number) == 0 && number == a->gid);
	}
	free(text);
	return found;
}

static int add_account(struct check_context *c, char *line)
{
	char *fields[7] = {NULL};
	struct unix_account *grown;
	uint64_t uid, gid;
	size_t count = 0;

	while (line && count < ARRAY_LENGTH(fields))
		fields[count++] = strsep(&line, ":");
	if (count != ARRAY_LENGTH(fields) || number_parse(fields[2], UINT32_MAX, &uid) < 0 ||
	    number_parse(fields[3], UINT32_MAX, &gid) < 0)
		return 0;
	grown = reallocarray(c->accounts, c->account_count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	c->accounts = grown;
	grown[c->account_count] = (struct unix_account){.name = strdup(fields[0]),
							.shell = strdup(fields[6]),
							.uid = (uint32_t)uid,
							.gid = (uint32_t)gid,
							.has_password = fields[1][0] == '\0' || fields[1][0] == '$'};
	c->account_count++;
	return grown[c->account_count - 1].name && grown[c->account_count - 1].shell ? 0 : -ENOMEM;
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
	char *text = check_read(c, "/etc/passwd"), *rest = text, *line;
	int r = 0;

	while (r == 0 && (line = strsep(&rest, "\n")))
		r = add_account(c, line);
	free(text);
	note_passwords(c);
	return r;
}

void name_text_add(struct name_text *t, const char *name)
{
	char escaped[128];
	size_t used = strlen(t->text), room = sizeof(t->text) - used;

	text_escape(name, escaped, sizeof(escaped));
	t->count++;
	if (strlen(escaped) + sizeof(", and more") + 2 < room)
		(void)snprintf(t->text + used, room, "%s%s", used ? ", " : "", escaped);
	else if (used && !strstr(t->text, " and more"))
		(void)snprintf(t->text + used, room, " and more");
}

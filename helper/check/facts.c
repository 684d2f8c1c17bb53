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
#include "common/base/text.h"

#define TEXT_MAX (64u << 20)

bool check_path(const struct check_context *c, const char *path, char ret[static PATH_MAX])
{
	int n = snprintf(ret, PATH_MAX, "%s%s", c->root, path);

	return n >= 0 && n < PATH_MAX;
}

static int open_regular(const char *path, size_t *ret_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), error = 0;
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		error = errno;
	else if (!S_ISREG(st.st_mode))
		error = EINVAL;
	else if (st.st_size > TEXT_MAX)
		error = EFBIG;
	if (error) {
		(void)close(fd);
		errno = error;
		return -1;
	}
	*ret_size = (size_t)st.st_size;
	return fd;
}

char *check_read(const struct check_context *c, const char *path)
{
	CLEANUP(fd_closep) int fd = -1;
	char full[PATH_MAX], *text;
	size_t size = 0, len = 0;
	ssize_t n = 0;

	errno = ENAMETOOLONG;
	fd = check_path(c, path, full) ? open_regular(full, &size) : -1;
	text = fd >= 0 ? malloc(size + 1) : NULL;
	while (text && len < size && (n = read(fd, text + len, size - len)) > 0)
		len += (size_t)n;
	if (!text || n < 0) {
		free(text);
		return NULL;
	}
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\0')
			text[i] = '?'; /* it hides nothing behind it */
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

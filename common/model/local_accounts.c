/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/model/validate.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/safe_file.h"

#define FILE_MAX    (64u << 20)
#define FIELDS_MAX  7
#define READ_TRIES  5

/* Rewritten by useradd at any moment: a file that changed while it was read is read again. */
static int read_file(const char *etc, const char *name, char **ret)
{
	char path[PATH_MAX];
	size_t len;
	int r = -EAGAIN;

	if (snprintf(path, sizeof(path), "%s/%s", etc, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	for (int i = 0; i < READ_TRIES && r == -EAGAIN; i++)
		r = safe_read(path, FILE_MAX, ret, &len);
	return r;
}

/* Splits a line at its colons, in place; the number of fields. */
static size_t split_line(char *line, char *fields[static FIELDS_MAX])
{
	size_t count = 0;

	while (line && count < FIELDS_MAX)
		fields[count++] = strsep(&line, ":");
	return count;
}

/* What strtoul makes of the whole field: blanks before it, a sign, zeroes, and 32 bits at most. */
static bool id_field(const char *text, uint32_t *ret)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end != '\0')
		return false;
	*ret = value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
	return true;
}

/* passwd has name:password:uid:gid, group has name:password:gid. Lines that glibc would not take either are passed over. */
static int add_account(struct local_account **accounts, size_t *count, char *line, size_t line_number, size_t id_fields)
{
	struct local_account a = {.line = (uint32_t)line_number}, *grown;
	char *fields[FIELDS_MAX];
	size_t have = split_line(line + strspn(line, " \t\v\f\r"), fields);

	if (have < 2 + id_fields || fields[0][0] == '\0' || fields[0][0] == '#' || fields[0][0] == '+' ||
	    fields[0][0] == '-')
		return 0;
	if (!id_field(fields[2], &a.id) || (id_fields == 2 && !id_field(fields[3], &a.gid)))
		return 0;
	if ((*count & (*count - 1)) == 0) {
		grown = reallocarray(*accounts, *count ? *count * 2 : 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		*accounts = grown;
	}
	a.name = strdup(fields[0]);
	if (!a.name)
		return -ENOMEM;
	(*accounts)[(*count)++] = a;
	return 0;
}

static int compare_accounts(const void *a, const void *b)
{
	const struct local_account *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order != 0)
		return order;
	return x->line < y->line ? -1 : x->line > y->line;
}

static int read_accounts(const char *etc, const char *name, size_t id_fields, struct local_account **accounts,
			 size_t *count)
{
	char *text = NULL, *rest, *line;
	size_t line_number = 0;
	int r = read_file(etc, name, &text);

	rest = text;
	while (r == 0 && (line = strsep(&rest, "\n")))
		r = add_account(accounts, count, line, ++line_number, id_fields);
	free(text);
	if (*count > 0)
		qsort(*accounts, *count, sizeof(**accounts), compare_accounts);
	return r;
}

/* "bob:100000:65536" */
static int add_reserved(struct local_accounts *a, const char *etc, const char *name, size_t line_number, char *line)
{
	struct id_range *ranges;
	char **places, *fields[FIELDS_MAX];
	uint32_t first, count;

	if (split_line(line, fields) != 3 || !id_field(fields[1], &first) || !id_field(fields[2], &count) || count == 0)
		return 0;
	ranges = reallocarray(a->reserved, a->reserved_count + 1, sizeof(*ranges));
	if (!ranges)
		return -ENOMEM;
	a->reserved = ranges;
	places = reallocarray(a->reserved_place, a->reserved_count + 1, sizeof(*places));
	if (!places)
		return -ENOMEM;
	a->reserved_place = places;
	if (asprintf(&places[a->reserved_count], "%s/%s:%zu (%s)", etc, name, line_number, fields[0]) < 0)
		return -ENOMEM;
	ranges[a->reserved_count++] =
		(struct id_range){first, count - 1 > UINT32_MAX - first ? UINT32_MAX : first + count - 1};
	return 0;
}

static int read_reserved(const char *etc, const char *name, struct local_accounts *a)
{
	char *text = NULL, *rest, *line;
	size_t line_number = 0;
	int r = read_file(etc, name, &text);

	if (r == -ENOENT)
		return 0;
	rest = text;
	while (r == 0 && (line = strsep(&rest, "\n")))
		r = add_reserved(a, etc, name, ++line_number, line);
	free(text);
	return r;
}

static int read_all(const char *etc, struct local_accounts *a)
{
	int r = read_accounts(etc, a->failed = "passwd", 2, &a->users, &a->user_count);

	if (r == 0)
		r = read_accounts(etc, a->failed = "group", 1, &a->groups, &a->group_count);
	if (r == 0)
		r = read_reserved(etc, a->failed = "subuid", a);
	if (r == 0)
		r = read_reserved(etc, a->failed = "subgid", a);
	return r;
}

int local_accounts_read(const char *etc, struct local_accounts *ret)
{
	struct local_accounts a = {0};
	int r = read_all(etc, &a);

	if (r < 0) {
		const char *failed = a.failed;

		local_accounts_done(&a);
		a.failed = failed;
	} else {
		a.failed = NULL;
	}
	*ret = a;
	return r;
}

static void accounts_free(struct local_account *accounts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(accounts[i].name);
	free(accounts);
}

void local_accounts_done(struct local_accounts *a)
{
	accounts_free(a->users, a->user_count);
	accounts_free(a->groups, a->group_count);
	for (size_t i = 0; i < a->reserved_count; i++)
		free(a->reserved_place[i]);
	free(a->reserved);
	free(a->reserved_place);
	*a = (struct local_accounts){0};
}

/* The first line of that name is the account, as for glibc. */
static const struct local_account *by_name(const struct local_account *accounts, size_t count, const char *name)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(accounts[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && strcmp(accounts[low].name, name) == 0 ? &accounts[low] : NULL;
}

static const struct local_account *by_id(const struct local_account *accounts, size_t count, uint32_t id)
{
	for (size_t i = 0; i < count; i++)
		if (accounts[i].id == id)
			return &accounts[i];
	return NULL;
}

const struct local_account *local_user_by_name(const struct local_accounts *a, const char *name)
{
	return by_name(a->users, a->user_count, name);
}

const struct local_account *local_user_by_uid(const struct local_accounts *a, uint32_t uid)
{
	return by_id(a->users, a->user_count, uid);
}

const struct local_account *local_group_by_name(const struct local_accounts *a, const char *name)
{
	return by_name(a->groups, a->group_count, name);
}

const struct local_account *local_group_by_gid(const struct local_accounts *a, uint32_t gid)
{
	return by_id(a->groups, a->group_count, gid);
}

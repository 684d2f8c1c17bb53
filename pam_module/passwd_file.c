/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pam_module/passwd_file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/base/safe_file.h"
#include "common/base/text.h"

#define FIELD_MAX 320 /* a name longer than that is none of ours */

/* The fields of a line that we keep: 0 name, 2 uid. */
struct line {
	unsigned field;
	bool too_long;
	char name[FIELD_MAX], uid[16];
	size_t name_len, uid_len;
};

static void line_add(struct line *l, char c)
{
	if (c == ':') {
		l->field++;
		return;
	}
	if (l->field == 0 && l->name_len < sizeof(l->name) - 1)
		l->name[l->name_len++] = c;
	else if (l->field == 2 && l->uid_len < sizeof(l->uid) - 1)
		l->uid[l->uid_len++] = c;
	else if (l->field == 0 || l->field == 2)
		l->too_long = true;
}

/* What a line must be: the account of that name, or (name NULL) of that uid. */
struct wanted {
	const char *name;
	uid_t uid;
};

static bool line_fits(struct line *l, const struct wanted *wanted, uid_t *ret_uid)
{
	uint64_t uid;

	l->name[l->name_len] = '\0';
	l->uid[l->uid_len] = '\0';
	if (l->too_long || l->field < 3 || l->name_len == 0 || number_parse(l->uid, UINT32_MAX - 1, &uid) < 0)
		return false;
	if (wanted->name ? strcmp(wanted->name, l->name) != 0 : wanted->uid != (uid_t)uid)
		return false;
	*ret_uid = (uid_t)uid;
	return true;
}

/* The first line that fits; the last one may lack its newline. */
static int find(int fd, const struct wanted *wanted, struct line *ret, uid_t *ret_uid)
{
	char block[1024];
	ssize_t n;

	*ret = (struct line){0};
	while ((n = read(fd, block, sizeof(block))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		for (ssize_t i = 0; i < n; i++) {
			if (block[i] != '\n') {
				line_add(ret, block[i]);
				continue;
			}
			if (line_fits(ret, wanted, ret_uid))
				return 0;
			*ret = (struct line){0};
		}
	}
	return line_fits(ret, wanted, ret_uid) ? 0 : -ENOENT;
}

/* A host without the file has no accounts to protect, but then we could not read them either. */
static int search(const struct wanted *wanted, struct line *ret, uid_t *ret_uid)
{
	CLEANUP(fd_closep) int fd = safe_open(tenure_path(PATH_PASSWD));

	if (fd < 0)
		return fd == -ENOENT ? -EIO : fd;
	return find(fd, wanted, ret, ret_uid);
}

int passwd_file_uid(const char *name, uid_t *ret)
{
	struct line line;

	return search(&(struct wanted){.name = name}, &line, ret);
}

int passwd_file_name(uid_t uid, char *buf, size_t len)
{
	struct line line;
	uid_t same;
	int r = search(&(struct wanted){.uid = uid}, &line, &same);

	if (r < 0)
		return r;
	if (line.name_len >= len)
		return -ERANGE;
	memcpy(buf, line.name, line.name_len + 1);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/safe_file.h"
#include "common/base/secret.h"
#include "common/config/config.h"
#include "common/config/reader.h"

#define READ_TRIES 5

/* "/etc/tenure/tenure.conf" is tenure.conf, "/etc/tenure/tenants.d/contoso.conf" is tenants.d/contoso.conf. */
static const char *short_place(const char *path)
{
	const char *name = strrchr(path, '/'), *folder = name;

	if (!name)
		return path;
	while (folder > path && folder[-1] != '/')
		folder--;
	if (name - folder > 2 && strncmp(name - 2, ".d", 2) == 0)
		return folder;
	return name + 1;
}

/* Stands behind the file's name. */
static const char *fault_text(int error)
{
	switch (error) {
	case -ENOENT:
		return "is not there";
	case -EPERM:
		return "or a folder above it belongs to somebody else than root, or others may write to it";
	case -ELOOP:
	case -ENOTDIR:
		return "is reached through a symbolic link";
	case -EINVAL:
		return "is no regular file";
	case -EFBIG:
		return "is too large";
	case -EAGAIN:
		return "changes while it is read";
	default:
		return strerror(-error);
	}
}

static const char *remedy_text(const char *place, int error)
{
	switch (error) {
	case -ENOENT:
		return strchr(place, '/') ? "write it, or take the tenant out of tenants"
					  : "write it; to govern nobody: tenants = [ ];";
	case -EPERM:
		return "chown root:root, chmod go-w, the folders too";
	case -ELOOP:
	case -ENOTDIR:
	case -EINVAL:
		return "put the file itself in its place";
	case -EFBIG:
		return "leave something out: 64 MiB are read at most";
	case -EAGAIN:
		return "write it once, by renaming a new file over it";
	default:
		return "make it readable for root";
	}
}

int file_text_take(const char *path, struct file_text *ret)
{
	int r = -EAGAIN;

	*ret = (struct file_text){0};
	(void)snprintf(ret->place, sizeof(ret->place), "%s", short_place(path));
	for (int i = 0; i < READ_TRIES && r == -EAGAIN; i++)
		r = safe_read(path, CONFIG_FILE_MAX, &ret->text, &ret->len);
	if (r < 0)
		ret->text = NULL;
	return r;
}

void file_text_report(const char *place, int error, struct problem_list *problems)
{
	problem_add(problems, SEVERITY_ERROR, "conf-file", place, remedy_text(place, error), "%s", fault_text(error));
}

int file_text_read(const char *path, struct problem_list *problems, struct file_text *ret)
{
	int r = file_text_take(path, ret);

	if (r < 0)
		file_text_report(ret->place, r, problems);
	return r;
}

/* A directory holds password hashes. */
void file_text_done(struct file_text *f)
{
	if (f->text)
		explicit_bzero(f->text, f->len);
	secret_free(f->text);
	f->text = NULL;
}

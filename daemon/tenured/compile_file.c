/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <nettle/sha2.h>

#include "common/base/paths.h"
#include "common/base/safe_file.h"
#include "common/base/secret.h"
#include "daemon/tenured/compile.h"

#define NONE_HEX "0000000000000000000000000000000000000000000000000000000000000000"

static int config_path(const char *name, char path[static PATH_MAX])
{
	const char *slash = strchr(name, '/');
	int n;

	if (!slash)
		n = snprintf(path, PATH_MAX, "%s", tenure_path(PATH_CONFIG));
	else
		n = snprintf(path, PATH_MAX, "%s%s",
			     tenure_path(strncmp(name, "tenants.d/", 10) == 0 ? PATH_TENANTS_D : PATH_DIRECTORY_D), slash);
	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static int last_path(const char *name, char path[static PATH_MAX])
{
	int n = snprintf(path, PATH_MAX, "%s/last/%s", tenure_path(PATH_STATE), name);

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static void hash_text(const struct compile_text *t, char hex[static JOURNAL_HEX_LEN + 1])
{
	struct sha256_ctx context;
	uint8_t digest[SHA256_DIGEST_SIZE];

	sha256_init(&context);
	sha256_update(&context, t->len, (const uint8_t *)t->text);
	sha256_digest(&context, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

static int note_file(struct compile *c, const char *name, const char *path, const struct compile_text *t)
{
	struct compiled_file *grown = reallocarray(c->files, c->file_count + 1, sizeof(*grown));
	struct stat st;

	if (!grown)
		return -ENOMEM;
	c->files = grown;
	struct compiled_file *f = &c->files[c->file_count];

	*f = (struct compiled_file){.name = strdup(name), .owner = NO_ID};
	if (!f->name)
		return -ENOMEM;
	c->file_count++;
	memcpy(f->sha256, NONE_HEX, sizeof(f->sha256));
	if (t->text)
		hash_text(t, f->sha256);
	if (lstat(path, &st) == 0) {
		f->owner = st.st_uid;
		f->mtime_ns = st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
	}
	return 0;
}

int compile_read(struct compile *c, const char *name, struct compile_text *ret)
{
	struct file_text file = {0};
	char path[PATH_MAX];
	int r = config_path(name, path);

	*ret = (struct compile_text){0};
	if (r == 0)
		r = file_text_take(path, &file);
	if (r == -ENOMEM)
		return r;
	ret->text = file.text;
	ret->len = file.len;
	ret->absent = r == -ENOENT;
	/* That there is no tenure.conf is no fault by itself: the caller knows whether there was one. */
	if (r < 0 && (!ret->absent || strchr(name, '/')))
		file_text_report(name, r, &c->problems);
	return note_file(c, name, path, ret);
}

int compile_read_last(const char *name, struct compile_text *ret)
{
	char path[PATH_MAX];
	int r = last_path(name, path);

	compile_text_done(ret);
	ret->is_last = true;
	return r == 0 ? safe_read(path, CONFIG_FILE_MAX, &ret->text, &ret->len) : r;
}

void compile_note_served(struct compile *c, const char *name, enum served served)
{
	for (size_t i = 0; i < c->file_count; i++)
		if (strcmp(c->files[i].name, name) == 0)
			c->files[i].served = served;
}

void compile_text_done(struct compile_text *t)
{
	if (t->text)
		explicit_bzero(t->text, t->len); /* password hashes */
	free(t->text);
	t->text = NULL;
	t->len = 0;
}

static int make_folders(const char *name)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/last", tenure_path(PATH_STATE));
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	if (!strchr(name, '/'))
		return 0;
	(void)snprintf(path, sizeof(path), "%s/last/%.*s", tenure_path(PATH_STATE), (int)strcspn(name, "/"), name);
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

void compile_keep(struct compile *c, const char *name, const struct compile_text *t)
{
	struct compile_text last = {0};
	char path[PATH_MAX];
	int r;

	if (t->is_last)
		return;
	compile_note_served(c, name, SERVED_NOW);
	bool same = compile_read_last(name, &last) == 0 && last.len == t->len && memcmp(last.text, t->text, t->len) == 0;

	compile_text_done(&last);
	if (same)
		return;
	r = last_path(name, path);
	if (r == 0)
		r = make_folders(name);
	if (r == 0)
		r = safe_replace(path, t->text, t->len, 0600, (uid_t)-1, (gid_t)-1);
	if (r < 0)
		problem_add(&c->problems, SEVERITY_WARNING, "conf-last", name, "make room in /var/lib/tenure",
			    "its content cannot be kept for later: %s", strerror(-r));
}

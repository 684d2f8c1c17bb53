/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/check/check.h"

#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 8

/* Told of each setting in the order of sshd; false: enough. in_match: it holds for some logins alone. */
struct settings_reader {
	const struct check_context *c;
	bool (*take)(struct settings_reader *r, const char *key, const char *value);
	bool in_match;
	const char *key;
	char value[64]; /* the first that is said for everybody; "" */
	struct sshd_root *root;
};

static bool read_file(struct settings_reader *r, const char *path, unsigned depth);

/* "KEY VALUE", "KEY=VALUE", with blanks around: the first two words. */
static void split(char *line, char **ret_key, char **ret_value)
{
	line += strspn(line, " \t");
	*ret_key = line;
	line += strcspn(line, " \t=");
	if (*line)
		*line++ = '\0';
	line += strspn(line, " \t=\"");
	*ret_value = line;
	line[strcspn(line, " \t\r\"")] = '\0';
}

/* Patterns without a folder stand beside sshd_config. */
static bool read_include(struct settings_reader *r, const char *pattern, unsigned depth)
{
	char path[PATH_MAX], full[PATH_MAX];
	bool go_on = true;
	glob_t found;
	int n = snprintf(path, sizeof(path), "%s%s", pattern[0] == '/' ? "" : "/etc/ssh/", pattern);

	if (n < 0 || n >= (int)sizeof(path) || !check_path(r->c, path, full) || glob(full, 0, NULL, &found) != 0)
		return true;
	for (size_t i = 0; i < found.gl_pathc && go_on; i++)
		go_on = read_file(r, found.gl_pathv[i] + strlen(r->c->root), depth + 1);
	globfree(&found);
	return go_on;
}

/* A Match goes on to the next one, or to the end of its file. */
static bool read_file(struct settings_reader *r, const char *path, unsigned depth)
{
	char *text = depth < DEPTH_MAX ? check_read(r->c, path) : NULL, *rest = text, *line, *key, *value;
	bool go_on = true, outside = r->in_match;

	while (go_on && (line = strsep(&rest, "\n"))) {
		split(line, &key, &value);
		if (strcasecmp(key, "Match") == 0)
			r->in_match = strcasecmp(value, "all") != 0;
		else if (strcasecmp(key, "Include") == 0)
			go_on = read_include(r, value, depth);
		else
			go_on = r->take(r, key, value);
	}
	r->in_match = outside;
	free(text);
	return go_on;
}

/* The first one that says it counts. */
static bool take_first(struct settings_reader *r, const char *key, const char *value)
{
	if (r->in_match || strcasecmp(key, r->key) != 0)
		return true;
	(void)snprintf(r->value, sizeof(r->value), "%s", value);
	return false;
}

static bool setting_is(const struct check_context *c, const char *key, const char *by_default, const char *wanted)
{
	struct settings_reader r = {.c = c, .take = take_first, .key = key};

	(void)read_file(&r, "/etc/ssh/sshd_config", 0);
	return strcasecmp(r.value[0] ? r.value : by_default, wanted) == 0;
}

static void add_root(struct sshd_root *root, const char *value)
{
	root->by_password = root->by_password || strcasecmp(value, "yes") == 0;
	root->by_key = root->by_key || strcasecmp(value, "yes") == 0 || strcasecmp(value, "prohibit-password") == 0 ||
		       strcasecmp(value, "without-password") == 0;
}

static bool take_root(struct settings_reader *r, const char *key, const char *value)
{
	if (strcasecmp(key, "PermitRootLogin") != 0 || (!r->in_match && r->value[0]))
		return true;
	if (!r->in_match)
		(void)snprintf(r->value, sizeof(r->value), "%s", value);
	add_root(r->root, value);
	return true;
}

struct sshd_root check_sshd_root(const struct check_context *c)
{
	struct sshd_root root = {0};
	struct settings_reader r = {.c = c, .take = take_root, .root = &root};

	if (!check_exists(c, "/etc/ssh/sshd_config"))
		return root;
	(void)read_file(&r, "/etc/ssh/sshd_config", 0);
	if (!r.value[0])
		add_root(&root, "prohibit-password");
	if (setting_is(c, "PasswordAuthentication", "yes", "no") && setting_is(c, "KbdInteractiveAuthentication", "yes", "no"))
		root.by_password = false;
	if (setting_is(c, "PubkeyAuthentication", "yes", "no"))
		root.by_key = false;
	return root;
}

int check_sshd(struct check_context *c)
{
	if (check_exists(c, "/etc/ssh/sshd_config") && !setting_is(c, "UsePAM", "no", "yes"))
		problem_add(&c->problems, SEVERITY_ERROR, "sshd-usepam", "/etc/ssh/sshd_config",
			    "UsePAM yes; systemctl reload ssh",
			    "UsePAM is not yes: logins by key pass by Tenure, and sessions do not end");
	return 0;
}

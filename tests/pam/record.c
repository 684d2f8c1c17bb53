/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/cmocka_test.h"

#include "tests/pam/record.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/pam/world.h"

bool record_find(char *name, size_t len)
{
	DIR *folder = opendir(world_path("/run/tenure/sessions"));
	const struct dirent *e;
	bool found = false;

	while (folder && (e = readdir(folder)))
		if (e->d_name[0] != '.') {
			assert_false(found);
			found = true;
			(void)snprintf(name, len, "%.120s", e->d_name);
		}
	if (folder)
		closedir(folder);
	return found;
}

static void read_text(const char *path, char *buf, size_t len)
{
	FILE *f = fopen(world_path(path), "re");
	size_t n;

	assert_non_null(f);
	n = fread(buf, 1, len - 1, f);
	buf[n] = '\0';
	fclose(f);
}

bool record_take(char *text, size_t len)
{
	char name[128], path[256], procs[64], pid[32];
	struct stat st;

	if (!record_find(name, sizeof(name)))
		return false;
	assert_non_null(strstr(name, ".adopt"));
	(void)snprintf(path, sizeof(path), "/run/tenure/sessions/%s", name);
	assert_int_equal(stat(world_path(path), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	read_text(path, text, len);
	assert_int_equal(unlink(world_path(path)), 0);
	(void)snprintf(path, sizeof(path), "\ncgroup=/tenure.slice/tenure-%.36s\n", name);
	assert_non_null(strstr(text, path));
	(void)snprintf(path, sizeof(path), "/cgroup/tenure.slice/tenure-%.36s/cgroup.procs", name);
	read_text(path, procs, sizeof(procs));
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	assert_string_equal(procs, pid);
	assert_int_equal(unlink(world_path(path)), 0);
	return true;
}

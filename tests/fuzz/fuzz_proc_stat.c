/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the session room reads of /proc, where any process writes its own name, and the records of sessions. The first
 * byte says which parser. Whatever is taken keeps its rules: no pid <= 1, no cgroup but ours.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/tenured/session_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void stat_look(const char *text, size_t len)
{
	struct process_stat stat;

	if (process_stat_parse(text, len, &stat) < 0)
		return;
	if (stat.parent < 0 || memchr(stat.name, '\0', sizeof(stat.name)) == NULL)
		abort();
}

static void cgroup_look(const char *text, size_t len)
{
	char path[64];

	if (process_cgroup_parse(text, len, path, sizeof(path)) == 0 && path[0] != '/')
		abort();
}

static void mount_look(const char *text, size_t len)
{
	char path[64];

	if (cgroup_mount_parse(text, len, path, sizeof(path)) == 0 && path[0] != '/')
		abort();
}

static void record_look(const char *text, size_t len)
{
	struct session e;
	struct uuid boot;
	char *copy = malloc(len + 1);

	if (!copy)
		return;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (session_record_parse(copy, len, &e, &boot) == 0) {
		if (e.pid <= 1 || !cgroup_name_is_ours(e.cgroup) || uuid_is_null(&e.id))
			abort();
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uid_t uids[4];
	const char *text = (const char *)data + 1;

	if (size == 0)
		return 0;
	switch (data[0]) {
	case 's':
		stat_look(text, size - 1);
		break;
	case 'c':
		cgroup_look(text, size - 1);
		break;
	case 'm':
		mount_look(text, size - 1);
		break;
	case 'u':
		(void)!process_uids_parse(text, size - 1, uids);
		break;
	default:
		record_look(text, size - 1);
	}
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/snapshot/gate_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/buffer.h"
#include "common/base/paths.h"
#include "common/base/safe_file.h"

#define GATE_FILE_MAX (64u << 10)

static void gate_file_path(char path[static PATH_MAX])
{
	(void)snprintf(path, PATH_MAX, "%s/gate", tenure_path(PATH_STATE));
}

/* One gate that enforces is enough: then nothing is waved through. */
static bool only_reports(const struct host_config *host)
{
	if (host->gate_mode != GATE_REPORT_ONLY)
		return false;
	for (size_t i = 0; i < host->gate_service_count; i++)
		if (host->gate_services[i].mode != GATE_REPORT_ONLY)
			return false;
	return true;
}

int gate_file_write(const struct host_config *host)
{
	CLEANUP(buffer_done) struct buffer b = BUFFER(GATE_FILE_MAX);
	char path[PATH_MAX];
	int r;

	buffer_append_string(&b, "tenure-gate 1\n");
	if (only_reports(host))
		buffer_append_string(&b, "report-only\n");
	for (size_t i = 0; i < host->break_glass_user_count; i++)
		buffer_printf(&b, "break-glass %s\n", host->break_glass_users[i]);
	r = buffer_error(&b);
	if (r < 0)
		return r;
	gate_file_path(path);
	return safe_replace(path, b.data, b.len, 0644, (uid_t)-1, (gid_t)-1);
}

int gate_file_remove(void)
{
	char path[PATH_MAX];

	gate_file_path(path);
	return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

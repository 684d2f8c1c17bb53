/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "common/base/safe_file.h"
#include "common/snapshot/fresh_format.h"
#include "common/snapshot/table.h"

int fresh_write(const char *tenant, const struct fresh *f, bool keep)
{
	struct fresh_file file = {
		.boottime_ns = f->boottime_ns, .realtime_ns = f->realtime_ns, .login_ns = f->login_ns, .gate_ns = f->gate_ns,
		.offline_ns = f->offline_ns, .offline_gates = f->offline_gates};
	char path[PATH_MAX];
	int r = fresh_path(tenant, keep, path);

	if (r < 0)
		return r;
	memcpy(file.magic, FRESH_MAGIC, sizeof(file.magic));
	memcpy(file.tenant_id, f->tenant_id.bytes, sizeof(file.tenant_id));
	memcpy(file.boot_id, f->boot.bytes, sizeof(file.boot_id));
	file.checksum = snapshot_checksum((const uint8_t *)&file, sizeof(file), offsetof(struct fresh_file, checksum));
	return safe_replace(path, &file, sizeof(file), 0644, (uid_t)-1, (gid_t)-1);
}

int fresh_remove(const char *tenant)
{
	char path[PATH_MAX];
	int first = 0;

	for (int keep = 0; keep <= 1; keep++) {
		int r = fresh_path(tenant, keep, path);

		if (r == 0 && unlink(path) < 0 && errno != ENOENT && errno != ENOTDIR)
			r = -errno;
		first = first < 0 ? first : r;
	}
	return first;
}

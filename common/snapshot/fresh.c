/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/snapshot/fresh.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/paths.h"
#include "common/base/safe_file.h"
#include "common/base/text.h"
#include "common/snapshot/fresh_format.h"
#include "common/snapshot/table.h"

int fresh_path(const char *tenant, bool keep, char ret[static PATH_MAX])
{
	int n;

	if (!name_is_valid(tenant))
		return -EINVAL;
	if (keep)
		n = snprintf(ret, PATH_MAX, "%s/tenants/%s/fresh", tenure_path(PATH_STATE), tenant);
	else
		n = snprintf(ret, PATH_MAX, "%s/fresh-%s", tenure_path(PATH_RUN), tenant);
	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int parse(const char *data, size_t len, struct fresh *ret)
{
	struct fresh_file f;

	if (len != sizeof(f))
		return -EBADMSG;
	memcpy(&f, data, sizeof(f));
	if (memcmp(f.magic, FRESH_MAGIC, sizeof(f.magic)) != 0 ||
	    f.checksum != snapshot_checksum((const uint8_t *)data, len, offsetof(struct fresh_file, checksum)))
		return -EBADMSG;
	memcpy(ret->tenant_id.bytes, f.tenant_id, sizeof(f.tenant_id));
	memcpy(ret->boot.bytes, f.boot_id, sizeof(f.boot_id));
	ret->boottime_ns = f.boottime_ns;
	ret->realtime_ns = f.realtime_ns;
	ret->login_ns = f.login_ns;
	ret->gate_ns = f.gate_ns;
	ret->offline_ns = f.offline_ns;
	ret->offline_gates = f.offline_gates;
	return 0;
}

static int read_one(const char *tenant, bool keep, struct fresh *ret)
{
	char path[PATH_MAX], *data = NULL;
	size_t len;
	int r = fresh_path(tenant, keep, path);

	if (r == 0)
		r = safe_read(path, sizeof(struct fresh_file), &data, &len);
	if (r == 0)
		r = parse(data, len, ret);
	free(data);
	return r == -EFBIG ? -EBADMSG : r;
}

int fresh_read(const char *tenant, struct fresh *ret)
{
	const int now = read_one(tenant, false, ret);
	const int kept = now == 0 ? 0 : read_one(tenant, true, ret);

	return kept == -ENOENT ? now : kept;
}

int64_t fresh_age(const struct fresh *f, const struct uuid *boot, const struct instant *now)
{
	const bool here = uuid_equal(&f->boot, boot);
	int64_t real, up;

	if (f->realtime_ns < 0 || now->realtime_ns < 0)
		return FRESH_UNKNOWN;
	real = now->realtime_ns - f->realtime_ns;
	if (!here)
		return real < 0 ? FRESH_UNKNOWN : real;
	if (f->boottime_ns < 0 || now->boottime_ns < f->boottime_ns)
		return FRESH_UNKNOWN;
	up = now->boottime_ns - f->boottime_ns;
	return up > real ? up : real;
}

bool fresh_is_over(const char *tenant, const struct uuid *tenant_id, enum fresh_use use, const struct instant *now)
{
	struct uuid boot;
	struct fresh f;

	if (fresh_read(tenant, &f) < 0 || !uuid_equal(&f.tenant_id, tenant_id) || boot_id_read(&boot) < 0)
		return true;
	return fresh_age(&f, &boot, now) > (use == FRESH_LOGIN ? f.login_ns : f.gate_ns);
}

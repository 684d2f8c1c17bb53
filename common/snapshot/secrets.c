/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/snapshot/secrets.h"

#include <errno.h>
#include <string.h>

#include "common/snapshot/secrets_format.h"

static int copy_hash(const struct snapshot *s, const struct secrets_header *h, uint32_t offset,
		     char buf[static SECRET_HASH_MAX])
{
	struct snapshot_pool pool;
	const char *hash;
	size_t len;
	int r = snapshot_pool(s, h->strings, &pool);

	if (r == 0)
		r = pool_string(&pool, offset, false, &hash);
	if (r < 0)
		return r;
	len = strlen(hash);
	if (len == 0 || len >= SECRET_HASH_MAX)
		return -EBADMSG;
	memcpy(buf, hash, len + 1);
	return 0;
}

int secrets_read_from(const struct snapshot *s, const struct uuid *principal, char buf[static SECRET_HASH_MAX])
{
	const struct secrets_header *h;
	const struct secrets_record *records;
	size_t low = 0, high;
	int r = snapshot_check(s, SNAPSHOT_SECRETS, SECRETS_VERSION);

	if (r < 0)
		return r;
	h = snapshot_header(s, sizeof(*h));
	records = h ? snapshot_section(s, h->records, sizeof(*records), 4) : NULL;
	if (!records)
		return -EBADMSG;
	high = h->records.count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = memcmp(principal->bytes, records[middle].principal, sizeof(principal->bytes));

		if (order == 0)
			return copy_hash(s, h, records[middle].hash, buf);
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return -ENOENT;
}

int secrets_read(const char *tenant, const struct uuid *principal, char buf[static SECRET_HASH_MAX])
{
	char path[SNAPSHOT_PATH_MAX];
	struct snapshot s;
	int r = snapshot_tenant_path(tenant, "secrets", path, sizeof(path));

	if (r == 0)
		r = snapshot_map(NULL, path, SNAPSHOT_SECRETS, SECRETS_VERSION, &s);
	if (r < 0)
		return r == -ENOENT ? -ENXIO : r;
	r = secrets_read_from(&s, principal, buf);
	snapshot_unmap(&s);
	return r;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/snapshot/offline.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/paths.h"
#include "common/base/safe_file.h"
#include "common/base/secret.h"
#include "common/base/text.h"

#define OFFLINE_MAX 1024
#define FIRST	    "tenure-offline 1\nsince "
#define HASH	    "\nhash "

int offline_path(const char *tenant, const struct uuid *principal, char *ret, size_t size)
{
	char id[UUID_TEXT_MAX] = "";
	int n;

	if (!name_is_valid(tenant))
		return -EINVAL;
	if (principal)
		uuid_format(principal, id);
	n = snprintf(ret, size, "%s/tenants/%s/offline%s%s", tenure_path(PATH_STATE), tenant, principal ? "/" : "", id);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/* text has a NUL behind it, and is cut up. */
static int parse(char *text, size_t len, int64_t *ret_since_ns, char ret_hash[static SECRET_HASH_MAX])
{
	char *hash, *end;
	uint64_t since;

	if (strlen(text) != len || strncmp(text, FIRST, strlen(FIRST)) != 0)
		return -EBADMSG;
	text += strlen(FIRST);
	hash = strstr(text, HASH);
	if (!hash)
		return -EBADMSG;
	*hash = '\0';
	hash += strlen(HASH);
	end = strchr(hash, '\n');
	if (!end || end[1] || end == hash || end - hash >= SECRET_HASH_MAX ||
	    number_parse(text, INT64_MAX, &since) < 0)
		return -EBADMSG;
	*end = '\0';
	memcpy(ret_hash, hash, (size_t)(end - hash) + 1);
	*ret_since_ns = (int64_t)since;
	return 0;
}

int offline_read(const char *tenant, const struct uuid *principal, int64_t *ret_since_ns,
		 char ret_hash[static SECRET_HASH_MAX])
{
	char path[PATH_MAX], *text = NULL;
	size_t len;
	int r = offline_path(tenant, principal, path, sizeof(path));

	ret_hash[0] = '\0';
	if (r == 0)
		r = safe_read(path, OFFLINE_MAX, &text, &len);
	if (r < 0)
		return r == -EFBIG ? -EBADMSG : r;
	r = parse(text, len, ret_since_ns, ret_hash);
	explicit_bzero(text, len);
	free(text);
	return r;
}

bool offline_holds(int64_t since_ns, int64_t max_ns, int64_t now_ns)
{
	return since_ns >= 0 && now_ns >= since_ns && now_ns - since_ns <= max_ns;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/nss/nss_test.h"

#include <dirent.h>

#include "common/base/safe_file.h"

void file_bend(const char *path, long offset, const void *bytes, size_t len)
{
	char *data;
	size_t size;

	assert_int_equal(safe_read(path, SIZE_MAX / 2, &data, &size), 0);
	if (offset < 0) {
		size = len;
	} else {
		assert_true((size_t)offset + len <= size);
		memcpy(data + offset, bytes, len);
	}
	assert_int_equal(safe_replace(path, data, size, 0644, (uid_t)-1, (gid_t)-1), 0);
	free(data);
}

long file_find(const char *path, const void *bytes, size_t len)
{
	char *data, *at;
	size_t size;
	long offset;

	assert_int_equal(safe_read(path, SIZE_MAX / 2, &data, &size), 0);
	at = memmem(data, size, bytes, len);
	assert_non_null(at);
	offset = at - data;
	free(data);
	return offset;
}

unsigned descriptors_open(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned count = 0;

	assert_non_null(folder);
	while (readdir(folder))
		count++;
	(void)closedir(folder);
	return count;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gate: whatever bytes it holds, they give break glass or report-only only where a whole file says so, line by line. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/snapshot/gate_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[128];

static void remove_root(void)
{
	(void)unlink(path);
	while (strrchr(path, '/') != path && strlen(path) > strlen("/dev/shm/")) {
		*strrchr(path, '/') = '\0';
		if (rmdir(path) < 0)
			return;
	}
}

static void make_root(void)
{
	static const char *const folders[] = {"/var", "/var/lib", "/var/lib/tenure"};
	char root[] = "/dev/shm/gate.XXXXXX";

	if (!mkdtemp(root) || setenv("TENURE_TEST_ROOT", root, 1) < 0)
		abort();
	for (size_t i = 0; i < ARRAY_LENGTH(folders); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", root, folders[i]);
		if (mkdir(path, 0755) < 0)
			abort();
	}
	(void)snprintf(path, sizeof(path), "%s/var/lib/tenure/gate", root);
	(void)atexit(remove_root);
}

static void put(const uint8_t *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || close(fd) < 0)
		abort();
}

/* The whole text has that line. */
static bool has_line(const uint8_t *data, size_t size, const char *line)
{
	return memmem(data, size, line, strlen(line)) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gate_file rescue = {true, true}, luser = {true, true};
	int r;

	if (!path[0])
		make_root();
	put(data, size);
	r = gate_file_read("rescue", &rescue);
	if (gate_file_read("luser", &luser) != r || rescue.report_only != luser.report_only)
		abort();
	if (r < 0) {
		if ((r != -EBADMSG && r != -EFBIG) || rescue.break_glass || rescue.report_only || luser.break_glass)
			abort();
		return 0;
	}
	if (size == 0 || data[size - 1] != '\n' || memchr(data, '\0', size) || !has_line(data, size, "tenure-gate 1\n"))
		abort();
	if (rescue.break_glass != has_line(data, size, "\nbreak-glass rescue\n") ||
	    luser.break_glass != has_line(data, size, "\nbreak-glass luser\n") ||
	    rescue.report_only != has_line(data, size, "\nreport-only\n"))
		abort();
	return 0;
}

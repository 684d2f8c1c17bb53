/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/cmocka_test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/safe_file.h"

static char root[] = "/tmp/tenure-file.XXXXXX";

static const char *in_root(const char *name)
{
	static char paths[8][128];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, 128, "%s/%s", root, name);
	return path;
}

static void put(const char *name, const char *text, mode_t mode)
{
	int fd = open(in_root(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static int make_root(void **state)
{
	return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
	char command[128];
	struct dirent *entry;
	DIR *d = opendir(root);

	while (d && (entry = readdir(d))) {
		snprintf(command, sizeof(command), "%.60s/%.60s", root, entry->d_name);
		if (unlink(command) < 0)
			rmdir(command);
	}
	closedir(d);
	return rmdir(root);
}

static int open_result(const char *path)
{
	int fd = safe_open(path);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static void test_a_trusted_file(void **state)
{
	char *text;
	size_t len;
	int fd;

	put("good", "hello", 0644);
	assert_int_equal(safe_read(in_root("good"), 5, &text, &len), 0);
	assert_int_equal(len, 5);
	assert_string_equal(text, "hello");
	free(text);
	assert_int_equal(safe_read(in_root("good"), 4, &text, &len), -EFBIG);
	fd = safe_open(in_root("good"));
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	put("empty", "", 0600);
	assert_int_equal(safe_read(in_root("empty"), 5, &text, &len), 0);
	assert_int_equal(len, 0);
	assert_string_equal(text, "");
	free(text);
}

static void test_T33_files_others_may_write_are_refused(void **state)
{
	put("group", "x", 0664);
	assert_int_equal(open_result(in_root("group")), -EPERM);
	put("world", "x", 0646);
	assert_int_equal(open_result(in_root("world")), -EPERM);
	assert_int_equal(mkdir(in_root("open"), 0700), 0);
	put("open/file", "x", 0600);
	assert_int_equal(open_result(in_root("open/file")), 0);
	assert_int_equal(chmod(in_root("open"), 0770), 0);
	assert_int_equal(open_result(in_root("open/file")), -EPERM);
	assert_int_equal(chmod(in_root("open"), 0777), 0);
	assert_int_equal(open_result(in_root("open/file")), -EPERM);
	unlink(in_root("open/file"));
	if (geteuid() != 0)
		return;
	put("owned", "x", 0600);
	assert_int_equal(chown(in_root("owned"), 12345, -1), 0);
	assert_int_equal(open_result(in_root("owned")), -EPERM);
	assert_int_equal(chmod(in_root("open"), 0755), 0);
	put("open/file", "x", 0600);
	assert_int_equal(chown(in_root("open"), 12345, -1), 0);
	assert_int_equal(open_result(in_root("open/file")), -EPERM);
	unlink(in_root("open/file"));
}

static void test_T12_links_and_odd_files_are_refused(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int s;

	put("good", "x", 0644);
	assert_int_equal(symlink("good", in_root("link")), 0);
	assert_int_equal(open_result(in_root("link")), -ELOOP);
	assert_int_equal(symlink(".", in_root("here")), 0);
	assert_int_equal(open_result(in_root("here/good")), -ELOOP);
	assert_int_equal(mkfifo(in_root("fifo"), 0600), 0);
	assert_int_equal(open_result(in_root("fifo")), -EINVAL);
	s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", in_root("socket"));
	assert_int_equal(bind(s, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_true(open_result(in_root("socket")) < 0);
	close(s);
	assert_int_equal(open_result(root), -EINVAL);
	assert_int_equal(open_result("/dev/null"), -EINVAL);
	assert_int_equal(open_result(in_root("nothing")), -ENOENT);
	assert_int_equal(open_result("relative"), -EINVAL);
	assert_int_equal(open_result(""), -EINVAL);
	assert_int_equal(open_result("/"), -EINVAL);
	assert_int_equal(open_result(in_root("../good")), -EINVAL);
	assert_int_equal(open_result(in_root("./good")), -EINVAL);
	assert_int_equal(open_result(in_root("good/")), -ENOTDIR);
}

struct swapper {
	atomic_bool stop;
};

/* Puts a file of ours, a link to a forbidden one and a FIFO in turn under one name, as fast as it goes. */
static void *swap(void *argument)
{
	struct swapper *s = argument;

	for (unsigned i = 0; !s->stop; i++) {
		const char *name = in_root("next");

		unlink(name);
		if (i % 3 == 0)
			put("next", "ours", 0600);
		else if (i % 3 == 1)
			assert_int_equal(symlink("secret", name), 0);
		else
			assert_int_equal(mkfifo(name, 0600), 0);
		assert_int_equal(rename(name, in_root("swapped")), 0);
	}
	return NULL;
}

static void test_T12_swapping_wins_nothing(void **state)
{
	struct swapper s = {0};
	pthread_t thread;
	unsigned read = 0;

	put("secret", "theirs", 0600);
	put("swapped", "ours", 0600);
	assert_int_equal(pthread_create(&thread, NULL, swap, &s), 0);
	for (int i = 0; i < 30000; i++) {
		char *text, path[128];
		size_t len;

		snprintf(path, sizeof(path), "%s/swapped", root);
		if (safe_read(path, 100, &text, &len) != 0)
			continue;
		assert_string_equal(text, "ours");
		free(text);
		read++;
	}
	s.stop = true;
	pthread_join(thread, NULL);
	assert_true(read > 0);
}

static size_t count_entries(void)
{
	size_t count = 0;
	DIR *d = opendir(root);

	while (readdir(d))
		count++;
	closedir(d);
	return count;
}

static void test_replace(void **state)
{
	struct stat st;
	size_t before, len;
	char *text;

	assert_int_equal(safe_replace(in_root("new"), "one", 3, 0640, -1, -1), 0);
	assert_int_equal(stat(in_root("new"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	before = count_entries();
	assert_int_equal(safe_replace(in_root("new"), "two", 3, 0600, -1, -1), 0);
	assert_int_equal(safe_read(in_root("new"), 10, &text, &len), 0);
	assert_string_equal(text, "two");
	free(text);
	assert_int_equal(count_entries(), before);
	assert_int_equal(mkdir(in_root("folder"), 0700), 0);
	put("folder/x", "x", 0600);
	before = count_entries();
	assert_true(safe_replace(in_root("folder"), "x", 1, 0600, -1, -1) < 0);
	assert_int_equal(count_entries(), before);
	unlink(in_root("folder/x"));
	assert_int_equal(safe_replace(in_root("none/file"), "x", 1, 0600, -1, -1), -ENOENT);
}

/* In a folder that may be filled and not read: the folder could not be synced, which is said before the rename. */
static int replace_in_a_folder_that_cannot_be_synced(void)
{
	char folder[] = "/tmp/tenure-file.XXXXXX", path[64];
	bool untouched;

	if ((geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0)) || !mkdtemp(folder) || chmod(folder, 0300) < 0)
		return 1;
	snprintf(path, sizeof(path), "%s/file", folder);
	untouched = safe_replace(path, "new", 3, 0600, -1, -1) == -EACCES && access(path, F_OK) < 0;
	(void)unlink(path);
	return rmdir(folder) == 0 && untouched ? 0 : 2;
}

static void test_an_error_leaves_the_old_file(void **state)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(replace_in_a_folder_that_cannot_be_synced());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void test_what_killed_writers_leave_is_swept(void **state)
{
	static const char *const ours[] = {".secrets.0123456789abcdef", ".a.conf.00000000ffffffff", ".x.0000000000000000"};
	static const char *const others[] = {"secrets", ".secrets", ".secrets.0123456789abcde", ".secrets.0123456789ABCDEF",
					     ".secrets.0123456789abcdef0", "..0123456789abcdef", ".0123456789abcdef",
					     "secrets.0123456789abcdef", ".secrets-0123456789abcdef"};
	size_t before;

	before = count_entries();
	for (size_t i = 0; i < ARRAY_LENGTH(ours); i++)
		put(ours[i], "x", 0600);
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		put(others[i], "x", 0600);
	assert_int_equal(mkdir(in_root(".folder.0123456789abcdef"), 0700), 0);
	assert_int_equal(safe_sweep(root), 0);
	assert_int_equal(count_entries(), before + ARRAY_LENGTH(others) + 1);
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		assert_int_equal(unlink(in_root(others[i])), 0);
	assert_int_equal(rmdir(in_root(".folder.0123456789abcdef")), 0);
	assert_int_equal(safe_sweep(in_root("none")), -ENOENT);
	assert_int_equal(safe_sweep("relative"), -EINVAL);
	assert_int_equal(symlink(root, in_root("swept")), 0);
	assert_true(safe_sweep(in_root("swept")) < 0);
	assert_int_equal(unlink(in_root("swept")), 0);
}

static void *replace_often(void *argument)
{
	struct swapper *s = argument;
	char path[128];

	snprintf(path, sizeof(path), "%s/racing", root);
	for (unsigned i = 0; !s->stop; i++)
		assert_int_equal(safe_replace(path, i % 2 ? "aaaaaaaa" : "bbbb", i % 2 ? 8 : 4, 0600, -1, -1), 0);
	return NULL;
}

static void test_readers_see_one_or_the_other(void **state)
{
	struct swapper s = {0};
	pthread_t thread;
	char path[128];

	snprintf(path, sizeof(path), "%s/racing", root);
	assert_int_equal(safe_replace(path, "bbbb", 4, 0600, -1, -1), 0);
	assert_int_equal(pthread_create(&thread, NULL, replace_often, &s), 0);
	for (int i = 0; i < 5000; i++) {
		char *text;
		size_t len;
		int r = safe_read(path, 100, &text, &len);

		if (r == -EAGAIN)
			continue; /* the link count of a replaced file changes under the reader */
		assert_int_equal(r, 0);
		assert_true(strcmp(text, "aaaaaaaa") == 0 || strcmp(text, "bbbb") == 0);
		free(text);
	}
	s.stop = true;
	pthread_join(thread, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_trusted_file),
		cmocka_unit_test(test_T33_files_others_may_write_are_refused),
		cmocka_unit_test(test_T12_links_and_odd_files_are_refused),
		cmocka_unit_test(test_T12_swapping_wins_nothing),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_an_error_leaves_the_old_file),
		cmocka_unit_test(test_what_killed_writers_leave_is_swept),
		cmocka_unit_test(test_readers_see_one_or_the_other),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}

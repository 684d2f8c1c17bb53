/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whatever way a file changes, it is noticed once, and what does not count is not. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/tenured/watch.h"
#include "tests/unit/cmocka_test.h"
#include "tests/unit/engine_fixture.h"

static struct instant at = {TEST_NOW, TEST_BOOT};

/* The kernel has no watch left for a folder of that name; NULL: it has. In the place of libc's. */
static const char *no_watch_for;

int inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	if (no_watch_for && strstr(path, no_watch_for)) {
		errno = ENOSPC;
		return -1;
	}
	return (int)syscall(SYS_inotify_add_watch, fd, path, mask);
}

static bool noticed(struct watch *w)
{
	watch_ready(w, &at);
	at.boottime_ns += WATCH_SETTLE_NS;
	return watch_is_due(w, &at);
}

static void append(struct engine_fixture *f, const char *name)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", f->root, name);
	FILE *file = fopen(path, "ae");

	assert_non_null(file);
	(void)fputs("# more\n", file);
	assert_int_equal(fclose(file), 0);
}

static void rename_file(struct engine_fixture *f, const char *from, const char *to)
{
	char a[512], b[512];

	(void)snprintf(a, sizeof(a), "%s/%s", f->root, from);
	(void)snprintf(b, sizeof(b), "%s/%s", f->root, to);
	assert_int_equal(rename(a, b), 0);
}

static void test_every_way_of_changing_is_noticed_once(void **state)
{
	static const char *const files[] = {
		"etc/tenure/tenure.conf", "etc/tenure/tenants.d/contoso.conf", "etc/tenure/directory.d/contoso.conf",
		"etc/passwd", "etc/group",
	};
	struct engine_fixture *f = *state;
	struct watch *w;

	assert_int_equal(watch_new(true, &at, &w), 0);
	assert_true(watch_fd(w) >= 0);
	assert_false(noticed(w));
	for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
		char *text = fixture_read(f, files[i]);

		append(f, files[i]);
		assert_true(noticed(w));
		assert_false(noticed(w));
		fixture_write(f, files[i], text); /* a new file, renamed over it */
		assert_true(noticed(w));
		assert_false(noticed(w));
		free(text);
	}
	fixture_write(f, "etc/subuid", "bob:100000:65536\n"); /* T47 */
	assert_true(noticed(w));
	fixture_write(f, "etc/tenure/directory.d/.contoso.conf.swp", "x");
	fixture_write(f, "etc/tenure/directory.d/README", "x");
	fixture_write(f, "etc/hosts", "x");
	assert_false(noticed(w));
	watch_free(w);
}

static void test_folders_that_come_later_are_watched(void **state)
{
	struct engine_fixture *f = *state;
	struct watch *w;

	rename_file(f, "etc/tenure", "etc/elsewhere");
	assert_int_equal(watch_new(true, &at, &w), 0);
	assert_false(noticed(w));
	rename_file(f, "etc/elsewhere", "etc/tenure");
	assert_true(noticed(w));
	append(f, "etc/tenure/directory.d/contoso.conf");
	assert_true(noticed(w));
	rename_file(f, "etc/tenure/directory.d", "etc/tenure/old");
	assert_true(noticed(w));
	rename_file(f, "etc/tenure/old", "etc/tenure/directory.d");
	assert_true(noticed(w));
	append(f, "etc/tenure/directory.d/contoso.conf");
	assert_true(noticed(w));
	watch_free(w);
}

/* Files in a folder that others may write are not believed: when that is mended, it is news. */
static void test_the_mode_of_a_folder_is_watched(void **state)
{
	static const char *const folders[] = {"etc", "etc/tenure", "etc/tenure/tenants.d", "etc/tenure/directory.d"};
	struct engine_fixture *f = *state;

	for (int inotify = 0; inotify < 2; inotify++) {
		struct watch *w;

		assert_int_equal(watch_new(inotify == 1, &at, &w), 0);
		for (size_t i = 0; i < ARRAY_LENGTH(folders); i++)
			for (int mended = 0; mended < 2; mended++) {
				fixture_mode(f, folders[i], mended ? 0755 : 0775);
				at.boottime_ns += inotify ? 0 : WATCH_POLL_NS;
				assert_true(noticed(w));
			}
		at.boottime_ns += inotify ? 0 : WATCH_POLL_NS;
		assert_false(noticed(w));
		watch_free(w);
	}
}

static void test_changes_are_gathered_but_not_for_ever(void **state)
{
	struct engine_fixture *f = *state;
	int64_t start = at.boottime_ns;
	struct watch *w;
	bool due = false;

	assert_int_equal(watch_new(true, &at, &w), 0);
	while (!due && at.boottime_ns < start + 10 * NS_PER_S) {
		append(f, "etc/tenure/tenure.conf");
		watch_ready(w, &at);
		at.boottime_ns += WATCH_SETTLE_NS / 2;
		due = watch_is_due(w, &at);
	}
	assert_true(due);
	assert_true(at.boottime_ns - start >= WATCH_SETTLE_MAX_NS);
	assert_true(at.boottime_ns - start <= WATCH_SETTLE_MAX_NS + WATCH_SETTLE_NS);
	watch_free(w);
}

static void test_without_inotify_it_looks_every_two_seconds(void **state)
{
	struct engine_fixture *f = *state;
	struct watch *w;

	assert_int_equal(watch_new(false, &at, &w), 0);
	assert_int_equal(watch_fd(w), -1);
	assert_int_equal(watch_deadline(w), at.boottime_ns + WATCH_POLL_NS);
	at.boottime_ns += WATCH_POLL_NS;
	assert_false(watch_is_due(w, &at));
	append(f, "etc/tenure/directory.d/contoso.conf");
	assert_false(watch_is_due(w, &at));
	at.boottime_ns += WATCH_POLL_NS;
	assert_true(watch_is_due(w, &at));
	at.boottime_ns += WATCH_POLL_NS;
	assert_false(watch_is_due(w, &at));
	watch_free(w);
}

/* A folder without a watch is looked at; the others are watched as ever. */
static void test_a_folder_that_cannot_be_watched_is_looked_at(void **state)
{
	static const char *const missing[] = {"directory.d", "etc"};
	struct engine_fixture *f = *state;
	struct watch *w;

	for (size_t i = 0; i < ARRAY_LENGTH(missing); i++) {
		no_watch_for = missing[i];
		assert_int_equal(watch_new(true, &at, &w), 0);
		assert_true(watch_deadline(w) <= at.boottime_ns + WATCH_POLL_NS);
		append(f, "etc/tenure/directory.d/contoso.conf");
		at.boottime_ns += WATCH_POLL_NS;
		assert_true(watch_is_due(w, &at));
		at.boottime_ns += WATCH_POLL_NS;
		assert_false(watch_is_due(w, &at));
		/* There is room again: it is watched, and nobody has to look. */
		no_watch_for = NULL;
		at.boottime_ns += WATCH_POLL_NS;
		assert_false(watch_is_due(w, &at));
		append(f, "etc/tenure/directory.d/contoso.conf");
		assert_true(noticed(w));
		assert_int_equal(watch_deadline(w), TIME_FOREVER);
		watch_free(w);
	}
}

/* The watch goes while we run, and with it what it would have told. */
static void test_a_watch_that_is_lost_later(void **state)
{
	struct engine_fixture *f = *state;
	struct watch *w;

	assert_int_equal(watch_new(true, &at, &w), 0);
	rename_file(f, "etc/tenure/directory.d", "etc/tenure/old");
	no_watch_for = "directory.d";
	assert_true(noticed(w));
	rename_file(f, "etc/tenure/old", "etc/tenure/directory.d");
	assert_true(noticed(w));
	append(f, "etc/tenure/directory.d/contoso.conf");
	at.boottime_ns += WATCH_POLL_NS;
	assert_true(watch_is_due(w, &at));
	no_watch_for = NULL;
	watch_free(w);
}

int main(void)
{
#define WATCH_TEST(fn) cmocka_unit_test_setup_teardown(fn, engine_fixture_setup_host, engine_fixture_teardown)
	const struct CMUnitTest tests[] = {
		WATCH_TEST(test_every_way_of_changing_is_noticed_once),
		WATCH_TEST(test_folders_that_come_later_are_watched),
		WATCH_TEST(test_the_mode_of_a_folder_is_watched),
		WATCH_TEST(test_changes_are_gathered_but_not_for_ever),
		WATCH_TEST(test_without_inotify_it_looks_every_two_seconds),
		WATCH_TEST(test_a_folder_that_cannot_be_watched_is_looked_at),
		WATCH_TEST(test_a_watch_that_is_lost_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

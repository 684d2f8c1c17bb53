/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Publication: a writer killed at any system call leaves the old state or the new one, whole; the generation page says
 * so; pages that are none, torn or retired are replaced.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/safe_file.h"
#include "common/snapshot/generation_format.h"
#include "tests/unit/cmocka_test.h"
#include "tests/unit/snapshot_fixture.h"

static struct fixture f;

static int setup(void **state)
{
	return fixture_setup(&f) ? 0 : -1;
}

static int teardown(void **state)
{
	int r = generation_retire();

	fixture_teardown(&f);
	return r == -ENOENT ? 0 : r;
}

static void set_state(const char *gecos)
{
	f.users[0].gecos = (char *)(uintptr_t)gecos;
}

static const char *state_read(void)
{
	static char gecos[32];
	CLEANUP(index_closep) struct index_view *v = NULL;
	CLEANUP(identity_closep) struct identity *id = NULL;
	struct identity_user u;

	assert_int_equal(index_open(&v), 0);
	assert_int_equal(identity_open("contoso", &id), 0);
	assert_int_equal(identity_user_by_name(id, "alice", &u), 0);
	(void)snprintf(gecos, sizeof(gecos), "%s", u.gecos);
	return gecos;
}

static unsigned files_in(const char *path)
{
	DIR *folder = opendir(path);
	unsigned count = 0;

	assert_non_null(folder);
	while (readdir(folder))
		count++;
	(void)closedir(folder);
	return count;
}

static void publish_traced(void)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(77);
	(void)raise(SIGSTOP);
	_exit(fixture_publish(&f, true) == 0 ? 0 : 1);
}

/* Lets the child run to its n-th stop at a system call and kills it there. 1: it had ended before; 77: no ptrace. */
static int kill_at(unsigned n)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		publish_traced();
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	for (unsigned i = 0; i < n && WIFSTOPPED(status); i++) {
		assert_int_equal(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
	}
	if (WIFEXITED(status))
		return WEXITSTATUS(status) == 0 ? 1 : WEXITSTATUS(status);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return 0;
}

static void test_a_writer_killed_at_any_system_call_leaves_old_or_new(void **state)
{
	unsigned n = 1, old = 0, new = 0, left = 0, before;
	char folder[256];
	int r;

	set_state("old");
	assert_int_equal(fixture_publish(&f, true), 0);
	(void)snprintf(folder, sizeof(folder), "%s", fixture_path(&f, "/var/lib/tenure/tenants/contoso"));
	before = files_in(folder);
	for (;; n++) {
		set_state("new");
		r = kill_at(n);
		if (r == 77)
			skip_because("no ptrace");
		if (r == 1)
			break;
		assert_int_equal(r, 0);
		if (strcmp(state_read(), "old") == 0)
			old++;
		else
			new++;
		assert_true(strcmp(state_read(), "old") == 0 || strcmp(state_read(), "new") == 0);
		set_state("old");
		left += files_in(folder) > before;
		assert_int_equal(safe_sweep(folder), 0); /* as the next start does */
		assert_int_equal(files_in(folder), before);
		assert_int_equal(fixture_publish(&f, true), 0);
		assert_string_equal(state_read(), "old");
	}
	assert_true(left > 10);
	assert_string_equal(state_read(), "new");
	assert_true(old > 10 && new > 10); /* both sides of the rename were hit */
}

/* The broker killed between publishing and the page: its next start bumps it, so that nobody stays on the old state. */
static void test_every_start_bumps_the_page(void **state)
{
	uint64_t before;
	pid_t child;
	int status;

	assert_int_equal(fixture_publish(&f, true), 0);
	before = generation_read();
	assert_true(before > 0);
	child = fork();
	if (child == 0)
		_exit(generation_open() == 0 ? 0 : 1); /* another broker, started anew */
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_true(generation_read() > before);
	before = generation_read();
	assert_int_equal(generation_bump(), before + 1);
	assert_int_equal(generation_read(), before + 1);
}

static void test_no_page_reads_as_zero(void **state)
{
	assert_int_equal(generation_read(), 0);
	assert_int_equal(fixture_publish(&f, true), 0);
	assert_true(generation_read() > 0);
	assert_int_equal(generation_retire(), 0);
	assert_int_equal(generation_read(), 0);
	assert_int_equal(access(fixture_path(&f, "/run/tenure/generation"), F_OK), -1);
}

static void expect_replaced(const char *bytes, size_t len, mode_t mode)
{
	const char *path = fixture_path(&f, "/run/tenure/generation");
	struct stat st;

	assert_int_equal(safe_replace(path, bytes, len, mode, (uid_t)-1, (gid_t)-1), 0);
	assert_int_equal(generation_read(), 0);
	assert_int_equal(generation_open(), 0);
	assert_true(generation_read() > 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, GENERATION_PAGE_SIZE);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(generation_retire(), 0);
}

static void test_what_is_no_page_is_replaced(void **state)
{
	static char page[GENERATION_PAGE_SIZE];

	expect_replaced("", 0, 0644);
	expect_replaced("TENURE", 6, 0644);
	expect_replaced(page, sizeof(page), 0644);
	memcpy(page, GENERATION_MAGIC, 8);
	page[8] = 99; /* another version */
	expect_replaced(page, sizeof(page), 0644);
}

static void test_a_refused_write_leaves_the_old_file_alone(void **state)
{
	char folder[256];
	unsigned before;

	set_state("old");
	assert_int_equal(fixture_publish(&f, true), 0);
	(void)snprintf(folder, sizeof(folder), "%s", fixture_path(&f, "/var/lib/tenure/tenants/contoso"));
	before = files_in(folder);
	assert_int_equal(chmod(folder, 0777), 0); /* a folder that anybody may fill */
	set_state("new");
	assert_int_equal(fixture_publish(&f, true), -EPERM);
	assert_int_equal(chmod(folder, 0755), 0);
	assert_string_equal(state_read(), "old");
	assert_int_equal(files_in(folder), before);
}

/* Every prefix of a file is refused; so is every file of another kind in its place. */
static void test_cut_files_and_files_of_another_kind_are_refused(void **state)
{
	struct identity *id = NULL;
	struct holders *h = NULL;
	char path[256], *data;
	size_t len;

	assert_int_equal(fixture_publish(&f, false), 0);
	(void)snprintf(path, sizeof(path), "%s", fixture_tenant_path(&f, "contoso", "identity"));
	assert_int_equal(safe_read(path, 1 << 20, &data, &len), 0);
	for (size_t cut = 0; cut < len; cut += cut < 256 ? 1 : 61) {
		assert_int_equal(safe_replace(path, data, cut, 0644, (uid_t)-1, (gid_t)-1), 0);
		assert_int_equal(identity_open("contoso", &id), -EBADMSG);
	}
	assert_int_equal(safe_replace(fixture_tenant_path(&f, "contoso", "holders"), data, len, 0644, (uid_t)-1, (gid_t)-1),
			 0);
	assert_int_equal(holders_open("contoso", "holders", &h), -EBADMSG);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_no_page_reads_as_zero, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_every_start_bumps_the_page, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_what_is_no_page_is_replaced, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_refused_write_leaves_the_old_file_alone, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_cut_files_and_files_of_another_kind_are_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_writer_killed_at_any_system_call_leaves_old_or_new, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Nothing that fails is "no such user" or half an answer (T2, T46): each call that can run out or fail, of a first lookup
 * and of one behind a change, does so in turn. The lookup is right or UNAVAIL, the next one is right, and no descriptor
 * stays open.
 */
#include "tests/nss/calls.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define CALLS_MAX 200

static unsigned fail_at, calls; /* 0: nothing fails */

static bool fails(int error)
{
	if (fail_at == 0 || ++calls != fail_at)
		return false;
	errno = error;
	return true;
}

/* The linker gives the originals these names. */
#define WRAP(type, name, parameters, arguments, error, failure)                                                        \
	type __real_##name parameters;                                                                                 \
	type __wrap_##name parameters;                                                                                 \
	type __wrap_##name parameters                                                                                  \
	{                                                                                                              \
		return fails(error) ? failure : __real_##name arguments;                                               \
	}
WRAP(void *, malloc, (size_t size), (size), ENOMEM, NULL)
WRAP(void *, calloc, (size_t count, size_t size), (count, size), ENOMEM, NULL)
WRAP(void *, realloc, (void *old, size_t size), (old, size), ENOMEM, NULL)
WRAP(void *, aligned_alloc, (size_t align, size_t size), (align, size), ENOMEM, NULL)
WRAP(void *, mmap, (void *at, size_t len, int prot, int flags, int fd, off_t off), (at, len, prot, flags, fd, off), ENOMEM,
     MAP_FAILED)
WRAP(ssize_t, read, (int fd, void *data, size_t len), (fd, data, len), EIO, -1)
WRAP(int, fstat, (int fd, struct stat *st), (fd, st), EIO, -1)
WRAP(int, stat, (const char *path, struct stat *st), (path, st), EIO, -1)
WRAP(int, fstatat, (int fd, const char *path, struct stat *st, int flags), (fd, path, st, flags), EACCES, -1)
WRAP(int, open, (const char *path, int flags, mode_t mode), (path, flags, mode), EMFILE, -1)

long __real_syscall(long number, long a, long b, long c, long d);
long __wrap_syscall(long number, long a, long b, long c, long d);

long __wrap_syscall(long number, long a, long b, long c, long d)
{
	return number == SYS_openat2 && fails(EMFILE) ? -1 : __real_syscall(number, a, b, c, d);
}

/* Each: its status, and whether what was answered is the whole truth. */
struct answer {
	enum nss_status status;
	bool right;
	int error;
};

static struct answer ask_pwnam(void)
{
	struct answer a = {.error = 0};
	struct passwd pw;

	a.status = _nss_tenure_getpwnam_r("alice", &pw, buf, sizeof(buf), &a.error);
	a.right = a.status == NSS_STATUS_SUCCESS && pw.pw_uid == 1900000001 && strcmp(pw.pw_gecos, "Alice Ito") == 0;
	return a;
}

static struct answer ask_foreign_pwuid(void)
{
	struct answer a = {.error = 0};
	struct passwd pw;

	a.status = _nss_tenure_getpwuid_r(1950000001, &pw, buf, sizeof(buf), &a.error);
	a.right = a.status == NSS_STATUS_SUCCESS && strcmp(pw.pw_name, "zoe@fabrikam.com") == 0;
	return a;
}

static struct answer ask_grgid(void)
{
	struct answer a = {.error = 0};
	struct group gr;

	a.status = _nss_tenure_getgrgid_r(1900010001, &gr, buf, sizeof(buf), &a.error);
	a.right = a.status == NSS_STATUS_SUCCESS && strcmp(gr.gr_name, "dba") == 0 && gr.gr_mem[0] && gr.gr_mem[1] &&
		  !gr.gr_mem[2];
	return a;
}

/* One by standing assignment, one by grant. */
static struct answer ask_become_root(void)
{
	struct answer a = {.error = 0};
	struct group gr;

	a.status = _nss_tenure_getgrnam_r("become-root", &gr, buf, sizeof(buf), &a.error);
	a.right = a.status == NSS_STATUS_SUCCESS && gr.gr_mem[0] && strcmp(gr.gr_mem[0], "alice") == 0 && gr.gr_mem[1] &&
		  strcmp(gr.gr_mem[1], "carol") == 0 && !gr.gr_mem[2];
	return a;
}

static struct answer ask_initgroups(void)
{
	struct answer a = {.error = 0};
	long start = 1, size = 1;
	gid_t *gids = __real_calloc(1, sizeof(*gids));

	gids[0] = 7;
	a.status = _nss_tenure_initgroups_dyn("alice", 7, &start, &size, &gids, -1, &a.error);
	a.right = a.status == NSS_STATUS_SUCCESS && start == 4 && gids[1] == 1900010000 && gids[2] == 1900010001 && gids[3] == 4;
	if (a.status != NSS_STATUS_SUCCESS && start != 1)
		a.status = NSS_STATUS_SUCCESS; /* half an answer */
	free(gids);
	return a;
}

/* Of a walk: whatever ended it. Behind the last is an answer if nobody was left out. */
static struct answer ask_all_users(void)
{
	struct answer a = {.error = 0};
	struct passwd pw;
	unsigned count = 0;

	(void)_nss_tenure_setpwent(0);
	while ((a.status = _nss_tenure_getpwent_r(&pw, buf, sizeof(buf), &a.error)) == NSS_STATUS_SUCCESS)
		count++;
	(void)_nss_tenure_endpwent();
	if (a.status == NSS_STATUS_NOTFOUND)
		a = (struct answer){.status = NSS_STATUS_SUCCESS, .right = count == 4};
	return a;
}

static struct answer (*const asks[])(void) = {ask_pwnam,	   ask_foreign_pwuid, ask_grgid,
					      ask_become_root, ask_initgroups,    ask_all_users};

static bool publish_rights(void)
{
	struct holder rows[2] = {fixture_holder(&f, 0, RIGHT_BECOME, "root"), fixture_holder(&f, 0, RIGHT_GROUP, "adm")};
	struct holder grant = fixture_holder(&f, 2, RIGHT_BECOME, "root");

	rows[1].local_gid = 4;
	return fixture_publish(&f, false) == 0 && fixture_holders(&f, "contoso", "holders", rows, 2) == 0 &&
	       fixture_holders(&f, "contoso", "grants", &grant, 1) == 0 && generation_open() == 0;
}

/* In a process of its own, whose first lookup it is, or the first behind a change. 0: it was right; 1: no call was left. */
static int one_fault(struct answer (*ask)(void), bool behind_a_change)
{
	unsigned n = fail_at, before = descriptors_open();
	struct answer a;

	fail_at = 0;
	if (behind_a_change && (!ask().right || !ask().right || !publish_rights()))
		return 2;
	calls = 0;
	fail_at = n;
	a = ask();
	fail_at = 0;
	if (calls < n)
		return a.right ? 1 : 3;
	if (a.status == NSS_STATUS_SUCCESS ? !a.right : a.status != NSS_STATUS_UNAVAIL)
		return 4;
	if (a.status == NSS_STATUS_UNAVAIL && a.error != EIO && a.error != ENOMEM && a.error != EMFILE)
		return 5;
	if (!ask().right)
		return 6;
	return descriptors_open() == before ? 0 : 7;
}

static int fault_in_child(struct answer (*ask)(void), bool behind_a_change, unsigned n)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		fail_at = n;
		_exit(one_fault(ask, behind_a_change));
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_each_call_fails_in_turn(void **state)
{
	unsigned total = 0;

	for (size_t i = 0; i < 2 * ARRAY_LENGTH(asks); i++) {
		unsigned n;
		int r = 0;

		for (n = 1; r == 0; n++) {
			assert_true(n < CALLS_MAX);
			assert_true(publish_rights()); /* the child before has published, too */
			r = fault_in_child(asks[i / 2], i % 2, n);
			if (r > 1)
				fail_msg("lookup %zu%s, its %u. call: %d", i / 2, i % 2 ? " behind a change" : "", n, r);
		}
		total += n - 2;
	}
	print_message("%u calls failed\n", total);
	assert_true(total > 150);
	assert_int_equal(generation_retire(), 0);
}

/* A process's first view is made without the page: a change right behind it is seen all the same. */
static int change_behind_the_first_lookup(bool page)
{
	struct passwd pw;

	if (!ask_pwnam().right)
		return 2;
	f.users[0].gecos = (char *)(uintptr_t)"changed";
	if (fixture_publish(&f, page) < 0 || pwnam("alice", &pw) != NSS_STATUS_SUCCESS || strcmp(pw.pw_gecos, "changed") != 0)
		return 3;
	f.users[0].gecos = (char *)(uintptr_t)"again";
	if (fixture_publish(&f, page) < 0 || pwnam("alice", &pw) != NSS_STATUS_SUCCESS || strcmp(pw.pw_gecos, "again") != 0)
		return 4;
	return 0;
}

static void test_a_change_behind_the_first_lookup_is_seen(void **state)
{
	for (int page = 0; page < 2; page++) {
		pid_t child;
		int status;

		assert_int_equal(fixture_publish(&f, page), 0);
		child = fork();
		if (child == 0)
			_exit(change_behind_the_first_lookup(page));
		assert_true(child > 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
	}
	assert_int_equal(generation_retire(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_change_behind_the_first_lookup_is_seen, calls_setup, calls_teardown),
		cmocka_unit_test_setup_teardown(test_each_call_fails_in_turn, calls_setup, calls_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

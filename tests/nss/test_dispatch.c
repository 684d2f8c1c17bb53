/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The module as a host loads it: through glibc's dispatcher, with threads, forks, a host that closes its descriptors,
 * and a directory that changes meanwhile. The test starts itself once more with LD_LIBRARY_PATH set, because the loader
 * reads that at the start alone.
 */
#include "tests/nss/nss_test.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

extern int __nss_configure_lookup(const char *database, const char *line);

static struct fixture f;

static int setup(void **state)
{
	if (!fixture_setup(&f) || fixture_publish(&f, true) < 0)
		return -1;
	return 0;
}

static int teardown(void **state)
{
	int r = generation_retire();

	fixture_teardown(&f);
	return r;
}

static int publish(void)
{
	int r = fixture_publish(&f, false);

	(void)generation_bump();
	return r;
}

static void test_lookups_through_glibc(void **state)
{
	struct passwd *pw = getpwnam("alice");
	struct group *gr;
	gid_t gids[8];
	int count = 8;

	assert_non_null(pw);
	assert_int_equal(pw->pw_uid, 1900000001);
	assert_string_equal(getpwuid(1900000003)->pw_name, "carol");
	gr = getgrnam("dba");
	assert_non_null(gr);
	assert_string_equal(gr->gr_mem[1], "bobby");
	assert_int_equal(getgrouplist("alice", 1900000001, gids, &count), 3);
	errno = 0;
	assert_null(getpwnam("nobodyhere"));
	assert_int_equal(errno, 0);
	assert_null(getgrgid(1900099998));
}

static void test_small_buffers_grow_in_glibc(void **state)
{
	struct passwd pw, *found;
	char buf[8];

	assert_int_equal(getpwnam_r("alice", &pw, buf, sizeof(buf), &found), ERANGE);
	assert_null(found);
}

static void test_enumeration_is_independent_of_lookups(void **state)
{
	struct passwd *pw;
	struct group *gr;
	char seen[256] = "";

	setpwent();
	while ((pw = getpwent())) {
		strncat(seen, pw->pw_name, sizeof(seen) - strlen(seen) - 1);
		strncat(seen, " ", sizeof(seen) - strlen(seen) - 1);
		assert_non_null(getpwnam("dave"));
		assert_non_null(getgrnam("dba"));
	}
	endpwent();
	assert_string_equal(seen, "alice carol dave zoe@fabrikam.com ");
	seen[0] = '\0';
	setgrent();
	while ((gr = getgrent())) {
		strncat(seen, gr->gr_name, sizeof(seen) - strlen(seen) - 1);
		strncat(seen, " ", sizeof(seen) - strlen(seen) - 1);
	}
	endgrent();
	assert_string_equal(seen, "everybody dba dba-oncall approvers alice dave become-postgres become-root "
				  "role-db-operator dba@fabrikam.com zoe@fabrikam.com ");
}

/* The view of an enumeration stays while the directory changes. */
static void test_enumeration_sees_one_state(void **state)
{
	size_t count = 0;

	setpwent();
	assert_non_null(getpwent());
	for (size_t i = 0; i < FIXTURE_USERS; i++)
		f.users[i].o.dropped = true;
	assert_int_equal(publish(), 0);
	assert_null(getpwnam("carol"));
	while (getpwent())
		count++;
	endpwent();
	assert_int_equal(count, 3);
	setpwent();
	for (count = 0; getpwent();)
		count++;
	endpwent();
	assert_int_equal(count, 1); /* zoe */
}

static void test_changes_are_seen_by_the_next_call(void **state)
{
	for (int i = 0; i < 1000; i++) {
		f.users[0].gecos = (char *)(uintptr_t)(i % 2 ? "odd" : "even");
		assert_int_equal(publish(), 0);
		assert_string_equal(getpwnam("alice")->pw_gecos, i % 2 ? "odd" : "even");
	}
}

static void test_no_descriptor_stays_open(void **state)
{
	unsigned before;

	(void)getpwnam("alice");
	before = descriptors_open();
	for (int i = 0; i < 20; i++) {
		assert_int_equal(publish(), 0);
		assert_non_null(getpwnam("alice"));
		assert_non_null(getgrnam("become-root"));
	}
	assert_int_equal(descriptors_open(), before);
}

/* What a daemon does when it starts, and again what it opens lands on numbers that may have been ours. */
static void close_everything_and_look(void)
{
	for (int fd = 3; fd < 64; fd++)
		(void)close(fd);
	for (int fd = 3; fd < 16; fd++)
		(void)open("/dev/zero", O_RDWR | O_CLOEXEC);
	if (!getpwnam("alice") || publish() < 0 || !getpwnam("alice") || !getgrnam("dba"))
		_exit(1);
	_exit(0);
}

static void expect_child_succeeds(pid_t child)
{
	int status;

	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_a_host_may_close_all_descriptors(void **state)
{
	pid_t child;

	assert_non_null(getpwnam("alice"));
	child = fork();
	if (child == 0)
		close_everything_and_look();
	expect_child_succeeds(child);
}

static atomic_bool stop;
static atomic_ulong lookups, failures;

/* Whatever the moment: alice whole, of the one state or the other. */
static void *look_up_always(void *context)
{
	struct passwd pw, *found;
	struct group gr, *group;
	gid_t gids[8];
	char buf[1024];

	while (!stop) {
		int count = 8;

		if (getpwnam_r("alice", &pw, buf, sizeof(buf), &found) != 0 || !found ||
		    strcmp(pw.pw_gecos, strcmp(pw.pw_shell, "/bin/a") == 0 ? "state a" : "state b") != 0)
			failures++;
		if (getgrgid_r(1900010001, &gr, buf, sizeof(buf), &group) != 0 || !group ||
		    strcmp(gr.gr_mem[0], "alice") != 0)
			failures++;
		if (getgrouplist("alice", 1900000001, gids, &count) != 3)
			failures++;
		if (++lookups % 64 == 0)
			(void)usleep(1000); /* leave the machine to the writer */
	}
	return NULL;
}

static void change_state(int i)
{
	f.users[0].gecos = (char *)(uintptr_t)(i % 2 ? "state a" : "state b");
	f.users[0].shell = (char *)(uintptr_t)(i % 2 ? "/bin/a" : "/bin/b");
	assert_int_equal(publish(), 0);
}

static void test_threads_read_during_1000_replacements(void **state)
{
	pthread_t threads[3];

	stop = false;
	lookups = failures = 0;
	change_state(0);
	for (size_t i = 0; i < ARRAY_LENGTH(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, look_up_always, NULL), 0);
	for (int i = 1; i <= 1000; i++)
		change_state(i);
	for (int i = 0; lookups < 1000 && i < 10000; i++)
		(void)usleep(1000);
	stop = true;
	for (size_t i = 0; i < ARRAY_LENGTH(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(failures, 0);
	assert_true(lookups >= 1000);
}

/* Old snapshots are let go: the mappings do not pile up. */
static unsigned mappings_of_snapshots(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	unsigned count = 0;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		count += strstr(line, "/var/lib/tenure/") != NULL;
	(void)fclose(maps);
	return count;
}

static void test_old_snapshots_are_unmapped(void **state)
{
	unsigned after_one;

	(void)getpwnam("alice");
	(void)getgrnam("become-root");
	after_one = mappings_of_snapshots();
	for (int i = 0; i < 50; i++) {
		assert_int_equal(publish(), 0);
		(void)getpwnam("alice");
		(void)getgrnam("become-root");
	}
	assert_true(mappings_of_snapshots() <= after_one + 2);
}

/* Forks in the midst of other threads' lookups: the child finds no lock taken. */
static void test_forks_among_threads(void **state)
{
	pthread_t threads[2];

	stop = false;
	lookups = failures = 0;
	change_state(0);
	for (size_t i = 0; i < ARRAY_LENGTH(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, look_up_always, NULL), 0);
	for (int i = 0; i < 100; i++) {
		pid_t child;

		change_state(i);
		child = fork();
		if (child == 0) {
			struct passwd pw, *found = NULL;
			char buf[1024];

			(void)alarm(60); /* a lock that stayed taken would hold us here */
			_exit(getpwnam_r("alice", &pw, buf, sizeof(buf), &found) == 0 && found ? 0 : 1);
		}
		expect_child_succeeds(child);
	}
	stop = true;
	for (size_t i = 0; i < ARRAY_LENGTH(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(failures, 0);
}

static void test_a_retired_page_is_let_go(void **state)
{
	assert_non_null(getpwnam("alice"));
	assert_int_equal(generation_retire(), 0);
	assert_non_null(getpwnam("alice")); /* by looking at the files */
	f.users[0].gecos = (char *)(uintptr_t)"without a page";
	assert_int_equal(fixture_publish(&f, false), 0);
	assert_string_equal(getpwnam("alice")->pw_gecos, "without a page");
	assert_int_equal(generation_open(), 0);
	f.users[0].gecos = (char *)(uintptr_t)"a new page";
	assert_int_equal(publish(), 0);
	assert_string_equal(getpwnam("alice")->pw_gecos, "a new page");
}

static void test_nodelete_keeps_the_module_mapped(void **state)
{
	void *handle = dlopen("libnss_tenure.so.2", RTLD_NOW);
	void *symbol;

	assert_non_null(handle);
	symbol = dlsym(handle, "_nss_tenure_getpwnam_r");
	assert_non_null(symbol);
	assert_int_equal(dlclose(handle), 0);
	assert_int_equal(dlclose(handle), 0);
	handle = dlopen("libnss_tenure.so.2", RTLD_NOW | RTLD_NOLOAD);
	assert_non_null(handle);
	assert_ptr_equal(dlsym(handle, "_nss_tenure_getpwnam_r"), symbol);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_lookups_through_glibc, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_small_buffers_grow_in_glibc, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_enumeration_is_independent_of_lookups, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_enumeration_sees_one_state, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_changes_are_seen_by_the_next_call, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_no_descriptor_stays_open, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_host_may_close_all_descriptors, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_old_snapshots_are_unmapped, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_retired_page_is_let_go, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_threads_read_during_1000_replacements, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_forks_among_threads, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_nodelete_keeps_the_module_mapped, setup, teardown),
	};

	if (!getenv("TENURE_NSS_TEST")) {
		(void)setenv("TENURE_NSS_TEST", "1", 1);
		(void)setenv("LD_LIBRARY_PATH", TEST_MODULE_DIR, 1);
		(void)execv("/proc/self/exe", argv);
		return 99;
	}
	if (__nss_configure_lookup("passwd", "tenure") < 0 || __nss_configure_lookup("group", "tenure") < 0 ||
	    __nss_configure_lookup("initgroups", "tenure") < 0)
		return 99;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

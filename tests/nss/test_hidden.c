/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A tenant that hides (fabrikam), asked by its members, by others, and by processes that change who they are. */
#include "tests/nss/calls.h"

#include <errno.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "common/base/safe_file.h"

#define ALICE	1900000001u
#define ZOE	1950000001u
#define MEMBERS 1950090999u
#define MEMBERS_NAME "tenant-fabrikam@fabrikam.com"

static void door(mode_t mode, gid_t gid)
{
	const char *folder = fixture_tenant_path(&f, "fabrikam", "");

	assert_int_equal(chown(folder, 0, gid), 0);
	assert_int_equal(chmod(folder, mode), 0);
}

static int setup(void **state)
{
	if (calls_setup(state) < 0)
		return -1;
	f.tenants[1].visibility = VISIBILITY_TENANT;
	assert_int_equal(fixture_publish(&f, true), 0);
	door(0710, MEMBERS);
	return 0;
}

/* Where there is no page, files are looked at each time. */
static int setup_without_page(void **state)
{
	if (calls_setup(state) < 0)
		return -1;
	f.tenants[1].visibility = VISIBILITY_TENANT;
	assert_int_equal(fixture_publish(&f, false), 0);
	door(0710, MEMBERS);
	return 0;
}

static int teardown(void **state)
{
	assert_int_equal(setreuid(0, 0), 0);
	assert_int_equal(setgroups(0, NULL), 0);
	return calls_teardown(state);
}

static void become(uid_t uid, gid_t group)
{
	assert_int_equal(setreuid(0, 0), 0);
	assert_int_equal(setgroups(1, &group), 0);
	assert_int_equal(seteuid(uid), 0);
}

/* As a program with root's set-user-ID bit that `uid` started. */
static void become_su_of(uid_t uid, gid_t group)
{
	become(0, group);
	assert_int_equal(setreuid(uid, 0), 0);
}

static enum nss_status pwuid(uid_t uid)
{
	struct passwd pw;
	int error = 0;

	return _nss_tenure_getpwuid_r(uid, &pw, buf, sizeof(buf), &error);
}

static enum nss_status grgid(gid_t gid)
{
	struct group gr;
	int error = 0;

	return _nss_tenure_getgrgid_r(gid, &gr, buf, sizeof(buf), &error);
}

static bool enumerated(const char *name)
{
	struct passwd pw;
	struct group gr;
	bool found = false;
	int error = 0;

	(void)_nss_tenure_setpwent(0);
	while (_nss_tenure_getpwent_r(&pw, buf, sizeof(buf), &error) == NSS_STATUS_SUCCESS)
		found |= strcmp(pw.pw_name, name) == 0;
	(void)_nss_tenure_endpwent();
	(void)_nss_tenure_setgrent(0);
	while (_nss_tenure_getgrent_r(&gr, buf, sizeof(buf), &error) == NSS_STATUS_SUCCESS)
		found |= strcmp(gr.gr_name, name) == 0;
	(void)_nss_tenure_endgrent();
	assert_int_equal(error, 0);
	return found;
}

static void assert_shown(void)
{
	struct passwd pw;
	struct group gr;

	assert_int_equal(pwnam("zoe@fabrikam.com", &pw), NSS_STATUS_SUCCESS);
	assert_int_equal(pwuid(ZOE), NSS_STATUS_SUCCESS);
	assert_int_equal(grnam("dba@fabrikam.com", &gr), NSS_STATUS_SUCCESS);
	assert_int_equal(grnam(MEMBERS_NAME, &gr), NSS_STATUS_SUCCESS);
	assert_int_equal(gr.gr_gid, MEMBERS);
	assert_null(gr.gr_mem[0]);
	assert_string_equal(gr.gr_passwd, "*");
	assert_int_equal(grgid(MEMBERS), NSS_STATUS_SUCCESS);
	assert_true(enumerated("zoe@fabrikam.com"));
	assert_true(enumerated(MEMBERS_NAME));
}

/* As for names and ids that nobody has: the same status, and not a trace in errno. */
static void assert_hidden(void)
{
	gid_t *gids;
	struct passwd pw;
	struct group gr;
	long count;

	errno = 77;
	for (int again = 0; again < 2; again++) {
		assert_int_equal(pwnam("zoe@fabrikam.com", &pw), NSS_STATUS_NOTFOUND);
		assert_int_equal(pwnam("nobodyhere@fabrikam.com", &pw), NSS_STATUS_NOTFOUND);
		assert_int_equal(pwuid(ZOE), NSS_STATUS_NOTFOUND);
		assert_int_equal(pwuid(ZOE + 1), NSS_STATUS_NOTFOUND);
		assert_int_equal(grnam("dba@fabrikam.com", &gr), NSS_STATUS_NOTFOUND);
		assert_int_equal(grgid(1950010001), NSS_STATUS_NOTFOUND);
		assert_int_equal(grnam(MEMBERS_NAME, &gr), NSS_STATUS_NOTFOUND);
		assert_int_equal(grgid(MEMBERS), NSS_STATUS_NOTFOUND);
		assert_int_equal(groups_of("zoe@fabrikam.com", -1, &gids, &count), NSS_STATUS_NOTFOUND);
		free(gids);
	}
	assert_int_equal(errno, 77);
	assert_false(enumerated("zoe@fabrikam.com"));
	assert_false(enumerated("dba@fabrikam.com"));
	assert_false(enumerated(MEMBERS_NAME));
	assert_int_equal(pwnam("alice", &pw), NSS_STATUS_SUCCESS);
	assert_true(enumerated("alice"));
}

static void test_root_and_members_see_it(void **state)
{
	assert_shown();
	become(ZOE, MEMBERS);
	assert_shown();
}

static void test_others_find_nobody(void **state)
{
	become(ALICE, ALICE);
	assert_hidden();
}

static void test_what_root_mapped_is_not_for_who_root_becomes(void **state)
{
	assert_shown();
	become(ALICE, ALICE);
	assert_hidden();
	become(ZOE, MEMBERS);
	assert_shown();
	become(ALICE, ALICE);
	assert_hidden();
	become(0, 0);
	assert_shown();
}

/* su tells whoever starts it whether there is a name; what it may open itself is not the question then. */
static void test_programs_of_root_tell_their_callers_no_more(void **state)
{
	become_su_of(ALICE, ALICE);
	assert_hidden();
	become_su_of(ZOE, MEMBERS);
	assert_shown();
	become_su_of(ALICE, ALICE);
	assert_hidden();
	become(0, 0);
	assert_shown();
}

static void test_initgroups_gives_the_group_of_all_members(void **state)
{
	bool found = false;
	gid_t *gids;
	long count;

	assert_int_equal(groups_of("zoe@fabrikam.com", -1, &gids, &count), NSS_STATUS_SUCCESS);
	for (long i = 0; i < count; i++)
		found |= gids[i] == MEMBERS;
	assert_true(found);
	free(gids);
	/* A tenant that all see has no such group. */
	assert_int_equal(groups_of("alice", -1, &gids, &count), NSS_STATUS_SUCCESS);
	for (long i = 0; i < count; i++)
		assert_int_not_equal(gids[i], 1900090999);
	free(gids);
	assert_int_equal(grgid(1900090999), NSS_STATUS_NOTFOUND);
}

/* bobby is an account of /etc/passwd: mapped to a principal of a hidden tenant, he is a member like any other. */
static void test_a_mapped_local_login_is_a_member(void **state)
{
	bool found = false;
	gid_t *gids;
	long count;

	f.tenants[0].visibility = VISIBILITY_TENANT;
	assert_int_equal(fixture_publish(&f, true), 0);
	assert_int_equal(groups_of("bobby", -1, &gids, &count), NSS_STATUS_SUCCESS);
	for (long i = 0; i < count; i++)
		found |= gids[i] == 1900090999;
	assert_true(found);
	free(gids);
}

static void test_an_enumeration_does_not_outlive_who_began_it(void **state)
{
	struct passwd pw;
	int error = 0;

	(void)_nss_tenure_setpwent(0);
	assert_int_equal(_nss_tenure_getpwent_r(&pw, buf, sizeof(buf), &error), NSS_STATUS_SUCCESS);
	become(ALICE, ALICE);
	while (_nss_tenure_getpwent_r(&pw, buf, sizeof(buf), &error) == NSS_STATUS_SUCCESS)
		assert_string_not_equal(pw.pw_name, "zoe@fabrikam.com");
	(void)_nss_tenure_endpwent();
}

/* Of those who may become root here, nobody learns the names of a tenant that hides. */
static void test_groups_that_show_holders_leave_it_out(void **state)
{
	struct holder mine = fixture_holder(&f, 0, RIGHT_BECOME, "root"), theirs = mine;
	struct group gr;

	theirs.principal = f.foreign_users[0].o.id;
	theirs.login = "zoe@fabrikam.com";
	theirs.uid = ZOE;
	assert_int_equal(fixture_holders(&f, "contoso", "holders", &mine, 1), 0);
	assert_int_equal(fixture_holders(&f, "fabrikam", "holders", &theirs, 1), 0);
	(void)generation_bump();
	assert_int_equal(grnam("become-root", &gr), NSS_STATUS_SUCCESS);
	assert_string_equal(gr.gr_mem[0], "alice");
	assert_string_equal(gr.gr_mem[1], "zoe@fabrikam.com");
	become(ALICE, ALICE);
	assert_int_equal(grnam("become-root", &gr), NSS_STATUS_SUCCESS);
	assert_string_equal(gr.gr_mem[0], "alice");
	assert_null(gr.gr_mem[1]);
}

/* A socket of that name, and its descriptor; listens: somebody is there. */
static int put_socket(const char *const folders[], size_t count, const char *name, bool listens)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	for (size_t i = 0; i < count; i++)
		(void)mkdir(fixture_path(&f, folders[i]), 0755);
	assert_true(fd >= 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", fixture_path(&f, name));
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(chmod(address.sun_path, 0666), 0);
	if (listens)
		assert_int_equal(listen(fd, 5), 0);
	(void)generation_bump();
	return fd;
}

/* nscd and systemd-userdbd ask as root and tell all: nobody is told, then, not even they. */
static void test_a_cache_that_would_hand_it_on_is_told_nothing(void **state)
{
	static const char *const nscd[] = {"/var/run", "/var/run/nscd"};
	static const char *const userdb[] = {"/run/systemd", "/run/systemd/userdb"};
	static const char *const names[] = {"/var/run/nscd/socket", "/run/systemd/userdb/io.systemd.Multiplexer",
					    "/run/systemd/userdb/io.systemd.NameServiceSwitch"};

	assert_shown();
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		int fd = put_socket(i == 0 ? nscd : userdb, 2, names[i], true);

		assert_hidden();
		become(ZOE, MEMBERS);
		assert_hidden();
		become(0, 0);
		/* What it left behind tells nobody. */
		close(fd);
		(void)generation_bump();
		assert_shown();
		assert_int_equal(unlink(fixture_path(&f, names[i])), 0);
		(void)generation_bump();
		assert_shown();
	}
}

/* It may have asked before it listened, and keep what it was told for as long as nothing changes. */
static void test_a_cache_is_told_nothing_from_its_beginning(void **state)
{
	static const char *const names[] = {"nscd", "systemd-userdbd", "systemd-userwork"};
	char *own = program_invocation_short_name;

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		program_invocation_short_name = (char *)(uintptr_t)names[i];
		(void)generation_bump();
		assert_hidden();
	}
	program_invocation_short_name = own;
	(void)generation_bump();
	assert_shown();
}

/* Nothing of it is mapped: a miss takes as long whether there is such a name or not. */
static void test_nothing_is_mapped_for_others(void **state)
{
	static char text[1 << 20];
	FILE *maps;

	become(ALICE, ALICE);
	assert_hidden();
	maps = fopen("/proc/self/maps", "re");
	assert_non_null(maps);
	text[fread(text, 1, sizeof(text) - 1, maps)] = '\0';
	(void)fclose(maps);
	assert_non_null(strstr(text, "/tenants/contoso/identity"));
	assert_null(strstr(text, "/tenants/fabrikam/"));
}

/* "May not" is a miss; whatever else goes wrong is an error, and so it is where nothing hides. */
static void test_other_errors_stay_errors(void **state)
{
	struct passwd pw;

	assert_int_equal(unlink(fixture_tenant_path(&f, "fabrikam", "identity")), 0);
	assert_int_equal(pwnam("zoe@fabrikam.com", &pw), NSS_STATUS_UNAVAIL);
	assert_int_equal(pwuid(ZOE), NSS_STATUS_UNAVAIL);
	become(ALICE, ALICE);
	assert_hidden();
	become(0, 0);
	assert_int_equal(safe_replace(fixture_tenant_path(&f, "fabrikam", "identity"), "x", 1, 0644, (uid_t)-1, (gid_t)-1),
			 0);
	(void)generation_bump();
	assert_int_equal(pwnam("zoe@fabrikam.com", &pw), NSS_STATUS_UNAVAIL);
	f.tenants[1].visibility = VISIBILITY_ALL;
	assert_int_equal(fixture_publish(&f, true), 0);
	(void)generation_bump();
	become(ALICE, ALICE);
	assert_int_equal(pwnam("zoe@fabrikam.com", &pw), NSS_STATUS_UNAVAIL);
}

static void test_it_follows_the_door(void **state)
{
	struct passwd pw;

	become(ALICE, ALICE);
	assert_hidden();
	become(0, 0);
	f.tenants[1].visibility = VISIBILITY_ALL;
	door(0755, 0);
	assert_int_equal(fixture_publish(&f, true), 0);
	(void)generation_bump();
	become(ALICE, ALICE);
	assert_int_equal(pwnam("zoe@fabrikam.com", &pw), NSS_STATUS_SUCCESS);
	become(0, 0);
	f.tenants[1].visibility = VISIBILITY_TENANT;
	door(0710, MEMBERS);
	assert_int_equal(fixture_publish(&f, true), 0);
	(void)generation_bump();
	become(ALICE, ALICE);
	assert_hidden();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_WITHOUT_PAGE(name) {#name " without a page", name, setup_without_page, teardown, NULL}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_root_and_members_see_it),
		TEST(test_others_find_nobody),
		TEST(test_what_root_mapped_is_not_for_who_root_becomes),
		TEST_WITHOUT_PAGE(test_root_and_members_see_it),
		TEST_WITHOUT_PAGE(test_what_root_mapped_is_not_for_who_root_becomes),
		TEST(test_programs_of_root_tell_their_callers_no_more),
		TEST(test_initgroups_gives_the_group_of_all_members),
		TEST(test_a_mapped_local_login_is_a_member),
		TEST(test_an_enumeration_does_not_outlive_who_began_it),
		TEST(test_groups_that_show_holders_leave_it_out),
		TEST(test_a_cache_that_would_hand_it_on_is_told_nothing),
		TEST(test_a_cache_is_told_nothing_from_its_beginning),
		TEST(test_nothing_is_mapped_for_others),
		TEST(test_other_errors_stay_errors),
		TEST(test_it_follows_the_door),
	};

	if (geteuid() != 0) {
		(void)puts("skipped: needs root, to be other users");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}

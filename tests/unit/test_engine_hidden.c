/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The door in front of a tenant's files: who it lets in, and that it is shut where it cannot be told whom it would. */
#include <acl/libacl.h>
#include <stdio.h>
#include <string.h>
#include <sys/acl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/cmocka_test.h"
#include "tests/unit/engine_fixture.h"

#define HOST	"etc/tenure/tenure.conf"
#define CONTOSO "etc/tenure/tenants.d/contoso.conf"
#define FOLDER	"var/lib/tenure/tenants/contoso"
#define MEMBERS 1900090999u

static void hide(struct engine_fixture *f)
{
	fixture_edit(f, "etc/passwd", "root:", "messagebus:x:101:102::/nonexistent:/usr/sbin/nologin\nroot:");
	fixture_edit(f, CONTOSO, "\"all\"", "\"tenant\"");
	fixture_reload(f);
}

static void expect_door(struct engine_fixture *f, mode_t mode, gid_t gid)
{
	char path[256];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/" FOLDER, f->root);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
	assert_int_equal(st.st_gid, gid);
	assert_int_equal(st.st_uid, 0);
}

/* "user:101:--x" and the like; "": no more than the mode says. */
static void expect_acl(struct engine_fixture *f, const char *text)
{
	char path[256], *have;
	acl_t acl;

	(void)snprintf(path, sizeof(path), "%s/" FOLDER, f->root);
	acl = acl_get_file(path, ACL_TYPE_ACCESS);
	assert_non_null(acl);
	have = acl_to_any_text(acl, NULL, ',', TEXT_NUMERIC_IDS);
	assert_non_null(have);
	if (*text ? !strstr(have, text) : acl_equiv_mode(acl, NULL) != 0)
		fail_msg("%s, and not %s", have, text);
	(void)acl_free(have);
	(void)acl_free(acl);
}

static void test_a_tenant_that_all_see(void **state)
{
	struct engine_fixture *f = *state;

	expect_door(f, 0755, 0);
	expect_acl(f, "");
}

static void test_a_tenant_that_hides(void **state)
{
	struct engine_fixture *f = *state;

	hide(f);
	assert_int_equal(engine_problems(f->engine)->errors, 0);
	expect_door(f, 0710, MEMBERS);
	expect_acl(f, "user:101:--x"); /* the system bus; polkitd is none of this host's */
	expect_acl(f, "group::--x");
	expect_acl(f, "other::---");
	fixture_edit(f, CONTOSO, "\"tenant\"", "\"all\"");
	fixture_reload(f);
	expect_door(f, 0755, 0);
	expect_acl(f, "");
}

static void test_services_are_let_in_by_name(void **state)
{
	struct engine_fixture *f = *state;

	hide(f);
	fixture_edit(f, "etc/passwd", "messagebus:x:101", "mail:x:8:8::/:/bin/false\nmessagebus:x:101");
	fixture_edit(f, HOST, "min_duration", "visible_to = [ \"mail\", \"nobody-here\" ];\nmin_duration");
	fixture_reload(f);
	expect_acl(f, "user:8:--x,group");
	fixture_edit(f, HOST, "\"mail\", \"nobody-here\"", "");
	fixture_reload(f);
	expect_door(f, 0710, MEMBERS);
	expect_acl(f, "");
}

/* Names of one account, or root's, are no reason to open or to shut. */
static void test_two_names_of_one_account(void **state)
{
	struct engine_fixture *f = *state;

	fixture_edit(f, HOST, "min_duration", "visible_to = [ \"messagebus\", \"root\", \"bus\" ];\nmin_duration");
	fixture_edit(f, "etc/passwd", "root:", "bus:x:101:102::/:/bin/false\nroot:");
	hide(f);
	assert_null(engine_degraded(f->engine));
	expect_door(f, 0710, MEMBERS);
	expect_acl(f, "user:101:--x,group");
}

static void test_a_gid_that_is_another_s_shuts_it(void **state)
{
	struct engine_fixture *f = *state;
	static const char *const lines[][3] = {
		{"etc/group", "root:", "backup:x:1900090999:\nroot:"},
		{"etc/passwd", "root:", "eve:x:1500:1900090999::/:/bin/sh\nroot:"},
	};

	hide(f);
	for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
		fixture_edit(f, lines[i][0], lines[i][1], lines[i][2]);
		fixture_reload(f);
		assert_true(fixture_has_problem(f, "visibility-group", "tenants.d/contoso.conf"));
		expect_door(f, 0700, 0);
		expect_acl(f, "");
		fixture_edit(f, lines[i][0], lines[i][2], lines[i][1]);
		fixture_reload(f);
		assert_false(fixture_has_problem(f, "visibility-group", NULL));
		expect_door(f, 0710, MEMBERS);
	}
}

static void test_a_cache_is_reported(void **state)
{
	struct engine_fixture *f = *state;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char folder[256];

	hide(f);
	assert_false(fixture_has_problem(f, "visibility-cache", NULL));
	(void)snprintf(folder, sizeof(folder), "%s/run/systemd", f->root);
	assert_int_equal(mkdir(folder, 0755), 0);
	(void)snprintf(folder, sizeof(folder), "%s/run/systemd/userdb", f->root);
	assert_int_equal(mkdir(folder, 0755), 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/run/systemd/userdb/io.systemd.Multiplexer", f->root);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 5), 0);
	fixture_reload(f);
	assert_true(fixture_has_problem(f, "visibility-cache", "tenants.d/contoso.conf"));
	close(fd);
	fixture_reload(f);
	assert_false(fixture_has_problem(f, "visibility-cache", NULL));
}

/* The group of all members is nobody's to have: neither a role's nor a group's of the directory. */
static void test_nobody_else_gets_the_members_group(void **state)
{
	struct engine_fixture *f = *state;

	fixture_edit(f, "etc/tenure/directory.d/contoso.conf", "gid = 1900090103", "gid = 1900090999");
	fixture_edit(f, "etc/tenure/directory.d/contoso.conf", "name = \"approvers\"; gid = 1900010003",
		     "name = \"tenant-contoso\"; gid = 1900010003");
	hide(f);
	assert_true(fixture_has_problem(f, "dir-role-gid", NULL));
	assert_true(fixture_has_problem(f, "dir-name", NULL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, engine_fixture_setup, engine_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_tenant_that_all_see),
		TEST(test_a_tenant_that_hides),
		TEST(test_services_are_let_in_by_name),
		TEST(test_two_names_of_one_account),
		TEST(test_a_gid_that_is_another_s_shuts_it),
		TEST(test_a_cache_is_reported),
		TEST(test_nobody_else_gets_the_members_group),
	};

	if (geteuid() != 0) {
		(void)puts("skipped: needs root, for groups of its own choice");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}

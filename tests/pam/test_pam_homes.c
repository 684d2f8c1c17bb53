/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The folder of a tenant's homes: made at a login, as closed as the tenant's snapshots, and never opened further. */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/pam/world.h"

static int setup(void **state)
{
	world_setup("enforce");
	assert_int_equal(mkdir(world_path("/home"), 0755), 0);
	return 0;
}

static int teardown(void **state)
{
	world_teardown();
	return 0;
}

/* Its mode; 0: it is not there. */
static mode_t mode_of_parent(void)
{
	struct stat st;

	return lstat(world_path("/home/contoso.com"), &st) < 0 ? 0 : st.st_mode & 07777;
}

static unsigned entries_of_home(void)
{
	struct stat st;

	assert_int_equal(stat(world_path("/home"), &st), 0);
	return (unsigned)st.st_nlink - 2;
}

static void test_a_login_makes_it(void **state)
{
	assert_int_equal(world_account("sshd", "alice"), PAM_SUCCESS);
	assert_int_equal(mode_of_parent(), 0711);
	assert_int_equal(entries_of_home(), 1);
}

static void test_a_tenant_that_hides_has_it_closed(void **state)
{
	struct stat st, door;

	world_hides(0710);
	assert_int_equal(world_account("sshd", "alice"), PAM_SUCCESS);
	assert_int_equal(mode_of_parent(), 0710);
	assert_int_equal(stat(world_path("/home/contoso.com"), &st), 0);
	assert_int_equal(stat(world_tenant_path(""), &door), 0);
	assert_int_equal(st.st_gid, door.st_gid);
}

/* The gid of the members is somebody else's (visibility-group): nobody but root goes into the folder. */
static void test_a_door_that_is_shut_makes_none(void **state)
{
	world_hides(0700);
	assert_int_equal(world_account("sshd", "alice"), PAM_SUCCESS);
	assert_int_equal(mode_of_parent(), 0);
	assert_true(logged("the folder of the homes of contoso could not be made: Permission denied\n"));
}

/* A tenant that shows itself again, or hides anew, finds its folder as it was. */
static void test_it_follows_the_tenant(void **state)
{
	struct stat st;

	if (geteuid() != 0)
		skip_because("needs root, for groups of its own choice");
	assert_int_equal(mkdir(world_path("/home/contoso.com"), 0755), 0);
	world_hides(0710);
	assert_int_equal(chown(world_tenant_path(""), 0, 1900090999), 0);
	assert_int_equal(world_account("sshd", "alice"), PAM_SUCCESS);
	assert_int_equal(mode_of_parent(), 0710);
	assert_int_equal(stat(world_path("/home/contoso.com"), &st), 0);
	assert_int_equal(st.st_gid, 1900090999);
	world_shows();
	assert_int_equal(world_account("sshd", "alice"), PAM_SUCCESS);
	assert_int_equal(mode_of_parent(), 0711);
	assert_int_equal(stat(world_path("/home/contoso.com"), &st), 0);
	assert_int_equal(st.st_gid, 0);
	/* Whoever gave it to another group wants it so. */
	world_hides(0710);
	assert_int_equal(chown(world_path("/home/contoso.com"), 0, 12), 0);
	assert_int_equal(world_account("sshd", "alice"), PAM_SUCCESS);
	assert_int_equal(mode_of_parent(), 0711);
}

/* While a cache runs that would tell everybody, nobody is told: not by a refusal before the prompt either. */
static void test_names_are_as_those_of_nobody(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	world_hides(0710);
	fake->nss_fails = true;
	assert_int_equal(world_account("sshd", "alice"), PAM_AUTHINFO_UNAVAIL); /* NSS is broken: it is not, here */
	assert_int_equal(mkdir(world_path("/run/systemd"), 0755), 0);
	assert_int_equal(mkdir(world_path("/run/systemd/userdb"), 0755), 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", world_path("/run/systemd/userdb/io.systemd.Multiplexer"));
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 5), 0);
	world_stack("sshd", "auth required @", "account required @", "account required pam_permit.so", NULL);
	assert_int_equal(world_account("sshd", "alice"), PAM_SUCCESS); /* others say who that is: IGNORE */
	assert_int_equal(world_account("sshd", "nobodyhere"), PAM_SUCCESS);
	close(fd);
}

static void test_what_is_there_stays(void **state)
{
	assert_int_equal(mkdir(world_path("/home/contoso.com"), 0750), 0);
	assert_int_equal(world_account("sshd", "alice"), PAM_SUCCESS);
	assert_int_equal(mode_of_parent(), 0750);
	assert_int_equal(rmdir(world_path("/home/contoso.com")), 0);
	assert_int_equal(symlink("/nowhere", world_path("/home/contoso.com")), 0);
	assert_int_equal(world_account("sshd", "alice"), PAM_SUCCESS);
	assert_int_equal(unlink(world_path("/home/contoso.com")), 0);
}

static void test_only_logins_that_are_allowed_make_it(void **state)
{
	assert_int_equal(world_account("sshd", "mallory"), PAM_PERM_DENIED);
	assert_int_equal(world_account("sshd", "dan"), PAM_ACCT_EXPIRED);
	assert_int_equal(world_account("cron", "alice"), PAM_SUCCESS);
	assert_int_equal(world_account("sshd", "lou"), PAM_PERM_DENIED);
	assert_int_equal(mode_of_parent(), 0);
}

/* Where others may write, what stands there is theirs to exchange. */
static void test_nothing_is_made_where_others_write(void **state)
{
	assert_int_equal(chmod(world_path("/home"), 0777), 0);
	assert_int_equal(world_account("sshd", "alice"), PAM_SUCCESS);
	assert_int_equal(mode_of_parent(), 0);
	assert_int_equal(chmod(world_path("/home"), 0755), 0);
	assert_int_equal(rmdir(world_path("/home")), 0);
	assert_int_equal(world_account("sshd", "alice"), PAM_SUCCESS); /* nor is that a reason to refuse */
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_login_makes_it),
		CASE(test_a_tenant_that_hides_has_it_closed),
		CASE(test_a_door_that_is_shut_makes_none),
		CASE(test_it_follows_the_tenant),
		CASE(test_names_are_as_those_of_nobody),
		CASE(test_what_is_there_stays),
		CASE(test_only_logins_that_are_allowed_make_it),
		CASE(test_nothing_is_made_where_others_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

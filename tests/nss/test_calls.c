/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The module's calls, made directly: what each answers, and the traps of 17 to 19 of the house style. */
#include "tests/nss/calls.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void test_nothing_is_known_without_an_index(void **state)
{
	struct passwd pw;
	struct group gr;
	gid_t *gids = calloc(4, sizeof(*gids));
	long start = 0, size = 4;
	int error = 0;

	errno = 77;
	assert_int_equal(pwnam("alice", &pw), NSS_STATUS_NOTFOUND);
	assert_int_equal(_nss_tenure_getpwuid_r(1900000001, &pw, buf, sizeof(buf), &error), NSS_STATUS_NOTFOUND);
	assert_int_equal(grnam("dba", &gr), NSS_STATUS_NOTFOUND);
	assert_int_equal(_nss_tenure_initgroups_dyn("alice", 1, &start, &size, &gids, -1, &error), NSS_STATUS_NOTFOUND);
	assert_int_equal(_nss_tenure_getpwent_r(&pw, buf, sizeof(buf), &error), NSS_STATUS_NOTFOUND);
	assert_int_equal(errno, 77); /* a miss leaves no trace */
	assert_int_equal(error, 0);
	free(gids);
}

static void test_passwd_by_name_and_uid(void **state)
{
	struct passwd pw;
	int error = 0;

	assert_int_equal(fixture_publish(&f, false), 0);
	assert_int_equal(pwnam("alice", &pw), NSS_STATUS_SUCCESS);
	assert_string_equal(pw.pw_name, "alice");
	assert_string_equal(pw.pw_passwd, "*");
	assert_int_equal(pw.pw_uid, 1900000001);
	assert_int_equal(pw.pw_gid, 1900000001);
	assert_string_equal(pw.pw_gecos, "Alice Ito");
	assert_string_equal(pw.pw_dir, "/home/contoso.com/alice");
	assert_string_equal(pw.pw_shell, "/bin/bash");
	assert_int_equal(_nss_tenure_getpwuid_r(1900000003, &pw, buf, sizeof(buf), &error), NSS_STATUS_SUCCESS);
	assert_string_equal(pw.pw_name, "carol");
	assert_int_equal(_nss_tenure_getpwuid_r(1900000002, &pw, buf, sizeof(buf), &error), NSS_STATUS_NOTFOUND);
	assert_int_equal(_nss_tenure_getpwuid_r(0, &pw, buf, sizeof(buf), &error), NSS_STATUS_NOTFOUND);
	assert_int_equal(pwnam("Alice", &pw), NSS_STATUS_NOTFOUND); /* the canonical form alone */
	assert_int_equal(pwnam("", &pw), NSS_STATUS_NOTFOUND);
	assert_int_equal(pwnam("root", &pw), NSS_STATUS_NOTFOUND);
	assert_int_equal(_nss_tenure_getpwnam_r(NULL, &pw, buf, sizeof(buf), &error), NSS_STATUS_NOTFOUND);
}

static void test_tenants_by_domain(void **state)
{
	struct passwd pw;
	struct group gr;
	int error = 0;

	assert_int_equal(fixture_publish(&f, false), 0);
	assert_int_equal(pwnam("zoe@fabrikam.com", &pw), NSS_STATUS_SUCCESS);
	assert_int_equal(pw.pw_uid, 1950000001);
	assert_string_equal(pw.pw_dir, "/home/fabrikam.com/zoe");
	assert_int_equal(_nss_tenure_getpwuid_r(1950000001, &pw, buf, sizeof(buf), &error), NSS_STATUS_SUCCESS);
	assert_string_equal(pw.pw_name, "zoe@fabrikam.com");
	assert_int_equal(pwnam("zoe", &pw), NSS_STATUS_NOTFOUND);
	assert_int_equal(pwnam("zoe@", &pw), NSS_STATUS_NOTFOUND);
	assert_int_equal(pwnam("zoe@nowhere.com", &pw), NSS_STATUS_NOTFOUND);
	assert_int_equal(pwnam("alice@contoso.com", &pw), NSS_STATUS_NOTFOUND);
	assert_int_equal(grnam("dba@fabrikam.com", &gr), NSS_STATUS_SUCCESS);
	assert_string_equal(gr.gr_mem[0], "zoe@fabrikam.com");
	assert_int_equal(gr.gr_gid, 1950010001);
}

static void test_homes_of_their_own_and_by_prefix(void **state)
{
	static char of_prefix[] = "/home/contoso.com/alice", other[] = "/srv/home/carol", near[] = "/home/contoso.com/davey";
	struct passwd pw;

	f.users[0].home = of_prefix;
	f.users[2].home = other;
	f.users[3].home = near;
	assert_int_equal(fixture_publish(&f, false), 0);
	assert_int_equal(pwnam("alice", &pw), NSS_STATUS_SUCCESS);
	assert_string_equal(pw.pw_dir, of_prefix);
	assert_int_equal(pwnam("carol", &pw), NSS_STATUS_SUCCESS);
	assert_string_equal(pw.pw_dir, other);
	assert_string_equal(pw.pw_shell, "/bin/bash");
	assert_int_equal(pwnam("dave", &pw), NSS_STATUS_SUCCESS);
	assert_string_equal(pw.pw_dir, near);
}

static void test_groups_and_private_groups(void **state)
{
	struct group gr;
	int error = 0;

	assert_int_equal(fixture_publish(&f, false), 0);
	assert_int_equal(grnam("dba", &gr), NSS_STATUS_SUCCESS);
	assert_string_equal(gr.gr_name, "dba");
	assert_string_equal(gr.gr_passwd, "*");
	assert_int_equal(gr.gr_gid, 1900010001);
	assert_string_equal(gr.gr_mem[0], "alice");
	assert_string_equal(gr.gr_mem[1], "bobby"); /* bob, by his local login */
	assert_null(gr.gr_mem[2]);
	assert_int_equal(_nss_tenure_getgrgid_r(1900010002, &gr, buf, sizeof(buf), &error), NSS_STATUS_SUCCESS);
	assert_string_equal(gr.gr_name, "dba-oncall");
	assert_int_equal(grnam("alice", &gr), NSS_STATUS_SUCCESS);
	assert_int_equal(gr.gr_gid, 1900000001);
	assert_null(gr.gr_mem[0]);
	assert_int_equal(_nss_tenure_getgrgid_r(1900000004, &gr, buf, sizeof(buf), &error), NSS_STATUS_SUCCESS);
	assert_string_equal(gr.gr_name, "dave");
	assert_int_equal(grnam("carol", &gr), NSS_STATUS_NOTFOUND); /* she has a gid of her own */
	assert_int_equal(grnam("bob", &gr), NSS_STATUS_NOTFOUND);
	assert_int_equal(_nss_tenure_getgrgid_r(4, &gr, buf, sizeof(buf), &error), NSS_STATUS_NOTFOUND);
}

/* Rows of contoso: alice and bobby, dave's ended, carol holds become:*. */
static void publish_holders(const char *file)
{
	struct holder rows[8];
	struct instant now;

	assert_int_equal(clock_system.now(&clock_system, &now), 0);
	rows[0] = fixture_holder(&f, 0, RIGHT_BECOME, "root");
	rows[1] = fixture_holder(&f, 1, RIGHT_BECOME, "root");
	rows[2] = fixture_holder(&f, 3, RIGHT_BECOME, "root");
	rows[2].window.end_ns = now.realtime_ns - 1;
	rows[3] = fixture_holder(&f, 2, RIGHT_BECOME, "*");
	rows[4] = fixture_holder(&f, 0, (enum right_kind)0, NULL);
	rows[5] = fixture_holder(&f, 1, (enum right_kind)0, NULL);
	rows[5].window.boot_end_ns = now.boottime_ns - 1;
	rows[6] = fixture_holder(&f, 0, RIGHT_BECOME, "root"); /* by two ways */
	rows[7] = fixture_holder(&f, 4, RIGHT_BECOME, "root"); /* without a login */
	assert_int_equal(fixture_holders(&f, "contoso", file, rows, 8), 0);
}

static void expect_holders(const char *become, size_t count)
{
	struct group gr;
	size_t n = 0;

	assert_int_equal(grnam(become, &gr), NSS_STATUS_SUCCESS);
	assert_string_equal(gr.gr_name, become);
	assert_in_range(gr.gr_gid, 1900090000, 1900090999);
	while (gr.gr_mem[n])
		n++;
	assert_int_equal(n, count);
}

static void test_groups_that_show_holders(void **state)
{
	struct holder foreign;
	struct group gr;
	int error = 0;
	gid_t gid;

	assert_int_equal(fixture_publish(&f, false), 0);
	expect_holders("become-root", 0);
	publish_holders("holders");
	expect_holders("become-root", 3);     /* alice, bobby, carol: once each */
	expect_holders("become-postgres", 1); /* carol, who may become anybody */
	expect_holders("role-db-operator", 1);
	assert_int_equal(grnam("role-db-operator", &gr), NSS_STATUS_SUCCESS);
	assert_int_equal(gr.gr_gid, 1900090100);
	assert_string_equal(gr.gr_mem[0], "alice");
	publish_holders("grants");
	expect_holders("become-root", 3);
	foreign = fixture_holder(&f, 0, RIGHT_BECOME, "root");
	foreign.principal = f.foreign_users[0].o.id;
	foreign.login = "zoe@fabrikam.com";
	assert_int_equal(fixture_holders(&f, "fabrikam", "grants", &foreign, 1), 0);
	expect_holders("become-root", 4); /* of all tenants */
	assert_int_equal(grnam("become-root", &gr), NSS_STATUS_SUCCESS);
	gid = gr.gr_gid;
	assert_int_equal(_nss_tenure_getgrgid_r(gid, &gr, buf, sizeof(buf), &error), NSS_STATUS_SUCCESS);
	assert_string_equal(gr.gr_name, "become-root");
	assert_int_equal(grnam("become-nobody", &gr), NSS_STATUS_NOTFOUND);
	assert_int_equal(grnam("role-nothing", &gr), NSS_STATUS_NOTFOUND);
}

/* Rows of who was alice, or of whom bobby was mapped to, give nothing to who bears the name and the uid now. */
static void test_T50_a_name_that_was_given_anew_inherits_nothing(void **state)
{
	struct holder rows[2];

	rows[0] = fixture_holder(&f, 0, RIGHT_BECOME, "root");
	rows[1] = fixture_holder(&f, 1, RIGHT_BECOME, "root");
	assert_int_equal(fixture_publish(&f, false), 0);
	assert_int_equal(fixture_holders(&f, "contoso", "grants", rows, 2), 0);
	expect_holders("become-root", 2);
	f.users[0].o.id.bytes[0] ^= 1;
	f.bindings[0].principal = f.users[3].o.id;
	assert_int_equal(fixture_publish(&f, false), 0);
	assert_int_equal(fixture_holders(&f, "contoso", "grants", rows, 2), 0);
	expect_holders("become-root", 0);
}

/* A guest's row is believed by trust and uid: his principal is one of the tenant that takes him in. */
static void expect_guest(const char *of, const char *login, uid_t uid, bool trusts, size_t count)
{
	struct trust trust = {.tenant = (char *)(uintptr_t)(strcmp(of, "contoso") == 0 ? "fabrikam" : "contoso")};
	struct tenant_config *tenant = &f.tenants[strcmp(of, "contoso") == 0 ? 0 : 1];
	struct holder row = fixture_holder(&f, 0, RIGHT_BECOME, "root");

	row.principal.bytes[0] ^= 1;
	row.login = login;
	row.uid = uid;
	tenant->trusts = &trust;
	tenant->trust_count = trusts;
	assert_int_equal(fixture_publish(&f, false), 0);
	assert_int_equal(fixture_holders(&f, of, "grants", &row, 1), 0);
	expect_holders("become-root", count);
	tenant->trusts = NULL;
	tenant->trust_count = 0;
}

static void test_guests_show_as_long_as_they_are(void **state)
{
	expect_guest("contoso", "zoe@fabrikam.com", 1950000001, true, 1);
	expect_guest("contoso", "zoe@fabrikam.com", 1950000001, false, 0);
	expect_guest("contoso", "zoe@fabrikam.com", 1950000002, true, 0); /* she was another's */
	expect_guest("contoso", "yan@fabrikam.com", 1950000001, true, 0);
	expect_guest("contoso", "carol", 1900000003, true, 0); /* an own one is no guest */
	expect_guest("fabrikam", "bobby", FIXTURE_BOBBY_UID, true, 1);
	expect_guest("fabrikam", "bobby", FIXTURE_BOBBY_UID, false, 0);
	expect_guest("fabrikam", "bobby", FIXTURE_BOBBY_UID + 1, true, 0);
	expect_guest("fabrikam", "alice", 1900000001, true, 1);
}

static void test_grants_of_another_boot_count_for_nothing(void **state)
{
	struct holder row = fixture_holder(&f, 0, RIGHT_BECOME, "root");
	struct uuid other = f.host_id;

	assert_int_equal(fixture_publish(&f, false), 0);
	assert_int_equal(holders_write(fixture_tenant_path(&f, "contoso", "grants"), 1, &f.tenants[0].id, &other, &row, 1),
			 0);
	expect_holders("become-root", 0);
}

static void test_initgroups(void **state)
{
	struct holder rows[3];
	gid_t *gids;
	long count;

	assert_int_equal(fixture_publish(&f, false), 0);
	publish_holders("grants");
	assert_int_equal(groups_of("alice", -1, &gids, &count), NSS_STATUS_SUCCESS);
	assert_int_equal(count, 3); /* the array grew; no group that shows holders */
	assert_int_equal(gids[1], 1900010000);
	assert_int_equal(gids[2], 1900010001);
	free(gids);
	assert_int_equal(groups_of("bobby", 0, &gids, &count), NSS_STATUS_SUCCESS);
	assert_int_equal(count, 4); /* his principal's */
	free(gids);
	assert_int_equal(groups_of("dave", -1, &gids, &count), NSS_STATUS_SUCCESS);
	assert_int_equal(count, 1);
	free(gids);
	assert_int_equal(groups_of("erinlocal", -1, &gids, &count), NSS_STATUS_NOTFOUND); /* broken mapping */
	free(gids);
	assert_int_equal(groups_of("root", -1, &gids, &count), NSS_STATUS_NOTFOUND);
	assert_int_equal(count, 1);
	free(gids);
	rows[0] = fixture_holder(&f, 0, RIGHT_GROUP, "adm");
	rows[0].local_gid = 4;
	rows[1] = fixture_holder(&f, 1, RIGHT_GROUP, "systemd-journal");
	rows[1].local_gid = 999;
	rows[2] = fixture_holder(&f, 3, RIGHT_GROUP, "adm");
	rows[2].local_gid = 4;
	rows[2].window.end_ns = 0;
	assert_int_equal(fixture_holders(&f, "contoso", "holders", rows, 3), 0);
	assert_int_equal(groups_of("alice", -1, &gids, &count), NSS_STATUS_SUCCESS);
	assert_int_equal(count, 4);
	assert_int_equal(gids[3], 4); /* a standing right to a local group */
	free(gids);
	assert_int_equal(groups_of("bobby", -1, &gids, &count), NSS_STATUS_SUCCESS);
	assert_int_equal(gids[4], 999);
	free(gids);
	assert_int_equal(groups_of("dave", -1, &gids, &count), NSS_STATUS_SUCCESS);
	assert_int_equal(count, 1); /* it has ended */
	free(gids);
	assert_int_equal(fixture_holders(&f, "contoso", "holders", NULL, 0), 0);
	assert_int_equal(fixture_holders(&f, "contoso", "grants", rows, 3), 0);
	assert_int_equal(groups_of("alice", -1, &gids, &count), NSS_STATUS_SUCCESS);
	assert_int_equal(count, 3); /* a grant's groups are PAM's to give */
	free(gids);
}

/* Credentials have no end of their own: what ends is the PAM module's to give, inside a session that ends with it. */
static void test_initgroups_gives_nothing_that_ends(void **state)
{
	const struct window dated[] = {{TIME_ALWAYS, 0, TIME_FOREVER}, {TIME_ALWAYS, 0, TIME_FOREVER}, WINDOW_ALWAYS};
	struct holder row = fixture_holder(&f, 3, RIGHT_GROUP, "adm");
	struct instant now;
	gid_t *gids;
	long count;

	assert_int_equal(clock_system.now(&clock_system, &now), 0);
	assert_int_equal(fixture_publish(&f, false), 0);
	row.local_gid = 4;
	for (size_t i = 0; i < ARRAY_LENGTH(dated); i++) {
		row.window = dated[i];
		if (i == 0)
			row.window.end_ns = now.realtime_ns + 3600 * NS_PER_S;
		if (i == 1)
			row.window.end_ns = TIME_FOREVER - 1;
		assert_int_equal(fixture_holders(&f, "contoso", "holders", &row, 1), 0);
		assert_int_equal(groups_of("dave", -1, &gids, &count), NSS_STATUS_SUCCESS);
		assert_int_equal(count, i == 2 ? 2 : 1);
		free(gids);
	}
	row.window.boot_end_ns = now.boottime_ns + 3600 * NS_PER_S;
	assert_int_equal(fixture_holders(&f, "contoso", "holders", &row, 1), 0);
	assert_int_equal(groups_of("dave", -1, &gids, &count), NSS_STATUS_SUCCESS);
	assert_int_equal(count, 1);
	free(gids);
}

static void test_initgroups_honours_the_limit(void **state)
{
	gid_t *gids;
	long count;

	assert_int_equal(fixture_publish(&f, false), 0);
	assert_int_equal(groups_of("bobby", 2, &gids, &count), NSS_STATUS_SUCCESS);
	assert_int_equal(count, 2);
	free(gids);
	assert_int_equal(groups_of("bobby", 1, &gids, &count), NSS_STATUS_SUCCESS);
	assert_int_equal(count, 1);
	free(gids);
	assert_int_equal(groups_of("bobby", 4, &gids, &count), NSS_STATUS_SUCCESS);
	assert_int_equal(count, 4);
	free(gids);
}

static void test_erange_goes_with_tryagain_and_errnop_may_be_errno(void **state)
{
	struct passwd pw;
	struct group gr;

	assert_int_equal(fixture_publish(&f, false), 0);
	errno = 0;
	assert_int_equal(_nss_tenure_getpwnam_r("alice", &pw, buf, 5, &errno), NSS_STATUS_TRYAGAIN);
	assert_int_equal(errno, ERANGE);
	errno = 0;
	assert_int_equal(_nss_tenure_getgrgid_r(1900010001, &gr, buf, 5, &errno), NSS_STATUS_TRYAGAIN);
	assert_int_equal(errno, ERANGE);
	errno = 0;
	assert_int_equal(_nss_tenure_getgrnam_r("become-root", &gr, buf, 5, &errno), NSS_STATUS_TRYAGAIN);
	assert_int_equal(errno, ERANGE);
	errno = 0;
	assert_int_equal(_nss_tenure_getpwent_r(&pw, buf, 5, &errno), NSS_STATUS_TRYAGAIN);
	assert_int_equal(errno, ERANGE);
	assert_int_equal(_nss_tenure_getpwent_r(&pw, buf, sizeof(buf), &errno), NSS_STATUS_SUCCESS);
	assert_string_equal(pw.pw_name, "alice"); /* the one that did not fit, not the next */
	assert_int_equal(_nss_tenure_endpwent(), NSS_STATUS_SUCCESS);
	errno = 0;
	assert_int_equal(_nss_tenure_getpwnam_r("nobodyhere", &pw, buf, 0, &errno), NSS_STATUS_NOTFOUND);
	assert_int_equal(errno, 0);
}

static void test_null_and_empty_buffers(void **state)
{
	struct passwd pw;
	struct group gr;
	int error = 0;

	assert_int_equal(fixture_publish(&f, false), 0);
	assert_int_equal(_nss_tenure_getpwnam_r("alice", &pw, NULL, 0, &error), NSS_STATUS_TRYAGAIN);
	assert_int_equal(_nss_tenure_getpwuid_r(1900000001, &pw, buf, 0, &error), NSS_STATUS_TRYAGAIN);
	assert_int_equal(_nss_tenure_getgrnam_r("dba", &gr, NULL, 0, &error), NSS_STATUS_TRYAGAIN);
	assert_int_equal(_nss_tenure_getgrnam_r("dba", &gr, buf, 0, &error), NSS_STATUS_TRYAGAIN);
	assert_int_equal(_nss_tenure_getgrnam_r("role-db-operator", &gr, NULL, 0, &error), NSS_STATUS_TRYAGAIN);
	assert_int_equal(error, ERANGE);
}

static bool shows(const char *group, const char *member)
{
	struct group gr;

	return grnam(group, &gr) == NSS_STATUS_SUCCESS && gr.gr_mem[0] && strcmp(gr.gr_mem[0], member) == 0 && !gr.gr_mem[1];
}

/* From here on the kernel kills whoever calls anything but exit. (Its strict mode would take the clock away, too.) */
static void forbid_system_calls(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL),
	};
	const struct sock_fprog program = {.len = ARRAY_LENGTH(code), .filter = code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		_exit(77);
}

static void tell_the_time_without_system_calls(void)
{
	struct instant now;

	forbid_system_calls();
	(void)syscall(SYS_exit, clock_system.now(&clock_system, &now) == 0 ? 0 : 1);
}

/* clocks: the machine tells the time without one, which the groups that show holders ask for. */
static void look_without_system_calls(gid_t *gids, bool clocks)
{
	struct passwd pw;
	struct group gr;
	long start = 0, size = 16;
	int error = 0;
	bool right;

	forbid_system_calls();
	right = pwnam("alice", &pw) == NSS_STATUS_SUCCESS && pwnam("nobodyhere", &pw) == NSS_STATUS_NOTFOUND &&
		_nss_tenure_getpwuid_r(1900000003, &pw, buf, sizeof(buf), &error) == NSS_STATUS_SUCCESS &&
		_nss_tenure_getpwuid_r(1000, &pw, buf, sizeof(buf), &error) == NSS_STATUS_NOTFOUND &&
		grnam("dba", &gr) == NSS_STATUS_SUCCESS && grnam("nothinghere", &gr) == NSS_STATUS_NOTFOUND &&
		_nss_tenure_getgrgid_r(1900010002, &gr, buf, sizeof(buf), &error) == NSS_STATUS_SUCCESS &&
		_nss_tenure_initgroups_dyn("alice", 7, &start, &size, &gids, -1, &error) == NSS_STATUS_SUCCESS &&
		(!clocks || (shows("become-root", "alice") && shows("role-db-operator", "alice")));
	(void)syscall(SYS_exit, right ? 0 : 1);
}

static void test_a_lookup_makes_no_system_call(void **state)
{
	struct holder rows[2] = {fixture_holder(&f, 0, RIGHT_BECOME, "root"), fixture_holder(&f, 0, (enum right_kind)0, NULL)};
	gid_t *gids = calloc(16, sizeof(*gids));
	struct passwd pw;
	long start = 0, size = 16;
	int error = 0, status;
	bool clocks;
	pid_t child = fork();

	if (child == 0)
		tell_the_time_without_system_calls();
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	clocks = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	print_message("the time is told %s system calls\n", clocks ? "without" : "by");
	assert_non_null(gids);
	assert_int_equal(fixture_publish(&f, true), 0);
	assert_int_equal(fixture_holders(&f, "contoso", "grants", rows, 2), 0);
	assert_int_equal(pwnam("alice", &pw), NSS_STATUS_SUCCESS);
	assert_int_equal(_nss_tenure_initgroups_dyn("alice", 7, &start, &size, &gids, -1, &error), NSS_STATUS_SUCCESS);
	assert_true(shows("become-root", "alice"));
	child = fork();
	if (child == 0)
		look_without_system_calls(gids, clocks);
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(generation_retire(), 0);
	free(gids);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip_because("no seccomp filter");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_guests_show_as_long_as_they_are, calls_setup, calls_teardown),
		cmocka_unit_test_setup_teardown(test_nothing_is_known_without_an_index, calls_setup, calls_teardown),
		cmocka_unit_test_setup_teardown(test_passwd_by_name_and_uid, calls_setup, calls_teardown),
		cmocka_unit_test_setup_teardown(test_tenants_by_domain, calls_setup, calls_teardown),
		cmocka_unit_test_setup_teardown(test_homes_of_their_own_and_by_prefix, calls_setup, calls_teardown),
		cmocka_unit_test_setup_teardown(test_groups_and_private_groups, calls_setup, calls_teardown),
		cmocka_unit_test_setup_teardown(test_groups_that_show_holders, calls_setup, calls_teardown),
		cmocka_unit_test_setup_teardown(test_T50_a_name_that_was_given_anew_inherits_nothing, calls_setup, calls_teardown),
		cmocka_unit_test_setup_teardown(test_grants_of_another_boot_count_for_nothing, calls_setup, calls_teardown),
		cmocka_unit_test_setup_teardown(test_initgroups, calls_setup, calls_teardown),
		cmocka_unit_test_setup_teardown(test_initgroups_gives_nothing_that_ends, calls_setup, calls_teardown),
		cmocka_unit_test_setup_teardown(test_initgroups_honours_the_limit, calls_setup, calls_teardown),
		cmocka_unit_test_setup_teardown(test_erange_goes_with_tryagain_and_errnop_may_be_errno, calls_setup, calls_teardown),
		cmocka_unit_test_setup_teardown(test_null_and_empty_buffers, calls_setup, calls_teardown),
		cmocka_unit_test_setup_teardown(test_a_lookup_makes_no_system_call, calls_setup, calls_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

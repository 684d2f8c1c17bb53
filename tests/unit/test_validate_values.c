/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the fields of an object may hold: rights over local names, keys, text that is shown, groups of roles. */
#include "tests/unit/cmocka_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/model/settings.h"
#include "tests/unit/directory_fixture.h"

#define KEY	"AAAAC3NzaC1lZDI1NTE5AAAAINu9IqcCk/ckHqmCFGbz4zP7Lva5/IPoZkvRZmGdMTNv"
#define RSA_KEY \
	"AAAAB3NzaC1yc2EAAAADAQABAAAAgQDbuI5dXMJ52KxuvsBHXHEXYVG9tU9u3UYBfvVKZEQCHDb/3MgRwwnJRg/zgtsyyGazm/qB" \
	"6Ldxe0PdT/XYO4ur+NAVmDqjf1+cA1oq4PuHJZt+STB5BDS85wcpGeR/3iu44sSPExksnm1ibk36fcgQW7HKFopuXu480Jw1p/S6" \
	"NQ=="
#define EC_KEY \
	"AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBPmcUZZvR7R+wL8lqYBUXuIWSAdzfAlwLDdlix0PK3k12GZN" \
	"9dqYmnXnJF4t9QEt0edwQf0OlskK4/uAzD11Ysk="

static void test_T24_a_right_names_what_may_be_an_account(void **state)
{
	static const char *const good[] = {"become:root", "become:Debian-exim", "group:Debian-exim", "become:_apt", "become:*",
					   "become:web1.example", "become:HOST1$", "group:adm", "become:A23456789012345678901234"};
	static const char *const bad[] = {"become:", "become:-x", "become:.x", "become:1000", "group:0", "become:a b", "become:a/b",
					  "become:../x", "become:a:b", "become:a@b", "become:$x", "become:a$b", "group:*",
					  "become:a*", "become:caf\xc3\xa9", "become:a,b", "become:A234567890123456789012345",
					  "group:a234567890123456789012345678901x"};
	struct right r;

	for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
		if (right_parse(good[i], &r) != 0)
			fail_msg("refused %s", good[i]);
		assert_string_equal(r.argument, strchr(good[i], ':') + 1);
		right_done(&r);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
		if (right_parse(bad[i], &r) == 0)
			fail_msg("took %s", bad[i]);
}

static void load_user(struct fixture *f, const char *key, const char *value)
{
	char text[1024];

	(void)snprintf(text, sizeof(text), "version = 1; users = ( { name = \"alice\"; uid = 1900000001; %s = %s; } );", key, value);
	fixture_load(f, text);
}

static char *own_domains[] = {(char[]){"contoso.com"}, (char[]){"contoso.example"}};
static char *foreign[] = {(char[]){"fabrikam.com"}};
static char *parents[] = {(char[]){"/srv/homes"}, (char[]){"/home"}};

/* What becomes of alice with that home. */
static bool home_is_taken(const struct tenant_config *t, const char *home)
{
	struct problem_list problems = {0};
	struct user u;
	bool taken;

	user_init(&u);
	u.o.name = strdup("alice");
	u.home = strdup(home);
	u.uid = 1900000001;
	assert_int_equal(user_validate(&u, t, &problems), 0);
	taken = !u.o.dropped;
	assert_int_equal(problems.count, !taken);
	if (!taken)
		assert_string_equal(problems.items[0].id, "dir-home");
	problem_list_done(&problems);
	user_done(&u);
	return taken;
}

/* pam_mkhomedir makes it as root, and gives it away. */
static void test_T28_a_home_is_where_the_tenants_homes_are(void **state)
{
	static const char *const well[] = {"/home/contoso.com/alice", "/home/contoso.com/a/alice", "/home/contoso.example/x",
					   "/home/contoso.com/alice/", "/home/alice", "/home/alice/"};
	static const char *const never[] = {"/home/fabrikam.com", "/home/fabrikam.com/", "/home/fabrikam.com/alice"};
	static const char *const elsewhere[] = {"/etc/systemd/system/cron.service.d", "/", "/home", "/home/", "/root", "/home/bob",
						"/home/alice/x", "/home/contoso.com", "/home/contoso.com/", "/home/contoso.comm/alice",
						"/homes/contoso.com/alice", "/var/lib/alice", "/srv/homes", "/srv/homes/"};
	struct tenant_config t = {.name = (char[]){"contoso"}, .domains = own_domains, .domain_count = 2, .foreign_domains = foreign,
				  .foreign_domain_count = 1, .source = SOURCE_LDAP, .home = true};

	for (size_t i = 0; i < ARRAY_LENGTH(well); i++)
		if (!home_is_taken(&t, well[i]))
			fail_msg("refused %s", well[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(elsewhere); i++)
		if (home_is_taken(&t, elsewhere[i]))
			fail_msg("took %s", elsewhere[i]);
	t.home = false; /* another tenant's alice would be the same */
	assert_false(home_is_taken(&t, "/home/alice"));
	assert_true(home_is_taken(&t, "/home/contoso.com/alice"));
	/* Root's own words: the directory in a file, or home_parents. */
	t.source = SOURCE_FILE;
	assert_true(home_is_taken(&t, "/var/lib/alice"));
	t.home_parents = parents;
	t.home_parent_count = 2;
	assert_true(home_is_taken(&t, "/srv/homes/alice"));
	assert_true(home_is_taken(&t, "/home/bob"));
	assert_false(home_is_taken(&t, "/srv/homes/"));
	assert_false(home_is_taken(&t, "/srv/homesick/alice"));
	assert_false(home_is_taken(&t, "/var/lib/alice"));
	t.source = SOURCE_LDAP;
	assert_true(home_is_taken(&t, "/srv/homes/alice"));
	assert_false(home_is_taken(&t, "/var/lib/alice"));
	for (size_t i = 0; i < ARRAY_LENGTH(never); i++)
		if (home_is_taken(&t, never[i]))
			fail_msg("took %s", never[i]);
}

/* crypt(3) ends a hash within 384 bytes, its NUL among them; so does the file that keeps it. */
static void test_the_longest_hash(void **state)
{
	for (size_t len = 383; len <= 384; len++) {
		char value[400];
		struct fixture f;

		memset(value, 'x', sizeof(value));
		memcpy(value, "\"$y$j9T$", 8);
		value[len + 1] = '"';
		value[len + 2] = '\0';
		load_user(&f, "password", value);
		fixture_expect(&f, "dir-password", len == 384, value);
		fixture_done(&f);
	}
}

static void test_T13_what_nobody_sees_is_no_gecos(void **state)
{
	static const char *const values[] = {
		"Alice\\xe2\\x80\\xae Ito", "\\xe2\\x80\\x8bAlice", "Al\\xe2\\x81\\xa6ice", "Alice\\xc2\\x85", "a\\xe2\\x80\\xa8b",
		"\\xef\\xbb\\xbfAlice",
	};
	char value[128];

	for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
		struct fixture f;

		(void)snprintf(value, sizeof(value), "\"%s\"", values[i]);
		load_user(&f, "gecos", value);
		fixture_expect(&f, "dir-field", 1, value);
		fixture_done(&f);
	}
}

static void test_only_keys_are_keys(void **state)
{
	static const struct {
		bool good;
		const char *line;
	} keys[] = {
		{true, "ssh-ed25519 " KEY},
		{true, "ssh-ed25519 " KEY " alice@laptop, the old one"},
		{true, "ssh-rsa " RSA_KEY},
		{true, "ecdsa-sha2-nistp256 " EC_KEY " x"},
		{false, "ecdsa-sha2-nistp384 " EC_KEY " x"},
		{false, "ssh-rsa " KEY},
		{false, "ssh-ed25519 " RSA_KEY},
		{false, "ssh-ed25519  " KEY},
		{false, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5"},
		{false, "ssh-ed25519 " KEY "A"},
		{false, "ssh-ed25519 " KEY "===="},
		{false, "ssh-ed25519 !" KEY "!!!"},
		{false, "ssh-ed25519 this is no key at all, but long enough to be one"},
		{false, "ssh-ed25519-cert-v01@openssh.com " KEY},
		{false, "ssh-dss " KEY},
		{false, "ssh-ed25519"},
		{false, "no-pty ssh-ed25519 " KEY},
		{false, KEY},
		{false, ""},
	};
	char value[512];

	for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
		struct fixture f;

		(void)snprintf(value, sizeof(value), "[ \"ssh-ed25519 " KEY " first\", \"%s\", \"ssh-ed25519 " KEY " last\" ]", keys[i].line);
		load_user(&f, "ssh_keys", value);
		fixture_expect(&f, "dir-key", keys[i].good ? 0 : 1, value);
		/* The key is left out, and nothing else is. */
		assert_false(f.d->users[0].o.dropped);
		assert_int_equal(f.d->users[0].ssh_key_count, keys[i].good ? 3 : 2);
		assert_non_null(strstr(f.d->users[0].ssh_keys[0], "first"));
		assert_non_null(strstr(f.d->users[0].ssh_keys[f.d->users[0].ssh_key_count - 1], "last"));
		fixture_done(&f);
	}
}

static void test_a_scope_has_a_tier(void **state)
{
	struct fixture f;

	fixture_load(&f, "version = 1; scopes = ( { path = \"/prod\"; environment = \"production\"; tier = \"gold\"; } );");
	fixture_expect(&f, "", 0, "a tier");
	assert_string_equal(f.d->scopes[1].tier, "gold");
	assert_false(f.d->scopes[1].o.dropped);
	fixture_done(&f);
}

static bool is_taken(const struct directory *d, uint32_t gid)
{
	for (size_t i = 0; i < d->taken_range_count; i++)
		if (gid >= d->taken_ranges[i].first && gid <= d->taken_ranges[i].last)
			return true;
	return false;
}

/* The role stays; its group does without the number that is the host's. */
static void test_T23_a_local_gid_is_no_roles(void **state)
{
	struct fixture f;

	fixture_load(&f, "version = 1; roles = ( { name = \"a\"; gid = 1900090050; actions = [ ]; },"
			 " { name = \"b\"; gid = 1900090061; actions = [ ]; }, { name = \"c\"; gid = 1900090052; actions = [ ]; } );");
	fixture_expect(&f, "dir-role-gid", 2, "local gids");
	for (size_t i = 0; i < 3; i++)
		assert_false(f.d->roles[i].o.dropped);
	assert_int_equal(f.d->roles[0].gid, NO_ID);
	assert_int_equal(f.d->roles[1].gid, NO_ID);
	assert_int_equal(f.d->roles[2].gid, 1900090052);
	assert_true(is_taken(f.d, 1900090050) && is_taken(f.d, 1900090060) && is_taken(f.d, 1900090061));
	assert_false(is_taken(f.d, 1900090051) || is_taken(f.d, 1900090062) || is_taken(f.d, 1900090052));
	fixture_done(&f);
}

static void test_a_role_whose_group_is_never_shown_is_reported(void **state)
{
	struct fixture f;

	fixture_load(&f, "version = 1; roles = ( { name = \"a-name-of-twenty-seven-byte\"; actions = [ ]; },"
			 " { name = \"a-name-of-twenty-six-bytes\"; actions = [ ]; } );");
	fixture_expect(&f, "dir-role-gid", 1, "27 characters");
	assert_int_equal(f.problems.warnings, 1);
	assert_false(f.d->roles[0].o.dropped);
	fixture_done(&f);
}

static struct tenant_config tenant(const char *name, uint32_t first, uint32_t last, char **domains)
{
	struct tenant_config t = {.name = (char *)(uintptr_t)name, .domains = domains, .domain_count = 1};

	t.id.bytes[0] = (uint8_t)name[0];
	t.id_range = (struct id_range){first, last};
	return t;
}

static void test_T47_ranges_of_tenants(void **state)
{
	char *domain_a[] = {(char[]){"a.com"}}, *domain_b[] = {(char[]){"b.com"}};
	struct tenant_config a = tenant("a", 1900000000, 1900099999, domain_a);
	static const struct {
		const char *id;
		uint32_t first, last;
		size_t errors, warnings;
	} cases[] = {
		{"", 1900100000, 1900199999, 0, 0},
		{"tenant-range", 1900099999, 1900199999, 1, 0},
		{"subuid", 600000, 700000, 0, 1},	  /* containers may take them: a warning */
		{"subuid", 1000000000, 1000099999, 0, 1},
		{"subuid", 1910000000, 1910000099, 1, 0}, /* given away: an error */
	};
	struct id_range reserved = {1910000050, 1910000060};
	char *place[] = {(char[]){"/etc/subuid:1 (bob)"}};
	const struct local_accounts local = {.reserved = &reserved, .reserved_place = place, .reserved_count = 1};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const struct tenant_config all[] = {a, tenant("b", cases[i].first, cases[i].last, domain_b)};
		struct problem_list problems = {0};

		tenants_validate(all, 2, &local, &problems);
		assert_int_equal(problems.errors, cases[i].errors);
		assert_int_equal(problems.warnings, cases[i].warnings);
		for (size_t k = 0; k < problems.count; k++) {
			assert_string_equal(problems.items[k].id, cases[i].id);
			assert_string_equal(problems.items[k].place, "tenants.d/b.conf");
		}
		problem_list_done(&problems);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_T24_a_right_names_what_may_be_an_account),
		cmocka_unit_test(test_T28_a_home_is_where_the_tenants_homes_are),
		cmocka_unit_test(test_the_longest_hash),
		cmocka_unit_test(test_T13_what_nobody_sees_is_no_gecos),
		cmocka_unit_test(test_only_keys_are_keys),
		cmocka_unit_test(test_a_scope_has_a_tier),
		cmocka_unit_test(test_T23_a_local_gid_is_no_roles),
		cmocka_unit_test(test_a_role_whose_group_is_never_shown_is_reported),
		cmocka_unit_test(test_T47_ranges_of_tenants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

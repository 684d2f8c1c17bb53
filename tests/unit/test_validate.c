/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each fault alone, and exactly its problem; then what it does to what refers to it. */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/directory_fixture.h"

#define ROLES "roles = ( { name = \"op\"; actions = [ \"become:root\" ]; } );\n"
#define GROUP "groups = ( { name = \"dba\"; gid = 1900010001; members = [ \"alice\" ]; } );\n"

#define ID    "\"5d0b3a2e-7c64-4f0e-9a57-000000000001\""
#define DENY(right, more) "{ type = \"deny\"; actions = [ \"" right "\" ]; user = \"alice\"; scope = \"/\"; " more "}"

static const struct {
	const char *id, *rest;
	bool broken_restriction;
} cases[] = {
	/* names */
	{"dir-name", "users = ( { name = \"al ice\"; } );", false},
	{"dir-name", "groups = ( { name = \"-x\"; } );", false},
	{"dir-name", "scopes = ( { path = \"prod\"; } );", false},
	{"dir-name", "users = ( { name = \"become-root\"; uid = 1900000001; } );", false},
	{"dir-name", "groups = ( { name = \"role-x\"; gid = 1900010001; } );", false},
	/* fields */
	{"dir-field", "users = ( { name = \"alice\"; uid = 1900000001; gecos = \"a:b\"; } );", false},
	{"dir-password", "users = ( { name = \"alice\"; password = \"secret\"; } );", false},
	{"dir-password", "users = ( { name = \"alice\"; password = \"\"; } );", false},
	{"dir-password", "users = ( { name = \"alice\"; password = \"!$y$j9T$abcdefghijkl\"; } );", false},
	{"dir-password", "users = ( { name = \"alice\"; password = \"$1$abcdefgh$abcdefghijkl\"; } );", false},
	{"dir-password", "users = ( { name = \"alice\"; password = \"$y$j9T$abcdef:ghijkl\"; } );", false},
	{"dir-key", "users = ( { name = \"alice\"; ssh_keys = [ \"command=\\\"x\\\" ssh-rsa AAAAAAAAAAAAAAAAAAAAAAAA\" ]; } );", false},
	{"dir-key", "users = ( { name = \"alice\"; ssh_keys = [ \"ssh-ed25519 AAAAAAAAAAAAAAAAAAAA\\nssh-rsa AAAAAAAAAAAAAAA\" ]; } );", false},
	{"dir-dates", "users = ( { name = \"alice\"; start = \"2026-01-02T00:00:00Z\"; end = \"2026-01-01T00:00:00Z\"; } );", false},
	{"dir-dates", ROLES "assignments = ( { type = \"active\"; role = \"op\"; user = \"alice\"; scope = \"/\"; start = \"2026-01-02T00:00:00Z\"; end = \"2026-01-02T00:00:00Z\"; } );", false},
	/* ids */
	{"dir-uid", "users = ( { name = \"alice\"; uid = 1000; } );", false},
	{"dir-uid", "users = ( { name = \"alice\"; uid = 1800000000; } );", false},
	{"dir-uid", "users = ( { name = \"alice\"; uid = 1900090001; } );", false},
	{"dir-uid", "users = ( { name = \"alice\"; uid = 1900000710; } );", false},
	{"dir-uid", "users = ( { name = \"a\"; uid = 1900000001; }, { name = \"b\"; uid = 1900000001; } );", false},
	{"dir-gid", "groups = ( { name = \"g\"; gid = 27; } );", false},
	{"dir-gid", "groups = ( { name = \"g\"; gid = 1900000001; } );", false},
	{"dir-gid", "groups = ( { name = \"g\"; gid = 1900010001; }, { name = \"h\"; gid = 1900010001; } );", false},
	{"dir-gid", "users = ( { name = \"alice\"; uid = 1900000001; gid = 1900000002; } );", false},
	{"dir-role-gid", "roles = ( { name = \"op\"; gid = 1900000009; actions = [ ]; } );", false},
	{"dir-role-gid", "roles = ( { name = \"a\"; gid = 1900090001; actions = [ ]; }, { name = \"b\"; gid = 1900090001; actions = [ ]; } );", false},
	{"dir-role-gid", "roles = ( { name = \"op\"; gid = 1900090050; actions = [ ]; } );", false},
	{"dir-role-gid", "roles = ( { name = \"op\"; gid = 1900090061; actions = [ ]; } );", false},
	{"dir-role-gid", "roles = ( { name = \"a-name-of-twenty-seven-byte\"; actions = [ ]; } );", false},
	/* duplicates */
	{"dir-duplicate", "users = ( { name = \"alice\"; }, { name = \"ALICE\"; } );", false},
	{"dir-duplicate", "groups = ( { name = \"g\"; }, { name = \"g\"; } );", false},
	{"dir-duplicate", "groups = ( { name = \"alice\"; gid = 1900010001; } );", false},
	{"dir-duplicate", "users = ( { name = \"a\"; id = \"5d0b3a2e-7c64-4f0e-9a57-000000000001\"; }, { name = \"b\"; id = \"5d0b3a2e-7c64-4f0e-9a57-000000000001\"; } );", false},
	{"dir-duplicate", ROLES "assignments = ( { type = \"active\"; role = \"op\"; user = \"alice\"; scope = \"/\"; }, { type = \"active\"; role = \"op\"; user = \"alice\"; scope = \"/\"; } );", false},
	/* references */
	{"dir-reference", "groups = ( { name = \"g\"; members = [ \"nobody-here\" ]; } );", false},
	{"dir-reference", "groups = ( { name = \"g\"; member_groups = [ \"h\" ]; } );", false},
	{"dir-reference", "units = ( { name = \"u\"; users = [ \"zoe\" ]; } );", false},
	{"dir-reference", "units = ( { name = \"u\"; hosts = [ \"db1\" ]; } );", false},
	{"dir-reference", "scopes = ( { path = \"/a/b\"; }, { path = \"/a\"; } );", false},
	{"dir-reference", "assignments = ( { type = \"active\"; role = \"none\"; user = \"alice\"; scope = \"/\"; } );", false},
	{"dir-reference", ROLES "assignments = ( { type = \"active\"; role = \"op\"; user = \"zoe\"; scope = \"/\"; } );", false},
	{"dir-reference", ROLES "assignments = ( { type = \"active\"; role = \"op\"; group = \"g\"; scope = \"/\"; } );", false},
	{"dir-reference", ROLES "assignments = ( { type = \"active\"; role = \"op\"; user = \"alice\"; scope = \"/x\"; } );", false},
	{"dir-reference", ROLES "assignments = ( { type = \"active\"; role = \"op\"; user = \"alice\"; unit = \"u\"; } );", false},
	/* shapes */
	{"dir-assignment", ROLES "assignments = ( { type = \"active\"; role = \"op\"; user = \"alice\"; } );", false},
	{"dir-assignment", ROLES "assignments = ( { type = \"active\"; role = \"op\"; scope = \"/\"; } );", false},
	{"dir-assignment", ROLES GROUP "assignments = ( { type = \"active\"; role = \"op\"; user = \"alice\"; group = \"dba\"; scope = \"/\"; } );", false},
	{"dir-assignment", "assignments = ( { type = \"active\"; actions = [ \"login\" ]; user = \"alice\"; scope = \"/\"; } );", false},
	{"dir-assignment", "users = ( { name = \"ci\"; kind = \"service\"; } );" ROLES "assignments = ( { type = \"eligible\"; role = \"op\"; user = \"ci\"; scope = \"/\"; } );", false},
	{"dir-cycle", "groups = ( { name = \"g\"; member_groups = [ \"g\" ]; } );", false},
	/* what the reader finds in one object */
	{"conf-key", "users = ( { name = \"alice\"; colour = \"red\"; } );", false},
	{"conf-missing", "users = ( { uid = 1900000001; } );", false},
	{"conf-missing", "roles = ( { name = \"op\"; } );", false},
	{"conf-value", "users = ( { name = \"alice\"; uid = \"1900000001\"; } );", false},
	{"conf-value", "users = ( { name = \"alice\"; uid = -1; } );", false},
	{"conf-value", "users = ( { name = \"alice\"; enabled = 1; } );", false},
	{"conf-value", "users = ( { name = \"alice\"; end = \"tomorrow\"; } );", false},
	{"conf-value", "users = ( { name = \"alice\"; id = \"alice\"; } );", false},
	{"conf-value", "users = ( \"alice\" );", false},
	{"conf-value", "roles = ( { name = \"op\"; actions = [ \"become:\" ]; } );", false},
	{"conf-value", "roles = ( { name = \"op\"; actions = [ \"login\" ]; activation = { max_duration = \"25h\"; }; } );", false},
	{"conf-value", "roles = ( { name = \"op\"; actions = [ \"login\" ]; activation = { max_duration = 30; }; } );", false},
	{"conf-value", "roles = ( { name = \"op\"; actions = [ \"login\" ]; activation = { approvals = 101; }; } );", false},
	{"conf-value", "scopes = ( { path = \"/a\"; kind = \"planet\"; } );", false},
	{"conf-value", "scopes = ( { path = \"/a\"; tier = \"\"; } );", false},
	/* T49: what only restricts */
	{"conf-key", "denies = ( );", true},
	{"conf-value", "assignments = \"none\";", true},
	{"conf-key", "units = ( { name = \"u\"; restrictd = true; } );", true},
	{"conf-value", "units = ( { name = \"u\"; restricted = \"yes\"; } );", true},
	{"conf-missing", ROLES "assignments = ( { role = \"op\"; user = \"alice\"; scope = \"/\"; } );", true},
	{"conf-value", ROLES "assignments = ( { type = \"denied\"; role = \"op\"; user = \"alice\"; scope = \"/\"; } );", true},
	{"conf-key", ROLES "assignments = ( { type = \"deny\"; role = \"op\"; user = \"alice\"; scope = \"/\"; utnil = \"x\"; } );", true},
	{"conf-value", "assignments = ( { type = \"deny\"; actions = [ \"bekome:root\" ]; user = \"alice\"; scope = \"/\"; } );", true},
	{"dir-assignment", "assignments = ( { type = \"deny\"; user = \"alice\"; scope = \"/\"; } );", true},
	{"dir-dates", ROLES "assignments = ( { type = \"deny\"; role = \"op\"; user = \"alice\"; scope = \"/\"; start = \"2026-01-02T00:00:00Z\"; end = \"2026-01-01T00:00:00Z\"; } );", true},
	{"dir-restriction", ROLES "assignments = ( { type = \"deny\"; role = \"op\"; user = \"zoe\"; scope = \"/\"; } );", true},
	{"dir-restriction", ROLES "assignments = ( { type = \"deny\"; role = \"op\"; group = \"g\"; scope = \"/\"; } );", true},
	{"dir-restriction", "assignments = ( { type = \"deny\"; role = \"op\"; user = \"alice\"; scope = \"/\"; } );", true},
	{"dir-restriction", ROLES "assignments = ( { type = \"deny\"; role = \"op\"; user = \"alice\"; scope = \"/x\"; } );", true},
	{"dir-restriction", ROLES "assignments = ( { type = \"deny\"; role = \"op\"; user = \"alice\"; unit = \"u\"; } );", true},
	{"dir-restriction", "groups = ( { name = \"g\"; member_groups = [ \"h\" ]; }, { name = \"h\"; members = [ \"zoe\" ]; } );" ROLES "assignments = ( { type = \"deny\"; role = \"op\"; group = \"g\"; scope = \"/\"; } );", true},
	{"dir-restriction", "units = ( { name = \"u\"; restricted = true; users = [ \"zoe\" ]; } );", true},
	{"dir-restriction", "units = ( { name = \"u\"; hosts = [ \"db1\" ]; } ); assignments = ( { type = \"deny\"; actions = [ \"login\" ]; user = \"alice\"; unit = \"u\"; } );", true},
	{"dir-restriction", "roles = ( { name = \"op\"; actions = [ \"login\" ]; activation = { approvals = 1; approver_users = [ \"zoe\" ]; }; } );", true},
	{"dir-restriction", "roles = ( { name = \"op\"; actions = [ \"login\" ]; activation = { approvals = 1; approver_groups = [ \"g\" ]; }; } );", true},
	/* a deny that another object's id would push out; the same one twice is one */
	{"dir-restriction", "assignments = ( " DENY("login", "id = " ID "; ") ", " DENY("become:root", "id = " ID "; ") " );", true},
	{"dir-restriction", "assignments = ( { type = \"active\"; role = \"host-user-login\"; user = \"alice\"; scope = \"/\"; id = " ID "; }, " DENY("login", "id = " ID "; ") " );", true},
	{"dir-duplicate", "assignments = ( " DENY("login", "") ", " DENY("login", "") " );", false},
	/* a host that is left out may be this one */
	{"dir-reference", "hosts = ( { name = \"db1\"; scope = \"/a\"; id = " ID "; } );", true},
	{"dir-duplicate", "scopes = ( { path = \"/db1\"; } ); hosts = ( { name = \"db1\"; scope = \"/\"; id = " ID "; } );", true},
	{"dir-duplicate", "hosts = ( { name = \"a\"; scope = \"/\"; id = " ID "; }, { name = \"b\"; scope = \"/\"; id = " ID "; } );", true},
	{"dir-name", "hosts = ( { name = \"db 1\"; scope = \"/\"; id = " ID "; } );", true},
	{"conf-value", "hosts = ( { name = \"db1\"; scope = \"/\"; id = \"5d0b3a2e\"; } );", true},
	{"conf-value", "hosts = ( { name = 1; scope = \"/\"; id = " ID "; } );", true},
	{"conf-value", "hosts = ( \"db1\" );", true},
	{"conf-missing", "hosts = ( { name = \"db1\"; scope = \"/\"; } );", true},
	{"conf-missing", "hosts = ( { scope = \"/\"; id = " ID "; } );", true},
	{"conf-key", "hosts = ( { name = \"db1\"; scope = \"/\"; id = " ID "; rack = 1; } );", true},
};

static void test_T49_each_fault_alone(void **state)
{
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct fixture f;

		fixture_load_with_users(&f, cases[i].rest);
		assert_non_null(f.d);
		fixture_expect(&f, cases[i].id, 1, cases[i].rest);
		if (f.d->broken_restriction != cases[i].broken_restriction)
			fail_msg("broken_restriction is %d: %s", f.d->broken_restriction, cases[i].rest);
		assert_true(*f.problems.items[0].remedy);
		assert_non_null(strstr(f.problems.items[0].place, "directory.d/contoso.conf"));
		fixture_done(&f);
	}
}

static void test_T49_denies_that_differ_in_one_right_are_two(void **state)
{
	struct fixture f;

	fixture_load_with_users(&f, "assignments = ( " DENY("login\", \"become:root", "") ", " DENY("login\", \"become:*", "") ", "
				    DENY("login", "") " );");
	fixture_expect(&f, "", 0, "three denies");
	assert_false(f.d->broken_restriction);
	for (size_t i = 0; i < 3; i++)
		assert_false(f.d->assignments[i].o.dropped);
	fixture_done(&f);
}

static void test_T49_a_faulty_host_is_told_where_its_id_comes_from(void **state)
{
	static const char *const hosts[] = {"hosts = ( { name = \"db1\"; scope = \"/\"; id = \"x\"; } );",
					    "hosts = ( { name = \"db1\"; scope = \"/\"; } );"};

	for (size_t i = 0; i < ARRAY_LENGTH(hosts); i++) {
		struct fixture f;

		fixture_load_with_users(&f, hosts[i]);
		assert_non_null(strstr(f.problems.items[0].remedy, "tenure check --host-id"));
		fixture_done(&f);
	}
}

/* Faults of the file as a whole: nothing of it is taken. */
static void test_whole_file_faults(void **state)
{
	static const struct {
		const char *id, *text;
	} whole[] = {
		{"conf-syntax", "version = 1; users = ( { name = \"a\"; }, );"},
		{"conf-syntax", "version = 1; users = ( { name \"a\"; } );"},
		{"conf-syntax", "version = 1; version = 1;"},
		{"conf-value", "version = 2;"},
		{"conf-missing", "users = ( );"},
		{"conf-text", "version = 1; users = ( { name = \"a\"; uid = 4294967296; } );"},
		{"conf-text", "version = 1;\n@include \"/etc/shadow\"\n"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(whole); i++) {
		struct fixture f;

		fixture_load(&f, whole[i].text);
		assert_null(f.d);
		fixture_expect(&f, whole[i].id, 1, whole[i].text);
		fixture_done(&f);
	}
}

static size_t served_users(const struct fixture *f)
{
	size_t count = 0;

	for (size_t i = 0; i < f->d->user_count; i++)
		count += !f->d->users[i].o.dropped;
	return count;
}

static void test_T22_ids_nobody_may_have(void **state)
{
	static const char *const ids[] = {"0", "1", "27", "42", "999", "1000", "65534", "65535", "-1", "2147483647",
					  "0x0", "0x7FFFFFFF", "\"0\"", "0.0", "100000", "524288", "1879048191",
					  "1900000500", "1900000600", "1900000750"};
	static const char *const refused_text[] = {"2147483648", "4294967295", "4294967296", "-2147483649", "0xFFFFFFFF",
						   "0x100000000", "00", "1e3", "01900000001", "1900000001L", "18446744073709551616"};
	char text[256];

	for (size_t i = 0; i < ARRAY_LENGTH(ids); i++) {
		for (int gid = 0; gid < 2; gid++) {
			struct fixture f;

			snprintf(text, sizeof(text), "version = 1; %s = ( { name = \"x\"; %s = %s; } );",
				 gid ? "groups" : "users", gid ? "gid" : "uid", ids[i]);
			fixture_load(&f, text);
			if (f.d && !(gid ? f.d->groups[0].o.dropped : f.d->users[0].o.dropped) &&
			    !(gid && strcmp(ids[i], "1900000500") == 0))
				fail_msg("took %s", text);
			fixture_done(&f);
		}
	}
	for (size_t i = 0; i < ARRAY_LENGTH(refused_text); i++) {
		struct fixture f;

		snprintf(text, sizeof(text), "version = 1; users = ( { name = \"x\"; uid = %s; } );", refused_text[i]);
		fixture_load(&f, text);
		assert_null(f.d);
		fixture_expect(&f, "conf-text", 1, text);
		fixture_done(&f);
	}
	for (uint64_t id = 0; id <= UINT32_MAX; id += id < 70000 || id > 2147480000 ? 1 : 9973) {
		bool bad = id <= 999 || id == 65534 || id == 65535 || id > INT32_MAX;

		if ((id_refusal((uint32_t)id) != NULL) != bad)
			fail_msg("%llu", (unsigned long long)id);
		if (id > 2147500000)
			id += 99991;
	}
}

static void test_T23_local_names_and_ids_win(void **state)
{
	static const char *const names[] = {"root", "Root", "ROOT", "sudo", "Sudo", "bob", "docker", "shadow", "high"};
	char text[256];

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		struct fixture f;

		snprintf(text, sizeof(text), "version = 1; users = ( { name = \"%s\"; uid = 1900000001; } );", names[i]);
		fixture_load(&f, text);
		fixture_expect(&f, "dir-name", 1, text);
		assert_int_equal(served_users(&f), 0);
		fixture_done(&f);
		snprintf(text, sizeof(text), "version = 1; groups = ( { name = \"%s\"; gid = 1900010001; } );", names[i]);
		fixture_load(&f, text);
		fixture_expect(&f, "dir-name", 1, text);
		assert_true(f.d->groups[0].o.dropped);
		fixture_done(&f);
	}
}

/* A principal without uid may bear a local account's name: only local_logins reach him. */
static void test_T23_a_principal_without_login_is_no_rival(void **state)
{
	struct fixture f;

	fixture_load(&f, "version = 1; users = ( { name = \"bob\"; }, { name = \"root\"; } ); groups = ( { name = \"sudo\"; } );");
	fixture_expect(&f, "", 0, "bob, root, sudo without numbers");
	assert_int_equal(served_users(&f), 2);
	fixture_done(&f);
}

static void test_T24_names_of_a_directory(void **state)
{
	static const char *const bad[] = {"-x", "../x", "a/b", "1000", "0", "al ice", "alice\\n", "\\x01", "a\\xc3\\xa9", "r\\xd0\\xbeot",
					  "", "a@b", "a:b", ".", "..", "abcdefghijklmnopqrstuvwxyz012345"};
	char text[256];

	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
		struct fixture f;

		snprintf(text, sizeof(text), "version = 1; users = ( { name = \"%s\"; uid = 1900000001; } );", bad[i]);
		fixture_load(&f, text);
		fixture_expect(&f, "dir-name", 1, text);
		assert_int_equal(served_users(&f), 0);
		fixture_done(&f);
	}
	for (int x = 0; x < 2; x++) {
		struct fixture f;

		fixture_load(&f, x ? "version = 1; users = ( { name = \"root\\x00x\"; } );"
				   : "version = 1; users = ( { name = \"root\\X00x\"; } );");
		assert_null(f.d);
		fixture_expect(&f, "conf-text", 1, "NUL in a name");
		fixture_done(&f);
	}
}

static void test_T24_case_is_folded_at_load(void **state)
{
	struct fixture f;

	fixture_load(&f, "version = 1; users = ( { name = \"Alice\"; uid = 1900000001; } );"
			 "groups = ( { name = \"DBA\"; gid = 1900010001; members = [ \"ALICE\" ]; } );");
	fixture_expect(&f, "", 0, "folded");
	assert_string_equal(f.d->users[0].o.name, "alice");
	assert_string_equal(f.d->groups[0].o.name, "dba");
	assert_int_equal(f.d->groups[0].closure_count, 1);
	fixture_done(&f);
}

static void test_T25_no_line_of_passwd_is_broken(void **state)
{
	static const char *const keys[] = {"gecos", "home", "shell"};
	static const char *const values[] = {"/a:b", "/a\\nroot::0:0::/:/bin/sh", "/a\\x0d", "/a\\x7f", "/a\\xff"};
	char text[256];

	for (size_t i = 0; i < ARRAY_LENGTH(keys); i++)
		for (size_t j = 0; j < ARRAY_LENGTH(values); j++) {
			struct fixture f;

			snprintf(text, sizeof(text), "version = 1; users = ( { name = \"x\"; uid = 1900000001; %s = \"%s\"; } );",
				 keys[i], values[j]);
			fixture_load(&f, text);
			fixture_expect(&f, "dir-field", 1, text);
			assert_int_equal(served_users(&f), 0);
			fixture_done(&f);
		}
}

static void test_T28_attributes_never_become_paths(void **state)
{
	static const char *const homes[] = {"", "home/x", "../../etc", "/home/../etc", "/home/./x", "/..", "~root", "//../x", "/home//x"};
	char text[256];

	for (size_t i = 0; i < ARRAY_LENGTH(homes); i++) {
		struct fixture f;

		snprintf(text, sizeof(text), "version = 1; users = ( { name = \"x\"; uid = 1900000001; home = \"%s\"; } );", homes[i]);
		fixture_load(&f, text);
		fixture_expect(&f, "dir-field", 1, text);
		assert_int_equal(served_users(&f), 0);
		fixture_done(&f);
	}
}

/* "g0" holds g1, ..., the last one holds g0; user uN is in gN. */
static char *cycle_text(unsigned length)
{
	char *text, *at;
	size_t size = 64 + length * 160;

	text = at = malloc(size);
	assert_non_null(text);
	at += sprintf(at, "version = 1; users = (");
	for (unsigned i = 0; i < length; i++)
		at += sprintf(at, "%s{ name = \"u%u\"; }", i ? "," : "", i);
	at += sprintf(at, "); groups = (");
	for (unsigned i = 0; i < length; i++)
		at += sprintf(at, "%s{ name = \"g%u\"; members = [\"u%u\"]; member_groups = [\"g%u\"]; }", i ? "," : "", i, i,
			      (i + 1) % length);
	sprintf(at, ");");
	return text;
}

static void test_T29_cycles_end(void **state)
{
	for (unsigned length = 1; length <= 64; length++) {
		char *text = cycle_text(length);
		struct fixture f;

		fixture_load(&f, text);
		fixture_expect(&f, "dir-cycle", 1, text);
		assert_int_equal(f.problems.errors, 0);
		for (unsigned i = 0; i < length; i++) {
			assert_int_equal(f.d->groups[i].closure_count, length);
			for (unsigned j = 0; j < length; j++)
				assert_int_equal(f.d->groups[i].closure[j], j);
		}
		fixture_done(&f);
		free(text);
	}
}

static void test_T29_a_hundred_thousand_members(void **state)
{
	const unsigned count = 100000;
	char *text = malloc(64 + count * 64), *at = text;
	struct fixture f;

	assert_non_null(text);
	at += sprintf(at, "version = 1; users = (");
	for (unsigned i = 0; i < count; i++)
		at += sprintf(at, "%s{ name = \"u%u\"; }", i ? "," : "", i);
	at += sprintf(at, "); groups = ( { name = \"all\"; members = [");
	for (unsigned i = 0; i < count; i++)
		at += sprintf(at, "%s\"u%u\"", i ? "," : "", i);
	sprintf(at, "]; }, { name = \"above\"; member_groups = [ \"all\" ]; } );");
	fixture_load(&f, text);
	fixture_expect(&f, "", 0, "100,000 members");
	assert_int_equal(f.d->groups[0].closure_count, count);
	assert_int_equal(f.d->groups[1].closure_count, count);
	assert_int_equal(f.d->groups[1].closure[count - 1], count - 1);
	fixture_done(&f);
	free(text);
}

/* Nesting as deep as there are groups: no recursion, so no end of the stack. */
static void test_T29_depth(void **state)
{
	const unsigned depth = 2000;
	char *text = malloc(200 + depth * 64), *at = text;
	struct fixture f;

	assert_non_null(text);
	at += sprintf(at, "version = 1; users = ( { name = \"u\"; } ); groups = ( { name = \"g0\"; members = [\"u\"]; }");
	for (unsigned i = 1; i < depth; i++)
		at += sprintf(at, ",{ name = \"g%u\"; member_groups = [\"g%u\"]; }", i, i - 1);
	sprintf(at, ");");
	fixture_load(&f, text);
	fixture_expect(&f, "", 0, "deep");
	assert_int_equal(f.d->groups[depth - 1].closure_count, 1);
	fixture_done(&f);
	free(text);
}

/* T50: a new object of the same name is the same only if its id is. */
static void test_ids_follow_the_name_unless_given(void **state)
{
	struct fixture f, g;

	fixture_load(&f, "version = 1; users = ( { name = \"alice\"; }, { name = \"bob\"; } ); groups = ( { name = \"alice\"; } );");
	fixture_load(&g, "version = 1; users = ( { name = \"alice\"; }, { name = \"bob\"; id = \"5d0b3a2e-7c64-4f0e-9a57-000000000001\"; } );");
	assert_true(uuid_equal(&f.d->users[0].o.id, &g.d->users[0].o.id));
	assert_false(uuid_equal(&f.d->users[1].o.id, &g.d->users[1].o.id));
	assert_false(uuid_equal(&f.d->users[0].o.id, &f.d->groups[0].o.id));
	fixture_done(&f);
	fixture_done(&g);
}

static void test_built_in_roles(void **state)
{
	struct fixture f;

	fixture_load(&f, "version = 1; roles = ( { name = \"host-user-login\"; actions = [ \"login\", \"become:root\" ]; } );");
	assert_int_equal(f.d->role_count, 6);
	assert_int_equal(f.d->roles[0].action_count, 2);
	assert_false(f.d->roles[0].built_in);
	assert_true(f.d->roles[1].built_in);
	assert_string_equal(f.d->scopes[0].o.name, "/");
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_T49_each_fault_alone),
		cmocka_unit_test(test_T49_denies_that_differ_in_one_right_are_two),
		cmocka_unit_test(test_T49_a_faulty_host_is_told_where_its_id_comes_from),
		cmocka_unit_test(test_whole_file_faults),
		cmocka_unit_test(test_T22_ids_nobody_may_have),
		cmocka_unit_test(test_T23_local_names_and_ids_win),
		cmocka_unit_test(test_T23_a_principal_without_login_is_no_rival),
		cmocka_unit_test(test_T24_names_of_a_directory),
		cmocka_unit_test(test_T24_case_is_folded_at_load),
		cmocka_unit_test(test_T25_no_line_of_passwd_is_broken),
		cmocka_unit_test(test_T28_attributes_never_become_paths),
		cmocka_unit_test(test_T29_cycles_end),
		cmocka_unit_test(test_T29_a_hundred_thousand_members),
		cmocka_unit_test(test_T29_depth),
		cmocka_unit_test(test_ids_follow_the_name_unless_given),
		cmocka_unit_test(test_built_in_roles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

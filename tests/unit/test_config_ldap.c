/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tenants.d of a tenant in LDAP: what is read, what it is when nothing is said, and each fault. */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/config/config.h"

#define HEAD                                                                                                         \
	"id = \"5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60\"; domains = [ \"contoso.com\" ]; source = \"ldap\"; "          \
	"id_range = [ 1900000000, 1900099999 ]; role_gids = [ 1900090000, 1900090999 ]; "
#define SERVER "uris = [ \"ldaps://ldap.contoso.com\" ]; base = \"dc=contoso,dc=com\"; "
#define BIND   "bind_dn = \"cn=db1,dc=contoso,dc=com\"; password_file = \"/etc/tenure/contoso.password\"; "
#define LDAP(text) HEAD "ldap = { " text "};"

static int parse(const char *text, struct tenant_config *ret, struct problem_list *problems)
{
	*ret = (struct tenant_config){0};
	return tenant_config_parse(text, strlen(text), "tenants.d/contoso.conf", "contoso", ret, problems);
}

static void test_what_is_not_said(void **state)
{
	struct problem_list problems = {0};
	struct tenant_config c;

	assert_int_equal(parse(LDAP(SERVER BIND), &c, &problems), 0);
	assert_int_equal(problems.count, 0);
	assert_int_equal(c.source, SOURCE_LDAP);
	assert_int_equal(c.ldap.bind, LDAP_BIND_SIMPLE);
	assert_int_equal(c.ldap.schema, LDAP_SCHEMA_RFC2307BIS);
	assert_string_equal(c.ldap.tls_ca, "/etc/ssl/certs/ca-certificates.crt");
	assert_null(c.ldap.tls_cert);
	assert_string_equal(c.ldap.bases[OBJECT_USER], "ou=people,dc=contoso,dc=com");
	assert_string_equal(c.ldap.bases[OBJECT_ASSIGNMENT], "ou=assignments,ou=tenure,dc=contoso,dc=com");
	assert_null(c.ldap.user_filter);
	assert_null(c.ldap.map[LDAP_USER_NAME]);
	assert_false(c.ldap.derive_ids);
	assert_true(c.ldap.heartbeat_ns == 30 * NS_PER_S);
	assert_true(c.ldap.poll_ns == 300 * NS_PER_S);
	assert_true(c.lease.login_ns == 14 * 24 * 3600 * NS_PER_S);
	assert_true(c.lease.gate_ns == 24 * 3600 * NS_PER_S);
	assert_true(c.lease.grant_ns == 3600 * NS_PER_S);
	assert_int_equal(c.ldap.offline_login_days, 0);
	assert_false(c.ldap.offline_gates);
	tenant_config_done(&c);
}

static void test_all_that_can_be_said(void **state)
{
	static const char text[] = LDAP(
		"uris = [ \"ldaps://a.contoso.com:636\", \"ldap://[fd00::1]:389/\", \"ldapi://%2frun%2fslapd%2fldapi\" ]; "
		"base = \"DC=contoso, DC=com\"; bind = \"external\"; tls_ca = \"/etc/ca.pem\"; tls_cert = \"/etc/c.pem\"; "
		"tls_key = \"/etc/c.key\"; schema = \"ad\"; users = \"CN=Users,dc=contoso,dc=com\"; groups = \"ou=g\"; "
		"scopes = \"\"; hosts = \"\"; units = \"\"; roles = \"\"; assignments = \"\"; "
		"user_filter = \"(&(objectClass=user)(!(x=y)))\"; group_filter = \"(objectClass=group)\"; "
		"map = { user_name = \"sAMAccountName\"; group_member_name = \"memberUid\"; }; ids = \"derived\"; "
		"heartbeat = \"5s\"; poll = \"1h\"; offline_login_days = 7; offline_gates = true; ") "lease = { login = \"1d\"; gate = \"1h\"; grant = \"5m\"; };";
	struct problem_list problems = {0};
	struct tenant_config c;

	assert_int_equal(parse(text, &c, &problems), 0);
	assert_int_equal(c.ldap.uri_count, 3);
	assert_int_equal(c.ldap.bind, LDAP_BIND_EXTERNAL);
	assert_int_equal(c.ldap.schema, LDAP_SCHEMA_AD);
	assert_string_equal(c.ldap.bases[OBJECT_USER], "CN=Users,dc=contoso,dc=com");
	assert_string_equal(c.ldap.bases[OBJECT_GROUP], "ou=g,DC=contoso, DC=com");
	assert_null(c.ldap.bases[OBJECT_ROLE]);
	assert_string_equal(c.ldap.map[LDAP_USER_NAME], "sAMAccountName");
	assert_string_equal(c.ldap.map[LDAP_GROUP_MEMBER_NAME], "memberUid");
	assert_true(c.ldap.derive_ids);
	assert_true(c.ldap.heartbeat_ns == 5 * NS_PER_S);
	assert_true(c.lease.grant_ns == 300 * NS_PER_S);
	assert_int_equal(c.ldap.offline_login_days, 7);
	assert_true(c.ldap.offline_gates);
	tenant_config_done(&c);
}

static const struct {
	const char *id, *text;
} faults[] = {
	{"conf-missing", HEAD},
	{"conf-missing", LDAP("base = \"dc=a\"; " BIND)},
	{"conf-missing", LDAP("uris = [ \"ldaps://a\" ]; " BIND)},
	{"conf-key", LDAP(SERVER BIND "uri = \"ldaps://a\"; ")},
	{"conf-key", LDAP(SERVER BIND "map = { colour = \"x\"; }; ")},
	/* where a server is, and nothing else */
	{"conf-value", LDAP("uris = [ ]; base = \"dc=a\"; " BIND)},
	{"conf-value", LDAP("uris = [ \"http://a\" ]; base = \"dc=a\"; " BIND)},
	{"conf-value", LDAP("uris = [ \"ldaps://\" ]; base = \"dc=a\"; " BIND)},
	{"conf-value", LDAP("uris = [ \"ldaps://a/dc=a\" ]; base = \"dc=a\"; " BIND)},
	{"conf-value", LDAP("uris = [ \"ldaps://a?x\" ]; base = \"dc=a\"; " BIND)},
	{"conf-value", LDAP("uris = [ \"ldaps://u@a\" ]; base = \"dc=a\"; " BIND)},
	{"conf-value", LDAP("uris = [ \"ldaps://a:0\" ]; base = \"dc=a\"; " BIND)},
	{"conf-value", LDAP("uris = [ \"ldaps://a:65536\" ]; base = \"dc=a\"; " BIND)},
	{"conf-value", LDAP("uris = [ \"ldaps://[fd00::1\" ]; base = \"dc=a\"; " BIND)},
	{"conf-value", LDAP("uris = [ \"ldaps://a b\" ]; base = \"dc=a\"; " BIND)},
	{"conf-value", LDAP("uris = [ \"ldapi:///run/slapd\" ]; base = \"dc=a\"; " BIND)},
	{"conf-value", LDAP("uris = [ \"ldaps://a\" ]; base = \"contoso\"; " BIND)},
	{"conf-value", LDAP("uris = [ \"ldaps://a\" ]; base = \"\"; " BIND)},
	/* who asks (T1) */
	{"conf-missing", LDAP(SERVER)},
	{"conf-missing", LDAP(SERVER "bind_dn = \"cn=db1\"; ")},
	{"conf-missing", LDAP(SERVER "password_file = \"/x\"; ")},
	{"conf-value", LDAP(SERVER "bind_dn = \"\"; password_file = \"/x\"; ")},
	{"conf-value", LDAP(SERVER "bind_dn = \"cn=db1\"; password_file = \"x\"; ")},
	{"conf-value", LDAP(SERVER BIND "bind = \"anonymous\"; ")},
	{"conf-value", LDAP(SERVER BIND "bind = \"external\"; tls_cert = \"/c\"; tls_key = \"/k\"; ")},
	{"conf-missing", LDAP(SERVER "bind = \"external\"; ")},
	{"conf-missing", LDAP(SERVER BIND "tls_cert = \"/c\"; ")},
	{"conf-missing", LDAP(SERVER BIND "tls_key = \"/k\"; ")},
	{"conf-value", LDAP(SERVER BIND "tls_ca = \"ca.pem\"; ")},
	/* what is asked for */
	{"conf-value", LDAP(SERVER BIND "schema = \"posix\"; ")},
	{"conf-value", LDAP(SERVER BIND "users = \"people\"; ")},
	{"conf-value", LDAP(SERVER BIND "user_filter = \"objectClass=x\"; ")},
	{"conf-value", LDAP(SERVER BIND "user_filter = \"(objectClass=x))(uid=*\"; ")},
	{"conf-value", LDAP(SERVER BIND "group_filter = \"(a=b)(c=d)\"; ")},
	{"conf-value", LDAP(SERVER BIND "map = { user_name = \"sAM AccountName\"; }; ")},
	{"conf-value", LDAP(SERVER BIND "map = { user_name = \"\"; }; ")},
	{"conf-value", LDAP(SERVER BIND "ids = \"random\"; ")},
	{"conf-value", LDAP(SERVER BIND "heartbeat = \"1s\"; ")},
	{"conf-value", LDAP(SERVER BIND "heartbeat = \"11m\"; ")},
	{"conf-value", LDAP(SERVER BIND "heartbeat = 30; ")},
	{"conf-value", LDAP(SERVER BIND "poll = \"9s\"; ")},
	{"conf-value", LDAP(SERVER BIND "poll = \"25h\"; ")},
	{"conf-value", LDAP(SERVER BIND "offline_login_days = 366; ")},
	{"conf-value", LDAP(SERVER BIND "offline_login_days = -1; ")},
	{"conf-value", LDAP(SERVER BIND "offline_gates = 1; ")},
	{"conf-value", LDAP(SERVER BIND) "lease = { gate = \"59s\"; };"},
	{"conf-key", LDAP(SERVER BIND) "lease = { sudo = \"1h\"; };"},
};

static void test_T22_each_fault(void **state)
{
	for (size_t i = 0; i < ARRAY_LENGTH(faults); i++) {
		struct problem_list problems = {0};
		struct tenant_config c;
		int r = parse(faults[i].text, &c, &problems);

		if (r != -EINVAL || problems.count != 1 || strcmp(problems.items[0].id, faults[i].id) != 0 ||
		    !*problems.items[0].remedy)
			fail_msg("wanted %s: %s: got %d, %s", faults[i].id, faults[i].text, r,
				 problems.count > 0 ? problems.items[0].id : "nothing");
		problem_list_done(&problems);
		tenant_config_done(&c);
	}
}

/* What says nothing to a tenant whose directory is a file is not passed over. */
static void test_of_a_file_it_is_refused(void **state)
{
	static const char *const more[] = {"ldap = { " SERVER BIND "};", "lease = { gate = \"1h\"; };"};
	char text[1024];

	for (size_t i = 0; i < ARRAY_LENGTH(more); i++) {
		struct problem_list problems = {0};
		struct tenant_config c;

		(void)snprintf(text, sizeof(text), "%s%s", HEAD, more[i]);
		memcpy(strstr(text, "\"ldap\""), "\"file\"", 6);
		assert_int_equal(parse(text, &c, &problems), -EINVAL);
		assert_string_equal(problems.items[0].id, "conf-key");
		problem_list_done(&problems);
		tenant_config_done(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_not_said),
		cmocka_unit_test(test_all_that_can_be_said),
		cmocka_unit_test(test_T22_each_fault),
		cmocka_unit_test(test_of_a_file_it_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

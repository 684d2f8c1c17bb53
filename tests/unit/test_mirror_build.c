/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The same tenant from a file and from a mirror is the same directory; what is broken gives nothing, or closes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config/config.h"
#include "common/mirror/mirror.h"
#include "tests/unit/cmocka_test.h"
#include "tests/unit/engine_fixture.h"

#define NOW INT64_C(1772460000000000000)

static struct tenant_config config(bool derive)
{
	static char name[] = "contoso", base[] = "dc=contoso,dc=com", domain[] = "contoso.com";
	static char *domains[] = {domain};
	struct tenant_config t = {.name = name,
				  .domains = domains,
				  .domain_count = 1,
				  .id_range = {1900000000, 1900099999},
				  .role_gids = {1900090000, 1900090999},
				  .home = true,
				  .source = SOURCE_LDAP};

	assert_int_equal(uuid_parse("5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60", &t.id), 0);
	t.ldap.base = base;
	t.ldap.derive_ids = derive;
	return t;
}

static struct mirror *fresh(const struct tenant_config *t)
{
	struct mirror *m;
	bool damaged;

	assert_int_equal(mirror_open(t, &m, &damaged), 0);
	return m;
}

static uint8_t next_id;

/* fields: "tag=value" texts, by number; the last is NULL. */
struct f {
	unsigned tag;
	const char *text;
};

static void put(struct mirror *m, enum object_kind kind, const char *dn, const struct f *fields)
{
	static struct sync_packet p;
	struct uuid id = {{0}};
	const uint8_t k = (uint8_t)kind;

	id.bytes[0] = ++next_id;
	sync_packet_begin(&p, SYNC_ENTRY, 0);
	assert_int_equal(sync_packet_add_uuid(&p, SYNC_TAG_UUID, &id), 0);
	assert_int_equal(sync_packet_add(&p, SYNC_TAG_KIND, &k, 1), 0);
	assert_int_equal(sync_packet_add_text(&p, SYNC_TAG_DN, dn), 0);
	for (; fields->tag; fields++)
		assert_int_equal(sync_packet_add_text(&p, fields->tag, fields->text), 0);
	assert_int_equal(mirror_entry(m, p.bytes + SYNC_HEADER_LEN, p.len - SYNC_HEADER_LEN), 0);
}
#define PUT(m, kind, dn, ...) put(m, kind, dn, (const struct f[]){__VA_ARGS__, {0, NULL}})
#define F(tag, text) {SYNC_TAG_##tag, text}

static void commit(struct mirror *m)
{
	size_t changes;

	assert_int_equal(mirror_commit(m, true, "c", 1, NOW, NULL, NULL, &changes), 0);
}

#define PEOPLE "ou=people,dc=contoso,dc=com"
#define GROUPS "ou=groups,dc=contoso,dc=com"
#define TENURE "ou=tenure,dc=contoso,dc=com"
static const char file_text[] =
	"version = 1;\n"
	"users = ({ name = \"alice\"; uid = 1900000001; gecos = \"Alice Ito\"; shell = \"/bin/bash\"; },"
	" { name = \"bob\"; }, { name = \"carol\"; uid = 1900000003; enabled = false; end = \"2027-01-01T00:00:00Z\"; });\n"
	"groups = ({ name = \"dba\"; gid = 1900010001; members = [ \"alice\" ]; member_groups = [ \"oncall\" ]; },"
	" { name = \"oncall\"; gid = 1900010002; members = [ \"bob\" ]; });\n"
	"scopes = ({ path = \"/prod\"; kind = \"management-group\"; environment = \"production\"; },"
	" { path = \"/prod/hr\"; });\n"
	"hosts = ({ name = \"db1\"; id = \"0f3c1d52-9a51-4a0c-8d3e-6f1b2a7c9e10\"; scope = \"/prod/hr\"; });\n"
	"units = ({ name = \"emea\"; restricted = true; users = [ \"alice\" ]; groups = [ \"dba\" ]; hosts = [ \"db1\" ]; });\n"
	"roles = ({ name = \"db-operator\"; title = \"Database Operator\"; gid = 1900090100;"
	" actions = [ \"login\", \"become:root\" ]; not_actions = [ \"login\" ];"
	" activation = { max_duration = \"2h\"; step_up = false; approvals = 1; approver_groups = [ \"dba\" ]; }; });\n"
	"assignments = ({ type = \"eligible\"; role = \"db-operator\"; group = \"dba\"; scope = \"/prod\"; },"
	" { type = \"deny\"; actions = [ \"become:root\" ]; user = \"carol\"; unit = \"emea\"; });\n";

static void put_contoso(struct mirror *m)
{
	static const uint8_t host[] = {0x0f, 0x3c, 0x1d, 0x52, 0x9a, 0x51, 0x4a, 0x0c, 0x8d, 0x3e, 0x6f, 0x1b, 0x2a, 0x7c, 0x9e, 0x10};
	static struct sync_packet p;
	const struct uuid id = {{0xdb, 1}};
	const uint8_t kind = OBJECT_HOST;

	PUT(m, OBJECT_ASSIGNMENT, "cn=no," TENURE, F(NAME, "no"), F(ASSIGNMENT_TYPE, "deny"), F(ACTION, "become:root"),
	    F(PRINCIPAL, "uid=carol," PEOPLE), F(UNIT, "cn=emea," TENURE));
	PUT(m, OBJECT_ASSIGNMENT, "cn=yes," TENURE, F(NAME, "yes"), F(ASSIGNMENT_TYPE, "eligible"), F(ROLE, "db-operator"),
	    F(PRINCIPAL, "cn=dba," GROUPS), F(PATH, "/prod"));
	PUT(m, OBJECT_SCOPE, "cn=hr," TENURE, F(NAME, "hr"), F(PATH, "/prod/hr"));
	PUT(m, OBJECT_SCOPE, "cn=prod," TENURE, F(NAME, "prod"), F(PATH, "/prod"), F(SCOPE_KIND, "management-group"),
	    F(ENVIRONMENT, "production"));
	PUT(m, OBJECT_UNIT, "cn=emea," TENURE, F(NAME, "emea"), F(RESTRICTED, "true"), F(MEMBER, "uid=alice," PEOPLE),
	    F(MEMBER, "cn=dba," GROUPS), F(MEMBER, "cn=db1," TENURE));
	PUT(m, OBJECT_ROLE, "cn=db-operator," TENURE, F(NAME, "db-operator"), F(TITLE, "Database Operator"),
	    F(GID, "1900090100"), F(ACTION, "login"), F(ACTION, "become:root"), F(NOT_ACTION, "login"),
	    F(MAX_DURATION, "2h"), F(STEP_UP, "false"), F(APPROVALS, "1"), F(APPROVER, "cn=dba," GROUPS));
	PUT(m, OBJECT_GROUP, "cn=dba," GROUPS, F(NAME, "DBA"), F(GID, "1900010001"), F(MEMBER, "uid=alice," PEOPLE),
	    F(MEMBER, "cn=oncall," GROUPS));
	PUT(m, OBJECT_GROUP, "cn=oncall," GROUPS, F(NAME, "oncall"), F(GID, "1900010002"), F(MEMBER_NAME, "bob"));
	PUT(m, OBJECT_USER, "uid=alice," PEOPLE, F(NAME, "Alice"), F(UID, "1900000001"), F(GID, "1900000001"),
	    F(GECOS, "Alice Ito"), F(SHELL, "/bin/bash"));
	PUT(m, OBJECT_USER, "uid=bob," PEOPLE, F(NAME, "bob"));
	PUT(m, OBJECT_USER, "uid=carol," PEOPLE, F(NAME, "carol"), F(UID, "1900000003"), F(ENABLED, "false"),
	    F(END, "2027-01-01T00:00:00Z"));
	sync_packet_begin(&p, SYNC_ENTRY, 0);
	assert_int_equal(sync_packet_add_uuid(&p, SYNC_TAG_UUID, &id), 0);
	assert_int_equal(sync_packet_add(&p, SYNC_TAG_KIND, &kind, 1), 0);
	assert_int_equal(sync_packet_add_text(&p, SYNC_TAG_DN, "cn=db1," TENURE), 0);
	assert_int_equal(sync_packet_add(&p, SYNC_TAG_ID, host, sizeof(host)), 0);
	assert_int_equal(sync_packet_add_text(&p, SYNC_TAG_NAME, "db1"), 0);
	assert_int_equal(sync_packet_add_text(&p, SYNC_TAG_PATH, "/prod/hr"), 0);
	assert_int_equal(mirror_entry(m, p.bytes + SYNC_HEADER_LEN, p.len - SYNC_HEADER_LEN), 0);
}

static struct directory *built(struct mirror *m, const struct tenant_config *t, struct problem_list *problems)
{
	static const struct local_accounts none;
	struct directory *d;

	assert_int_equal(mirror_build(m, t, &d, problems), 0);
	assert_int_equal(directory_validate(d, t, &none, problems), 0);
	return d;
}

/* All that matters of a directory, in an order of its own. */
static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct lines {
	char *items[256];
	size_t count;
};

static void line(struct lines *l, const char *format, ...) PRINTF_LIKE(2, 3);
static void line(struct lines *l, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	assert_true(vasprintf(&l->items[l->count++], format, arguments) > 0);
	va_end(arguments);
}

static void list_lines(struct lines *l, const char *of, const char *word, const struct name_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		line(l, "%s %s %s %d", of, word, list->names[i], list->index[i] != NO_INDEX);
}

static void user_lines(struct lines *l, const struct directory *d)
{
	for (size_t i = 0; i < d->user_count; i++) {
		const struct user *u = &d->users[i];

		line(l, "user %s %u %u %s %s %s %d %lld %lld %d", u->o.name, u->uid, u->gid, u->gecos ? u->gecos : "-",
		     u->shell ? u->shell : "-", u->home ? u->home : "-", u->enabled, (long long)u->start_ns,
		     (long long)u->end_ns, u->o.dropped);
	}
	for (size_t i = 0; i < d->group_count; i++) {
		const struct group *g = &d->groups[i];

		line(l, "group %s %u %zu %d", g->o.name, g->gid, g->closure_count, g->o.dropped);
		list_lines(l, g->o.name, "member", &g->members);
		list_lines(l, g->o.name, "group", &g->member_groups);
	}
}

static void role_lines(struct lines *l, const struct role *r)
{
	const struct activation *a = &r->activation;

	line(l, "role %s %s %u %zu %zu %lld %d %d %d %u %lld %d", r->o.name, r->title, r->gid, r->action_count,
	     r->not_action_count, (long long)a->max_duration_ns, a->justification, a->ticket, a->step_up, a->approvals,
	     (long long)a->approval_timeout_ns, r->o.dropped);
	list_lines(l, r->o.name, "approver", &a->approver_users);
	list_lines(l, r->o.name, "approvers", &a->approver_groups);
}

static void policy_lines(struct lines *l, const struct directory *d)
{
	for (size_t i = 0; i < d->scope_count; i++)
		line(l, "scope %s %s %s %d", d->scopes[i].o.name, d->scopes[i].kind ? d->scopes[i].kind : "-",
		     d->scopes[i].environment ? d->scopes[i].environment : "-", d->scopes[i].o.dropped);
	for (size_t i = 0; i < d->host_count; i++) {
		char id[UUID_TEXT_MAX];

		uuid_format(&d->hosts[i].o.id, id);
		line(l, "host %s %s %s", d->hosts[i].o.name, d->hosts[i].path, id);
	}
	for (size_t i = 0; i < d->unit_count; i++) {
		line(l, "unit %s %d", d->units[i].o.name, d->units[i].restricted);
		list_lines(l, d->units[i].o.name, "user", &d->units[i].users);
		list_lines(l, d->units[i].o.name, "group", &d->units[i].groups);
		list_lines(l, d->units[i].o.name, "host", &d->units[i].hosts);
	}
	for (size_t i = 0; i < d->role_count; i++)
		role_lines(l, &d->roles[i]);
	for (size_t i = 0; i < d->assignment_count; i++) {
		const struct assignment *a = &d->assignments[i];

		line(l, "assignment %d %s %zu %s %s %s %s %d", a->type, a->role ? a->role : "-", a->action_count,
		     a->user ? a->user : "-", a->group ? a->group : "-", a->scope ? a->scope : "-",
		     a->unit ? a->unit : "-", a->o.dropped);
	}
}

static struct lines described(const struct directory *d)
{
	struct lines l = {.count = 0};

	user_lines(&l, d);
	policy_lines(&l, d);
	line(&l, "broken %d", d->broken_restriction);
	qsort(l.items, l.count, sizeof(l.items[0]), compare_lines);
	return l;
}

static void lines_done(struct lines *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->items[i]);
}

static void test_the_same_tenant_is_the_same_directory(void **state)
{
	static const struct local_accounts none;
	const struct tenant_config t = config(false);
	struct problem_list problems = {0};
	struct directory *from_file;
	struct mirror *m = fresh(&t);

	(void)state;
	put_contoso(m);
	commit(m);
	assert_int_equal(directory_parse(file_text, sizeof(file_text) - 1, "f", &t.id, &from_file, &problems), 0);
	assert_int_equal(directory_validate(from_file, &t, &none, &problems), 0);
	struct directory *from_mirror = built(m, &t, &problems);
	struct lines a = described(from_file), b = described(from_mirror);

	assert_int_equal(problems.count, 0);
	assert_int_equal(a.count, b.count);
	for (size_t i = 0; i < a.count; i++)
		assert_string_equal(a.items[i], b.items[i]);
	lines_done(&a);
	lines_done(&b);
	directory_free(from_file);
	directory_free(from_mirror);
	problem_list_done(&problems);
	mirror_close(m);
}

/* id NULL: any. */
static bool has_problem(const struct problem_list *list, const char *id, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if ((!id || strcmp(list->items[i].id, id) == 0) && strstr(list->items[i].message, text))
			return true;
	return false;
}

static void test_nothing_is_built_before_all_came(void **state)
{
	const struct tenant_config t = config(false);
	struct problem_list problems = {0};
	struct directory *d;
	struct mirror *m = fresh(&t);

	(void)state;
	put_contoso(m);
	assert_int_equal(mirror_build(m, &t, &d, &problems), -ENODATA);
	mirror_close(m);
}

/* One object that is broken, beside the tenant; what it says, and whether it closes. */
static void check_broken(enum object_kind kind, const struct f *fields, const char *text, bool closes)
{
	const struct tenant_config t = config(false);
	struct problem_list problems = {0};
	struct mirror *m = fresh(&t);
	struct directory *d;

	put_contoso(m);
	put(m, kind, "cn=broken," TENURE, fields);
	commit(m);
	d = built(m, &t, &problems);
	if (!has_problem(&problems, NULL, text))
		fail_msg("no problem says \"%s\"; the first: %s", text, problems.count ? problems.items[0].message : "none");
	assert_int_equal(d->broken_restriction, closes);
	directory_free(d);
	problem_list_done(&problems);
	mirror_close(m);
	assert_int_equal(mirror_remove("contoso"), 0);
}
#define BROKEN(kind, text, closes, ...) check_broken(kind, (const struct f[]){__VA_ARGS__, {0, NULL}}, text, closes)

static void test_what_gives_is_left_out(void **state)
{
	(void)state;
	BROKEN(OBJECT_USER, "\"x\" is no number", false, F(NAME, "eve"), F(UID, "x"));
	BROKEN(OBJECT_USER, "\"-1\" is no number", false, F(NAME, "eve"), F(UID, "-1"));
	BROKEN(OBJECT_USER, "\"4294967296\" is no number", false, F(NAME, "eve"), F(UID, "4294967296"));
	BROKEN(OBJECT_USER, "it has no name", false, F(GECOS, "Eve"));
	BROKEN(OBJECT_USER, "is no time", false, F(NAME, "eve"), F(END, "tomorrow"));
	BROKEN(OBJECT_USER, "\"x\\x01\" is not NAME=VALUE", false, F(NAME, "eve"), F(ATTRIBUTE, "x\x01"));
	BROKEN(OBJECT_USER, "does not belong", false, F(NAME, "eve"), F(ACTION, "login"));
	BROKEN(OBJECT_GROUP, "\"two names\" could not be taken", false, F(NAME, "g"), F(PROBLEM, "two names"));
	BROKEN(OBJECT_ROLE, "\"fly\" is no right", false, F(NAME, "r"), F(ACTION, "fly"));
	BROKEN(OBJECT_ROLE, "max_duration is outside", false, F(NAME, "r"), F(ACTION, "login"), F(MAX_DURATION, "25h"));
	BROKEN(OBJECT_ROLE, "is not known to this version", false, F(NAME, "r"), F(ACTION, "login"), F(UNKNOWN, "tenureEmergency"));
	BROKEN(OBJECT_SCOPE, "kind has an unknown value", false, F(PATH, "/x"), F(SCOPE_KIND, "planet"));
	BROKEN(OBJECT_ASSIGNMENT, "is no time", false, F(NAME, "a"), F(ASSIGNMENT_TYPE, "active"), F(BEGIN, "x"));
	BROKEN(OBJECT_ASSIGNMENT, "is not there", false, F(NAME, "a"), F(ASSIGNMENT_TYPE, "active"),
	       F(ROLE, "db-operator"), F(PRINCIPAL, "uid=nobody," PEOPLE), F(PATH, "/prod"));
}

static void test_what_restricts_closes(void **state)
{
	(void)state;
	BROKEN(OBJECT_UNIT, "is neither TRUE nor FALSE", true, F(NAME, "u"), F(RESTRICTED, "maybe"));
	BROKEN(OBJECT_UNIT, "is not known to this version", true, F(NAME, "u"), F(UNKNOWN, "tenureUserRule"));
	BROKEN(OBJECT_HOST, "is not known to this version", true, F(NAME, "h"), F(UNKNOWN, "x"));
	BROKEN(OBJECT_OTHER, "this version does not know it", true, F(NAME, "policy"));
	BROKEN(OBJECT_ASSIGNMENT, "is no right", true, F(NAME, "a"), F(ASSIGNMENT_TYPE, "deny"), F(ACTION, "fly"));
	BROKEN(OBJECT_ASSIGNMENT, "is neither eligible", true, F(NAME, "a"), F(ASSIGNMENT_TYPE, "Deny"));
	BROKEN(OBJECT_ASSIGNMENT, "is not there", true, F(NAME, "a"), F(ASSIGNMENT_TYPE, "deny"), F(ACTION, "login"),
	       F(PRINCIPAL, "uid=nobody," PEOPLE), F(PATH, "/prod"));
}

static void test_primary_groups_of_accounts(void **state)
{
	const struct tenant_config t = config(false);
	struct problem_list problems = {0};
	struct mirror *m = fresh(&t);

	(void)state;
	PUT(m, OBJECT_GROUP, "cn=staff," GROUPS, F(NAME, "staff"), F(GID, "1900020000"));
	PUT(m, OBJECT_USER, "uid=a," PEOPLE, F(NAME, "a"), F(UID, "1900000011"), F(GID, "1900020000"));
	PUT(m, OBJECT_USER, "uid=b," PEOPLE, F(NAME, "b"), F(UID, "1900000012"), F(GID, "1900000012"));
	PUT(m, OBJECT_USER, "uid=c," PEOPLE, F(NAME, "c"), F(UID, "1900000013"), F(GID, "1900000099"));
	commit(m);
	struct directory *d = built(m, &t, &problems);

	assert_int_equal(d->users[0].gid, 1900020000);
	assert_int_equal(d->users[1].gid, NO_ID);
	assert_false(d->users[0].o.dropped || d->users[1].o.dropped);
	assert_true(d->users[2].o.dropped);
	assert_true(has_problem(&problems, "dir-gid", "1900000099"));
	directory_free(d);
	problem_list_done(&problems);
	mirror_close(m);
}

/* A DN stands for its entry; what is given to one who is left out is not given to another of the same name. */
static void test_who_has_another_s_name_is_not_him(void **state)
{
	const struct tenant_config t = config(false);
	struct problem_list problems = {0};
	struct mirror *m = fresh(&t);

	(void)state;
	put_contoso(m);
	PUT(m, OBJECT_USER, "uid=alice,ou=more," PEOPLE, F(NAME, "ALICE"), F(UID, "1900000021"));
	PUT(m, OBJECT_GROUP, "cn=dba,ou=more," GROUPS, F(NAME, "Dba"), F(GID, "1900010021"), F(MEMBER, "uid=bob," PEOPLE));
	PUT(m, OBJECT_GROUP, "cn=web," GROUPS, F(NAME, "web"), F(GID, "1900010022"), F(MEMBER, "uid=alice,ou=more," PEOPLE),
	    F(MEMBER, "cn=dba,ou=more," GROUPS), F(MEMBER, "uid=bob," PEOPLE));
	PUT(m, OBJECT_ASSIGNMENT, "cn=given," TENURE, F(NAME, "given"), F(ASSIGNMENT_TYPE, "active"), F(ROLE, "db-operator"),
	    F(PRINCIPAL, "uid=alice,ou=more," PEOPLE), F(PATH, "/prod"));
	commit(m);
	struct directory *d = built(m, &t, &problems);

	assert_int_equal(d->shadowed_count, 2);
	assert_true(has_problem(&problems, "dir-duplicate", "user alice: this name was given before, at uid=alice,ou=people"));
	for (size_t i = 0; i < d->group_count; i++)
		if (strcmp(d->groups[i].o.name, "web") == 0)
			assert_int_equal(d->groups[i].closure_count, 1); /* bob */
	assert_true(has_problem(&problems, "dir-reference", "web: member \"uid=alice,ou=more," PEOPLE "\" is not there"));
	assert_true(has_problem(&problems, "dir-reference", "user \"uid=alice,ou=more," PEOPLE "\" is not there"));
	for (size_t i = 0; i < d->assignment_count; i++)
		if (d->assignments[i].o.name && strcmp(d->assignments[i].o.name, "given") == 0)
			assert_true(d->assignments[i].o.dropped);
	assert_false(d->broken_restriction);
	directory_free(d);
	problem_list_done(&problems);
	mirror_close(m);
}

static void test_derived_ids(void **state)
{
	struct tenant_config t = config(true);
	struct problem_list problems = {0};
	struct uuid first = {{0}}, second = {{0}};

	(void)state;
	/* Two that come to the same number. */
	t.id_range.last = t.id_range.first + 99;
	t.role_gids = (struct id_range){t.id_range.first + 90, t.id_range.first + 99};
	do
		second.bytes[1]++;
	while (mirror_derived_id(&first, &t) != mirror_derived_id(&second, &t));
	for (unsigned i = 0; i < 5000; i++) {
		const struct uuid id = {{(uint8_t)i, (uint8_t)(i >> 8)}};
		const uint32_t number = mirror_derived_id(&id, &t);

		assert_true(number >= t.id_range.first && number < t.role_gids.first);
	}
	struct mirror *m = fresh(&t);

	for (int i = 0; i < 2; i++) {
		static struct sync_packet p;
		const struct uuid *id = i ? &first : &second; /* the later one first */
		const uint8_t kind = OBJECT_USER;

		sync_packet_begin(&p, SYNC_ENTRY, 0);
		assert_int_equal(sync_packet_add_uuid(&p, SYNC_TAG_UUID, id), 0);
		assert_int_equal(sync_packet_add(&p, SYNC_TAG_KIND, &kind, 1), 0);
		assert_int_equal(sync_packet_add_text(&p, SYNC_TAG_DN, i ? "uid=first," PEOPLE : "uid=second," PEOPLE), 0);
		assert_int_equal(sync_packet_add(&p, SYNC_TAG_ID, i ? "1111111111111111" : "2222222222222222", 16), 0);
		assert_int_equal(sync_packet_add_text(&p, SYNC_TAG_NAME, i ? "first" : "second"), 0);
		assert_int_equal(sync_packet_add_text(&p, SYNC_TAG_CREATED, i ? "2026-01-01T00:00:00Z" : "2026-01-02T00:00:00Z"), 0);
		assert_int_equal(mirror_entry(m, p.bytes + SYNC_HEADER_LEN, p.len - SYNC_HEADER_LEN), 0);
	}
	commit(m);
	/* A range of one: whoever comes first has it. */
	t.id_range.last = t.id_range.first + 1;
	t.role_gids = (struct id_range){t.id_range.last, t.id_range.last};
	struct directory *d;

	assert_int_equal(mirror_build(m, &t, &d, &problems), 0);
	assert_string_equal(d->users[0].o.name, "first");
	assert_int_equal(d->users[0].uid, t.id_range.first);
	assert_true(d->users[1].o.dropped && d->users[1].uid == NO_ID);
	assert_true(has_problem(&problems, "dir-id-collision", "uid=first"));
	directory_free(d);
	problem_list_done(&problems);
	mirror_close(m);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, engine_fixture_setup_host, engine_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_same_tenant_is_the_same_directory),
		TEST(test_nothing_is_built_before_all_came),
		TEST(test_what_gives_is_left_out),
		TEST(test_what_restricts_closes),
		TEST(test_primary_groups_of_accounts),
		TEST(test_who_has_another_s_name_is_not_him),
		TEST(test_derived_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

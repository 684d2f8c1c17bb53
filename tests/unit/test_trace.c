/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The trace of a decision, as `tenure explain` prints it. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/world.h"

#define SECONDS(n) ((int64_t)(n) * NS_PER_S)

struct printed {
	char text[4096];
	size_t len;
};

static void print(void *context, const struct trace_record *r)
{
	struct printed *p = context;
	p->len += (size_t)snprintf(p->text + p->len, sizeof(p->text) - p->len, "%d %s|%s|%s|%s|%s\n", (int)r->step, r->subject,
				   r->text, r->place, r->result, r->met ? "" : "unmet");
}

static struct world *example(void)
{
	struct world *w = world_new();
	world_user(w, "alice");
	world_user(w, "robot")->kind = USER_SERVICE;
	world_group(w, "dba", "alice robot", NULL);
	world_scope(w, "/prod");
	world_scope(w, "/prod/hr");
	world_scope(w, "/prod/hr/web");
	world_host(w, "db1", "/prod/hr/web", true);
	world_unit(w, "emea", false, "alice", "db1");
	world_role(w, "host-user-login", "login", NULL);
	world_role(w, "db-operator", "login become:root group:adm", NULL);
	world_role(w, "desk", "user.lock audit.read", NULL);
	world_ceiling(w, "root postgres", "adm");
	world_assignment(w, ASSIGNMENT_ACTIVE, "@dba", "host-user-login", "/prod/hr");
	world_assignment(w, ASSIGNMENT_ELIGIBLE, "@dba", "db-operator", "/prod/hr/web");
	return w;
}

static const char *trace(const struct world *w, const char *user, enum question q, const char *target,
			 struct printed *p)
{
	struct decision d;
	struct decision_request request = {
		.question = q,
		.principal = user ? world_principal(w, user) : 99,
		.target = target,
		.target_user = NO_INDEX,
		.manage = RIGHT_AUDIT_READ,
		.now = {SECONDS(100), SECONDS(50)},
	};
	if (q == QUESTION_MANAGE && target) {
		request.manage = RIGHT_USER_LOCK;
		request.target_user = world_principal(w, target);
		request.target = NULL;
	}
	p->len = 0;
	enum verdict verdict = decide(w->policy, &w->grants, &request, &d, print, p);
	assert_int_equal(verdict, d.verdict);
	return p->text;
}

static void test_the_screen_of_the_examples(void **state)
{
	struct world *w = example();
	struct printed p;
	assert_int_equal(world_compile(w), 0);
	assert_string_equal(trace(w, "alice", QUESTION_GATE, "root", &p),
			    "1 tenant|contoso is home here|tenure.conf|yes|\n"
			    "2 user|enabled, no dates|contoso.conf:100|yes|\n"
			    "3 right|become:root|||unmet\n"
			    "3 |host-user-login (dba, /prod/hr)|contoso.conf:700|no right|\n"
			    "3 |db-operator (dba, /prod/hr/web)|contoso.conf:701|eligible|\n"
			    "4 deny|none applies|||\n"
			    "5 ceiling|become root allowed|tenure.conf|yes|\n"
			    "6 policies|none applies|||\n");
	world_free(w);
}

static void test_each_state_of_an_assignment(void **state)
{
	struct world *w = example();
	struct printed p;
	world_unit(w, "vault", true, NULL, "db1");
	world_assignment(w, ASSIGNMENT_ACTIVE, "alice", "db-operator", "vault");
	world_assignment(w, ASSIGNMENT_ACTIVE, "alice", "db-operator", "vault")->end_ns = SECONDS(200);
	world_assignment(w, ASSIGNMENT_ACTIVE, "alice", "db-operator", "vault")->end_ns = SECONDS(100);
	world_assignment(w, ASSIGNMENT_ELIGIBLE, "alice", "db-operator", "vault")->start_ns = SECONDS(101);
	world_assignment(w, ASSIGNMENT_ELIGIBLE, "alice", "db-operator", "vault")->end_ns = SECONDS(200);
	world_assignment(w, ASSIGNMENT_DENY, "alice", "=become:root", "emea")->o.name = strdup("no-root");
	world_assignment(w, ASSIGNMENT_DENY, "alice", "db-operator", "emea")->start_ns = SECONDS(101);
	world_grant(w, "alice", "db-operator", RIGHT_BECOME, "root")->window.end_ns = SECONDS(300);
	world_grant(w, "alice", "db-operator", RIGHT_BECOME, "root")->window.boot_end_ns = SECONDS(50);
	world_grant(w, "alice", "db-operator", RIGHT_LOGIN, NULL);
	world_grant(w, "alice", "db-operator", RIGHT_BECOME, "postgres");
	assert_int_equal(world_compile(w), 0);
	assert_string_equal(trace(w, "alice", QUESTION_GATE, "root", &p),
			    "1 tenant|contoso is home here|tenure.conf|yes|\n"
			    "2 user|enabled, no dates|contoso.conf:100|yes|\n"
			    "3 right|become:root|||\n"
			    "3 |host-user-login (dba, /prod/hr)|contoso.conf:700|no right|\n"
			    "3 |db-operator (dba, /prod/hr/web)|contoso.conf:701|restricted unit|\n"
			    "3 |db-operator (direct, unit vault)|contoso.conf:702|yes|\n"
			    "3 |db-operator (direct, unit vault)|contoso.conf:703|until 1970-01-01T00:03:20Z|\n"
			    "3 |db-operator (direct, unit vault)|contoso.conf:704|ended|\n"
			    "3 |db-operator (direct, unit vault)|contoso.conf:705|not yet|\n"
			    "3 |db-operator (direct, unit vault)|contoso.conf:706|eligible|\n"
			    "3 |db-operator (grant AEAA-AAAA)||until 1970-01-01T00:05:00Z|\n"
			    "3 |db-operator (grant AIAA-AAAA)||ended|\n"
			    "4 deny|applies||no|unmet\n"
			    "4 |no-root (direct, unit emea)|contoso.conf:707|denies|\n"
			    "4 |db-operator (direct, unit emea)|contoso.conf:708|not yet|\n"
			    "5 ceiling|become root allowed|tenure.conf|yes|\n"
			    "6 policies|none applies|||\n");
	assert_non_null(strstr(trace(w, "alice", QUESTION_GATE_ANY, NULL, &p), "3 right|become:*|||\n"));
	assert_non_null(strstr(p.text, "3 |db-operator (grant AQAA-AAAA)||yes|\n"));
	assert_non_null(strstr(p.text, "5 ceiling|become allowed|tenure.conf|yes|\n"));
	assert_non_null(strstr(trace(w, "alice", QUESTION_GATE, "backup", &p), "5 ceiling|become backup not allowed|tenure.conf|no|unmet\n"));
	assert_non_null(strstr(trace(w, "alice", QUESTION_GROUP, "adm", &p), "5 ceiling|group adm allowed|tenure.conf|yes|\n"));
	assert_non_null(strstr(p.text, "4 deny|none applies now|||\n"));
	assert_non_null(strstr(trace(w, "alice", QUESTION_LOGIN, NULL, &p), "5 ceiling|does not cap this||yes|\n"));
	assert_non_null(strstr(p.text, "3 |db-operator (grant AMAA-AAAA)||yes|\n"));
	world_free(w);
}

static void test_each_state_of_an_account(void **state)
{
	static const struct {
		int64_t start, end;
		bool enabled;
		const char *line;
	} cases[] = {
		{TIME_ALWAYS, TIME_FOREVER, false, "2 user|disabled|contoso.conf:100|no|unmet\n"},
		{SECONDS(200), TIME_FOREVER, true, "2 user|enabled, from 1970-01-01T00:03:20Z|contoso.conf:100|no|unmet\n"},
		{TIME_ALWAYS, SECONDS(60), true, "2 user|ended 1970-01-01T00:01:00Z|contoso.conf:100|no|unmet\n"},
		{TIME_ALWAYS, SECONDS(200), true, "2 user|enabled, until 1970-01-01T00:03:20Z|contoso.conf:100|yes|\n"},
		{SECONDS(60), TIME_FOREVER, true, "2 user|enabled, no end|contoso.conf:100|yes|\n"},
	};
	struct printed p;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct world *w = example();
		w->d->users[0].start_ns = cases[i].start;
		w->d->users[0].end_ns = cases[i].end;
		w->d->users[0].enabled = cases[i].enabled;
		assert_int_equal(world_compile(w), 0);
		assert_non_null(strstr(trace(w, "alice", QUESTION_LOGIN, NULL, &p), cases[i].line));
		assert_non_null(strstr(p.text, "6 policies|none applies|||\n"));
		world_free(w);
	}
}

static void test_what_else_is_asked(void **state)
{
	struct world *w = example();
	struct printed p;
	w->tenant.home = false;
	world_user(w, "boss");
	world_assignment(w, ASSIGNMENT_ACTIVE, "boss", "desk", "/");
	world_assignment(w, ASSIGNMENT_ACTIVE, "robot", "desk", "/prod");
	world_grant(w, "robot", "db-operator", RIGHT_BECOME, "root");
	world_grant(w, "alice", "desk", RIGHT_USER_LOCK, "/");
	assert_int_equal(world_compile(w), 0);
	assert_non_null(strstr(trace(w, "alice", QUESTION_BATCH, NULL, &p), "3 right|an enabled account||yes|\n4 deny|none applies|||\n"));
	assert_non_null(strstr(p.text, "1 tenant|contoso is bound here|tenure.conf|yes|\n"));
	assert_string_equal(trace(w, NULL, QUESTION_LOGIN, NULL, &p),
			    "1 tenant|contoso is bound here|tenure.conf|yes|\n"
			    "2 user|unknown to the directory||no|unmet\n");
	assert_null(strstr(trace(w, "robot", QUESTION_GATE, "root", &p), "grant"));
	assert_non_null(strstr(trace(w, "robot", QUESTION_MANAGE, "alice", &p), "3 |desk (direct, /prod)|contoso.conf:703|out of reach|\n"));
	assert_non_null(strstr(trace(w, "alice", QUESTION_MANAGE, "boss", &p), "5 ceiling|boss holds a higher role||no|unmet\n"));
	assert_non_null(strstr(p.text, "3 |desk (grant AIAA-AAAA)||yes|\n"));
	assert_non_null(strstr(trace(w, "boss", QUESTION_MANAGE, "alice", &p), "5 ceiling|alice holds no higher role||yes|\n"));
	assert_non_null(strstr(trace(w, "boss", QUESTION_MANAGE, NULL, &p), "3 right|audit.read|||\n"));
	assert_non_null(strstr(trace(w, "boss", QUESTION_GATE_ANY, NULL, &p), "5 ceiling|become allowed|tenure.conf|yes|\n"));
	world_free(w);

	w = example();
	world_no_ceiling(w);
	w->grants.error = -EBADMSG;
	assert_int_equal(world_compile(w), 0);
	assert_string_equal(trace(w, "alice", QUESTION_GATE, "root", &p),
			    "1 tenant|contoso is home here|tenure.conf|yes|\n"
			    "2 user|enabled, no dates|contoso.conf:100|yes|\n"); /* what cannot be read ends it */
	w->grants.error = 0;
	assert_non_null(strstr(trace(w, "alice", QUESTION_GATE_ANY, NULL, &p), "5 ceiling|become of no held target allowed|tenure.conf|no|unmet\n"));
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_screen_of_the_examples),
		cmocka_unit_test(test_each_state_of_an_assignment),
		cmocka_unit_test(test_each_state_of_an_account),
		cmocka_unit_test(test_what_else_is_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

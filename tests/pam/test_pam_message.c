/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one line of a denial: every reason and every obstacle, each on one line of a terminal, with what to do next. */
#include "tests/unit/cmocka_test.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <security/pam_ext.h>

#include "pam_module/message.h"

#define COLUMNS	   80
#define ROLE_FITS 20 /* letters of a role that a line has room for */

static char line[1024];
static int lines;
static char handle; /* of libpam: nobody here looks into it */

/* In libpam's place: what a person would read. */
int pam_prompt(pam_handle_t *pamh, int style, char **response, const char *format, ...)
{
	va_list arguments;

	assert_int_equal(style, PAM_ERROR_MSG);
	va_start(arguments, format);
	(void)vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	lines++;
	return PAM_SUCCESS;
}

void pam_syslog(const pam_handle_t *pamh, int priority, const char *format, ...)
{
}

static const char *const services[] = {"sudo", "sudo-i", "su", "su-l", "sshd", "login", "doas", "cron"};

/* Targets as a host's ceiling names them. */
static const char *const accounts[] = {NULL, "root", "postgres"};
static const char *const groups[] = {"adm", "disk", "systemd-journal"};

static const char *const roles[] = {
	"", "r", "db-operator", "twenty-letters-it-is", "host-user-login", "security-reader", "global-administrator",
	"helpdesk-administrator", "host-administrator-login", "privileged-role-administrator", "twenty-four-letters-long",
};

static const char *const next_steps[] = {
	"; next: tenure request ", "; see: tenure roles",	"; see: tenure explain",	 "; see: tenure status",
	"; ask your administrator", "; ask root for: tenure check", "; start again",
};

static bool names_next_step(void)
{
	for (size_t i = 0; i < ARRAY_LENGTH(next_steps); i++)
		if (strstr(line, next_steps[i]))
			return true;
	return false;
}

/* Letters of a role's name that a line need not have room for, as often as the line has the name. */
static size_t beyond(const char *role)
{
	size_t len = strlen(role), more = 0;

	for (const char *at = line; len > ROLE_FITS && (at = strstr(at, role)); at += len)
		more += len - ROLE_FITS;
	return more;
}

static void check_line(const struct judgement *j, const char *service)
{
	const struct decision *d = &j->decision;
	const char *request = strstr(line, "tenure request ");
	size_t more = beyond(d->role);

	if (strcmp(d->role, d->other_role) != 0)
		more += beyond(d->other_role);
	if (strlen(line) > COLUMNS + more)
		fail_msg("%zu columns: %s", strlen(line), line);
	if (strncmp(line, "Tenure: ", 8) != 0 || !names_next_step() || text_check(line, sizeof(line)) < 0)
		fail_msg("%s, %s: %s", service, judgement_why(j), line);
	/* The command is the last word, and whole. */
	if (request && strcmp(request + strlen("tenure request "), d->role) != 0)
		fail_msg("not the role: %s", line);
}

static void say(const char *service, enum why why, enum obstacle obstacle, const char *role, const char *other)
{
	const struct subject s = {
		.service = service, .service_class = SERVICE_GATE, .mode = GATE_ENFORCE, .uid = NO_ID,
	};

	const char *const *targets = obstacle == OBSTACLE_GROUP ? groups : accounts;

	for (size_t i = 0; i < ARRAY_LENGTH(accounts); i++) {
		struct judgement j = {
			.verdict = VERDICT_DENY, .obstacle = obstacle, .target = targets[i],
			.decision = {.verdict = VERDICT_DENY, .why = why},
		};

		(void)snprintf(j.decision.role, sizeof(j.decision.role), "%s", role);
		(void)snprintf(j.decision.other_role, sizeof(j.decision.other_role), "%s", other);
		lines = 0;
		assert_int_equal(refuse((void *)&handle, NULL, &s, &j, PAM_PERM_DENIED), PAM_PERM_DENIED);
		assert_int_equal(lines, 1);
		check_line(&j, service);
	}
}

static void test_every_denial_is_one_line_of_a_terminal(void **state)
{
	for (size_t service = 0; service < ARRAY_LENGTH(services); service++)
		for (int why = WHY_UNREADABLE; why < WHY_COUNT; why++)
			for (int obstacle = OBSTACLE_NONE; obstacle <= OBSTACLE_GROUP; obstacle++)
				for (size_t i = 0; i < ARRAY_LENGTH(roles) * ARRAY_LENGTH(roles); i++)
					say(services[service], (enum why)why, (enum obstacle)obstacle,
					    roles[i / ARRAY_LENGTH(roles)], roles[i % ARRAY_LENGTH(roles)]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_denial_is_one_line_of_a_terminal)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

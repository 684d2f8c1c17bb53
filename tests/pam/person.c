/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A person before a terminal, and a transaction of libpam in the world's own stacks. */
#include "tests/unit/cmocka_test.h"

#include "tests/pam/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct person person;

static int converse(int count, const struct pam_message **messages, struct pam_response **ret, void *data)
{
	struct pam_response *responses = calloc((size_t)count, sizeof(*responses));

	(void)data;
	assert_non_null(responses);
	for (int i = 0; i < count; i++) {
		const struct pam_message *m = messages[i];

		if (m->msg_style == PAM_ERROR_MSG) {
			person.errors++;
			(void)snprintf(person.last_error, sizeof(person.last_error), "%s", m->msg);
		} else if (m->msg_style == PAM_TEXT_INFO) {
			person.infos++;
			(void)snprintf(person.last_info, sizeof(person.last_info), "%s", m->msg);
		} else {
			person.prompts++;
			(void)snprintf(person.last_prompt, sizeof(person.last_prompt), "%s", m->msg);
			if (person.conversation_result != PAM_SUCCESS) {
				free(responses);
				return person.conversation_result;
			}
			responses[i].resp = person.answer ? strdup(person.answer) : NULL;
		}
	}
	*ret = responses;
	return PAM_SUCCESS;
}

/* libpam spreads a delay by half of it either way. */
static void wait_not(int result, unsigned us, void *data)
{
	(void)data;
	person.delay_us = result == PAM_SUCCESS ? 0 : us;
}

pam_handle_t *world_start(const char *service, const char *user)
{
	static const struct pam_conv conversation = {.conv = converse};
	void (*delay)(int, unsigned, void *) = wait_not;
	pam_handle_t *pamh = NULL;
	const void *item;

	assert_int_equal(pam_start_confdir(service, user, &conversation, world_path("/pam"), &pamh), PAM_SUCCESS);
	memcpy(&item, &delay, sizeof(item));
	assert_int_equal(pam_set_item(pamh, PAM_FAIL_DELAY, item), PAM_SUCCESS);
	return pamh;
}

void world_end(pam_handle_t *pamh)
{
	assert_int_equal(pam_end(pamh, PAM_SUCCESS), PAM_SUCCESS);
}

static void put_line(FILE *f, const char *line)
{
	for (; *line; line++) {
		if (*line == '@')
			(void)fputs(TEST_MODULE, f);
		else if (*line == '%')
			(void)fputs(SWAP_MODULE, f);
		else
			(void)fputc(*line, f);
	}
	(void)fputc('\n', f);
}

void world_stack(const char *service, ...)
{
	const char *line;
	char path[128];
	va_list lines;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/pam/%s", service);
	f = fopen(world_path(path), "we");
	assert_non_null(f);
	va_start(lines, service);
	while ((line = va_arg(lines, const char *)))
		put_line(f, line);
	va_end(lines);
	assert_int_equal(fclose(f), 0);
}

/* pam_swap.so without a user: whoever is left to others ends there. */
void world_telling_stack(const char *service)
{
	world_stack(service, "auth [success=done ignore=ignore default=die] @", "auth required %",
		    "account [success=done ignore=ignore default=die] @", "account required %",
		    "session [success=done ignore=ignore default=die] @", "session required %", NULL);
}

int world_authenticate(const char *service, const char *user, const char *answer)
{
	pam_handle_t *pamh = world_start(service, user);
	int r;

	person = (struct person){.answer = answer};
	r = pam_authenticate(pamh, 0);
	world_end(pamh);
	return r;
}

int world_account(const char *service, const char *user)
{
	pam_handle_t *pamh = world_start(service, user);
	int r;

	person = (struct person){.answer = WORLD_PASSWORD};
	r = pam_acct_mgmt(pamh, PAM_SILENT);
	world_end(pamh);
	return r;
}

int world_session(const char *service, const char *user)
{
	pam_handle_t *pamh = world_start(service, user);
	int r;

	person = (struct person){.answer = WORLD_PASSWORD};
	r = pam_open_session(pamh, 0);
	world_end(pamh);
	return r;
}

bool logged(const char *text)
{
	return strstr(fake->syslog, text) != NULL;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_HELPER_BROKER_H
#define TENURE_HELPER_BROKER_H

/*
 * Talking with tenured. Every wait has an end: BROKER_TIMEOUT_MS for a plain call; for one that may prompt, the time
 * that a step-up may take; while a request waits for its approvers, the person at the terminal decides.
 */

#include <jansson.h>

#include "helper/cli.h"

#define BROKER_TIMEOUT_MS  10000
#define STEP_UP_TIMEOUT_MS 130000 /* tenure-auth ends by itself after 120 s */

/*
 * One call, one reply. Takes the reference to parameters (NULL: none). CODE_DONE with *ret_reply, which the caller
 * frees; or the recorded failure's code.
 */
int broker_call(struct cli *cli, const char *method, json_t *parameters, json_t **ret_reply) MUST_CHECK;

/* What a conversation tells its verb. All may be NULL where nobody waits. */
struct conversation {
	const char *method;
	/* The request's state changed. True: from now on the conversation waits for people. */
	bool (*on_request)(struct cli *cli, void *context, const json_t *request);
	/* Once a second while it waits. False: it should be over by now, and the broker has said nothing. */
	bool (*on_second)(struct cli *cli, void *context);
	void *context;
};

/*
 * A call with "more": asks at the terminal what the broker prompts for, shows its messages on stderr, calls back, and
 * ends with the last reply. As broker_call; CODE_OPEN with id "left-open" when Ctrl-C ended the waiting (the verb says
 * more about it). Without a terminal nothing is prompted for: the broker's prompt is a failure.
 */
int broker_converse(struct cli *cli, const struct conversation *talk, json_t *parameters,
		    json_t **ret_reply) MUST_CHECK;

/*
 * The conversation broke off while the request waited: the broker was restarted, say. Asks for the request now and then
 * until it waits no longer; on_request and on_second are called as before. Gives up after two minutes without an answer.
 * As broker_converse.
 */
int broker_follow(struct cli *cli, const struct conversation *talk, const char *id, json_t **ret_reply) MUST_CHECK;

/* Adds a string where there is one; null members are not sent. */
void set_text(json_t *object, const char *key, const char *value);

#endif

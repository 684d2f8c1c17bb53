/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "helper/broker.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "common/base/paths.h"
#include "common/base/secret.h"
#include "common/wire/client.h"
#include "helper/output.h"
#include "helper/prompt.h"
#include "helper/rows.h"

static volatile sig_atomic_t interrupted;

static void note_interrupt(int signal_number)
{
	(void)signal_number;
	interrupted = 1;
}

void set_text(json_t *object, const char *key, const char *value)
{
	if (value)
		(void)json_object_set_new(object, key, json_string(value));
}

/* Words for a transport error. */
static int fail_transport(struct cli *cli, int error)
{
	switch (-error) {
	case ENOENT:
	case ECONNREFUSED:
		return cli_fail(cli, CODE_BROKER, "broker-down", "start it: systemctl start tenured",
				"broker not running");
	case ETIMEDOUT:
		return cli_fail(cli, CODE_BROKER, "broker-silent", "restart it: systemctl restart tenured",
				"the broker does not answer");
	case EPIPE:
		return cli_fail(cli, CODE_BROKER, "broker-gone", "try again; see: journalctl -u tenured",
				"the broker closed the connection");
	case EBADMSG:
	case EMSGSIZE:
		return cli_fail(cli, CODE_BROKER, "broker-garbage", "see: journalctl -u tenured",
				"the broker's answer cannot be read");
	default:
		return cli_fail(cli, CODE_BROKER, "broker-error", "see: journalctl -u tenured",
				"the broker cannot be reached: %s", strerror(-error));
	}
}

static int connect_broker(struct cli *cli, struct wire_client **ret)
{
	int r = wire_client_connect(tenure_path(PATH_SOCKET), BROKER_TIMEOUT_MS, ret);

	return r < 0 ? fail_transport(cli, r) : CODE_DONE;
}

int broker_call(struct cli *cli, const char *method, json_t *parameters, json_t **ret_reply)
{
	CLEANUP(wire_client_freep) struct wire_client *client = NULL;
	json_t *reply = NULL;
	const char *error = NULL;
	int r = connect_broker(cli, &client);

	if (r != CODE_DONE) {
		json_decref(parameters);
		return r;
	}
	r = wire_client_ask(client, method, parameters, BROKER_TIMEOUT_MS, &reply, &error);
	if (r < 0)
		return fail_transport(cli, r);
	if (error) {
		r = cli_fail_reply(cli, error, reply);
		json_decref(reply);
		return r;
	}
	*ret_reply = reply;
	return CODE_DONE;
}

static int fail_prompt(struct cli *cli, int error)
{
	if (error == -ENOTTY)
		return cli_fail_reply(cli, "StepUpNeeded", NULL);
	if (error == -ENODATA)
		return cli_fail(cli, CODE_STEP_UP, "step-up-failed", "", "no answer was given");
	return cli_fail(cli, CODE_STEP_UP, "step-up-failed", "try again", "the answer could not be read: %s",
			strerror(-error));
}

/* Every prompt of the broker is of a step-up. "Password for alice: " is "Step-up, password for alice: ". */
static const char *question_text(struct cli *cli, const char *text)
{
	const char *question = cli_escape_line(cli, text);
	size_t len = strlen(question);
	bool capital = len > 1 && isupper((unsigned char)question[0]) && islower((unsigned char)question[1]);

	if (len == 0)
		return "Step-up: ";
	return cli_text(cli, "Step-up, %c%s%s", capital ? tolower((unsigned char)question[0]) : question[0],
			question + 1, question[len - 1] == ' ' ? "" : " ");
}

/* Asks the person, answers the broker. */
static int answer_prompt(struct cli *cli, struct wire_client *client, const json_t *progress)
{
	const char *question = question_text(cli, field_raw(progress, "text"));
	char *answer = NULL;
	json_t *parameters;
	int r;

	r = prompt_read(cli, question, field_bool(progress, "echo") ? PROMPT_SHOWN : PROMPT_HIDDEN, &answer);
	if (r < 0)
		return fail_prompt(cli, r);
	parameters = json_pack("{s:s}", "text", answer);
	secret_free(answer);
	if (!parameters)
		return cli_fail(cli, CODE_STEP_UP, "step-up-failed", "type it as UTF-8", "the answer cannot be sent");
	r = wire_client_call(client, "Answer", parameters, WIRE_ONEWAY);
	return r < 0 ? fail_transport(cli, r) : CODE_DONE;
}

/*
 * Ctrl-C while a request waits leaves it open and lets us say so, instead of killing us: from before the first word
 * that says so until the waiting is over.
 */
struct interrupts {
	bool held;
	struct sigaction old;
	sigset_t old_mask;
};

static void hold_interrupts(struct interrupts *i)
{
	struct sigaction action = {.sa_handler = note_interrupt};
	sigset_t mask;

	if (i->held)
		return;
	i->held = true;
	interrupted = 0;
	(void)sigemptyset(&action.sa_mask);
	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &mask, &i->old_mask);
	(void)sigaction(SIGINT, &action, &i->old);
}

static void release_interrupts(struct interrupts *i)
{
	if (!i->held)
		return;
	i->held = false;
	(void)sigprocmask(SIG_SETMASK, &i->old_mask, NULL);
	(void)sigaction(SIGINT, &i->old, NULL);
}

/* A second at a time, so that the verb can count; Ctrl-C is let in only here. 0, -EINTR, -ETIMEDOUT, or as wire_client_next. */
static int next_while_waiting(struct cli *cli, const struct conversation *talk, struct wire_client *client,
			      const struct interrupts *held, json_t **ret_parameters, bool *ret_continues,
			      const char **ret_error)
{
	const struct timespec second = {.tv_sec = 1};
	struct pollfd p = {.fd = wire_client_fd(client), .events = POLLIN};
	bool in_time = true;
	int r;

	while ((r = wire_client_next(client, 0, ret_parameters, ret_continues, ret_error)) == -EAGAIN && !interrupted &&
	       in_time)
		if (ppoll(&p, 1, &second, &held->old_mask) == 0)
			in_time = talk->on_second(cli, talk->context);
	if (r == -EAGAIN)
		return interrupted ? -EINTR : -ETIMEDOUT;
	return r;
}

/* One event. CODE_DONE, or a failure that ends the conversation. */
static int handle_progress(struct cli *cli, const struct conversation *talk, struct wire_client *client,
			   const json_t *progress, struct interrupts *interrupts)
{
	const char *event = field_raw(progress, "event");

	if (!event)
		return fail_transport(cli, -EBADMSG);
	if (strcmp(event, "prompt") == 0) {
		release_interrupts(interrupts);
		return answer_prompt(cli, client, progress);
	}
	if (strcmp(event, "message") == 0) {
		print_labelled(cli, stderr, "", 0, cli_escape_line(cli, field_raw(progress, "text")));
	} else if (strcmp(event, "request") == 0 && talk->on_request) {
		hold_interrupts(interrupts);
		if (!talk->on_request(cli, talk->context, json_object_get(progress, "request")))
			release_interrupts(interrupts);
	}
	return CODE_DONE;
}

/* It waits for people while interrupts are held. */
static int converse_to_end(struct cli *cli, const struct conversation *talk, struct wire_client *client,
			   struct interrupts *interrupts, json_t **ret_reply)
{
	bool continues = true;

	for (;;) {
		json_t *parameters = NULL;
		const char *error = NULL;
		int r = interrupts->held
				? next_while_waiting(cli, talk, client, interrupts, &parameters, &continues, &error)
				: wire_client_next(client, STEP_UP_TIMEOUT_MS, &parameters, &continues, &error);

		if (r == -EINTR)
			return cli_fail(cli, CODE_OPEN, "left-open", "see: tenure pending", "the request stays open");
		if (r < 0)
			return fail_transport(cli, r);
		if (!error && !continues) {
			*ret_reply = parameters;
			return CODE_DONE;
		}
		r = error ? cli_fail_reply(cli, error, parameters)
			  : handle_progress(cli, talk, client, parameters, interrupts);
		json_decref(parameters);
		if (r != CODE_DONE)
			return r;
	}
}

static int converse(struct cli *cli, const struct conversation *talk, struct wire_client *client, json_t **ret_reply)
{
	struct interrupts interrupts = {0};
	int code = converse_to_end(cli, talk, client, &interrupts, ret_reply);

	release_interrupts(&interrupts);
	return code;
}

int broker_converse(struct cli *cli, const struct conversation *talk, json_t *parameters, json_t **ret_reply)
{
	CLEANUP(wire_client_freep) struct wire_client *client = NULL;
	int r = connect_broker(cli, &client);

	if (r != CODE_DONE) {
		json_decref(parameters);
		return r;
	}
	r = wire_client_call(client, talk->method, parameters, WIRE_MORE);
	if (r < 0)
		return fail_transport(cli, r);
	return converse(cli, talk, client, ret_reply);
}

/* Asked again so often, and for so long while nobody answers. */
#define FOLLOW_EVERY_S 5
#define FOLLOW_TRIES   24

int broker_follow(struct cli *cli, const struct conversation *talk, const char *id, json_t **ret_reply)
{
	const struct timespec second = {.tv_sec = 1};
	struct interrupts interrupts = {0};
	int code = CODE_BROKER, unanswered = 0;

	hold_interrupts(&interrupts);
	while (unanswered < FOLLOW_TRIES) {
		for (int i = 0; i < FOLLOW_EVERY_S && !interrupted; i++)
			if (ppoll(NULL, 0, &second, &interrupts.old_mask) == 0)
				(void)talk->on_second(cli, talk->context);
		if (interrupted) {
			code = cli_fail(cli, CODE_OPEN, "left-open", "see: tenure pending", "the request stays open");
			break;
		}
		code = broker_call(cli, "Show", json_pack("{s:s}", "id", id), ret_reply);
		unanswered = code == CODE_BROKER ? unanswered + 1 : 0;
		if (code == CODE_BROKER)
			continue;
		if (code == CODE_DONE)
			cli->failure = (struct failure){0};
		if (code != CODE_DONE || !talk->on_request(cli, talk->context, json_object_get(*ret_reply, "request")))
			break;
		json_decref(*ret_reply);
		*ret_reply = NULL;
	}
	release_interrupts(&interrupts);
	return code;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/fake_broker.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define MESSAGE_MAX (256 * 1024)

struct peer {
	int fd;
	char data[MESSAGE_MAX];
	size_t len;
};

/* The next message; NULL when the client is gone. */
static json_t *receive(struct peer *p)
{
	for (;;) {
		char *end = memchr(p->data, '\0', p->len);
		ssize_t n;

		if (end) {
			json_t *message = json_loads(p->data, 0, NULL);
			size_t used = (size_t)(end - p->data) + 1;

			memmove(p->data, p->data + used, p->len - used);
			p->len -= used;
			return message;
		}
		if (p->len == sizeof(p->data))
			return NULL;
		n = read(p->fd, p->data + p->len, sizeof(p->data) - p->len);
		if (n <= 0)
			return NULL;
		p->len += (size_t)n;
	}
}

static void send_bytes(struct peer *p, const char *text)
{
	size_t len = strlen(text) + 1;

	while (len > 0) {
		ssize_t n = send(p->fd, text, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

/* Takes the message. */
static void send_message(struct peer *p, json_t *message)
{
	char *text = json_dumps(message, JSON_COMPACT);

	if (text)
		send_bytes(p, text);
	free(text);
	json_decref(message);
}

static void send_error(struct peer *p, const char *name, json_t *parameters)
{
	json_t *full = strchr(name, '.') ? json_string(name) : json_sprintf("io.tenure.%s", name);

	send_message(p, json_pack("{s:o, s:O}", "error", full, "parameters", parameters));
}

static void log_call(const char *log, const json_t *call)
{
	FILE *f = log ? fopen(log, "ae") : NULL;

	if (!f)
		return;
	(void)json_dumpf(call, f, JSON_COMPACT | JSON_SORT_KEYS);
	(void)fputc('\n', f);
	(void)fclose(f);
}

/* Asks, reads the answer, compares. False: the conversation is over. */
static bool play_prompt(struct peer *p, const json_t *step, const char *log)
{
	const char *want = json_string_value(json_object_get(step, "want"));
	json_t *answer, *empty = json_object();
	const char *text;
	bool right;

	send_message(p, json_pack("{s:b, s:{s:s, s:O, s:b}}", "continues", 1, "parameters", "event", "prompt", "text",
				  json_object_get(step, "prompt"), "echo", json_is_true(json_object_get(step, "echo"))));
	answer = receive(p);
	if (answer)
		log_call(log, answer);
	text = json_string_value(json_object_get(json_object_get(answer, "parameters"), "text"));
	right = answer && (!want || (text && strcmp(text, want) == 0));
	if (answer && !right)
		send_error(p, "StepUpFailed", empty);
	json_decref(answer);
	json_decref(empty);
	return right;
}

static bool play_step(struct peer *p, json_t *step, const char *log)
{
	json_t *value;

	if (json_object_get(step, "prompt"))
		return play_prompt(p, step, log);
	if ((value = json_object_get(step, "reply")))
		send_message(p, json_pack("{s:O}", "parameters", value));
	else if ((value = json_object_get(step, "event")))
		send_message(p, json_pack("{s:b, s:O}", "continues", 1, "parameters", value));
	else if ((value = json_object_get(step, "error")))
		send_error(p, json_string_value(value), json_object_get(step, "parameters"));
	else if ((value = json_object_get(step, "raw")))
		send_bytes(p, json_string_value(value));
	else if ((value = json_object_get(step, "pause")))
		(void)poll(NULL, 0, (int)json_integer_value(value));
	else if (json_object_get(step, "hang"))
		while (receive(p))
			;
	else
		return false;
	return true;
}

/* As the broker: most methods prompt for nothing and take no "more". True: refused. */
static bool refuse_more(struct peer *p, const json_t *call, const char *name)
{
	static const char *const prompting[] = {"Request", "Extend", "Approve", "Authenticate"};
	json_t *parameters;

	if (!json_is_true(json_object_get(call, "more")))
		return false;
	for (size_t i = 0; name && i < sizeof(prompting) / sizeof(prompting[0]); i++)
		if (strcmp(prompting[i], name) == 0)
			return false;
	parameters = json_pack("{s:s, s:s}", "field", "more", "message", "it takes no \"more\"");
	send_error(p, "Invalid", parameters);
	json_decref(parameters);
	return true;
}

static void serve(int fd, const json_t *script, const char *log)
{
	static struct peer p;
	json_t *call;

	p = (struct peer){.fd = fd};
	while ((call = receive(&p))) {
		const char *method = json_string_value(json_object_get(call, "method"));
		const char *name = method ? strrchr(method, '.') : NULL;
		json_t *steps = name ? json_object_get(script, name + 1) : NULL, *step;
		bool open = true;
		size_t i;

		log_call(log, call);
		if (refuse_more(&p, call, name ? name + 1 : NULL)) {
			json_decref(call);
			continue;
		}
		json_array_foreach (steps, i, step)
			if (!(open = play_step(&p, step, log)))
				break;
		if (!steps) {
			json_t *parameters = json_pack("{s:s}", "method", method ? method : "");

			send_error(&p, "org.varlink.service.MethodNotFound", parameters);
			json_decref(parameters);
		}
		json_decref(call);
		if (!open)
			break;
	}
	close(fd);
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	(void)unlink(path);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 16) < 0)
		return -errno;
	return fd;
}

int fake_broker_start(const char *socket_path, const char *script, const char *log, pid_t *ret)
{
	json_t *plan = json_loads(script, 0, NULL);
	pid_t parent = getpid();
	int fd = plan ? listen_at(socket_path) : -EINVAL;

	if (fd < 0)
		return fd;
	*ret = fork();
	if (*ret == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		(void)signal(SIGCHLD, SIG_IGN);
		for (;;) {
			int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

			if (client >= 0 && fork() == 0) {
				(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
				serve(client, plan, log);
				_exit(0);
			}
			if (client >= 0)
				close(client);
		}
	}
	close(fd);
	json_decref(plan);
	return *ret < 0 ? -errno : 0;
}

void fake_broker_stop(pid_t pid)
{
	if (pid > 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
	}
}

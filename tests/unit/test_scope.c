/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A system bus that does not answer costs a moment, not the broker; what it may do yet is told from what it refuses. */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#include "common/base/result.h"
#include "daemon/tenured/scope.h"

#define LIMIT_S 20 /* generous: sd-bus by itself waits 90 */

enum manners { MUTE, HELLO_ONLY, REFUSES, SAYS_YES };

struct bus {
	char folder[32], path[64];
	int listener;
	pid_t server;
	struct scope_manager *manager;
};

static int answer(sd_bus_message *m, void *context, sd_bus_error *error)
{
	const enum manners *manners = context;

	(void)error;
	if (sd_bus_message_is_method_call(m, "org.freedesktop.DBus", "Hello"))
		return sd_bus_reply_method_return(m, "s", ":1.1");
	if (*manners == REFUSES)
		return sd_bus_reply_method_errorf(m, "org.freedesktop.systemd1.UnitExists", "there is one");
	if (*manners == SAYS_YES)
		return sd_bus_reply_method_return(m, "o", "/org/freedesktop/systemd1/job/1");
	return 1; /* heard, and that is all */
}

static _Noreturn void serve(int listener, enum manners manners)
{
	sd_bus *bus = NULL;
	sd_id128_t id;

	int fd = accept(listener, NULL, NULL);
	while (manners == MUTE)
		pause();
	if (fd < 0 || sd_bus_new(&bus) < 0 || sd_bus_set_fd(bus, fd, fd) < 0 || sd_id128_randomize(&id) < 0 ||
	    sd_bus_set_server(bus, 1, id) < 0 || sd_bus_set_anonymous(bus, 1) < 0 ||
	    sd_bus_add_filter(bus, NULL, answer, &manners) < 0 || sd_bus_start(bus) < 0)
		_exit(1);
	for (int r = 0; r >= 0;)
		r = (r = sd_bus_process(bus, NULL)) == 0 ? sd_bus_wait(bus, UINT64_MAX) : r;
	_exit(0);
}

static struct bus *bus_new(enum manners manners)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct bus *b = calloc(1, sizeof(*b));
	char text[128];

	assert_non_null(b);
	strcpy(b->folder, "/tmp/tenure-bus.XXXXXX");
	assert_non_null(mkdtemp(b->folder));
	snprintf(b->path, sizeof(b->path), "%s/bus", b->folder);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", b->path);
	b->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(b->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(b->listener, 5), 0);
	b->server = fork();
	if (b->server == 0)
		serve(b->listener, manners);
	snprintf(text, sizeof(text), "unix:path=%s", b->path);
	setenv("DBUS_SYSTEM_BUS_ADDRESS", text, 1);
	assert_int_equal(scope_manager_new(&b->manager), 0);
	return b;
}

static void bus_free(struct bus *b)
{
	scope_manager_free(b->manager);
	kill(b->server, SIGKILL);
	waitpid(b->server, NULL, 0);
	close(b->listener);
	unlink(b->path);
	rmdir(b->folder);
	free(b);
}

static time_t seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static int start(struct bus *b)
{
	time_t begun = seconds();
	int r = scope_start(b->manager, "tenure-11111111-1111-4111-8111-111111111111.scope", "test", getpid());

	assert_true(seconds() - begun < LIMIT_S);
	return r;
}

static void test_a_mute_bus_is_not_waited_for(void **state)
{
	struct bus *b = bus_new(MUTE);
	struct uuid id = {{1}};

	(void)state;
	assert_int_equal(start(b), -ETIMEDOUT);
	time_t begun = seconds();
	for (unsigned i = 0; i < 5; i++) { /* once is enough, for a while */
		scope_timer_stop(b->manager, &id, 1);
		assert_int_equal(scope_timer_start(b->manager, &id, 1, NS_PER_S, TIME_FOREVER), -ETIMEDOUT);
		assert_int_equal(start(b), -ETIMEDOUT);
	}
	assert_true(seconds() - begun < 5);
	bus_free(b);
}

static void test_nobody_there(void **state)
{
	struct bus *b = bus_new(MUTE);

	(void)state;
	unlink(b->path);
	assert_true(start(b) < 0);
	scope_stop(b->manager, "tenure-11111111-1111-4111-8111-111111111111.scope");
	bus_free(b);
}

static void test_a_refusal_is_no_scope(void **state)
{
	struct bus *b = bus_new(REFUSES);

	(void)state;
	int r = start(b);
	assert_true(r < 0);
	assert_int_not_equal(r, -EINPROGRESS);
	assert_int_not_equal(r, -ETIMEDOUT);
	bus_free(b);
}

/* No answer, or a yes and nobody moved: it may come yet. */
static void test_what_may_come_late_is_told_apart(void **state)
{
	static const enum manners manners[] = {HELLO_ONLY, SAYS_YES};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(manners); i++) {
		struct bus *b = bus_new(manners[i]);
		assert_int_equal(start(b), -EINPROGRESS);
		time_t begun = seconds();
		scope_stop(b->manager, "tenure-11111111-1111-4111-8111-111111111111.scope");
		assert_true(seconds() - begun < LIMIT_S);
		bus_free(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_mute_bus_is_not_waited_for),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_a_refusal_is_no_scope),
		cmocka_unit_test(test_what_may_come_late_is_told_apart),
	};

	return cmocka_run_group_tests_name("scope", tests, NULL, NULL);
}

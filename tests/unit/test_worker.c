/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of a tenant's worker: fed, asked, watched, ended, started again; and what it does to nobody else. */
#include "tests/unit/worker_fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/paths.h"

static struct sync_cursor entry_fields(const struct side *s)
{
	return sync_object_fields(s->entry + SYNC_HEADER_LEN, s->entry_len - SYNC_HEADER_LEN);
}

/* The n-th field with that tag, as text. */
static const char *config_text(const struct side *s, unsigned tag, unsigned n)
{
	static char text[SYNC_FIELD_MAX + 1];
	struct sync_cursor c = entry_fields(s);
	struct sync_field f;

	while (sync_next(&c, &f) > 0)
		if (f.tag == tag && n-- == 0) {
			memcpy(text, f.data, f.len);
			text[f.len] = '\0';
			return text;
		}
	return "none";
}

static void test_it_says_hello_and_has_its_configuration(void **state)
{
	struct bench *b = *state;
	struct side *s = &b->a;

	b->tenant.ldap.map[LDAP_USER_NAME] = strdup("uid");
	b->tenant.ldap.bases[OBJECT_ROLE] = strdup("ou=roles");
	side_start(b, s);
	free(b->tenant.ldap.map[LDAP_USER_NAME]);
	free(b->tenant.ldap.bases[OBJECT_ROLE]);
	assert_true(worker_is_running(s->worker));
	assert_string_equal(config_text(s, SYNC_CONFIG_URI, 0), "ldaps://one.contoso.com");
	assert_string_equal(config_text(s, SYNC_CONFIG_URI, 1), "ldap://two.contoso.com");
	assert_string_equal(config_text(s, SYNC_CONFIG_BASE, 0), "dc=contoso,dc=com");
	assert_string_equal(config_text(s, SYNC_CONFIG_BIND, 0), "simple");
	assert_string_equal(config_text(s, SYNC_CONFIG_BIND_DN, 0), "cn=h");
	assert_string_equal(config_text(s, SYNC_CONFIG_SCHEMA, 0), "rfc2307bis");
	assert_string_equal(config_text(s, SYNC_CONFIG_HEARTBEAT_MS, 0), "15000");
	assert_string_equal(config_text(s, SYNC_CONFIG_POLL_MS, 0), "60000");
	assert_string_equal(config_text(s, SYNC_CONFIG_TENANT_ID, 0), "\1\2\3");
	assert_string_equal(config_text(s, SYNC_CONFIG_PASSWORD_FD, 0), "4");
	assert_string_equal(config_text(s, SYNC_CONFIG_CA_FD, 0), "5");
	assert_string_equal(config_text(s, SYNC_CONFIG_CERT_FD, 0), "none");
	assert_string_equal(config_text(s, SYNC_CONFIG_USER_FILTER, 0), "none");
	assert_int_equal(config_text(s, SYNC_CONFIG_MAP, 0)[0], LDAP_USER_NAME);
	assert_string_equal(config_text(s, SYNC_CONFIG_MAP, 0) + 1, "uid");
	assert_int_equal(config_text(s, SYNC_CONFIG_KIND_BASE, 0)[0], OBJECT_ROLE);
	assert_string_equal(config_text(s, SYNC_CONFIG_KIND_BASE, 0) + 1, "ou=roles");
}

static void test_a_long_configuration_is_several_packets(void **state)
{
	char *uris[9], longest[SYNC_FIELD_MAX + 2];
	struct ldap_config ldap = {.uris = uris, .uri_count = ARRAY_LENGTH(uris)};
	struct worker_config c;

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[SYNC_FIELD_MAX] = '\0';
	for (size_t i = 0; i < ARRAY_LENGTH(uris); i++)
		uris[i] = longest;
	assert_int_equal(worker_config_make(&ldap, &(struct uuid){{0}}, &c), 0);
	assert_int_equal(c.packet_count, 3);
	for (size_t i = 0; i < c.packet_count; i++) {
		assert_int_equal(sync_packet_check(c.packets[i]->bytes, c.packets[i]->len), 0);
		assert_int_equal(sync_packet_flags(c.packets[i]), i + 1 < c.packet_count ? SYNC_MORE : 0);
	}
	worker_config_done(&c);
	longest[SYNC_FIELD_MAX] = 'x';
	longest[SYNC_FIELD_MAX + 1] = '\0';
	assert_int_equal(worker_config_make(&ldap, &(struct uuid){{0}}, &c), -EMSGSIZE);
}

static void test_START_brings_the_cookie(void **state)
{
	static const uint8_t cookie[] = {'c', 0, 255, '='};
	struct bench *b = *state;
	struct side *s = &b->a;
	uint8_t large[SYNC_COOKIE_MAX + 1] = {0};

	side_new(b, s);
	assert_false(worker_is_running(s->worker));
	assert_int_equal(worker_start_sync(s->worker, NULL, 0), -ENOTCONN);
	TURN_UNTIL(b->loop, s->hellos == 1);
	assert_int_equal(worker_start_sync(s->worker, cookie, sizeof(cookie)), 0);
	TURN_UNTIL(b->loop, s->dones == 1);
	assert_int_equal(s->cookie_len, sizeof(cookie));
	assert_memory_equal(s->cookie, cookie, sizeof(cookie));
	assert_int_equal(worker_start_sync(s->worker, NULL, 0), 0);
	TURN_UNTIL(b->loop, s->dones == 2);
	assert_int_equal(s->cookie_len, 0);
	assert_int_equal(worker_start_sync(s->worker, large, sizeof(large)), -EMSGSIZE);
}

static void test_one_that_answers_lives_and_one_that_does_not_is_killed(void **state)
{
	struct bench *b = *state;
	struct side *s = &b->a;
	pid_t pid;

	hurry = 20; /* a ping every 500 ms, 1000 ms for an answer */
	side_start(b, s);
	turn_for(b->loop, 4000);
	assert_int_equal(s->gones, 0);
	assert_string_equal(side_ask(s, "misbehave", "mute"), "");
	pid = worker_pid(s->worker);
	TURN_UNTIL(b->loop, s->gones == 1);
	assert_string_equal(s->why, "it does not answer");
	TURN_UNTIL(b->loop, s->hellos == 2);
	assert_true(is_gone(pid));
	side_send(s, "misbehave", "hang");
	TURN_UNTIL(b->loop, s->gones == 2);
	assert_string_equal(s->why, "it does not answer");
	TURN_UNTIL(b->loop, s->hellos == 3);
}

static void test_one_that_never_says_hello_is_killed(void **state)
{
	struct bench *b = *state;

	hurry = 100;
	bench_use_script(b, "exec sleep 1000");
	side_new(b, &b->a);
	TURN_UNTIL(b->loop, b->a.gones == 1);
	assert_string_equal(b->a.why, "it does not answer");
	assert_int_equal(b->a.hellos, 0);
	bench_use_script(b, "exec /nowhere");
	TURN_UNTIL(b->loop, b->a.gones == 2);
	bench_write(tenure_path(PATH_SYNC_HELPER), "#!/nowhere\n", 0755);
	TURN_UNTIL(b->loop, strcmp(b->a.why, "it could not be executed") == 0);
}

static void test_it_comes_back_later_each_time(void **state)
{
	struct bench *b = *state;
	struct side *s = &b->a;
	int64_t longest = WORKER_RESTART_FIRST_MS;

	hurry = 1000;
	bench_use_script(b, "exit 1");
	side_new(b, s);
	for (unsigned i = 1; i <= 14; i++) {
		TURN_UNTIL(b->loop, s->gones == i);
		assert_string_equal(s->why, "it ended");
		assert_in_range(s->back_off_ms, longest / 2, longest);
		longest = longest * 2 < WORKER_RESTART_MAX_MS ? longest * 2 : WORKER_RESTART_MAX_MS;
	}
	assert_int_equal(longest, WORKER_RESTART_MAX_MS);
	/* A minute of life, and it counts as new. */
	bench_use(b, "sync_confined");
	hurry = 20;
	TURN_UNTIL(b->loop, s->hellos == 1);
	turn_for(b->loop, 60000 / hurry + 500);
	assert_int_equal(s->hellos, 1);
	side_send(s, "misbehave", "crash");
	TURN_UNTIL(b->loop, s->gones == 15);
	assert_string_equal(s->why, "it crashed");
	assert_in_range(s->back_off_ms, WORKER_RESTART_FIRST_MS / 2, WORKER_RESTART_FIRST_MS);
	TURN_UNTIL(b->loop, s->hellos == 2);
}

static void test_a_liar_is_ended(void **state)
{
	static const char *const lies[] = {"no form", "too long", "broker's", "HELLO again", "PONG", "refused"};
	struct bench *b = *state;
	struct side *s = &b->a;

	hurry = 10; /* for the back-off */
	side_start(b, s);
	for (unsigned i = 0; i < ARRAY_LENGTH(lies); i++) {
		const pid_t pid = worker_pid(s->worker);

		side_send(s, "misbehave", lies[i]);
		TURN_UNTIL(b->loop, s->gones == i + 1);
		assert_int_equal(strncmp(s->why, "it lied", 7), 0);
		assert_false(worker_is_running(s->worker));
		TURN_UNTIL(b->loop, s->hellos == i + 2);
		assert_true(is_gone(pid));
	}
	assert_int_equal(s->gones, ARRAY_LENGTH(lies));
}

static void count_up(void *context)
{
	++*(unsigned *)context;
}

/* Nor does it last: one that sends without an end never comes to answer. */
static void test_a_flood_ends(void **state)
{
	struct bench *b = *state;

	hurry = 20;
	side_start(b, &b->a);
	side_send(&b->a, "misbehave", "flood");
	TURN_UNTIL(b->loop, b->a.gones == 1);
	assert_string_equal(b->a.why, "it does not answer");
	TURN_UNTIL(b->loop, b->a.hellos == 2);
}

static void test_a_flood_holds_up_nobody(void **state)
{
	struct bench *b = *state;
	struct loop_source *timer;
	unsigned fired = 0;

	side_start(b, &b->a);
	side_start(b, &b->b);
	assert_int_equal(loop_add_timer(b->loop, TIME_FOREVER, count_up, &fired, &timer), 0);
	side_send(&b->a, "misbehave", "flood");
	TURN_UNTIL(b->loop, b->a.alives > 1000);
	for (unsigned i = 1; i <= 100; i++) {
		const unsigned alives = b->a.alives;

		assert_string_equal(side_ask(&b->b, "try", "read /etc/hosts"), "ok");
		loop_set_timer(timer, __real_loop_in_ms(1));
		TURN_UNTIL(b->loop, fired == i);
		TURN_UNTIL(b->loop, b->a.alives > alives); /* the flood goes on all the while */
	}
	for (unsigned i = 0; i < 100; i++) {
		const unsigned alives = b->a.alives;

		assert_int_equal(loop_turn(b->loop, 0), 0);
		assert_in_range(b->a.alives - alives, 0, WORKER_PACKETS_TURN);
	}
	assert_int_equal(b->b.gones, 0);
	assert_int_equal(b->a.gones, 0);
	loop_source_free(timer);
}

/* It sends what it wants, and takes nothing: neither do we wait for it, nor does it live. */
static void test_one_that_takes_nothing_blocks_nobody(void **state)
{
	struct bench *b = *state;
	struct side *s = &b->a;
	struct sync_packet *p = malloc(sizeof(*p));
	static const uint8_t filling[SYNC_FIELD_MAX];
	int r = 0;

	assert_non_null(p);
	hurry = 20;
	side_start(b, s);
	side_send(s, "misbehave", "hang");
	sync_packet_begin(p, SYNC_PASSWD, 0);
	assert_int_equal(sync_packet_add(p, SYNC_TAG_DN, filling, sizeof(filling)), 0);
	for (unsigned i = 0; i < 100000 && r == 0; i++)
		r = worker_send(s->worker, p);
	assert_int_equal(r, -EAGAIN);
	assert_int_equal(worker_start_sync(s->worker, NULL, 0), -EAGAIN);
	TURN_UNTIL(b->loop, s->gones == 1);
	assert_int_equal(worker_send(s->worker, p), -ENOTCONN);
	free(p);
}

static void test_it_is_restarted_at_will(void **state)
{
	struct bench *b = *state;
	pid_t pid;

	side_start(b, &b->a);
	pid = worker_pid(b->a.worker);
	worker_restart(b->a.worker, "because");
	assert_int_equal(b->a.gones, 1);
	assert_string_equal(b->a.why, "because");
	worker_restart(b->a.worker, "twice is once");
	assert_int_equal(b->a.gones, 1);
	TURN_UNTIL(b->loop, b->a.hellos == 2);
	assert_true(is_gone(pid));
}

static void test_every_hook_may_free_it(void **state)
{
	struct bench *b = *state;

	for (int when = FREES_AT_HELLO; when <= FREES_AT_GONE; when++) {
		b->a.frees = when;
		b->a.hellos = 0;
		side_new(b, &b->a);
		TURN_UNTIL(b->loop, !b->a.worker || (when == FREES_AT_GONE && b->a.hellos == 1));
		if (b->a.worker)
			side_send(&b->a, "misbehave", "crash");
		TURN_UNTIL(b->loop, !b->a.worker);
	}
	b->a.hellos = 0;
	side_new(b, &b->a);
	TURN_UNTIL(b->loop, b->a.hellos == 1);
	worker_restart(b->a.worker, "freed by gone");
	assert_null(b->a.worker);
	b->a.frees = FREES_NEVER;
	while (waitpid(-1, NULL, WNOHANG) >= 0) /* ECHILD: the loop has reaped all */
		assert_int_equal(loop_turn(b->loop, 20), 0);
	assert_int_equal(errno, ECHILD);
}

/* Stopped, so that nothing but the kernel can end it. */
static void test_it_dies_with_the_broker(void **state)
{
	struct bench *b = *state;
	int ends[2];
	pid_t broker, worker = 0;

	assert_int_equal(pipe(ends), 0);
	broker = fork();
	if (broker == 0) {
		side_start(b, &b->a);
		side_send(&b->a, "misbehave", "hang");
		turn_for(b->loop, 200);
		worker = worker_pid(b->a.worker);
		if (write(ends[1], &worker, sizeof(worker)) == (ssize_t)sizeof(worker))
			for (;;)
				pause();
		_exit(1);
	}
	assert_int_equal(read(ends[0], &worker, sizeof(worker)), sizeof(worker));
	assert_false(is_gone(worker));
	assert_int_equal(kill(broker, SIGKILL), 0);
	assert_int_equal(waitpid(broker, NULL, 0), broker);
	TURN_UNTIL(b->loop, is_gone(worker));
	close(ends[0]);
	close(ends[1]);
}

static void expect_trouble(struct bench *b, const char *id, const char *place)
{
	const unsigned before = b->a.troubles;

	TURN_UNTIL(b->loop, b->a.troubles > before);
	assert_string_equal(b->a.trouble_id, id);
	assert_string_equal(b->a.trouble_place, place);
	assert_true(*b->a.trouble_text);
	assert_int_equal(b->a.hellos, 0);
	assert_int_equal(worker_pid(b->a.worker), 0);
}

/* T1: an empty password would be a bind as nobody, which succeeds. */
static void test_T1_without_its_files_it_is_not_started(void **state)
{
	struct bench *b = *state;
	char other[PATH_MAX];

	hurry = 100;
	assert_int_equal(unlink(b->password_file), 0);
	side_new(b, &b->a);
	expect_trouble(b, "ldap-password", b->password_file);
	bench_write(b->password_file, "", 0600);
	expect_trouble(b, "ldap-password", b->password_file);
	bench_write(b->password_file, "\nsecond line\n", 0600);
	expect_trouble(b, "ldap-password", b->password_file);
	assert_non_null(strstr(b->a.trouble_text, "first line"));
	bench_write(b->password_file, PASSWORD, 0640);
	expect_trouble(b, "ldap-password", b->password_file);
	assert_non_null(strstr(b->a.trouble_text, "chmod 600"));
	bench_write(b->password_file, PASSWORD, 0600);
	assert_int_equal(chown(b->password_file, WORKER_UID, 0), 0);
	expect_trouble(b, "ldap-password", b->password_file);
	(void)snprintf(other, sizeof(other), "%.60s/usr/password", b->root);
	assert_int_equal(rename(b->password_file, other), 0);
	assert_int_equal(symlink(other, b->password_file), 0);
	expect_trouble(b, "ldap-password", b->password_file);
	assert_int_equal(unlink(other), 0);
	bench_write(b->password_file, PASSWORD, 0600);
	bench_write(b->ca_file, "", 0644);
	TURN_UNTIL(b->loop, strcmp(b->a.trouble_id, "ldap-tls") == 0);
	expect_trouble(b, "ldap-tls", b->ca_file);
	bench_write(b->ca_file, AUTHORITY, 0644);
	TURN_UNTIL(b->loop, b->a.hellos == 1);
}

static void test_its_account_is_never_roots(void **state)
{
	static const struct worker_account roots[] = {{0, WORKER_GID}, {WORKER_UID, 0}};
	struct bench *b = *state;
	struct local_account users[] = {{.name = (char *)(uintptr_t)WORKER_USER, .id = 990, .gid = 980}};
	struct local_accounts accounts = {.users = users, .user_count = 1};
	struct worker_account found;

	for (size_t i = 0; i < ARRAY_LENGTH(roots); i++)
		assert_int_equal(worker_new(b->loop, &b->tenant, &roots[i], &(struct worker_hooks){0}, &b->a.worker), -EINVAL);
	assert_int_equal(worker_account_find(&accounts, &found), 0);
	assert_int_equal(found.uid, 990);
	assert_int_equal(found.gid, 980);
	users[0].gid = 0;
	assert_int_equal(worker_account_find(&accounts, &found), -EPERM);
	accounts.user_count = 0;
	assert_int_equal(worker_account_find(&accounts, &found), -ENOENT);
}

int main(void)
{
#define WORKER_TEST(fn) cmocka_unit_test_setup_teardown(fn, bench_setup, bench_teardown)
	const struct CMUnitTest tests[] = {
		WORKER_TEST(test_it_says_hello_and_has_its_configuration),
		cmocka_unit_test(test_a_long_configuration_is_several_packets),
		WORKER_TEST(test_START_brings_the_cookie),
		WORKER_TEST(test_one_that_answers_lives_and_one_that_does_not_is_killed),
		WORKER_TEST(test_one_that_never_says_hello_is_killed),
		WORKER_TEST(test_it_comes_back_later_each_time),
		WORKER_TEST(test_a_liar_is_ended),
		WORKER_TEST(test_a_flood_holds_up_nobody),
		WORKER_TEST(test_a_flood_ends),
		WORKER_TEST(test_one_that_takes_nothing_blocks_nobody),
		WORKER_TEST(test_it_is_restarted_at_will),
		WORKER_TEST(test_every_hook_may_free_it),
		WORKER_TEST(test_it_dies_with_the_broker),
		WORKER_TEST(test_T1_without_its_files_it_is_not_started),
		WORKER_TEST(test_its_account_is_never_roots),
	};

	if (geteuid() != 0) {
		print_message("skipped: needs root\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tenure-sync on a server that gives many values in parts, as Active Directory does: a group's members are all of them
 * or the group is a broken one, whatever the server says, and what else there is is read.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/tenure-sync/serve.h"
#include "tests/unit/cmocka_test.h"
#include "tests/unit/fake_ad.h"
#include "tests/unit/fake_ldap_thread.h"

/* --- the broker's side --- */

#define MEMBERS_MAX 5000u
struct broker {
	int fd;
	pthread_t thread;
	bool big, small, user, other, done; /* what came */
	bool done_before_big;
	unsigned members, wrong, small_members, problems;
	char problem[256];
	/* of the object that is read */
	struct uuid id;
};

static void take_big(struct broker *b, const struct sync_field *f)
{
	char wanted[64];

	if (f->tag == SYNC_TAG_MEMBER) {
		(void)snprintf(wanted, sizeof(wanted), "cn=u%u,ou=people,dc=x", b->members++);
		b->wrong += f->len != strlen(wanted) || memcmp(f->data, wanted, f->len) != 0;
	} else if (f->tag == SYNC_TAG_PROBLEM) {
		b->problems++;
		(void)snprintf(b->problem, sizeof(b->problem), "%.*s", (int)f->len, (const char *)f->data);
	}
}

static void take_field(struct broker *b, const struct sync_field *f)
{
	/* objectGUID has its first three parts in little-endian order */
	static const uint8_t big[16] = {4, 3, 2, 1, 6, 5, 8, 7, 9, 10, 11, 12, 13, 14, 15, 16};

	if (f->tag == SYNC_TAG_UUID)
		memcpy(b->id.bytes, f->data, sizeof(b->id.bytes));
	if (memcmp(b->id.bytes, big, sizeof(big)) == 0) {
		b->big = true;
		b->done_before_big = b->done_before_big || b->done;
		take_big(b, f);
	} else if (b->id.bytes[3] == FAKE_SMALL) {
		b->small = true;
		b->small_members += f->tag == SYNC_TAG_MEMBER;
	} else if (b->id.bytes[3] == FAKE_USER) {
		b->user = true;
	} else {
		b->other = true;
	}
}

static void *read_packets(void *context)
{
	struct broker *b = context;
	struct sync_packet *p = malloc(sizeof(*p));
	struct sync_field f;

	while (p && sync_packet_receive(b->fd, p) == 0) {
		struct sync_cursor c = sync_packet_fields(p);

		b->done = b->done || sync_packet_type(p) == SYNC_DONE;
		while (sync_packet_type(p) == SYNC_ENTRY && sync_next(&c, &f) > 0)
			take_field(b, &f);
	}
	free(p);
	return NULL;
}

/* --- one poll --- */

static void begin(struct server *s, struct broker *b, int heartbeat_ms)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	s->fd = fds[0];
	b->fd = fds[1];
	settings_init(&s->settings);
	s->settings.uris[s->settings.uri_count++] = strdup("ldapi:///");
	s->settings.base = strdup(FAKE_BASE);
	s->settings.schema = LDAP_SCHEMA_AD;
	s->settings.bases[OBJECT_USER] = strdup(FAKE_PEOPLE);
	s->settings.bases[OBJECT_GROUP] = strdup(FAKE_GROUPS);
	s->settings.heartbeat_ms = heartbeat_ms;
	s->settings.poll_ms = 3600000;
	assert_int_equal(entry_filter(&s->settings, &s->filter), 0);
	entry_attributes(&s->settings, s->attributes);
	search_end(s);
	assert_int_equal(pthread_create(&b->thread, NULL, read_packets, b), 0);
}

static void end(struct server *s, struct broker *b)
{
	search_end(s);
	connect_close(s->ld);
	close(s->fd);
	assert_int_equal(pthread_join(b->thread, NULL), 0);
	close(b->fd);
	free(s->filter);
	free(s->settings.uris[0]);
	free(s->settings.base);
	free(s->settings.bases[OBJECT_USER]);
	free(s->settings.bases[OBJECT_GROUP]);
	free(s);
}

/* Until all was read, or the connection is over. */
static int read_all(struct server *s, struct failure *ret_failure)
{
	const int64_t until = now_ms() + 60000;
	struct pollfd p = {.events = POLLIN};
	int64_t wait_ms = 0;
	int r = search_begin(s, ret_failure);

	while (r == 0 && (!s->search.polls || s->search.refreshing)) {
		assert_true(now_ms() < until);
		r = search_turn(s, &wait_ms, ret_failure);
		assert_int_equal(ldap_get_option(s->ld, LDAP_OPT_DESC, &p.fd), LDAP_OPT_SUCCESS);
		if (r == 0 && wait_ms > 0 && s->search.refreshing)
			assert_true(poll(&p, 1, (int)wait_ms) >= 0);
	}
	return r;
}

struct outcome {
	struct broker broker;
	struct failure failure;
};
static int run_with(struct fake_ad *d, int heartbeat_ms, struct outcome *ret)
{
	struct server *s = calloc(1, sizeof(*s));
	struct fake_ldap_thread t;
	int r;

	assert_non_null(s);
	memset(ret, 0, sizeof(*ret));
	begin(s, &ret->broker, heartbeat_ms);
	fake_ldap_start(&t, fake_ad_answer, d, &s->ld);
	r = read_all(s, &ret->failure);
	end(s, &ret->broker);
	fake_ldap_end(&t);
	return r;
}

/* Whatever is the matter with BIG, all else is there and the batch ends. */
static void run(struct fake_ad *d, struct outcome *ret)
{
	assert_int_equal(run_with(d, 20000, ret), 0);
	assert_true(ret->broker.done);
	assert_false(ret->broker.done_before_big);
	assert_true(ret->broker.small && ret->broker.user);
	assert_int_equal(ret->broker.small_members, 2);
	assert_true(d->page_was_next);
}

static void assert_whole(const struct outcome *o, unsigned members)
{
	assert_string_equal(o->broker.problem, "");
	assert_int_equal(o->broker.problems, 0);
	assert_int_equal(o->broker.members, members);
	assert_int_equal(o->broker.wrong, 0);
}

/* --- tests --- */

static void test_three_parts(void **state)
{
	struct fake_ad d = {.members = 4000, .part = 1500};
	struct outcome o;

	(void)state;
	run(&d, &o);
	assert_whole(&o, 4000);
	assert_int_equal(d.entries, 1);
	assert_int_equal(d.parts, 2);
	assert_string_equal(d.asked[0], "member;range=1499-*");
	assert_string_equal(d.asked[1], "member;range=2998-*");
}

static void test_as_many_as_one_part_holds(void **state)
{
	struct fake_ad d = {.members = 1500, .part = 1500};
	struct outcome o;

	(void)state;
	run(&d, &o);
	assert_whole(&o, 1500);
	assert_int_equal(d.entries + d.parts, 0);
	d = (struct fake_ad){.members = 1501, .part = 1500};
	run(&d, &o);
	assert_whole(&o, 1501);
	d = (struct fake_ad){.members = 1500, .part = 1500, .lie = ENDS_LATE};
	run(&d, &o);
	assert_whole(&o, 1500);
	assert_int_equal(d.parts, 1);
	d = (struct fake_ad){.members = 4498, .part = 1500, .lie = ENDS_LATE}; /* three parts, one value shared by two */
	run(&d, &o);
	assert_whole(&o, 4498);
	d = (struct fake_ad){.members = 1600, .part = 1500, .lie = NAMED_WHOLE};
	run(&d, &o);
	assert_whole(&o, 1600);
	assert_int_equal(d.parts, 0);
	d = (struct fake_ad){.members = 4000, .part = 1500, .lie = EMPTY_BESIDE};
	run(&d, &o);
	assert_whole(&o, 4000);
}

/* A server that lies, or fails at one entry, has one that is broken; nothing of what it said of it is a member. */
static void test_what_is_no_next_part_breaks_the_group(void **state)
{
	static const struct {
		enum lie lie;
		const char *problem;
	} cases[] = {
		{REPEATS, "the server gave another one than it was asked for"},
		{BACKWARDS, "the server gave another one than it was asked for"},
		{AHEAD, "the server gave another one than it was asked for"},
		{WITHOUT_END, "there is no end of them"},
		{VANISHES, "the server did not give the next one"},
		{PLAIN, "the server did not give the next one"},
		{RENAMES, "the server did not give the next one"},
		{EMPTY, "the server did not give the next one"},
		{NOT_A_NUMBER, "the server did not give the next one"},
		{MISCOUNTS, "one has not as many values as it says"},
		{ANSWERS_TWICE, "the server gave two answers"},
		{FAILS, "the server says: Operations error"},
		{SHRINKS_ALWAYS, "they change while they are read"},
		{TWO_FIRST, "there are two first ones"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct fake_ad d = {.members = 400, .part = 150, .lie = cases[i].lie};
		struct outcome o;
		char wanted[256];

		if (d.lie == WITHOUT_END)
			d.members = 100000;
		run(&d, &o);
		(void)snprintf(wanted, sizeof(wanted), "member comes in parts, and %s", cases[i].problem);
		assert_string_equal(o.broker.problem, wanted);
		assert_int_equal(o.broker.problems, 1);
		assert_int_equal(o.broker.members, 0);
		assert_true(d.parts <= PARTS_MAX);
	}
}

static void test_an_entry_that_is_refused_is_a_broken_one(void **state)
{
	struct fake_ad d = {.members = 400, .part = 150, .lie = FORBIDS_ENTRY};
	struct outcome o;

	(void)state;
	run(&d, &o);
	assert_int_equal(o.broker.problems, 1);
	assert_string_equal(o.broker.problem, "an attribute comes in parts, and the server says: Operations error");
	assert_int_equal(o.broker.members, 0);
}

static void test_one_that_went_is_gone(void **state)
{
	static const enum lie lies[] = {GONE, GONE_LATER, REPLACED, REPLACED_LATER, REFERS};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(lies); i++) {
		struct fake_ad d = {.members = 400, .part = 150, .lie = lies[i]};
		struct outcome o;

		run(&d, &o);
		assert_false(o.broker.big);
		assert_false(o.broker.other);
	}
}

/* With one gone of the first part, the next one begins with another value: the one in between would be missed. */
static void test_one_that_changes_is_read_anew(void **state)
{
	struct fake_ad d = {.members = 400, .part = 150, .lie = SHRINKS_ONCE};
	struct outcome o;

	(void)state;
	run(&d, &o);
	assert_int_equal(d.entries, 2);
	assert_int_equal(o.broker.problems, 0);
	assert_int_equal(o.broker.members, 399);
}

static void test_more_than_an_object_holds(void **state)
{
	char padding[16001];
	struct fake_ad d = {.members = 2300, .part = 1500, .lie = LARGE, .padding = padding};
	struct outcome o;

	(void)state;
	memset(padding, 'x', sizeof(padding) - 1);
	padding[sizeof(padding) - 1] = '\0';
	run(&d, &o);
	assert_string_equal(o.broker.problem, "member comes in parts, and they are more than 32 MiB");
	assert_int_equal(o.broker.members, 0);
}

/* What says nothing of the entry ends the connection; what was read before stays as it is with the broker. */
static void test_a_server_that_fails_is_left(void **state)
{
	static const enum lie lies[] = {BUSY, CLOSES};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(lies); i++) {
		struct fake_ad d = {.members = 400, .part = 150, .lie = lies[i]};
		struct outcome o;

		assert_int_equal(run_with(&d, 20000, &o), -EIO);
		assert_int_equal(o.failure.kind, SYNC_FAILURE_UNREACHABLE);
		assert_false(o.broker.done);
	}
}

/* It gives its signs of life, and not what it is asked for. */
static void test_a_part_that_never_comes(void **state)
{
	struct fake_ad d = {.members = 400, .part = 150, .lie = SILENT};
	const int64_t from = now_ms();
	struct outcome o;

	(void)state;
	assert_int_equal(run_with(&d, 300, &o), -EIO);
	assert_int_equal(o.failure.kind, SYNC_FAILURE_SILENT);
	assert_false(o.broker.done);
	assert_in_range(now_ms() - from, 250, 10000);
}

static bool parse(const char *text, struct part_name *ret)
{
	const struct berval name = {strlen(text), (char *)(uintptr_t)text};

	return part_parse(&name, ret);
}

static void test_names_of_parts(void **state)
{
	static const char *const bad[] = {"member", "member;", "member;range=", "member;range=0", "member;range=-*", "member;range=*-5",
					  ";range=0-5", "member;range=0-5;binary", "member;binary;range=0-5", "member;range=00-5",
					  "member;range=0--5", "member;range=0-99999999999999999999999999", "member;range=0-5 "};
	struct part_name p;

	(void)state;
	assert_true(parse("member;range=0-1499", &p));
	assert_int_equal(p.name_len, 6);
	assert_int_equal(p.low, 0);
	assert_int_equal(p.high, 1499);
	assert_true(parse("Member;Range=1500-*", &p));
	assert_int_equal(p.low, 1500);
	assert_true(p.high == UINT64_MAX);
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
		assert_false(parse(bad[i], &p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_three_parts),
		cmocka_unit_test(test_as_many_as_one_part_holds),
		cmocka_unit_test(test_what_is_no_next_part_breaks_the_group),
		cmocka_unit_test(test_an_entry_that_is_refused_is_a_broken_one),
		cmocka_unit_test(test_one_that_went_is_gone),
		cmocka_unit_test(test_one_that_changes_is_read_anew),
		cmocka_unit_test(test_more_than_an_object_holds),
		cmocka_unit_test(test_a_server_that_fails_is_left),
		cmocka_unit_test(test_a_part_that_never_comes),
		cmocka_unit_test(test_names_of_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

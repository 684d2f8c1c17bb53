/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tenure-sync: an entry that cannot be sent as it is becomes a broken object, and the connection goes on. */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/tenure-sync/value.h"

/* What the broker would have got. */
struct reader {
	int fd;
	pthread_t thread;
	size_t total, objects, fields, problems;
	bool cut; /* an object's last packet was not the last of it */
	char problem[256], text[64];
};

static void read_fields(struct reader *r, const struct sync_packet *p)
{
	struct sync_cursor c = sync_packet_fields(p);
	struct sync_field f;

	while (sync_next(&c, &f) > 0) {
		r->fields++;
		r->total += SYNC_FIELD_HEADER_LEN + f.len;
		if (f.tag == SYNC_TAG_PROBLEM) {
			r->problems++;
			memcpy(r->problem, f.data, f.len < sizeof(r->problem) ? f.len : sizeof(r->problem) - 1);
		} else if (f.len < sizeof(r->text)) {
			memset(r->text, 0, sizeof(r->text));
			memcpy(r->text, f.data, f.len);
		}
	}
}

static void *read_all(void *context)
{
	struct reader *r = context;
	struct sync_packet *p = malloc(sizeof(*p));

	while (p && sync_packet_receive(r->fd, p) == 0) {
		read_fields(r, p);
		r->cut = sync_packet_flags(p) & SYNC_MORE;
		r->objects += !r->cut;
	}
	free(p);
	return NULL;
}

static int start(struct reader *r)
{
	int fds[2];

	memset(r, 0, sizeof(*r));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	r->fd = fds[1];
	assert_int_equal(pthread_create(&r->thread, NULL, read_all, r), 0);
	return fds[0];
}

static void end(struct reader *r, int fd)
{
	close(fd);
	assert_int_equal(pthread_join(r->thread, NULL), 0);
	close(r->fd);
}

static void take(const struct mapping *m, char *bytes, size_t len, size_t count, struct reader *r)
{
	struct object_writer *w = calloc(1, sizeof(*w));
	struct berval value = {len, bytes}, *values = calloc(count + 1, sizeof(struct berval));
	int fd = start(r);

	assert_non_null(w);
	assert_non_null(values);
	for (size_t i = 0; i < count; i++)
		values[i] = value;
	writer_init(w);
	writer_begin(w, fd);
	value_take(w, m, "uid=a,dc=x", values);
	assert_int_equal(writer_end(w), 0);
	assert_int_equal(writer_flush(w), 0);
	end(r, fd);
	free(values);
	free(w);
}

static const struct mapping gecos = {"cn", SYNC_TAG_GECOS, TAKE_TEXT}, keys = {"sshPublicKey", SYNC_TAG_SSH_KEY, TAKE_ALL};

static void test_a_value_is_sent_as_it_is(void **state)
{
	struct reader r;
	char text[] = "Anna: or \x01\xff";

	take(&gecos, text, strlen(text), 1, &r);
	assert_int_equal(r.objects, 1);
	assert_int_equal(r.problems, 0);
	assert_string_equal(r.text, text);
}

static void test_a_value_that_is_no_text_breaks_its_object(void **state)
{
	char nul[] = "root\0x", *longer = calloc(1, SYNC_FIELD_MAX + 1);
	struct reader r;

	take(&gecos, nul, sizeof(nul) - 1, 1, &r);
	assert_int_equal(r.objects, 1);
	assert_int_equal(r.fields, 1);
	assert_string_equal(r.problem, "cn is too long, or holds a NUL");
	assert_non_null(longer);
	memset(longer, 'x', SYNC_FIELD_MAX + 1);
	take(&gecos, longer, SYNC_FIELD_MAX + 1, 1, &r);
	assert_int_equal(r.objects, 1);
	assert_string_equal(r.problem, "cn is too long, or holds a NUL");
	take(&gecos, longer, SYNC_FIELD_MAX, 1, &r);
	assert_int_equal(r.problems, 0);
	free(longer);
}

/* One entry that is too large must not keep its tenant from being read. */
static void test_an_object_that_is_too_large_is_a_broken_one(void **state)
{
	char *text = calloc(1, SYNC_FIELD_MAX);
	struct reader r;

	assert_non_null(text);
	memset(text, 'x', SYNC_FIELD_MAX);
	take(&keys, text, SYNC_FIELD_MAX, SYNC_OBJECT_MAX / SYNC_FIELD_MAX + 10, &r);
	assert_int_equal(r.objects, 1);
	assert_false(r.cut);
	assert_true(r.total <= SYNC_OBJECT_MAX);
	assert_true(r.total > SYNC_OBJECT_MAX - 2 * SYNC_FIELD_MAX);
	assert_int_equal(r.problems, 1);
	assert_string_equal(r.problem, "is larger than 32 MiB, or holds a value longer than 16 KiB");
	free(text);
}

/* A field that no table bounds, as the name of an attribute. */
static void test_a_field_that_no_packet_holds(void **state)
{
	struct object_writer *w = calloc(1, sizeof(*w));
	char *text = calloc(1, SYNC_PACKET_MAX);
	struct reader r;
	int fd = start(&r);

	assert_non_null(w);
	assert_non_null(text);
	writer_init(w);
	writer_begin(w, fd);
	writer_add(w, SYNC_TAG_UNKNOWN, text, SYNC_PACKET_MAX);
	writer_add(w, SYNC_TAG_GECOS, "a", 1);
	assert_int_equal(writer_end(w), 0);
	assert_int_equal(writer_flush(w), 0);
	end(&r, fd);
	assert_int_equal(r.objects, 1);
	assert_int_equal(r.problems, 1);
	free(text);
	free(w);
}

/* --- objects that go together --- */

struct objects {
	int fd;
	pthread_t thread;
	size_t packets, count, lens[4096];
	uint8_t numbers[4096];
	bool wrong;
};

/* As the broker does (daemon/tenured/sync_batch.c). */
static void *read_objects(void *context)
{
	struct objects *all = context;
	struct sync_packet *p = malloc(sizeof(*p));
	bool in_parts = false;

	while (p && sync_packet_receive(all->fd, p) == 0) {
		const bool more = sync_packet_flags(p) & SYNC_MORE;
		struct sync_cursor c = sync_packet_fields(p);
		struct sync_field f;
		size_t begun = 0;

		all->packets++;
		while (sync_next(&c, &f) > 0) {
			if (f.tag == SYNC_TAG_UUID) {
				begun++;
				all->numbers[all->count] = f.data[15];
				all->lens[all->count++] = 0;
			}
			all->lens[all->count - 1] += SYNC_FIELD_HEADER_LEN + f.len;
		}
		/* A part is alone in its packet, and so is the end of what was sent in parts. */
		if (more || in_parts)
			all->wrong |= begun != (in_parts ? 0 : 1);
		else
			all->wrong |= begun == 0;
		in_parts = more;
	}
	all->wrong |= in_parts;
	free(p);
	return NULL;
}

static void write_object(struct object_writer *w, int fd, uint8_t number, size_t size)
{
	static const char bytes[SYNC_FIELD_MAX];
	const struct uuid id = {{[15] = number}};

	writer_begin(w, fd);
	writer_add(w, SYNC_TAG_UUID, id.bytes, sizeof(id.bytes));
	for (size -= SYNC_FIELD_HEADER_LEN + sizeof(id.bytes); size > 0;) {
		const size_t len = size > SYNC_FIELD_MAX ? SYNC_FIELD_MAX / 2 : size;

		writer_add(w, SYNC_TAG_SSH_KEY, bytes, len - SYNC_FIELD_HEADER_LEN);
		size -= len;
	}
	assert_int_equal(writer_end(w), 0);
}

static void test_small_objects_go_together_and_every_one_is_whole(void **state)
{
	struct object_writer *w = calloc(1, sizeof(*w));
	struct objects *all = calloc(1, sizeof(*all));
	size_t sizes[600];
	int fds[2];

	assert_non_null(w);
	assert_non_null(all);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	all->fd = fds[1];
	assert_int_equal(pthread_create(&all->thread, NULL, read_objects, all), 0);
	writer_init(w);
	for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
		/* Small ones, some that fill a packet to its last bytes, some that need several. */
		sizes[i] = i % 50 == 49 ? SYNC_PACKET_MAX - 300 + i : i % 70 == 69 ? 200000 : 100 + i % 97;
		write_object(w, fds[0], (uint8_t)i, sizes[i]);
	}
	assert_int_equal(writer_flush(w), 0);
	assert_int_equal(writer_flush(w), 0);
	close(fds[0]);
	assert_int_equal(pthread_join(all->thread, NULL), 0);
	close(fds[1]);
	assert_false(all->wrong);
	assert_int_equal(all->count, ARRAY_LENGTH(sizes));
	for (size_t i = 0; i < all->count; i++) {
		assert_int_equal(all->numbers[i], (uint8_t)i);
		assert_int_equal(all->lens[i], sizes[i]);
	}
	assert_true(all->packets < 100);
	free(all);
	free(w);
}

/* Of an account, each said by an attribute of its own: the value, or NULL. What the last field of the object says then. */
static void expect_account(const char *const values[static 6], const char *last)
{
	static const struct mapping attributes[] = {
		{"tenureEnabled", SYNC_TAG_ENABLED, TAKE_BOOL},
		{"tenureEnd", SYNC_TAG_END, TAKE_TIME},
		{"shadowExpire", SYNC_TAG_END, TAKE_SHADOW_EXPIRE},
		{"pwdAccountLockedTime", SYNC_TAG_ENABLED, TAKE_PPOLICY_LOCK},
		{"userAccountControl", SYNC_TAG_ENABLED, TAKE_AD_CONTROL},
		{"accountExpires", SYNC_TAG_END, TAKE_AD_EXPIRES},
	};
	struct object_writer *w = calloc(1, sizeof(*w));
	struct reader r;
	int fd = start(&r);

	assert_non_null(w);
	writer_init(w);
	writer_begin(w, fd);
	for (size_t i = 0; i < ARRAY_LENGTH(attributes); i++) {
		const struct berval one[] = {{values[i] ? strlen(values[i]) : 0, (char *)(uintptr_t)values[i]}, {0, NULL}};

		if (values[i])
			value_take(w, &attributes[i], "uid=a,dc=x", one);
	}
	assert_int_equal(writer_end(w), 0);
	assert_int_equal(writer_flush(w), 0);
	end(&r, fd);
	assert_int_equal(r.problems, 0);
	assert_string_equal(r.text, last);
	free(w);
}

/* Whatever an account may be disabled by, or end by, does so, whatever else says that it is well. */
static void test_what_restricts_an_account_wins(void **state)
{
	static const struct {
		const char *values[6], *last;
	} cases[] = {
		{{NULL}, ""},
		{{"TRUE"}, "true"},
		{{"FALSE"}, "false"},
		{{"TRUE", NULL, NULL, "000001010000Z"}, "false"},
		{{"TRUE", NULL, NULL, "00000101000000Z"}, "false"},
		{{NULL, NULL, NULL, "000001010000Z"}, "false"},
		{{NULL, NULL, NULL, "20260101000000Z"}, ""}, /* for a while: the server knows for how long */
		{{"TRUE", NULL, NULL, NULL, "514"}, "false"},
		{{"FALSE", NULL, NULL, NULL, "512"}, "false"},
		{{NULL, NULL, NULL, NULL, "512"}, "true"},
		{{NULL, "20300101000000Z"}, "2030-01-01T00:00:00Z"},
		{{NULL, "20300101000000Z", "20000"}, "2024-10-04T00:00:00Z"},
		{{NULL, "20200101000000Z", "20000"}, "2020-01-01T00:00:00Z"},
		{{NULL, NULL, "-1"}, ""},
		{{NULL, NULL, "0"}, "1970-01-01T00:00:00Z"},
		{{NULL, "20300101000000Z", "-1", NULL, NULL, "132000000000000000"}, "2019-04-17T18:40:00Z"},
		{{NULL, "20300101000000Z", NULL, NULL, NULL, "0"}, "2030-01-01T00:00:00Z"},
		{{NULL, NULL, NULL, NULL, NULL, "9223372036854775807"}, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		expect_account(cases[i].values, cases[i].last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_value_is_sent_as_it_is),
		cmocka_unit_test(test_what_restricts_an_account_wins),
		cmocka_unit_test(test_a_value_that_is_no_text_breaks_its_object),
		cmocka_unit_test(test_an_object_that_is_too_large_is_a_broken_one),
		cmocka_unit_test(test_a_field_that_no_packet_holds),
		cmocka_unit_test(test_small_objects_go_together_and_every_one_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

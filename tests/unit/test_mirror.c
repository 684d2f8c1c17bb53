/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A batch counts whole or not at all, in memory and on the disk, wherever it is cut; nothing that was damaged is believed. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/mirror/mirror.h"
#include "tests/unit/cmocka_test.h"
#include "tests/unit/engine_fixture.h"

#define NOW 1772460000000000000

static struct tenant_config tenant(void)
{
	static char name[] = "contoso", base[] = "dc=contoso,dc=com", people[] = "ou=people,dc=contoso,dc=com";
	struct tenant_config t = {.name = name, .source = SOURCE_LDAP};

	memset(t.id.bytes, 0x5d, sizeof(t.id.bytes));
	t.ldap.base = base;
	t.ldap.schema = LDAP_SCHEMA_RFC2307BIS;
	t.ldap.bases[OBJECT_USER] = people;
	return t;
}

static struct uuid number(uint32_t n)
{
	struct uuid id = {{0}};

	memcpy(id.bytes, &n, sizeof(n));
	id.bytes[15] = 1;
	return id;
}

static void file_path(struct engine_fixture *f, char path[static 512])
{
	(void)snprintf(path, 512, "%s/var/lib/tenure/mirror/contoso", f->root);
}

static size_t object(uint32_t n, const char *gecos, uint8_t buf[static 1024])
{
	static struct sync_packet p;
	const struct uuid id = number(n);
	const uint8_t kind = OBJECT_USER;
	char dn[64];

	(void)snprintf(dn, sizeof(dn), "uid=u%u,ou=people,dc=contoso,dc=com", n);
	sync_packet_begin(&p, SYNC_ENTRY, 0);
	assert_int_equal(sync_packet_add_uuid(&p, SYNC_TAG_UUID, &id), 0);
	assert_int_equal(sync_packet_add(&p, SYNC_TAG_KIND, &kind, 1), 0);
	assert_int_equal(sync_packet_add_text(&p, SYNC_TAG_DN, dn), 0);
	assert_int_equal(sync_packet_add_text(&p, SYNC_TAG_GECOS, gecos), 0);
	memcpy(buf, p.bytes + SYNC_HEADER_LEN, p.len - SYNC_HEADER_LEN);
	return p.len - SYNC_HEADER_LEN;
}

static void put(struct mirror *m, uint32_t n, const char *gecos)
{
	uint8_t buf[1024];
	size_t len = object(n, gecos, buf);

	assert_int_equal(mirror_entry(m, buf, len), 0);
}

static bool has(const struct mirror *m, uint32_t n, const char *gecos)
{
	const struct uuid id = number(n);
	uint8_t buf[1024];
	size_t len = object(n, gecos, buf), there;
	const void *found = mirror_by_uuid(m, &id, &there);

	return found && there == len && memcmp(found, buf, len) == 0;
}

static bool lacks(const struct mirror *m, uint32_t n)
{
	const struct uuid id = number(n);
	size_t len;

	return !mirror_by_uuid(m, &id, &len);
}

static size_t commit(struct mirror *m, bool all, const char *cookie)
{
	size_t changes;

	assert_int_equal(mirror_commit(m, all, cookie, strlen(cookie), NOW, NULL, NULL, &changes), 0);
	return changes;
}

static struct mirror *reopen(struct mirror *m)
{
	const struct tenant_config t = tenant();
	bool damaged;

	mirror_close(m);
	assert_int_equal(mirror_open(&t, &m, &damaged), 0);
	assert_false(damaged);
	return m;
}

static bool cookie_is(const struct mirror *m, const char *text)
{
	size_t len;
	const void *cookie = mirror_cookie(m, &len);

	return len == strlen(text) && (len == 0 || memcmp(cookie, text, len) == 0);
}

static void test_a_batch_counts_when_it_is_complete(void **state)
{
	const struct uuid one = number(1), two = number(2);
	struct mirror *m = reopen(NULL);

	(void)state;
	assert_int_equal(mirror_complete_ns(m), 0);
	put(m, 1, "one");
	put(m, 2, "two");
	assert_true(lacks(m, 1));
	assert_int_equal(commit(m, true, "a"), 2);
	assert_true(has(m, 1, "one"));
	put(m, 1, "other");
	assert_int_equal(mirror_deleted(m, &two), 0);
	mirror_abort(m);
	assert_true(has(m, 1, "one") && has(m, 2, "two"));
	m = reopen(m);
	assert_true(has(m, 1, "one") && has(m, 2, "two") && cookie_is(m, "a"));
	assert_int_equal(mirror_complete_ns(m), NOW);
	put(m, 1, "other");
	assert_int_equal(mirror_deleted(m, &two), 0);
	assert_int_equal(mirror_present(m, &one), 0);
	assert_int_equal(commit(m, false, "b"), 2);
	m = reopen(m);
	assert_true(has(m, 1, "other") && lacks(m, 2) && cookie_is(m, "b"));
	assert_int_equal(mirror_count(m), 1);
	mirror_close(m);
}

static void test_all_takes_away_what_it_does_not_mention(void **state)
{
	const struct uuid two = number(2), nine = number(9);
	struct mirror *m = reopen(NULL);

	(void)state;
	for (uint32_t i = 1; i <= 4; i++)
		put(m, i, "x");
	assert_int_equal(commit(m, true, "a"), 4);
	put(m, 1, "x"); /* as it was */
	assert_int_equal(mirror_present(m, &two), 0);
	put(m, 3, "y");
	assert_int_equal(mirror_present(m, &nine), -ENOENT);
	assert_int_equal(commit(m, true, "b"), 2);
	assert_true(has(m, 1, "x") && has(m, 2, "x") && has(m, 3, "y") && lacks(m, 4));
	m = reopen(m);
	assert_true(has(m, 1, "x") && has(m, 2, "x") && has(m, 3, "y") && lacks(m, 4));
	/* Not mentioned, and not `all`: stays. */
	put(m, 5, "z");
	assert_int_equal(commit(m, false, "c"), 1);
	assert_int_equal(mirror_count(m), 4);
	mirror_close(m);
}

static void test_the_last_word_of_a_batch_counts(void **state)
{
	const struct uuid one = number(1), two = number(2);
	struct mirror *m = reopen(NULL);

	(void)state;
	put(m, 1, "a");
	(void)commit(m, true, "a");
	put(m, 1, "b");
	put(m, 1, "a"); /* back again: no change at all */
	put(m, 2, "x");
	assert_int_equal(mirror_deleted(m, &two), 0); /* came and went */
	assert_int_equal(commit(m, false, "b"), 0);
	assert_int_equal(mirror_deleted(m, &one), 0);
	put(m, 1, "c");
	assert_int_equal(commit(m, false, "c"), 1);
	assert_true(has(m, 1, "c") && lacks(m, 2));
	mirror_close(m);
}

static void note(void *context, const struct mirror_change *change)
{
	char *text = context;

	assert_int_equal(change->kind, OBJECT_USER);
	text[change->uuid.bytes[0]] = change->before ? change->now ? 'c' : 'g' : 'n';
}

static void test_changes_are_told(void **state)
{
	const struct uuid two = number(2);
	struct mirror *m = reopen(NULL);
	char told[] = "........";
	size_t changes;

	(void)state;
	put(m, 1, "a");
	put(m, 2, "a");
	(void)commit(m, true, "a");
	put(m, 1, "b");
	put(m, 3, "a");
	assert_int_equal(mirror_deleted(m, &two), 0);
	assert_int_equal(mirror_commit(m, false, "b", 1, NOW, note, told, &changes), 0);
	assert_int_equal(changes, 3);
	assert_string_equal(told, ".cgn....");
	mirror_close(m);
}

static void test_what_is_no_object_is_refused(void **state)
{
	struct mirror *m = reopen(NULL);
	uint8_t buf[1024], twice[2048];
	size_t len = object(1, "x", buf);

	(void)state;
	for (size_t i = 0; i < len; i++)
		if (i != len - SYNC_FIELD_HEADER_LEN - 1) /* the last field is missing whole: it may */
			assert_int_equal(mirror_entry(m, buf, i), -EBADMSG);
	memcpy(twice, buf, len);
	memcpy(twice + len, buf, len);
	assert_int_equal(mirror_entry(m, twice, 2 * len), -EBADMSG);
	buf[SYNC_FIELD_HEADER_LEN + 16 + SYNC_FIELD_HEADER_LEN] = OBJECT_KIND_COUNT;
	assert_int_equal(mirror_entry(m, buf, len), -EBADMSG);
	mirror_close(m);
}

/* Three states on disk, with their lengths. */
static size_t lengths[3];
static void write_three(struct engine_fixture *f, struct mirror **ret)
{
	const struct uuid one = number(1);
	struct mirror *m = reopen(NULL);
	struct stat st;
	char path[512];

	file_path(f, path);
	put(m, 1, "a");
	put(m, 2, "a");
	(void)commit(m, true, "1");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	lengths[0] = (size_t)st.st_size;
	put(m, 2, "b");
	(void)commit(m, false, "2");
	assert_int_equal(stat(path, &st), 0);
	lengths[1] = (size_t)st.st_size;
	assert_int_equal(mirror_deleted(m, &one), 0);
	put(m, 3, "c");
	(void)commit(m, false, "3");
	assert_int_equal(stat(path, &st), 0);
	lengths[2] = (size_t)st.st_size;
	*ret = m;
}

static int state_of(const struct mirror *m)
{
	if (mirror_count(m) == 0 && cookie_is(m, "") && mirror_complete_ns(m) == 0)
		return 0;
	if (has(m, 1, "a") && has(m, 2, "a") && lacks(m, 3) && cookie_is(m, "1"))
		return 1;
	if (has(m, 1, "a") && has(m, 2, "b") && lacks(m, 3) && cookie_is(m, "2"))
		return 2;
	return lacks(m, 1) && has(m, 2, "b") && has(m, 3, "c") && cookie_is(m, "3") ? 3 : -1;
}

static void replace(const char *path, const uint8_t *data, size_t len)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

static uint8_t *read_back(const char *path, size_t len)
{
	uint8_t *data = malloc(len);
	FILE *file = fopen(path, "re");

	assert_non_null(data);
	assert_non_null(file);
	assert_int_equal(fread(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	return data;
}

static void test_cut_anywhere_it_is_a_state_that_was(void **state)
{
	struct engine_fixture *f = *state;
	const struct tenant_config t = tenant();
	struct mirror *m;
	char path[512];

	file_path(f, path);
	write_three(f, &m);
	mirror_close(m);
	uint8_t *data = read_back(path, lengths[2]);

	for (size_t cut = 0; cut <= lengths[2]; cut++) {
		const int expected = cut < lengths[0] ? 0 : cut < lengths[1] ? 1 : cut < lengths[2] ? 2 : 3;
		bool damaged;

		replace(path, data, cut);
		assert_int_equal(mirror_open(&t, &m, &damaged), 0);
		assert_int_equal(state_of(m), expected);
		/* And it goes on from there. */
		put(m, 7, "z");
		(void)commit(m, false, "7");
		m = reopen(m);
		assert_true(has(m, 7, "z") && cookie_is(m, "7"));
		mirror_close(m);
	}
	free(data);
}

static void test_no_flipped_bit_makes_a_state_that_never_was(void **state)
{
	struct engine_fixture *f = *state;
	const struct tenant_config t = tenant();
	struct mirror *m;
	char path[512];
	size_t now = 0;

	file_path(f, path);
	write_three(f, &m);
	mirror_close(m);
	uint8_t *data = read_back(path, lengths[2]);

	for (size_t bit = 0; bit < 8 * lengths[2]; bit++) {
		bool damaged;

		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		replace(path, data, lengths[2]);
		assert_int_equal(mirror_open(&t, &m, &damaged), 0);
		const int got = state_of(m);

		assert_true(got >= 0);
		now += got == 3;
		mirror_close(m);
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(now, 0);
	free(data);
}

static void test_another_mapping_needs_all_anew(void **state)
{
	struct tenant_config t = tenant();
	char filter[] = "(uid=a*)";
	struct mirror *m;
	bool damaged;

	write_three(*state, &m);
	mirror_close(m);
	t.ldap.user_filter = filter;
	assert_int_equal(mirror_open(&t, &m, &damaged), 0);
	assert_false(damaged);
	assert_true(cookie_is(m, "") && has(m, 3, "c"));
	put(m, 3, "c");
	assert_int_equal(commit(m, true, "4"), 1);
	mirror_close(m);
	assert_int_equal(mirror_open(&t, &m, &damaged), 0);
	assert_true(cookie_is(m, "4") && mirror_count(m) == 1);
	mirror_close(m);
	t.id.bytes[0] ^= 1;
	assert_int_equal(mirror_open(&t, &m, &damaged), 0);
	assert_true(damaged && mirror_count(m) == 0);
	mirror_close(m);
}

static void test_a_cookie_can_be_forgotten(void **state)
{
	struct mirror *m;

	write_three(*state, &m);
	assert_int_equal(mirror_forget_cookie(m), 0);
	m = reopen(m);
	assert_true(cookie_is(m, "") && has(m, 3, "c") && mirror_complete_ns(m) == NOW);
	mirror_close(m);
}

static void test_a_full_disk_changes_nothing(void **state)
{
	struct rlimit limit, small;
	struct mirror *m;
	uint8_t buf[1024];
	size_t len = object(9, "ninety-nine", buf), changes;

	write_three(*state, &m);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = (struct rlimit){lengths[2] + 40, limit.rlim_max};
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(mirror_entry(m, buf, len), 0);
	int r = mirror_commit(m, false, "9", 1, NOW, NULL, NULL, &changes);

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(r, -EFBIG);
	assert_int_equal(state_of(m), 3);
	m = reopen(m);
	assert_int_equal(state_of(m), 3);
	put(m, 9, "x");
	(void)commit(m, false, "9");
	m = reopen(m);
	assert_true(has(m, 9, "x"));
	mirror_close(m);
}

static void test_what_is_old_does_not_pile_up(void **state)
{
	struct engine_fixture *f = *state;
	struct mirror *m = reopen(NULL);
	size_t memory, disk, most = 0;
	char path[512], text[300];
	struct stat st;

	file_path(f, path);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (uint32_t i = 0; i < 1000; i++) {
		text[i % 299] ^= 1;
		put(m, i % 7, text);
		(void)commit(m, false, "c");
		mirror_sizes(m, &memory, &disk);
		most = disk > most ? disk : most;
	}
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, disk);
	assert_true(most < 80000);
	m = reopen(m);
	assert_true(has(m, 999 % 7, text));
	mirror_close(m);
}

static void test_many_objects(void **state)
{
	const char *const dn = "uid=u77777,ou=people,dc=contoso,dc=com";
	struct mirror *m = reopen(NULL);
	struct uuid id;
	size_t len;

	(void)state;
	for (uint32_t i = 0; i < 100000; i++)
		put(m, i, "somebody");
	assert_int_equal(commit(m, true, "a"), 100000);
	for (uint32_t i = 0; i < 100000; i += 2) {
		id = number(i);
		assert_int_equal(mirror_deleted(m, &id), 0);
	}
	assert_int_equal(commit(m, false, "b"), 50000);
	m = reopen(m);
	assert_int_equal(mirror_count(m), 50000);
	assert_non_null(mirror_by_dn(m, dn, &len));
	assert_null(mirror_by_dn(m, "uid=u77778,ou=people,dc=contoso,dc=com", &len));
	mirror_close(m);
	assert_int_equal(mirror_remove("contoso"), 0);
	m = reopen(NULL);
	assert_int_equal(mirror_count(m), 0);
	mirror_close(m);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, engine_fixture_setup_host, engine_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_batch_counts_when_it_is_complete),
		TEST(test_all_takes_away_what_it_does_not_mention),
		TEST(test_the_last_word_of_a_batch_counts),
		TEST(test_changes_are_told),
		TEST(test_what_is_no_object_is_refused),
		TEST(test_cut_anywhere_it_is_a_state_that_was),
		TEST(test_no_flipped_bit_makes_a_state_that_never_was),
		TEST(test_another_mapping_needs_all_anew),
		TEST(test_a_cookie_can_be_forgotten),
		TEST(test_a_full_disk_changes_nothing),
		TEST(test_what_is_old_does_not_pile_up),
		TEST(test_many_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The journal alone: what is read is what was written, and nothing that was changed is taken for it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "tests/unit/cmocka_test.h"
#include "tests/unit/engine_fixture.h"

static struct journal *open_journal(struct engine_fixture *f, journal_fn fn, void *context,
				    struct journal_report *report)
{
	struct journal *j = NULL;

	assert_int_equal(journal_open(tenure_path(PATH_JOURNAL), &f->clock.source, fn, context, report, &j), 0);
	return j;
}

static void append_numbered(struct journal *j, const char *event, size_t from, size_t count)
{
	for (size_t i = from; i < from + count; i++) {
		uint64_t seq;

		assert_int_equal(journal_append(j, event, json_pack("{s:i,s:s}", "n", (int)i, "reason", "för \"x\" \\"), &seq),
				 0);
	}
}

struct seen {
	size_t count;
	uint64_t last_seq;
	int64_t last_n;
};

static int see(void *context, const struct journal_record *record)
{
	struct seen *s = context;

	s->count++;
	s->last_seq = record->seq;
	s->last_n = json_integer_value(json_object_get(record->line, "n"));
	return 0;
}

static void segment_path(char path[static 512], uint64_t first)
{
	(void)snprintf(path, 512, "%s/journal-%020llu.jsonl", tenure_path(PATH_JOURNAL), (unsigned long long)first);
}

static char *read_all(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "re");
	struct stat st;

	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &st), 0);
	char *data = malloc((size_t)st.st_size + 1);

	assert_non_null(data);
	*ret_len = fread(data, 1, (size_t)st.st_size, file);
	(void)fclose(file);
	return data;
}

static void write_all(const char *path, const char *data, size_t len)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void test_what_is_written_is_read(void **state)
{
	struct engine_fixture *f = *state;
	struct journal_report report;
	struct seen seen = {0};
	struct journal *j = open_journal(f, NULL, NULL, &report), *second = NULL;

	append_numbered(j, "warn", 0, 10);
	assert_int_equal(journal_open(tenure_path(PATH_JOURNAL), &f->clock.source, NULL, NULL, &report, &second), -EBUSY);
	journal_close(j);
	j = open_journal(f, see, &seen, &report);
	assert_int_equal(seen.count, 10);
	assert_int_equal(seen.last_n, 9);
	assert_int_equal(report.verified, 10);
	assert_false(report.damaged);
	append_numbered(j, "request", 10, 1);
	assert_int_equal(journal_last_seq(j), 11);
	journal_close(j);
}

static void test_segments_carry_the_chain_on(void **state)
{
	struct engine_fixture *f = *state;
	struct journal_report report;
	struct seen seen = {0};
	struct journal *j = open_journal(f, NULL, NULL, &report);
	char *big = malloc(60000), path[512];
	uint64_t seq;
	size_t count = 0;

	memset(big, 'x', 59999);
	big[59999] = '\0';
	for (size_t bytes = 0; bytes < 3 * (size_t)JOURNAL_SEGMENT_MAX / 2; bytes += 60000, count++)
		assert_int_equal(journal_append(j, "warn", json_pack("{s:s}", "reason", big), &seq), 0);
	free(big);
	journal_close(j);
	j = open_journal(f, see, &seen, &report);
	assert_int_equal(seen.count, count);
	assert_false(report.damaged);
	journal_close(j);
	segment_path(path, 1);
	assert_int_equal(unlink(path), 0);
	j = open_journal(f, NULL, NULL, &report);
	assert_true(report.damaged);
	journal_close(j);
}

static void test_a_torn_last_write_is_cut_off(void **state)
{
	struct engine_fixture *f = *state;
	struct journal_report report;
	struct seen seen = {0};
	struct journal *j = open_journal(f, NULL, NULL, &report);
	char path[512];

	append_numbered(j, "warn", 0, 3);
	journal_close(j);
	segment_path(path, 1);
	FILE *file = fopen(path, "ae");

	assert_non_null(file);
	(void)fputs("{\"v\":1,\"seq\":4,\"time\":\"2026", file);
	(void)fclose(file);
	j = open_journal(f, see, &seen, &report);
	assert_int_equal(seen.count, 3);
	assert_false(report.damaged);
	assert_int_equal(report.cut_bytes, 27);
	append_numbered(j, "warn", 3, 1);
	journal_close(j);
	seen = (struct seen){0};
	j = open_journal(f, see, &seen, &report);
	assert_int_equal(seen.count, 4);
	assert_int_equal(report.cut_bytes, 0);
	journal_close(j);
}

static size_t record_count(void)
{
	return getenv("TENURE_TEST_LONG") ? 1000 : 100;
}

static bool is_damaged(struct engine_fixture *f)
{
	struct journal_report report;
	struct journal *j = open_journal(f, NULL, NULL, &report);
	bool damaged = report.damaged;

	assert_true(!damaged || journal_trouble(j));
	journal_close(j);
	return damaged;
}

/* At each byte of a line; of the long journal, all cuts near the ends of lines and some between. */
static void test_every_prefix_is_detected(void **state)
{
	struct engine_fixture *f = *state;
	struct journal_report report;
	struct journal *j = open_journal(f, NULL, NULL, &report);
	size_t len, step;
	char path[512];

	append_numbered(j, "warn", 0, record_count());
	journal_close(j);
	segment_path(path, 1);
	char *data = read_all(path, &len);

	step = 1 + len / 4000;
	assert_false(is_damaged(f));
	for (size_t cut = 0; cut < len; cut += data[cut] == '\n' || (cut + 1 < len && data[cut + 1] == '\n') ? 1 : step) {
		write_all(path, data, cut);
		if (!is_damaged(f))
			fail_msg("cut at %zu of %zu was not seen", cut, len);
	}
	write_all(path, data, len);
	assert_false(is_damaged(f));
	free(data);
}

/* Every bit of every line by the scan; a sample of them by the whole way in. */
static void test_every_bit_flip_is_detected(void **state)
{
	struct engine_fixture *f = *state;
	struct journal_report report;
	struct journal *j = open_journal(f, NULL, NULL, &report);
	size_t len, good, line, start = 0, sampled = 0;
	struct journal_chain before = {0};
	const char *why;
	char path[512];

	append_numbered(j, "warn", 0, record_count());
	journal_close(j);
	segment_path(path, 1);
	char *data = read_all(path, &len);

	for (size_t i = 0; i < len * 8; i++) {
		struct journal_chain chain = before;
		const char *end = memchr(data + start, '\n', len - start);
		const char *next = memchr(end + 1, '\n', len - (size_t)(end + 1 - data));
		size_t until = next ? (size_t)(next + 1 - data) : len;

		data[i / 8] ^= (char)(1 << (i % 8));
		if (journal_scan(data + start, until - start, &chain, NULL, NULL, &good, &line, &why) != -EBADMSG)
			fail_msg("bit %zu of byte %zu was not seen", i % 8, i / 8);
		if (i % (len * 8 / 400) == 0) {
			write_all(path, data, len);
			assert_true(is_damaged(f));
			sampled++;
		}
		data[i / 8] ^= (char)(1 << (i % 8));
		if (i % 8 == 7 && data[i / 8] == '\n') {
			assert_int_equal(journal_scan(data + start, i / 8 + 1 - start, &before, NULL, NULL, &good, &line, &why), 0);
			start = i / 8 + 1;
		}
	}
	assert_true(sampled >= 400);
	free(data);
}

static void test_a_changed_head_is_detected(void **state)
{
	struct engine_fixture *f = *state;
	struct journal_report report;
	struct journal *j = open_journal(f, NULL, NULL, &report);
	char path[512];
	size_t len;

	append_numbered(j, "warn", 0, 2);
	journal_close(j);
	(void)snprintf(path, sizeof(path), "%s/head", tenure_path(PATH_JOURNAL));
	char *data = read_all(path, &len);

	assert_int_equal(len, JOURNAL_HEAD_LEN);
	for (size_t i = 0; i < len * 8; i++) {
		data[i / 8] ^= (char)(1 << (i % 8));
		write_all(path, data, len);
		assert_true(is_damaged(f));
		data[i / 8] ^= (char)(1 << (i % 8));
	}
	assert_int_equal(unlink(path), 0);
	assert_true(is_damaged(f));
	free(data);
}

static void test_damage_takes_no_lines_until_root_resets(void **state)
{
	struct engine_fixture *f = *state;
	struct journal_report report;
	struct seen seen = {0};
	struct journal *j = open_journal(f, NULL, NULL, &report);
	char path[512];
	uint64_t seq;
	size_t len;

	append_numbered(j, "warn", 0, 5);
	journal_close(j);
	segment_path(path, 1);
	char *data = read_all(path, &len);

	data[len / 2] ^= 1;
	write_all(path, data, len);
	free(data);
	j = open_journal(f, see, &seen, &report);
	assert_true(report.damaged);
	assert_non_null(strstr(report.damage, ".jsonl:3"));
	assert_int_equal(report.verified, 2);
	assert_int_equal(seen.count, 4); /* those behind it that are whole came through, too */
	assert_int_equal(journal_append(j, "request", NULL, &seq), -EROFS);
	assert_int_equal(journal_append(j, "revoke", json_pack("{s:s}", "id", "x"), &seq), 0);
	assert_int_equal(seq, 0);
	assert_int_equal(journal_waiting(j), 1);
	struct journal_entry anew[] = {
		{.event = JOURNAL_JOURNAL_RESET, .fields = json_pack("{s:s}", "reason", "looked at it")},
	};

	assert_int_equal(journal_reset(j, anew, ARRAY_LENGTH(anew)), 0);
	assert_null(journal_trouble(j));
	assert_int_equal(journal_waiting(j), 0);
	append_numbered(j, "request", 6, 1);
	journal_close(j);
	seen = (struct seen){0};
	j = open_journal(f, see, &seen, &report);
	assert_false(report.damaged);
	assert_int_equal(seen.count, 3); /* reset, revoke, request */
	assert_true(seen.last_seq > 5);
	journal_close(j);
}

static void test_what_others_may_write_is_not_read(void **state)
{
	struct engine_fixture *f = *state;
	struct journal_report report;
	struct journal *j = open_journal(f, NULL, NULL, &report);
	char path[512];

	append_numbered(j, "warn", 0, 2);
	journal_close(j);
	segment_path(path, 1);
	assert_int_equal(chmod(path, 0644), 0);
	assert_true(is_damaged(f));
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(chmod(tenure_path(PATH_JOURNAL), 0755), 0);
	assert_int_equal(journal_open(tenure_path(PATH_JOURNAL), &f->clock.source, NULL, NULL, &report, &j), -EPERM);
}

static void test_bad_input_changes_nothing(void **state)
{
	struct engine_fixture *f = *state;
	struct journal_report report;
	struct journal *j = open_journal(f, NULL, NULL, &report);
	char *big = malloc(JOURNAL_LINE_MAX + 1);
	uint64_t seq;

	memset(big, 'x', JOURNAL_LINE_MAX);
	big[JOURNAL_LINE_MAX] = '\0';
	assert_int_equal(journal_append(j, "no-such", NULL, &seq), -EINVAL);
	assert_int_equal(journal_append(j, "request", json_pack("{s:s}", "reason", big), &seq), -E2BIG);
	assert_null(journal_trouble(j));
	free(big);
	/* A field cannot take the place of what the journal itself says. */
	assert_int_equal(journal_append(j, "warn", json_pack("{s:i,s:s,s:s}", "seq", 77, "prev", "0", "sum", "0"), &seq), 0);
	assert_int_equal(seq, 1);
	journal_close(j);
	assert_false(is_damaged(f));
}

int main(void)
{
#define JOURNAL_TEST(fn) cmocka_unit_test_setup_teardown(fn, engine_fixture_setup_host, engine_fixture_teardown)
	const struct CMUnitTest tests[] = {
		JOURNAL_TEST(test_what_is_written_is_read),
		JOURNAL_TEST(test_segments_carry_the_chain_on),
		JOURNAL_TEST(test_a_torn_last_write_is_cut_off),
		JOURNAL_TEST(test_every_prefix_is_detected),
		JOURNAL_TEST(test_every_bit_flip_is_detected),
		JOURNAL_TEST(test_a_changed_head_is_detected),
		JOURNAL_TEST(test_damage_takes_no_lines_until_root_resets),
		JOURNAL_TEST(test_what_others_may_write_is_not_read),
		JOURNAL_TEST(test_bad_input_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The module's few bytes of JSON: what it writes, and what it refuses to read (T18). */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pam_module/json.h"

static void test_a_call_is_written(void **state)
{
	struct json_writer w;
	char buf[256];
	int len;

	json_begin(&w, buf, sizeof(buf), "SessionOpen", false, false);
	json_text(&w, "kind", "gate");
	json_text(&w, "tty", NULL);
	json_number(&w, "invoker", 1900000001);
	json_text(&w, "target", "a\"b\\c\n\x7f\xc3\xa9");
	len = json_finish(&w);
	assert_string_equal(buf, "{\"method\":\"io.tenure.SessionOpen\",\"parameters\":{\"kind\":\"gate\","
				 "\"invoker\":1900000001,\"target\":\"a\\u0022b\\u005cc\\u000a\\u007f\xc3\xa9\"}}");
	assert_int_equal(len, strlen(buf) + 1);
	json_begin(&w, buf, sizeof(buf), "Answer", true, true);
	assert_true(json_finish(&w) > 0);
	assert_string_equal(buf, "{\"method\":\"io.tenure.Answer\",\"more\":true,\"oneway\":true,\"parameters\":{}}");
}

static void test_bounds_and_bad_utf8_of_a_call(void **state)
{
	static const char *const bad[] = {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "x\xc3", "\x80"};
	struct json_writer w;
	char buf[128];

	for (size_t size = 0; size < 70; size++) {
		json_begin(&w, buf, size, "SessionClose", false, false);
		json_text(&w, "id", "7K2M-Q4XB");
		memset(buf + size, 0x55, sizeof(buf) - size);
		if (json_finish(&w) < 0)
			assert_int_equal(w.error, -EMSGSIZE);
		for (size_t i = size; i < sizeof(buf); i++)
			assert_int_equal(buf[i], 0x55);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
		json_begin(&w, buf, sizeof(buf), "X", false, false);
		json_text(&w, "a", bad[i]);
		assert_int_equal(json_finish(&w), -EILSEQ);
	}
}

static int parse(const char *text, struct json_reply *ret)
{
	size_t len = strlen(text);
	char *copy = malloc(len + 1); /* exact, so that a sanitizer sees a byte too far */
	int r;

	assert_non_null(copy);
	memcpy(copy, text, len);
	r = json_parse_reply(copy, len, ret);
	free(copy);
	return r;
}

static void test_replies_are_read(void **state)
{
	struct json_reply r;

	assert_int_equal(parse(" { \"parameters\" : { \"id\" : \"A\\u00e9\\ud83d\\ude00\\n\" , \"n\" : -12, \"t\":true,"
			       "\"z\":null,\"zero\":0 } , \"continues\" : true }\n", &r), 0);
	assert_string_equal(json_reply_text(&r, "id"), "A\xc3\xa9\xf0\x9f\x98\x80\n");
	assert_null(json_reply_text(&r, "n"));
	assert_null(json_reply_text(&r, "z"));
	assert_null(json_reply_text(&r, "nowhere"));
	assert_int_equal(r.fields[1].number, -12);
	assert_true(r.continues);
	assert_int_equal(parse("{\"error\":\"io.tenure.NotEligible\",\"parameters\":{\"role\":\"x\"}}", &r), 0);
	assert_string_equal(r.error, "NotEligible");
	assert_int_equal(parse("{\"error\":\"org.varlink.service.InvalidParameter\"}", &r), 0);
	assert_string_equal(r.error, "org.varlink.service.InvalidParameter");
	assert_int_equal(parse("{}", &r), 0);
}

static void test_T18_all_else_is_refused(void **state)
{
	static const char *const bad[] = {
		"", " ", "{", "}", "[]", "null", "\"x\"", "{}x", "{}{}", "{,}", "{\"parameters\":{}", "{\"parameters\":}",
		"{\"parameters\":{},}", "{\"parameters\":{\"a\":}}", "{\"parameters\":{\"a\":1,}}",
		"{\"parameters\":{\"a\":1 \"b\":2}}", "{\"parameters\":{\"a\":01}}", "{\"parameters\":{\"a\":1.5}}",
		"{\"parameters\":{\"a\":1e3}}", "{\"parameters\":{\"a\":-}}", "{\"parameters\":{\"a\":9223372036854775808}}",
		"{\"parameters\":{\"a\":[1]}}", "{\"parameters\":{\"a\":{}}}", "{\"parameters\":{\"a\":tru}}",
		"{\"parameters\":{\"a\":\"\\x\"}}", "{\"parameters\":{\"a\":\"\\u12\"}}",
		"{\"parameters\":{\"a\":\"\\ud800\"}}", "{\"parameters\":{\"a\":\"\\ud800\\u0041\"}}",
		"{\"parameters\":{\"a\":\"\\udc00\"}}", "{\"parameters\":{\"a\":\"\\u0000\"}}",
		"{\"parameters\":{\"a\":\"\n\"}}", "{\"parameters\":{\"a\":\"\xff\"}}", "{\"parameters\":{\"a\":\"x}}",
		"{\"parameters\":{\"a\":1,\"a\":2}}", "{\"parameters\":{},\"parameters\":{}}", "{\"other\":1}",
		"{\"error\":\"\"}", "{\"error\":\"io.tenure.\"}", "{\"error\":1}", "{\"continues\":1}",
		"{\"error\":\"io.tenure.X\",\"continues\":true}", "{parameters:{}}", "{'parameters':{}}",
		"{\"parameters\":{\"1234567890123456789012345678901234567890\":1}}",
	};
	struct json_reply r;

	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
		if (parse(bad[i], &r) != -EBADMSG)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(r.field_count, 0);
		assert_int_equal(r.error[0], 0);
	}
}

static void test_texts_and_fields_are_bounded(void **state)
{
	struct json_reply r;
	char text[2048];
	size_t len;

	for (int fields = 1; fields <= JSON_FIELDS_MAX + 1; fields++) {
		(void)snprintf(text, sizeof(text), "{\"parameters\":{");
		for (int i = 0; i < fields; i++)
			(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s\"f%d\":1", i ? "," : "", i);
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "}}");
		assert_int_equal(parse(text, &r), fields <= JSON_FIELDS_MAX ? 0 : -EBADMSG);
	}
	for (len = JSON_TEXT_MAX - 2; len < JSON_TEXT_MAX + 2; len++) {
		(void)snprintf(text, sizeof(text), "{\"parameters\":{\"a\":\"%0*d\"}}", (int)len, 0);
		assert_int_equal(parse(text, &r), len < JSON_TEXT_MAX ? 0 : -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_call_is_written),
		cmocka_unit_test(test_bounds_and_bad_utf8_of_a_call),
		cmocka_unit_test(test_replies_are_read),
		cmocka_unit_test(test_T18_all_else_is_refused),
		cmocka_unit_test(test_texts_and_fields_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

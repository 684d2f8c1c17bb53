/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buffer.h"
#include "common/base/secret.h"

static void test_it_grows_to_its_bound(void **state)
{
	for (size_t max = 0; max < 1200; max += 7) {
		struct buffer b = BUFFER(max);

		for (size_t i = 0; i < max; i++)
			buffer_append(&b, "x", 1);
		assert_int_equal(buffer_error(&b), 0);
		assert_int_equal(b.len, max);
		if (b.data)
			assert_int_equal(b.data[max], '\0');
		buffer_append_string(&b, "y");
		assert_int_equal(buffer_error(&b), -EMSGSIZE);
		assert_int_equal(b.len, max);
		buffer_append(&b, "", 0);
		assert_int_equal(buffer_error(&b), -EMSGSIZE);
		assert_null(buffer_steal(&b));
		buffer_done(&b);
	}
}

static void test_printf_and_steal(void **state)
{
	struct buffer b = BUFFER(1000);
	char *text;

	for (int i = 0; i < 100; i++)
		buffer_printf(&b, "%03d,", i);
	text = buffer_steal(&b);
	assert_non_null(text);
	assert_int_equal(strlen(text), 400);
	assert_string_equal(text + 392, "098,099,");
	free(text);
	assert_null(b.data);
	text = buffer_steal(&b);
	assert_string_equal(text, "");
	free(text);
}

static void test_secrets(void **state)
{
	char secret[] = "secret";
	char *copy = strdup(secret);

	assert_true(secret_equal("abc", "abd", 2));
	assert_false(secret_equal("abc", "abd", 3));
	assert_true(secret_equal("", "", 0));
	SECRET_WIPE_ARRAY(secret);
	for (size_t i = 0; i < sizeof(secret); i++)
		assert_int_equal(secret[i], 0);
	secret_freep(&copy);
	assert_null(copy);
	secret_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_grows_to_its_bound),
		cmocka_unit_test(test_printf_and_steal),
		cmocka_unit_test(test_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A position by name is what looking at each of them says, also where names were made to lie close. */
#include "tests/unit/cmocka_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/model/validation.h"

#define COUNT 500
#define SLOTS 1024 /* of as many names */

static struct object objects[COUNT];

static uint32_t by_looking(const char *name)
{
	for (uint32_t i = 0; i < COUNT; i++)
		if (objects[i].name && strcmp(objects[i].name, name) == 0)
			return i;
	return NO_INDEX;
}

static void check_all(bool by_hash)
{
	struct name_index ni;
	char name[32];

	assert_int_equal(name_index_build(&ni, objects, sizeof(objects[0]), COUNT), 0);
	assert_int_equal(ni.slots != NULL, by_hash);
	for (size_t i = 1; i < ni.count; i++)
		assert_true(strcmp(ni.entries[i - 1].name, ni.entries[i].name) <= 0);
	for (uint32_t i = 0; i < COUNT; i++)
		if (objects[i].name)
			assert_int_equal(name_index_find(&ni, objects[i].name), by_looking(objects[i].name));
	for (unsigned i = 0; i < 5000; i++) {
		(void)snprintf(name, sizeof(name), "user%u", i);
		assert_int_equal(name_index_find(&ni, name), by_looking(name));
	}
	name_index_done(&ni);
	assert_int_equal(name_index_find(&ni, "user1"), NO_INDEX);
	for (uint32_t i = 0; i < COUNT; i++)
		free(objects[i].name);
}

/* Some have none, some the same. */
static void test_names(void **state)
{
	char name[32];

	for (unsigned i = 0; i < COUNT; i++) {
		(void)snprintf(name, sizeof(name), "user%u", i * 7919 % 400);
		objects[i].name = i % 11 == 0 ? NULL : strdup(name);
	}
	check_all(true);
}

/* As name_index.c has it. */
static size_t slot_of(const char *name)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	h ^= h >> 32;
	return (h >> 32) & (SLOTS - 1);
}

static void test_names_that_lie_close(void **state)
{
	unsigned next = 0;
	char name[32];

	for (unsigned i = 0; i < COUNT; i++) {
		do
			(void)snprintf(name, sizeof(name), "user%u", next++);
		while (i < 100 && slot_of(name) > 7);
		objects[i].name = strdup(name);
	}
	check_all(false);
}

static void test_none(void **state)
{
	struct name_index ni;

	assert_int_equal(name_index_build(&ni, NULL, sizeof(objects[0]), 0), 0);
	assert_int_equal(name_index_find(&ni, ""), NO_INDEX);
	name_index_done(&ni);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_names_that_lie_close),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

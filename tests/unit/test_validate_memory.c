/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Each allocation of a validation fails once: the answer is -ENOMEM, or the list says that it lost a problem; never a
 * directory that gives more than the one that was validated in peace.
 */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/directory_fixture.h"

#if defined(__SANITIZE_ADDRESS__)
#define INTERPOSED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define INTERPOSED 0
#endif
#endif
#ifndef INTERPOSED
#define INTERPOSED 1
#endif

#if INTERPOSED
static const char text[] =
	"version = 1;\n"
	"users = ( { name = \"alice\"; uid = 1900000001; password = \"plain\"; }, { name = \"bob\"; }, { name = \"carol\"; uid = 1900000003; },\n"
	"  { name = \"root\"; uid = 1900000004; }, { name = \"dave\"; uid = 7; } );\n"
	"groups = ( { name = \"g\"; gid = 1900010001; members = [ \"alice\", \"carol\", \"zoe\" ]; member_groups = [ \"h\" ]; },\n"
	"  { name = \"h\"; members = [ \"bob\" ]; member_groups = [ \"g\" ]; } );\n"
	"scopes = ( { path = \"/a\"; }, { path = \"/b/c\"; } );\n"
	"hosts = ( { name = \"db1\"; scope = \"/a\"; id = \"5d0b3a2e-7c64-4f0e-9a57-000000000001\"; } );\n"
	"units = ( { name = \"u\"; restricted = true; users = [ \"carol\", \"none\" ]; hosts = [ \"db1\" ]; } );\n"
	"roles = ( { name = \"r\"; actions = [ \"become:root\" ]; activation = { approvals = 1; approver_groups = [ \"g\" ]; }; } );\n"
	"assignments = ( { type = \"eligible\"; role = \"r\"; group = \"g\"; scope = \"/a/db1\"; },\n"
	"  { type = \"deny\"; role = \"r\"; user = \"carol\"; scope = \"/\"; }, { type = \"deny\"; role = \"r\"; user = \"x\"; scope = \"/\"; } );\n";

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static long fail_at; /* 0: never */
static long count;

static bool fails(void)
{
	if (fail_at == 0 || ++count != fail_at)
		return false;
	errno = ENOMEM;
	return true;
}

/* Seen by libc too, whose strdup and vasprintf allocate for us. */
#define SEEN __attribute__((visibility("default")))

SEEN void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

SEEN void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

SEEN void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}

static size_t given(const struct directory *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->user_count; i++)
		n += !d->users[i].o.dropped;
	for (size_t i = 0; i < d->group_count; i++)
		n += d->groups[i].closure_count;
	for (size_t i = 0; i < d->assignment_count; i++)
		n += !d->assignments[i].o.dropped;
	return n;
}

static void load(struct fixture *f)
{
	struct fixture whole;

	fixture_load(&whole, text);
	*f = whole;
	directory_free(f->d);
	problem_list_done(&f->problems);
	assert_int_equal(directory_parse(text, strlen(text), "directory.d/contoso.conf", &f->tenant.id, &f->d, &f->problems), 0);
}

static void test_T2_no_failed_allocation_gives(void **state)
{
	struct fixture f;
	size_t peace, problems;
	long n;

	fixture_load(&f, text);
	peace = given(f.d);
	problems = f.problems.count;
	assert_true(f.d->broken_restriction);
	fixture_done(&f);
	for (n = 1;; n++) {
		int r;

		load(&f);
		count = 0;
		fail_at = n;
		r = directory_validate(f.d, &f.tenant, &f.local, &f.problems);
		fail_at = 0;
		assert_true(r == 0 || r == -ENOMEM);
		if (r == 0) {
			assert_int_equal(given(f.d), peace);
			assert_true(f.d->broken_restriction);
			assert_true(f.problems.lost || f.problems.count == problems);
		}
		fixture_done(&f);
		if (count < n)
			break;
	}
	print_message("%ld allocations\n", n - 1);
	assert_true(n > 80);
}
#else
static void test_T2_no_failed_allocation_gives(void **state)
{
	skip_because("the sanitizer has malloc");
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_T2_no_failed_allocation_gives)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_UNIT_CMOCKA_TEST_H
#define TENURE_TESTS_UNIT_CMOCKA_TEST_H

/* What cmocka wants included before itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Leaves the rest of the test out. tests/run reads the line before, and knows which machines may say so. */
#define skip_because(reason)                                                                                           \
	do {                                                                                                           \
		print_message("skipped: %s\n", reason);                                                                \
		skip();                                                                                                \
	} while (0)

#endif

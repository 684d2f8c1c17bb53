/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For a tenured of the tests alone: the linker wraps loop_in_ms, and what takes a minute or longer takes a hundredth of
 * it. Nothing that is shipped has this (decision 10).
 */
#include "daemon/tenured/loop.h"

int64_t __real_loop_in_ms(int64_t ms);
int64_t __wrap_loop_in_ms(int64_t ms);

int64_t __wrap_loop_in_ms(int64_t ms)
{
	return __real_loop_in_ms(ms >= 60000 ? ms / 100 : ms);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The reader's side of the generation page. The page stays mapped for the life of the process; one that was retired is
 * let go of, not unmapped (another thread may be looking at it): a page of address space for each reinstallation.
 */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common/base/paths.h"
#include "common/base/safe_file.h"
#include "common/snapshot/generation_format.h"
#include "common/snapshot/map.h"

static const struct generation_page *_Atomic current;

static uint64_t page_load(const struct generation_page *page)
{
	return __atomic_load_n(&page->generation, __ATOMIC_ACQUIRE);
}

static const struct generation_page *page_map(void)
{
	struct stat st;
	int fd CLEANUP(fd_closep) = safe_open_near(NULL, tenure_path(PATH_GENERATION), &st);
	const struct generation_page *page;

	if (fd < 0 || st.st_size < GENERATION_PAGE_SIZE)
		return NULL;
	page = mmap(NULL, GENERATION_PAGE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		return NULL;
	if (memcmp(page->magic, GENERATION_MAGIC, sizeof(page->magic)) != 0 || page->version != GENERATION_VERSION ||
	    page_load(page) == GENERATION_RETIRED) {
		(void)munmap((void *)(uintptr_t)page, GENERATION_PAGE_SIZE);
		return NULL;
	}
	return page;
}

static uint64_t page_find(const struct generation_page *old)
{
	const struct generation_page *page = page_map();
	uint64_t generation = page ? page_load(page) : 0;

	if (!atomic_compare_exchange_strong(&current, &old, page)) {
		/* Another thread was faster; its page or ours, the number was good when it was read. */
		if (page)
			(void)munmap((void *)(uintptr_t)page, GENERATION_PAGE_SIZE);
	}
	return generation == GENERATION_RETIRED ? 0 : generation;
}

uint64_t generation_read(void)
{
	const struct generation_page *page = atomic_load_explicit(&current, memory_order_acquire);
	uint64_t generation = page ? page_load(page) : GENERATION_RETIRED;

	if (__builtin_expect(generation != GENERATION_RETIRED, 1))
		return generation;
	int saved = errno;
	generation = page_find(page);
	errno = saved;
	return generation;
}

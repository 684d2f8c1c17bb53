/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The broker's side of the generation page. One thread alone calls these. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/paths.h"
#include "common/base/safe_file.h"
#include "common/snapshot/generation_format.h"
#include "common/snapshot/map.h"

static struct generation_page *page;

/* Maps the page that stands at PATH_GENERATION. -EBADMSG: it is none. */
static int page_map(struct generation_page **ret)
{
	int fd CLEANUP(fd_closep) =
	    open(tenure_path(PATH_GENERATION), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct generation_page *p;
	struct stat st;

	if (fd < 0)
		return errno == ELOOP ? -EBADMSG : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != tenure_trusted_uid() || st.st_size < GENERATION_PAGE_SIZE)
		return -EBADMSG;
	if ((st.st_mode & 07777) != 0644 && fchmod(fd, 0644) < 0)
		return -errno;
	p = mmap(NULL, GENERATION_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	if (memcmp(p->magic, GENERATION_MAGIC, sizeof(p->magic)) != 0 || p->version != GENERATION_VERSION ||
	    __atomic_load_n(&p->generation, __ATOMIC_ACQUIRE) == GENERATION_RETIRED) {
		(void)munmap(p, GENERATION_PAGE_SIZE);
		return -EBADMSG;
	}
	*ret = p;
	return 0;
}

static int page_create(void)
{
	union {
		struct generation_page page;
		uint8_t bytes[GENERATION_PAGE_SIZE];
	} fresh = {0};
	struct instant now;
	int r = clock_system.now(&clock_system, &now);

	if (r < 0)
		return r;
	memcpy(fresh.page.magic, GENERATION_MAGIC, sizeof(fresh.page.magic));
	fresh.page.version = GENERATION_VERSION;
	fresh.page.generation = (uint64_t)now.realtime_ns;
	return safe_replace(tenure_path(PATH_GENERATION), fresh.bytes, sizeof(fresh.bytes), 0644, (uid_t)-1, (gid_t)-1);
}

int generation_open(void)
{
	int r = page ? 0 : page_map(&page);

	if (r == -ENOENT || r == -EBADMSG) {
		r = page_create();
		if (r == 0)
			r = page_map(&page);
	}
	if (r == 0)
		(void)generation_bump();
	return r;
}

uint64_t generation_bump(void)
{
	uint64_t next;

	if (!page)
		return 0;
	next = __atomic_add_fetch(&page->generation, 1, __ATOMIC_ACQ_REL);
	return next;
}

int generation_retire(void)
{
	int r = page ? 0 : page_map(&page);

	if (r == 0) {
		__atomic_store_n(&page->generation, GENERATION_RETIRED, __ATOMIC_RELEASE);
		(void)munmap(page, GENERATION_PAGE_SIZE);
		page = NULL;
	}
	if (r < 0 && r != -EBADMSG)
		return r;
	return unlink(tenure_path(PATH_GENERATION)) < 0 ? -errno : 0;
}

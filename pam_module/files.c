/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pam_module/files.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "common/base/text.h"

/* When something kept is still good: nothing was published since, and who opened it is who asks. */
struct stamp {
	uint64_t generation; /* 0: not good */
	uid_t euid;
};

static struct {
	atomic_flag busy;
	struct stamp stamp;
	struct index_view *_Atomic index; /* whoever does not hold `busy` may only compare it with his own */
} kept_index = {.busy = ATOMIC_FLAG_INIT};

static struct {
	atomic_flag busy;
	struct stamp stamp;
	char name[NAME_LENGTH_MAX + 1];
	struct policy *policy;
	struct holders *grants;
} kept_tenant = {.busy = ATOMIC_FLAG_INIT};

static struct stamp stamp_now(void)
{
	return (struct stamp){.generation = generation_read(), .euid = geteuid()};
}

static bool stamp_is_good(const struct stamp *kept, const struct stamp *now)
{
	return kept->generation != 0 && kept->generation == now->generation && kept->euid == now->euid;
}

static void drop_index(void)
{
	index_close(kept_index.index);
	kept_index.index = NULL;
	kept_index.stamp.generation = 0;
}

int files_index(struct index_view **ret)
{
	struct stamp now = stamp_now();
	int r;

	*ret = NULL;
	if (now.generation == 0 || atomic_flag_test_and_set(&kept_index.busy))
		return index_open(ret);
	if (!stamp_is_good(&kept_index.stamp, &now)) {
		drop_index();
		r = index_open(ret);
		if (r < 0) {
			*ret = NULL;
			atomic_flag_clear(&kept_index.busy);
			return r;
		}
		kept_index.index = *ret;
		kept_index.stamp = now;
	}
	*ret = kept_index.index;
	return 0;
}

void files_index_back(struct index_view *v)
{
	if (v && v == kept_index.index)
		atomic_flag_clear(&kept_index.busy);
	else
		index_close(v);
}

static int open_tenant(const char *tenant, struct policy **ret_policy, struct holders **ret_grants)
{
	int r;

	*ret_grants = NULL;
	r = policy_open(tenant, ret_policy);
	if (r < 0) {
		*ret_policy = NULL;
		return r == -ENOENT ? -EBADMSG : r;
	}
	r = holders_open(tenant, "grants", ret_grants);
	if (r < 0)
		*ret_grants = NULL;
	return r == -ENOENT ? -EBADMSG : r;
}

static void drop_tenant(void)
{
	policy_close(kept_tenant.policy);
	holders_close(kept_tenant.grants);
	kept_tenant.policy = NULL;
	kept_tenant.grants = NULL;
	kept_tenant.stamp.generation = 0;
}

int files_tenant(const char *tenant, struct tenant_files *ret)
{
	struct stamp now = stamp_now();
	int r = 0;

	*ret = (struct tenant_files){.kept = false};
	if (now.generation == 0 || strlen(tenant) >= sizeof(kept_tenant.name) ||
	    atomic_flag_test_and_set(&kept_tenant.busy))
		return open_tenant(tenant, &ret->policy, &ret->grants);
	if (!stamp_is_good(&kept_tenant.stamp, &now) || strcmp(kept_tenant.name, tenant) != 0) {
		drop_tenant();
		r = open_tenant(tenant, &kept_tenant.policy, &kept_tenant.grants);
		if (r == 0) {
			kept_tenant.stamp = now;
			memcpy(kept_tenant.name, tenant, strlen(tenant) + 1);
		}
	}
	*ret = (struct tenant_files){.policy = kept_tenant.policy, .grants = kept_tenant.grants, .kept = true};
	return r;
}

void files_tenant_back(struct tenant_files *f)
{
	if (f->kept) {
		atomic_flag_clear(&kept_tenant.busy);
	} else {
		policy_close(f->policy);
		holders_close(f->grants);
	}
	*f = (struct tenant_files){.kept = false};
}

void files_forget(void)
{
	if (!atomic_flag_test_and_set(&kept_index.busy)) {
		drop_index();
		atomic_flag_clear(&kept_index.busy);
	}
	if (!atomic_flag_test_and_set(&kept_tenant.busy)) {
		drop_tenant();
		atomic_flag_clear(&kept_tenant.busy);
	}
}

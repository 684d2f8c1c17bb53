/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_PAM_FILES_H
#define TENURE_PAM_FILES_H

/*
 * The snapshots that a phase reads, mapped once for all the phases of a process for as long as the generation page
 * says that nothing has changed; where there is no page, anew each time. MUST:
 *  - what was published before the call is seen by it: the page is asked first, and files are opened behind that;
 *  - nothing waits: whoever finds the maps in use maps its own;
 *  - files_forget before a process goes on as a user: policy is root's to read.
 */

#include "common/snapshot/holders.h"
#include "common/snapshot/index.h"
#include "common/snapshot/policy.h"

/* 0 or as index_open. To be given back. */
int files_index(struct index_view **ret) MUST_CHECK;
void files_index_back(struct index_view *v);

/* Policy and grants of a tenant. What could not be read is NULL. */
struct tenant_files {
	struct policy *policy;
	struct holders *grants;
	bool kept;
};

/* 0, or -errno of the first that could not be read: a missing file is -EBADMSG. To be given back in either case. */
int files_tenant(const char *tenant, struct tenant_files *ret) MUST_CHECK;
void files_tenant_back(struct tenant_files *f);

/* Unmaps what is kept. */
void files_forget(void);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SNAPSHOT_POLICY_COMPILE_H
#define TENURE_SNAPSHOT_POLICY_COMPILE_H

/*
 * A directory on its way to a policy file; for policy_write.c, policy_compile.c and policy_reach.c alone. The sections
 * grow in buffers; an append that fails shows when the file is put together.
 */

#include "common/base/buffer.h"
#include "common/snapshot/index.h"
#include "common/snapshot/policy.h"
#include "common/snapshot/policy_check.h"

struct compiler {
	const struct directory *d;
	const struct host_config *host;
	const struct tenant_config *tenant;
	const struct index_binding *bindings;
	size_t binding_count;
	const struct host *here; /* this host's entry; NULL: the directory does not know it */
	uint32_t here_index;
	bool here_restricted;	 /* a restricted unit holds this host */
	/* From positions in the directory to positions in the file; POLICY_NONE: dropped. */
	uint32_t *principals, *roles, *units, *assignments;
	uint32_t first_guest; /* position in the file of the directory's first guest */
	struct policy_header header;
	struct buffer sections[POLICY_SECTION_COUNT];
};

/* policy_write.c: the file in memory, as policy_write says; the caller ends the image. */
struct image;
int policy_image(struct image *im, uint64_t generation, const struct directory *d, const struct host_config *host,
		 const struct tenant_config *tenant, const struct uuid *host_id, const struct index_binding *bindings,
		 size_t binding_count) MUST_CHECK;

/* The sections behind the header that image_header made, and the header's own. 0 or -errno. */
int compile_image(struct compiler *c, struct image *im) MUST_CHECK;

/* policy_reach.c */

/* Finds this host's entry. 0, or -EINVAL if it is there and dropped. */
int compile_find_host(struct compiler *c, const struct uuid *host_id) MUST_CHECK;
/* 0, or -EINVAL if something that only restricts cannot be compiled (policy.h, policy_write). */
int compile_check_restrictions(const struct compiler *c) MUST_CHECK;
bool compile_unit_holds_host(const struct compiler *c, const struct unit *u);
/* POLICY_ASSIGNMENT_AT_HOST, POLICY_ASSIGNMENT_BLOCKED. */
uint32_t compile_reach(const struct compiler *c, const struct assignment *a);

/* policy_compile.c: fills everything. 0, -ENOMEM. */
int compile_sections(struct compiler *c) MUST_CHECK;
/* A reference; NULL and "" give 0. */
uint32_t compile_string(struct compiler *c, const char *text);
/* Records in a section so far. */
uint32_t compile_count(const struct compiler *c, enum policy_section_id section);

/* policy_lists.c: held assignments, memberships, approvers, managers. */
int compile_lists(struct compiler *c) MUST_CHECK;
/* policy_tables.c: the hash tables, and the logins that this host maps. */
int compile_tables(struct compiler *c) MUST_CHECK;
bool compile_manages(const struct right *rights, size_t count);

#endif

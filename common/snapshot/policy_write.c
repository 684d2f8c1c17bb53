/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Puts a compiled policy together and replaces the file. */

#include "common/snapshot/policy.h"

#include <stdlib.h>
#include <string.h>

#include "common/snapshot/image.h"
#include "common/snapshot/policy_check.h"
#include "common/snapshot/policy_compile.h"

/* Everything behind the common part, which image_header has filled. */
static void put_header(struct image *im, const struct policy_header *header)
{
	const size_t common = sizeof(header->common);
	if (im->error)
		return;
	((struct snapshot_header *)image_at(im, 0))->file_size = header->common.file_size;
	memcpy((uint8_t *)image_at(im, 0) + common, (const uint8_t *)header + common, sizeof(*header) - common);
}

int compile_image(struct compiler *c, struct image *im)
{
	for (unsigned i = 0; i < POLICY_SECTION_COUNT; i++) {
		const struct buffer *section = &c->sections[i];
		c->header.sections[i].offset = image_append(im, section->len ? section->data : NULL, section->len, 8);
		c->header.sections[i].count = compile_count(c, i);
	}
	c->header.common.file_size = im->len;
	put_header(im, &c->header);
	return im->error ? im->error : policy_seal(image_at(im, 0), im->len);
}

static int fill_image(struct compiler *c, struct image *im, uint64_t generation)
{
	image_header(im, SNAPSHOT_POLICY, POLICY_VERSION, sizeof(c->header), generation, c->d->tenant_id.bytes, NULL);
	if (c->d->in_parts)
		image_base(im);
	return compile_image(c, im);
}

static int compile(struct compiler *c, struct image *im, uint64_t generation, const struct uuid *host_id)
{
	int r = compile_find_host(c, host_id);
	if (r == 0)
		r = compile_check_restrictions(c);
	if (r == 0)
		r = table_seed(c->header.seed);
	if (r == 0)
		r = compile_sections(c);
	if (r == 0)
		r = fill_image(c, im, generation);
	return r;
}

int policy_image(struct image *im, uint64_t generation, const struct directory *d, const struct host_config *host,
		 const struct tenant_config *tenant, const struct uuid *host_id, const struct index_binding *bindings,
		 size_t binding_count)
{
	struct compiler c = {
		.d = d, .host = host, .tenant = tenant, .bindings = bindings, .binding_count = binding_count};
	for (unsigned i = 0; i < POLICY_SECTION_COUNT; i++)
		c.sections[i] = BUFFER(SNAPSHOT_SIZE_MAX);
	int r = compile(&c, im, generation, host_id);
	for (unsigned i = 0; i < POLICY_SECTION_COUNT; i++)
		buffer_done(&c.sections[i]);
	free(c.principals);
	free(c.roles);
	free(c.units);
	free(c.assignments);
	return r;
}

int policy_write(const char *path, uint64_t generation, const struct directory *d, const struct host_config *host,
		 const struct tenant_config *tenant, const struct uuid *host_id, const struct index_binding *bindings,
		 size_t binding_count)
{
	struct image im = {0};
	int r = policy_image(&im, generation, d, host, tenant, host_id, bindings, binding_count);
	if (r == 0)
		r = image_write(&im, path, 0600);
	image_done(&im);
	return r;
}

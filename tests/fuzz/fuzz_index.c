/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* index: whatever the file holds, its strings lie inside it, and damage never says "not governed" about a tenant's uid. */
#include <errno.h>
#include <stddef.h>

#include "common/snapshot/index.h"
#include "common/snapshot/index_format.h"
#include "tests/fuzz/snapshot_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_login(int r, const struct index_view *v, const struct index_login *l)
{
	if (r < 0)
		return;
	snapshot_input_read(l->login);
	if (l->governed < GOVERNED_NOT || l->governed > GOVERNED_LOCAL_LOGIN)
		abort();
	if (l->governed != GOVERNED_NOT && l->tenant >= index_tenant_count(v))
		abort();
}

/* "Of no class" is said only of a service that no record names, where every record has a name. */
static void ask_services(const struct index_view *v, const struct snapshot *s)
{
	const struct index_header *h = snapshot_header(s, offsetof(struct index_header, trusts));
	const struct index_service_record *services = snapshot_section(s, h->services, sizeof(*services), 4);
	enum service_class class;
	enum gate_mode mode;

	if (index_service(v, "sudo", &class, &mode) < 0)
		return;
	if (class > SERVICE_BATCH || (mode != GATE_ENFORCE && mode != GATE_REPORT_ONLY) ||
	    (mode == GATE_REPORT_ONLY && class != SERVICE_GATE))
		abort();
	for (uint32_t i = 0; class == SERVICE_NONE && i < h->services.count; i++)
		if (services[i].name >= h->strings.count ||
		    strcmp((const char *)s->data + h->strings.offset + services[i].name, "sudo") == 0)
			abort();
}

static void walk(const struct index_view *v, const struct snapshot *s)
{
	struct index_tenant t;
	struct index_login l;
	size_t i, found;
	uid_t uid;

	for (i = 0; i < index_tenant_count(v); i++) {
		bool trusts;

		if (index_trusts(v, i, 0, &trusts) < 0 && trusts)
			abort();
		if (index_tenant(v, i, &t) < 0)
			continue;
		snapshot_input_read(t.name);
		snapshot_input_read(t.domain);
		if (t.domain && index_tenant_by_domain(v, t.domain, &found) == 0 && found >= index_tenant_count(v))
			abort();
		l = (struct index_login){0};
		if (t.id_range.first != 0 && t.id_range.first <= t.id_range.last &&
		    index_login_by_uid(v, t.id_range.first, &l) == 0 && l.governed == GOVERNED_NOT)
			abort();
	}
	for (i = 0; i < index_local_count(v); i++)
		read_login(index_local(v, i, &uid, &l), v, &l);
	read_login(index_login_by_uid(v, 1500, &l), v, &l);
	read_login(index_login_by_name(v, "bobby", &l), v, &l);
	ask_services(v, s);
	(void)index_break_glass(v, "rescue");
	(void)index_host_id(v)->bytes[15];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct index_view *v;
	struct snapshot s;

	if (!snapshot_input(data, size, SNAPSHOT_INDEX, INDEX_VERSION, sizeof(struct index_header), &s))
		return 0;
	snapshot_input_sum(&s, offsetof(struct index_header, checksum));
	if (index_from(&s, &v) == 0) {
		walk(v, &s);
		index_close(v);
	}
	snapshot_input_done(&s);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* index: whatever the file holds, its strings lie inside it, and damage never says "not governed" about a tenant's uid. */
#include <errno.h>

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

static void walk(const struct index_view *v)
{
	struct index_tenant t;
	struct index_login l;
	enum gate_mode mode;
	size_t i, found;
	uid_t uid;

	for (i = 0; i < index_tenant_count(v); i++) {
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
	(void)index_service(v, "sudo", &mode);
	if (mode != GATE_ENFORCE && mode != GATE_REPORT_ONLY)
		abort();
	(void)index_break_glass(v, "rescue");
	(void)index_host_id(v)->bytes[15];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct index_view *v;
	struct snapshot s;

	if (!snapshot_input(data, size, SNAPSHOT_INDEX, INDEX_VERSION, sizeof(struct index_header), &s))
		return 0;
	if (index_from(&s, &v) == 0) {
		walk(v);
		index_close(v);
	}
	snapshot_input_done(&s);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* holders: whatever the file holds, rows are read inside it and hold in their window alone. */
#include <stddef.h>

#include "common/snapshot/holders.h"
#include "common/snapshot/holders_format.h"
#include "tests/fuzz/snapshot_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct instant now = {.realtime_ns = INT64_C(1700000000) * NS_PER_S, .boottime_ns = NS_PER_S};

static int see(void *context, const struct holder *row)
{
	snapshot_input_read(row->argument);
	snapshot_input_read(row->login);
	snapshot_input_read(row->role);
	if (!row->role || !window_holds(&row->window, &now))
		abort();
	if ((row->kind == RIGHT_BECOME || row->kind == RIGHT_GROUP) && !row->argument)
		abort();
	return 0;
}

static void ask(const struct holders *h, const struct uuid *principal)
{
	if (holders_of_principal(h, principal, &now, see, NULL) > 0 ||
	    holders_groups_of_principal(h, principal, &now, see, NULL) > 0 ||
	    holders_of_right(h, RIGHT_BECOME, "root", &now, see, NULL) > 0 ||
	    holders_of_right(h, RIGHT_LOGIN, NULL, &now, see, NULL) > 0 ||
	    holders_of_role(h, "db-operator", &now, see, NULL) > 0)
		abort();
}

/* Grants name the boot; what stands names none. */
static void as_of_this_boot(const struct snapshot *s, bool grants)
{
	struct snapshot_header *h = (void *)(uintptr_t)s->data;
	struct uuid boot = {{0}};

	if (s->len < sizeof(*h) || (grants && boot_id_read(&boot) < 0))
		return;
	memcpy(h->boot_id, boot.bytes, sizeof(h->boot_id));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct uuid principal = {{0x5d, 0x0b, 0x3a, 0x2e, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 1}};
	struct holders *h;
	struct snapshot s;

	if (!snapshot_input(data, size, SNAPSHOT_HOLDERS, HOLDERS_VERSION, sizeof(struct holders_header), &s))
		return 0;
	for (int grants = 0; grants < 2; grants++) {
		as_of_this_boot(&s, grants);
		snapshot_input_sum(&s, offsetof(struct holders_header, checksum));
		if (holders_from(&s, grants, &h) < 0)
			continue;
		for (uint8_t n = 0; n < 4; n++) {
			principal.bytes[15] = n;
			ask(h, &principal);
		}
		holders_close(h);
	}
	snapshot_input_done(&s);
	return 0;
}

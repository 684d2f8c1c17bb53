/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/broker.h"
#include "daemon/tenured/reply.h"

static json_t *row_of(struct broker *b, size_t tenant)
{
	struct sync_status s;

	if (!b->sync || sync_status(b->sync, tenant, &s) < 0)
		return NULL;
	return json_pack("{s:s, s:b, s:o, s:o, s:o, s:o, s:b, s:b, s:I, s:I}", "tenant",
			 engine_tenant(b->engine, tenant)->name, "connected", s.connected, "uri", json_text(s.uri), "trouble",
			 json_text(s.trouble), "since", json_time(s.since_ns), "answered", json_time(s.answered_ns), "polls",
			 s.polls, "current", engine_is_current(b->engine, tenant), "objects", (json_int_t)s.objects, "problems",
			 (json_int_t)engine_problem_count(b->engine, tenant));
}

json_t *rows_of_directories(struct broker *b, const struct actor *viewer)
{
	const bool all = viewer->root, own = all || viewer_has_right(b, viewer, RIGHT_POLICY_READ, NULL);
	json_t *rows = json_array();

	for (size_t i = 0; rows && own && i < engine_tenant_count(b->engine); i++) {
		json_t *row = all || i == viewer->tenant ? row_of(b, i) : NULL;

		if (row)
			(void)json_array_append_new(rows, row);
	}
	return rows;
}

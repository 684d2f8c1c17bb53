/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "common/base/id.h"
#include "helper/broker.h"
#include "helper/choose.h"
#include "helper/request_terms.h"
#include "helper/times.h"
#include "helper/verbs.h"
#include "helper/waiting.h"

/* The terms of the role that the grant gives: from its eligible row, where one is left. */
static bool find_terms(struct cli *cli, const json_t *status, const char *id, struct role_row *ret,
		       int64_t *ret_until_ns)
{
	const char *role = NULL;
	struct role_row row;
	const json_t *item;
	size_t i;

	json_array_foreach (field_array(status, "roles"), i, item) {
		role_row_read(cli, item, &row);
		if (role_row_is(&row, "activated") && strncasecmp(row.id, id, strlen(id)) == 0) {
			role = row.role;
			*ret = row;
			*ret_until_ns = row.until_ns;
		}
	}
	json_array_foreach (field_array(status, "roles"), i, item) {
		role_row_read(cli, item, &row);
		if (role && role_row_is(&row, "eligible") && strcmp(row.role, role) == 0)
			*ret = row;
	}
	return role && ret->max_duration_ns > 0;
}

static int ask_terms(struct cli *cli, const char *id)
{
	json_t *status = NULL;
	struct role_row row;
	int64_t until_ns;
	int code = broker_call(cli, "Status", NULL, &status);

	if (code != CODE_DONE)
		return code;
	if (find_terms(cli, status, id, &row, &until_ns))
		code = ask_missing_terms(cli, &row,
					 cli_text(cli, "%s is held until %s; what you ask for runs from %s", row.role,
						  time_exact(cli, cli_now(cli), until_ns),
						  row.approvals > 0 ? "its approval" : "now"));
	json_decref(status);
	return code;
}

int verb_extend(struct cli *cli)
{
	json_t *parameters;
	const char *id;
	int code = choose_own_grant(cli, &id);

	if (code == CODE_DONE)
		code = ask_terms(cli, id);
	if (code != CODE_DONE)
		return code;
	parameters = json_pack("{s:s}", "id", id);
	if (!parameters)
		return cli_fail(cli, CODE_USAGE, "usage", "", "that is no id");
	set_terms(cli, parameters);
	return request_and_wait(cli, "Extend", parameters);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "helper/choose.h"

#include <string.h>

#include "common/base/id.h"
#include "helper/broker.h"
#include "helper/rows.h"

struct choice {
	const char *id;	    /* of the last that fits */
	const char *listed; /* "7K2M-Q4XB db-operator, ..." */
	const char *role;   /* of the last */
	const char *longest; /* of a grant: the one that has most time left */
	int64_t left_s;	     /* its */
	size_t count;
	bool one_role; /* all are of it */
};

static void choice_add(struct cli *cli, struct choice *c, const char *id, const char *role)
{
	if (c->id && strcmp(c->id, id) == 0)
		return;
	c->listed = cli_text(cli, "%s%s%s %s", c->count ? c->listed : "", c->count ? ", " : "", id, role);
	c->one_role = c->count == 0 || (c->one_role && strcmp(c->role, role) == 0);
	c->id = id;
	c->role = role;
	c->count++;
}

static int choice_take(struct cli *cli, const struct choice *c, const char *none, const char *none_next,
		       const char **ret_id)
{
	if (c->count == 0)
		return cli_fail(cli, CODE_UNKNOWN, "no-such-request", none_next, "%s", none);
	if (c->count > 1)
		return cli_fail(cli, CODE_USAGE, "input-missing", cli_text(cli, "tenure %s ID", cli->verb->name),
				"say which: %s", c->listed);
	*ret_id = c->id;
	return CODE_DONE;
}

/* What was typed, if anything was. True when there is nothing more to do. */
static bool typed_id(struct cli *cli, const char **ret_id, int *ret_code)
{
	if (cli->argument_count == 0)
		return false;
	*ret_id = cli->arguments[0];
	*ret_code = CODE_DONE;
	if (!request_id_text_is_valid(*ret_id))
		*ret_code = cli_fail(cli, CODE_USAGE, "usage",
				     cli_text(cli, "give at least %d of its characters", REQUEST_ID_PREFIX_MIN),
				     "\"%s\" is no request's id", cli_escape(cli, *ret_id));
	return true;
}

static int choose_pending(struct cli *cli, bool own, const char *none, const char **ret_id)
{
	struct choice choice = {0};
	json_t *reply = NULL;
	const json_t *item;
	size_t i;
	int code;

	if (typed_id(cli, ret_id, &code))
		return code;
	code = broker_call(cli, "Pending", NULL, &reply);
	if (code != CODE_DONE)
		return code;
	json_array_foreach (field_array(reply, "items"), i, item) {
		struct request_row row;

		request_row_read(cli, item, &row);
		if (own ? row.mine : row.may_decide)
			choice_add(cli, &choice, row.id, cli_text(cli, "%s%s%s", own ? "" : request_row_who(&row),
								  own ? "" : " ", row.role));
	}
	json_decref(reply);
	return choice_take(cli, &choice, none, "see: tenure pending", ret_id);
}

int choose_decidable(struct cli *cli, const char **ret_id)
{
	return choose_pending(cli, false, "no request waits for you", ret_id);
}

int choose_own_pending(struct cli *cli, const char **ret_id)
{
	return choose_pending(cli, true, "no request of yours waits", ret_id);
}

/* whole_role: several grants of one role are all meant; else the one that lasts longest is. */
static int choose_grant(struct cli *cli, bool whole_role, const char **ret_id)
{
	struct choice choice = {0};
	json_t *status = NULL;
	const json_t *item;
	size_t i;
	int code;

	if (typed_id(cli, ret_id, &code))
		return code;
	code = broker_call(cli, "Status", NULL, &status);
	if (code != CODE_DONE)
		return code;
	json_array_foreach (field_array(status, "roles"), i, item) {
		struct role_row row;

		role_row_read(cli, item, &row);
		if (!role_row_is(&row, "activated") || !*row.id)
			continue;
		choice_add(cli, &choice, row.id, row.role);
		if (!choice.longest || row.left_s > choice.left_s) {
			choice.longest = row.id;
			choice.left_s = row.left_s;
		}
	}
	json_decref(status);
	if (choice.count > 1 && choice.one_role) {
		*ret_id = whole_role ? NULL : choice.longest;
		return CODE_DONE;
	}
	return choice_take(cli, &choice, "you hold no grant", "see: tenure status", ret_id);
}

int choose_own_grant(struct cli *cli, const char **ret_id)
{
	return choose_grant(cli, false, ret_id);
}

int choose_own_role(struct cli *cli, const char **ret_id)
{
	return choose_grant(cli, true, ret_id);
}

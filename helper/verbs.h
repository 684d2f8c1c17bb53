/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_HELPER_VERBS_H
#define TENURE_HELPER_VERBS_H

/* A function for each verb, in the file of its name; see struct verb. */

struct cli;

int verb_status(struct cli *cli);
int verb_roles(struct cli *cli);
int verb_request(struct cli *cli);
int verb_pending(struct cli *cli);
int verb_approve(struct cli *cli);
int verb_deny(struct cli *cli);
int verb_cancel(struct cli *cli);
int verb_end(struct cli *cli);
int verb_extend(struct cli *cli);
int verb_revoke(struct cli *cli);
int verb_sessions(struct cli *cli);
int verb_history(struct cli *cli);
int verb_explain(struct cli *cli);
int verb_check(struct cli *cli);
int verb_ssh_keys(struct cli *cli);
int verb_version(struct cli *cli);
int verb_help(struct cli *cli);

#endif

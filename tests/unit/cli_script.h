/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_CLI_SCRIPT_H
#define TENURE_TESTS_CLI_SCRIPT_H

/* The story of the manuals as a script for fake_broker.h: alice asks, carol decides. All return new references. */

#include <jansson.h>

/* RFC 3339, so many seconds from now. */
json_t *script_time(long offset_s);
/* A RoleRow of db-operator in that state. */
json_t *script_role(const char *state);
/* A RequestRow 7K2M-Q4XB of alice in that state; mine: as alice sees it, else as carol. */
json_t *script_request(const char *state, int mine);
/* Every method has an answer; nothing prompts. */
json_t *script_story(void);
/* Replaces the steps of a method; takes steps. */
void script_set(json_t *script, const char *method, json_t *steps);
/* Starts the broker with it; takes the script. */
void script_play(json_t *script);
/* script_play of the story with the steps of one method replaced by JSON text (NULL: nothing). */
void script_play_with(const char *method, const char *steps);

#endif

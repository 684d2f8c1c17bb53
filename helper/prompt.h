/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_HELPER_PROMPT_H
#define TENURE_HELPER_PROMPT_H

/*
 * Questions to the person at the terminal. They go to /dev/tty, so that neither a pipe nor a redirected stdout gets
 * them. MUST: a terminal whose echo was switched off is restored before anything else happens: at the answer, at
 * Ctrl-C, Ctrl-Z, hang-up; the signal then does what it always does. Answers are bounded and wiped when they go.
 */

#include "helper/cli.h"

#define PROMPT_ANSWER_MAX 1024

enum prompt_echo { PROMPT_HIDDEN, PROMPT_SHOWN };

/*
 * Asks and reads one line, without its newline; the caller frees it with secret_free. The question was escaped. 0;
 * -ENOTTY: no terminal, or --no-input; -ENODATA: end of file (Ctrl-D); -EMSGSIZE: too long; -ENOMEM; -errno.
 */
int prompt_read(const struct cli *cli, const char *question, enum prompt_echo echo, char **ret) MUST_CHECK;

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The password phase: a tenant's passwords change in its directory, everybody else's are none of ours. */
#include <security/pam_modules.h>

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_IGNORE;
}

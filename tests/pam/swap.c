/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pam_swap.so USER: another module that gives the transaction another user, in whatever phase it stands (T4). */
#include <security/pam_modules.h>

static int swap(pam_handle_t *pamh, int argc, const char **argv)
{
	return argc == 1 ? pam_set_item(pamh, PAM_USER, argv[0]) : PAM_SERVICE_ERR;
}

__attribute__((visibility("default"))) int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc,
							       const char **argv)
{
	(void)flags;
	return swap(pamh, argc, argv);
}

__attribute__((visibility("default"))) int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)flags;
	return swap(pamh, argc, argv);
}

__attribute__((visibility("default"))) int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc,
							    const char **argv)
{
	(void)flags;
	return swap(pamh, argc, argv);
}

__attribute__((visibility("default"))) int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc,
							       const char **argv)
{
	(void)flags;
	return swap(pamh, argc, argv);
}

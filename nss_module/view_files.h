/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_NSS_VIEW_FILES_H
#define TENURE_NSS_VIEW_FILES_H

/* A tenant's mapped files, for view.c alone, and under LOCK_VIEWS. */

#include "nss_module/view.h"

/* Gives back what is mapped. */
void view_files_done(struct view_tenant *t);
/* Takes over the identity that `old` has mapped, if it is the tenant's and the same file still. */
bool view_files_keep(struct view_tenant *t, const struct view_tenant *old);
/* Without a page: do the files that are mapped still stand where they stood? */
bool view_files_are_current(const struct view_tenant *t);
/* Maps identity and standing holders. What cannot be had is said to whoever asks for it. */
struct safe_walk;
void view_files_map(struct view_tenant *t, struct safe_walk *walk);

#endif

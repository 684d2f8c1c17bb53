/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_MODEL_GUEST_H
#define TENURE_MODEL_GUEST_H

/*
 * Guests: what a trust lets in of another tenant. MUST:
 *  - a guest is listed, by name or through a group, by the tenant whose guest it is, and is a user of the other one;
 *    nothing else of the other directory is looked at, and nothing of it is kept but what struct guest says;
 *  - a guest's id is derived for the tenant that lets it in;
 *  - who is no guest holds nothing. So a deny that names such a one restricts nobody; but as it may have been meant for
 *    somebody who is (a slip of the pen, another name), it closes the tenant to all guests from there until it is
 *    mended. It never keeps the last good policy: then the other tenant could, by deleting a user, keep this one from
 *    taking anything away.
 */

#include "common/model/settings.h"

/* What the user of tenant `from` is to tenant `of`. */
void guest_id(const struct uuid *of, const struct uuid *from, const struct uuid *user, struct uuid *ret);

struct guest_list {
	struct guest *items;
	size_t count;
};

/*
 * Whom the trust of `of` lets in from `from`, whose directory is d (validated; NULL: not known, then nobody). What is
 * listed and not there is reported. 0 or -ENOMEM.
 */
int guests_find(const struct tenant_config *of, const struct trust *trust, const struct tenant_config *from,
		const struct directory *d, struct guest_list *ret, struct problem_list *problems) MUST_CHECK;
bool guest_lists_equal(const struct guest_list *a, const struct guest_list *b);
void guest_list_done(struct guest_list *list);
void guests_free(struct guest *items, size_t count);

/* Those of one trust. */
struct guest_source {
	const struct tenant_config *from;
	const struct guest_list *list;
};
/*
 * Makes them the directory's, in the place of those of before, and resolves the assignments that name guests. Problems
 * are added. 0 or -ENOMEM, after which the directory has no guests.
 */
int directory_set_guests(struct directory *d, const struct guest_source *sources, size_t count,
			 struct problem_list *problems) MUST_CHECK;

#endif

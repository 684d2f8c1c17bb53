/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench_pam FOLDER USERS PASSES: the account phase of the services `tenure` and `permit` in a folder of PAM stacks, for
 * random users, each in a transaction of its own; a line of medians in microseconds, and what ours costs more.
 */
#include <security/pam_appl.h>

#include "tests/bench/bench.h"

static int converse(int count, const struct pam_message **messages, struct pam_response **ret, void *data)
{
	(void)messages;
	(void)data;
	*ret = calloc((size_t)count, sizeof(**ret));
	return *ret ? PAM_SUCCESS : PAM_BUF_ERR;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The time of pam_acct_mgmt alone. */
static uint64_t account_ns(const char *folder, const char *service, const char *user)
{
	static const struct pam_conv conversation = {.conv = converse};
	pam_handle_t *pamh = NULL;
	uint64_t start;
	int r;

	if (pam_start_confdir(service, user, &conversation, folder, &pamh) != PAM_SUCCESS)
		exit(2);
	start = bench_now_ns();
	r = pam_acct_mgmt(pamh, PAM_SILENT);
	start = bench_now_ns() - start;
	if (r != PAM_SUCCESS) {
		(void)fprintf(stderr, "bench_pam: %s: %s: %s\n", service, user, pam_strerror(pamh, r));
		exit(1);
	}
	(void)pam_end(pamh, PAM_SUCCESS);
	return start;
}

static double median_us(uint64_t *times, size_t n)
{
	qsort(times, n, sizeof(*times), compare);
	return (double)times[n / 2] / 1000;
}

int main(int argc, char **argv)
{
	uint32_t users = argc == 4 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
	size_t passes = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
	uint64_t *ours, *floor_times;
	double tenure, permit;

	if (users == 0 || passes == 0) {
		(void)fprintf(stderr, "usage: bench_pam FOLDER USERS PASSES\n");
		return 2;
	}
	ours = calloc(passes, sizeof(*ours));
	floor_times = calloc(passes, sizeof(*floor_times));
	if (!ours || !floor_times)
		return 2;
	for (size_t i = 0; i < passes; i++) {
		char name[BENCH_NAME_MAX];

		bench_name((uint32_t)(bench_random(i) % users), name);
		floor_times[i] = account_ns(argv[1], "permit", name);
		ours[i] = account_ns(argv[1], "sshd", name);
	}
	tenure = median_us(ours, passes);
	permit = median_us(floor_times, passes);
	(void)printf("%-24s %10.1f %10.1f %10s %+7.1f %6s\n", "account phase, login", tenure, permit, "-",
		     tenure - permit, "+15");
	free(ours);
	free(floor_times);
	return 0;
}

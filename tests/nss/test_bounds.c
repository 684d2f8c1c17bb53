/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Buffers: T39 and T29. Every size, every alignment, canaries on both sides. */
#include "tests/nss/nss_test.h"

#define SIZE_TOP 4096
#define MARGIN	 64
#define CANARY	 0xa5

static struct fixture f;
static unsigned char region[MARGIN + 8 + SIZE_TOP + MARGIN];

static int setup(void **state)
{
	struct holder rows[3];

	if (!fixture_setup(&f) || fixture_publish(&f, false) < 0)
		return -1;
	for (size_t i = 0; i < 3; i++)
		rows[i] = fixture_holder(&f, i, RIGHT_BECOME, "root");
	return fixture_holders(&f, "contoso", "grants", rows, 3);
}

static int teardown(void **state)
{
	fixture_teardown(&f);
	return 0;
}

/* A string that begins and ends inside [buf, buf + len). */
static void expect_inside(const char *s, const char *buf, size_t len)
{
	assert_true(s >= buf && s < buf + len);
	assert_non_null(memchr(s, '\0', len - (size_t)(s - buf)));
}

static void expect_canaries(const char *buf, size_t len)
{
	static unsigned char clean[sizeof(region)];
	size_t start = (size_t)((const unsigned char *)buf - region);

	memset(clean, CANARY, sizeof(clean));
	assert_memory_equal(region, clean, start);
	assert_memory_equal(region + start + len, clean, sizeof(region) - start - len);
}

static enum nss_status user_into(char *buf, size_t len)
{
	struct passwd pw;
	int error = 0;
	enum nss_status s = _nss_tenure_getpwnam_r("alice", &pw, buf, len, &error);

	if (s == NSS_STATUS_SUCCESS) {
		const char *const strings[] = {pw.pw_name, pw.pw_passwd, pw.pw_gecos, pw.pw_dir, pw.pw_shell};

		for (size_t i = 0; i < ARRAY_LENGTH(strings); i++)
			expect_inside(strings[i], buf, len);
		assert_string_equal(pw.pw_shell, "/bin/bash");
	} else {
		assert_int_equal(error, ERANGE);
	}
	return s;
}

static enum nss_status group_into(const char *name, char *buf, size_t len)
{
	struct group gr;
	int error = 0;
	enum nss_status s = _nss_tenure_getgrnam_r(name, &gr, buf, len, &error);

	if (s == NSS_STATUS_SUCCESS) {
		assert_int_equal((uintptr_t)gr.gr_mem % sizeof(char *), 0);
		assert_true((char *)gr.gr_mem >= buf);
		expect_inside(gr.gr_name, buf, len);
		expect_inside(gr.gr_passwd, buf, len);
		for (char **member = gr.gr_mem; *member; member++) {
			assert_true((char *)(member + 2) <= buf + len);
			expect_inside(*member, buf, len);
		}
	} else {
		assert_int_equal(error, ERANGE);
	}
	return s;
}

static enum nss_status everybody_into(char *buf, size_t len)
{
	return group_into("everybody", buf, len);
}

static enum nss_status private_into(char *buf, size_t len)
{
	return group_into("alice", buf, len);
}

static enum nss_status become_into(char *buf, size_t len)
{
	return group_into("become-root", buf, len);
}

static void for_each_size(enum nss_status (*into)(char *buf, size_t len))
{
	for (size_t shift = 0; shift < 8; shift++) {
		bool fitted = false;

		for (size_t len = 0; len <= (shift == 0 ? SIZE_TOP : 256); len++) {
			char *buf = (char *)region + MARGIN + shift;
			enum nss_status s;

			memset(region, CANARY, sizeof(region));
			s = into(buf, len);
			assert_true(s == NSS_STATUS_SUCCESS || (s == NSS_STATUS_TRYAGAIN && !fitted));
			fitted = fitted || s == NSS_STATUS_SUCCESS;
			expect_canaries(buf, len);
		}
		assert_true(fitted);
	}
}

static void test_T39_strings_of_a_user_lie_inside_the_buffer(void **state)
{
	for_each_size(user_into);
}

static void test_T39_strings_of_a_group_lie_inside_the_buffer(void **state)
{
	for_each_size(everybody_into);
	for_each_size(private_into);
}

static void test_T39_strings_of_holders_lie_inside_the_buffer(void **state)
{
	for_each_size(become_into);
}

/* Under AddressSanitizer a byte too far is found in a buffer of its own. */
static void test_T39_buffers_of_exactly_that_size(void **state)
{
	for (size_t len = 1; len <= 256; len++) {
		char *buf = malloc(len);

		(void)user_into(buf, len);
		(void)everybody_into(buf, len);
		(void)become_into(buf, len);
		free(buf);
	}
}

/* Hostile lengths: a member's length that leads out of the group, or does not reach its end. */
static void test_T39_hostile_lengths_are_unavail(void **state)
{
	static const uint8_t lengths[] = {6, 6}; /* alice, bobby */
	static const uint8_t bad[][2] = {{255, 6}, {6, 255}, {0, 0}, {6, 5}, {12, 6}};
	char path[256], buf[SIZE_TOP];
	struct group gr;
	int error;

	(void)snprintf(path, sizeof(path), "%s", fixture_tenant_path(&f, "contoso", "identity"));
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
		long at;

		assert_int_equal(fixture_publish(&f, false), 0);
		at = file_find(path, "dba\0\6\6alice", 11);
		assert_memory_equal(lengths, "\6\6", 2);
		file_bend(path, at + 4, bad[i], 2);
		error = 0;
		assert_int_equal(_nss_tenure_getgrnam_r("dba", &gr, buf, sizeof(buf), &error), NSS_STATUS_UNAVAIL);
	}
}

#define CROWD 100000

static uint32_t crowd_closure[CROWD];
static char crowd_names[CROWD][16];

static void crowd_publish(uint32_t count)
{
	struct user *users = calloc(count, sizeof(*users));

	assert_non_null(users);
	for (uint32_t i = 0; i < count; i++) {
		(void)snprintf(crowd_names[i], sizeof(crowd_names[i]), "member%u", i);
		users[i] = f.users[0];
		users[i].o.name = crowd_names[i];
		memcpy(users[i].o.id.bytes, &i, sizeof(i));
		users[i].uid = 1900000000 + i;
		crowd_closure[i] = i;
	}
	f.tenants[0].id_range.last = 1900999999;
	f.tenants[0].role_gids = (struct id_range){1900990000, 1900990999};
	f.directory.users = users;
	f.directory.user_count = count;
	for (size_t i = 1; i < FIXTURE_GROUPS; i++)
		f.groups[i].o.dropped = true;
	f.groups[0].closure = crowd_closure;
	f.groups[0].closure_count = count;
	f.groups[0].gid = 1900980000;
	f.binding_count = 0;
	assert_int_equal(fixture_publish(&f, false), 0);
	free(users);
}

static void crowd_read(uint32_t count)
{
	size_t len = 1024, tries = 0;
	enum nss_status s = NSS_STATUS_TRYAGAIN;
	struct group gr;
	char *buf = NULL;
	uint32_t n = 0;

	while (s == NSS_STATUS_TRYAGAIN) {
		int error = 0;

		len *= 2;
		free(buf);
		buf = malloc(len);
		assert_non_null(buf);
		s = _nss_tenure_getgrgid_r(1900980000, &gr, buf, len, &error);
		assert_true(s == NSS_STATUS_SUCCESS || error == ERANGE);
		tries++;
	}
	assert_int_equal(s, NSS_STATUS_SUCCESS);
	assert_true(tries > 1);
	for (; gr.gr_mem[n]; n++)
		assert_string_equal(gr.gr_mem[n], crowd_names[n]);
	assert_int_equal(n, count);
	free(buf);
}

static void test_T29_groups_of_10k_and_100k_members(void **state)
{
	gid_t *gids = calloc(1, sizeof(*gids));
	long start = 0, size = 1;
	int error = 0;

	crowd_publish(10000);
	crowd_read(10000);
	crowd_publish(CROWD);
	crowd_read(CROWD);
	assert_int_equal(_nss_tenure_initgroups_dyn("member99999", 1900099999, &start, &size, &gids, -1, &error),
			 NSS_STATUS_SUCCESS);
	assert_int_equal(start, 1);
	assert_int_equal(gids[0], 1900980000);
	free(gids);
}

static void test_T29_many_holders_each_once(void **state)
{
	const size_t count = 10000;
	struct holder *rows = calloc(2 * count, sizeof(*rows));
	char *buf = malloc(1 << 20);
	struct group gr;
	int error = 0;
	size_t n = 0;

	assert_non_null(rows);
	assert_non_null(buf);
	crowd_publish((uint32_t)count);
	for (uint32_t i = 0; i < 2 * count; i++) {
		uint32_t member = i / 2;

		rows[i] = fixture_holder(&f, 0, RIGHT_BECOME, i % 2 ? "root" : "*");
		memcpy(rows[i].principal.bytes, &member, sizeof(member));
		rows[i].login = crowd_names[member];
	}
	assert_int_equal(fixture_holders(&f, "contoso", "grants", rows, 2 * count), 0);
	assert_int_equal(_nss_tenure_getgrnam_r("become-root", &gr, buf, 1 << 20, &error), NSS_STATUS_SUCCESS);
	while (gr.gr_mem[n])
		n++;
	assert_int_equal(n, count);
	free(rows);
	free(buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_T39_strings_of_a_user_lie_inside_the_buffer, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_T39_strings_of_a_group_lie_inside_the_buffer, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_T39_strings_of_holders_lie_inside_the_buffer, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_T39_buffers_of_exactly_that_size, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_T39_hostile_lengths_are_unavail, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_T29_groups_of_10k_and_100k_members, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_T29_many_holders_each_once, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

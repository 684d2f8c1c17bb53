/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The module inside tenured: it refuses at once, reads nothing and asks nobody (T21). */
#include "tests/unit/cmocka_test.h"

#include "tests/pam/broker.h"
#include "tests/pam/world.h"

/* What makes a process the broker (common/snapshot/map.h). */
__attribute__((visibility("default"))) extern const int tenure_broker_process;
const int tenure_broker_process = 1;

static void test_T21_the_module_refuses_the_broker(void **state)
{
	static const char *const answers[] = {FAKE_HANG, NULL};
	struct fake_broker *root, *everybody;

	world_setup("enforce");
	world_grant("alice", "db-operator", 600);
	root = fake_broker_start(world_path("/run/tenure/root.sock"), answers);
	everybody = fake_broker_start(world_path("/run/tenure/tenured.sock"), answers);
	fake->uid = UID_ALICE;
	assert_int_equal(world_authenticate("sshd", "alice", WORLD_PASSWORD), PAM_SYSTEM_ERR);
	assert_int_equal(person.prompts, 0);
	assert_int_equal(world_account("sshd", "alice"), PAM_SYSTEM_ERR);
	assert_int_equal(world_account("sudo", "alice"), PAM_SYSTEM_ERR);
	assert_int_equal(world_account("sudo", "root"), PAM_SYSTEM_ERR);
	assert_int_equal(world_session("sudo", "root"), PAM_SYSTEM_ERR);
	assert_int_equal(fake->calls, 0);
	assert_string_equal(fake_broker_heard(root), "");
	assert_string_equal(fake_broker_heard(everybody), "");
	fake_broker_stop(root);
	fake_broker_stop(everybody);
	world_teardown();
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_T21_the_module_refuses_the_broker)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

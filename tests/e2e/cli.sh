# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# The command line against the real broker, as people at a terminal and jobs without one use it.
. /tests/e2e/lib.sh
host_up

id_pending() { tenure pending --json | jq -r '.items[0].id // empty'; }
is_pending() { [ -n "$(as carol tenure pending --json | jq -r '.items[0].id // empty')" ]; }
fits() { awk 'length > 80 { exit 1 }' /run/check.out; }

# what one sees
as alice tenure >/run/check.out 2>&1
shows "status: who, where, units" '^alice@contoso\.com on db1 \(/prod/hr/web/db1, production\), units: emea$'
shows "status: what is assigned" '^host-user-login  assigned  -           /prod/hr      group dba$'
shows "status: what is eligible" '^db-operator      eligible  2099-12-31  /prod/hr/web  group dba$'
shows "status: the next step" '^Next: tenure request db-operator   \(up to 2h; reason, step-up, 1 approval\)$'
for verb in status roles pending sessions history version 'explain --service sudo'; do
	# shellcheck disable=SC2086
	as alice tenure $verb >/run/check.out 2>&1
	check "tenure $verb fits 80 columns" fits
	check "tenure $verb --json is one object" sh -c "ssh ${ssh_options[*]} -i /root/.ssh/id alice@localhost tenure $verb --json </dev/null | jq -es 'length == 1 and (.[0] | type) == \"object\"'"
done
expect_status "explain: deny is 1" 1 as alice tenure explain --service sudo --target root
shows "explain: the step that is unmet" '^First unmet: 3\. Next: tenure request db-operator$'
expect_status "explain: allow is 0" 0 tenure explain dave --service sshd
expect_status "explain: what is nobody's business is 0" 0 tenure explain alice --service nonsense
shows "and is no permission" '^ignore  alice@contoso\.com '
expect_status "explain: a mapping of the gates alone leaves logins" 0 tenure explain bob --service sshd
shows "and says so" 'bob is mapped for the gates alone'
expect_status "explain: root has to name somebody" 2 tenure explain --service sudo
shows "and is told how" 'tenure explain USER$'
tenure >/run/check.out 2>&1
shows "root sees where the host is" '^root on db1 \(/prod/hr/web/db1, production\)'
expect_status "history of an unknown request is 3" 3 tenure history AAAA-AAAA
expect_status "luser is governed by nobody" 1 as luser tenure
shows "and is told so" '^tenure: no tenant knows you'

# without a terminal
expect_status "a missing reason is usage" 2 as alice tenure request db-operator
shows "and is named" 'give --reason'
expect_status "step-up without a terminal is usage" 2 as alice tenure request db-operator --for 1m --reason x
shows "and says so" 'no terminal to ask on'
expect_status "an unknown role is 3" 3 as alice tenure request db-oprator --reason x
shows "and the nearest is proposed" 'did you mean: tenure request db-operator$'
expect_status "a role of others is 1" 1 as alice tenure request quick-root --reason x
expect_status "too long is usage" 2 as alice tenure request db-operator --for 9h --reason x
shows "and hears the bounds" 'db-operator can be had for 2s to 2h'
expect_status "a scope above is usage" 2 as alice tenure request db-operator --scope /prod/hr --reason x
shows "and hears which" 'db-operator can be had at /prod/hr/web down to /prod/hr/web/db1'
expect_status "an unknown request is 3" 3 as carol tenure approve AAAA-AAAA --reason x
expect_status "a role without questions needs none" 0 as dave tenure request quick-root --for 55s
shows "and says how to use it" '^You hold quick-root until .* Use it: sudo -i   End it: tenure end$'
as dave tenure >/run/check.out 2>&1
shows "status shows what is left" '^quick-root +activated  0:00:[0-9]{2} left'
until_of_dave() { as dave tenure --json | jq -r '[.roles[] | select(.state == "activated") | .until] | max'; }
old=$(until_of_dave)
expect_status "what is held is not asked for again" 1 as dave tenure request quick-root --for 30s
shows "but extended" '^tenure: you hold quick-root until .*; more: tenure extend$'
expect_status "an extension that would end earlier is usage" 2 as dave tenure extend --for 10s
shows "and hears how much it takes" '^tenure: you hold quick-root until [0-9:]{8} UTC already; ask for more than [0-9]+s$'
expect_status "it can be extended" 0 as dave tenure extend --for 2m
new=$(until_of_dave)
check "and ends later" test "$new" \> "$old"
expect_status "and once more, without an id" 0 as dave tenure extend --for 3m
check "and ends later still" test "$(until_of_dave)" \> "$new"
as dave tenure >/run/check.out 2>&1
expect_status "and ended" 0 as dave tenure end "$(as dave tenure --json | jq -r '[.roles[] | select(.state == "activated")][0].id')"
shows "which is said" '^Ended: .*-.*, you no longer hold quick-root by it\.$'

# at a terminal
expect_status "a wrong password is 6" 6 env password=wrong bash -c '. /tests/e2e/lib.sh; password=wrong; on_terminal alice "tenure request db-operator --for 1m --reason x"'
on_terminal alice 'tenure request db-operator --for 1m --reason "rebuild index" --wait' >/run/waiting 2>&1 &
waiting=$!
check "the request is there for carol" wait_for is_pending
expect_status "carol approves the only one, without its id" 0 on_terminal carol 'tenure approve --reason "agreed by phone"'
shows "was asked for step-up" '^Step-up, password for carol: '
shows "and is told until when" '^Approved: alice holds db-operator until [0-9:]{8} UTC\.'
status=0
wait $waiting || status=$?
cp /run/waiting /run/check.out
if [ $status = 0 ]; then ok "who waited goes on"; else not_ok "who waited goes on" "status $status"; fi
shows "and knows who said yes" 'Approved by carol[^:]*: "agreed by phone"'
shows "and what it gives" 'You hold db-operator until [0-9:]{8} UTC\. Use it: sudo -i   End it: tenure end'
# The role has a group: a login made under the grant holds it, is contained, and ends with it, this one too.
as alice tenure end >/dev/null 2>&1
check "end without an id" sh -c 'tenure status --user alice --json | jq -e "all(.roles[]; .state != \"activated\")"'

on_terminal alice 'tenure request db-operator --for 1m --reason again --wait' >/run/waiting 2>&1 &
waiting=$!
wait_for is_pending
stop_tenured
start_tenured
expect_status "a restart of the broker loses no request" 0 on_terminal carol 'tenure deny --reason "not now"'
status=0
wait $waiting || status=$?
cp /run/waiting /run/check.out
if [ $status = 1 ]; then ok "a denial is 1, also behind a restart"; else not_ok "a denial is 1, also behind a restart" "status $status"; fi
shows "with who and why" 'denied by carol[^:]*: "not now"'

cat >/run/interrupt.exp <<'X'
set timeout 60
spawn -noecho ssh -tt -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -i /root/.ssh/id alice@localhost {tenure request db-operator --for 1m --reason third --wait}
expect {
	-re {assword[^\r\n]*: ?$} { send "secret\r"; exp_continue }
	"waiting 0:0" { send "\003" }
	timeout { exit 98 }
}
expect eof
lassign [wait] pid spawn_id os status
exit $status
X
expect_status "a wait that Ctrl-C ends is 5" 5 expect -f /run/interrupt.exp
shows "Ctrl-C leaves the request open" 'stays open; take it back: tenure cancel [A-Z2-7]{4}'
check "it is still there" is_pending
expect_status "and can be taken back" 0 as alice tenure cancel
expect_status "once" 3 as alice tenure cancel
as alice tenure history >/run/check.out 2>&1
shows "history tells it" '  request +alice  db-operator  /prod/hr/web/db1  1m "rebuild'
shows "and who decided" '  approve +carol  step-up ok "agreed'

# without the broker
stop_tenured
expect_status "status without the broker is 4" 4 as alice tenure
shows "and shows what is assigned" '^host-user-login  assigned'
shows "and what is the matter" '^tenure: broker not running: eligible roles unknown; start it: systemctl start tenured$'
expect_status "pending without the broker is 4" 4 as alice tenure pending
check "keys need no broker" sh -c 'tenure ssh-keys alice | grep -q ^ssh-ed25519'
expect_status "nobody's keys are no error" 0 tenure ssh-keys root
expect_status "another's keys are not for everybody" 1 as alice tenure ssh-keys carol

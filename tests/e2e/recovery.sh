# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# A journal that does not hold: everybody is told, nothing is granted, and root gets the host back by what check says.
. /tests/e2e/lib.sh
host_up
journal=/var/lib/tenure/journal
echo 'dave ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/zz-dave
chmod 440 /etc/sudoers.d/zz-dave

check "dave holds a grant" as dave 'tenure request quick-root --for 10m'
check "and it passes the gate" as dave 'sudo -n true'
stop_tenured
sed -i 's/"role":"quick-root"/"role":"quick-boot"/' $journal/journal-*.jsonl
start_tenured

# it is said, and nothing is granted
expect_status "status goes on" 0 as dave tenure
shows "and says that nothing can be granted" '^tenure: nothing can be granted now: the journal is damaged'
shows_not "and proposes no request" 'tenure request'
expect_status "nothing is granted" 1 as dave 'tenure request quick-root --for 1m'
shows "and it is said why" 'the journal is damaged'
expect_status "what was granted is no more" 1 as dave 'sudo -n true'
expect_status "history is 1" 1 tenure history
shows "and says where the chain breaks" 'the journal.s chain is broken behind entry [0-9]+'
expect_status "nobody else may accept it" 1 as dave '/usr/sbin/tenured -r journal mine'

# what check says is what helps, word for word
tenure check >/run/check.out 2>&1
shows "check finds it" '^error +journal'
remedy=$(tenure check --json | jq -r '.items[] | select(.id == "journal") | .do' | sed -n 's/.*; then: //p')
check "and names a command" test -n "$remedy"
expect_status "which works" 0 sh -c "$remedy"
shows "and says what it did" '^tenured: the journal is accepted as it is now$'
check "the old files are put aside" sh -c "ls -d $journal/damaged-*/journal-*.jsonl"
tenure check >/run/check.out 2>&1
shows_not "check finds it no more" '^error +(journal|broker)'
expect_status "roles are granted again" 0 as dave 'tenure request quick-root --for 10m'
shows "and held" '^You hold quick-root until '
expect_status "and pass the gate" 0 as dave 'sudo -n true'
expect_status "the new chain is whole" 0 tenure history
shows "and begins with who accepted it" '^[0-9:]+  journal-reset .*"WHY"'
stop_tenured
start_tenured
expect_status "the next broker believes it too" 0 as dave 'sudo -n true'

# what is not broken, and what is said wrong
expect_status "what holds is not reset" 1 tenured -r journal again
shows "and it is said" '^tenured: nothing is wrong with it$'
expect_status "the clock's word is taken" 0 tenured -r clock "the battery was empty"
check "and that is in the journal" history_has journal-reset
expect_status "a reason is needed" 2 tenured -r journal
expect_status "an empty one is none" 1 tenured -r clock ' '
expect_status "and something to reset" 1 tenured -r everything now
stop_tenured
expect_status "without a broker nothing is accepted" 1 tenured -r clock now
shows "and it is said what to do" 'no broker runs; first: systemctl start tenured'

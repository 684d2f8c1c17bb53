# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Not a byte of ours on the standard output of scp, sftp, rsync and git, while the caller's elevated session is being
# warned on its terminal, and closed; nor where the login that carries them is itself contained, and warned.
. /tests/e2e/lib.sh
host_up
sed -i 's/warn_before = .*; grace/warn_before = [ "9s", "8s", "7s", "6s", "5s", "4s", "3s", "2s" ]; grace/' /etc/tenure/tenure.conf
# visitor is the only way in for mallory: her logins rest on a grant
sed -i -e 's/^roles = (/&\n  { name = "visitor"; title = "Visitor"; actions = [ "login" ];\n    activation = { max_duration = "1h"; justification = false; step_up = false; approvals = 0; }; },/' \
	-e 's/^assignments = (/&\n  { type = "eligible"; role = "visitor"; user = "mallory"; scope = "\/"; },/' \
	/etc/tenure/directory.d/contoso.conf
as_mallory() { setpriv --reuid 1900000006 --regid 1900000006 --clear-groups "$@"; }
for user in dave mallory; do
	head -c 3000000 /dev/urandom >/home/contoso.com/$user/data
	su - $user -c 'git init -q repo && cd repo && cp ../data . && git add data &&
		git -c user.name=d -c user.email=d@example.org commit -qm data'
done
export GIT_SSH_COMMAND="ssh ${ssh_options[*]} -i /root/.ssh/id -o BatchMode=yes"
opts=("${ssh_options[@]}" -i /root/.ssh/id -o BatchMode=yes)

rounds=0 bad=
transfer() # USER: all of them once; what was wrong is added to $bad
{
	local sum
	sum=$(sha256sum <"/home/contoso.com/$1/data")
	rounds=$((rounds + 1))
	rm -rf /tmp/in && mkdir /tmp/in
	as "$1" 'cat data' >/tmp/in/cat 2>/tmp/in/err || bad="$bad cat"
	scp -q "${opts[@]}" "$1@localhost:data" /tmp/in/scp </dev/null >>/tmp/in/out 2>>/tmp/in/err || bad="$bad scp"
	echo 'get data /tmp/in/sftp' | sftp -q -b - "${opts[@]}" "$1@localhost" >>/tmp/in/sftp.out 2>>/tmp/in/err || bad="$bad sftp"
	rsync -e "$GIT_SSH_COMMAND" "$1@localhost:data" /tmp/in/rsync </dev/null >>/tmp/in/out 2>>/tmp/in/err || bad="$bad rsync"
	git clone -q "$1@localhost:repo" /tmp/in/git </dev/null >>/tmp/in/out 2>>/tmp/in/err || bad="$bad git"
	for f in cat scp sftp rsync git/data; do
		[ "$(sha256sum <"/tmp/in/$f")" = "$sum" ] || bad="$bad $f-bytes"
	done
	[ ! -s /tmp/in/out ] || bad="$bad stdout:$(head -c 80 /tmp/in/out)"
	[ ! -s /tmp/in/err ] || bad="$bad stderr:$(head -c 80 /tmp/in/err)"
	[ -z "$bad" ]
}

check "dave activates quick-root" on_terminal dave 'tenure request quick-root --for 12s'
on_terminal dave 'sudo sh -c "echo up; sleep 60"' >/run/elevated.out 2>&1 &
wait_for grep -q up /run/elevated.out
while kill -0 $! 2>/dev/null && [ $rounds -lt 200 ]; do transfer dave || break; done
if [ -z "$bad" ] && [ $rounds -gt 1 ]; then ok "T13 scp, sftp, rsync and git byte for byte in $rounds rounds"; else not_ok "byte for byte" "$bad after $rounds"; fi
check "the terminal was warned meanwhile" grep -q 'Tenure: quick-root ends in' /run/elevated.out
check "and told of the end" grep -q 'Tenure: quick-root has ended' /run/elevated.out

# Contained logins: each connection is one, and is warned again and again while it lasts.
sed -i 's/warn_before = .*; grace/warn_before = [ "59s", "58s", "57s", "56s", "55s", "54s", "53s", "52s" ]; grace/' /etc/tenure/tenure.conf
check "mallory takes visitor" wait_for as_mallory tenure request visitor --for 60s
as mallory 'cat /proc/self/cgroup' >/run/check.out 2>&1
shows "her login is contained" '/tenure-[0-9a-f-]{36}'
rounds=0 bad=
begun=$SECONDS
while [ $((SECONDS - begun)) -lt 10 ] && [ $rounds -lt 200 ]; do transfer mallory || break; done
if [ -z "$bad" ] && [ $rounds -gt 0 ]; then ok "T13 byte for byte in contained logins, $rounds rounds"; else not_ok "byte for byte in contained logins" "$bad after $rounds"; fi
check "each was a session of its own" sh -c 'tenure history --json | jq -e "[.items[] | select(.event == \"session\" and .details.kind == \"login\")] | length >= 5"'

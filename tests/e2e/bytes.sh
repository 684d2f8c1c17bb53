# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Not a byte of ours on the standard output of scp, sftp, rsync and git, while the caller's elevated session is being
# warned on its terminal, and closed.
. /tests/e2e/lib.sh
host_up
sed -i 's/warn_before = .*; grace/warn_before = [ "9s", "8s", "7s", "6s", "5s", "4s", "3s", "2s", "1s" ]; grace/' /etc/tenure/tenure.conf
head -c 3000000 /dev/urandom >/home/contoso.com/dave/data
su - dave -c 'git init -q repo && cd repo && cp ../data . && git add data &&
	git -c user.name=d -c user.email=d@example.org commit -qm data'
sum=$(sha256sum </home/contoso.com/dave/data)
export GIT_SSH_COMMAND="ssh ${ssh_options[*]} -i /root/.ssh/id -o BatchMode=yes"
opts=("${ssh_options[@]}" -i /root/.ssh/id -o BatchMode=yes)

check "dave activates quick-root" on_terminal dave 'tenure request quick-root --for 12s'
on_terminal dave 'sudo sh -c "echo up; sleep 60"' >/run/elevated.out 2>&1 &
wait_for grep -q up /run/elevated.out
rounds=0 bad=
while kill -0 $! 2>/dev/null && [ $rounds -lt 200 ]; do
	rounds=$((rounds + 1))
	rm -rf /tmp/in && mkdir /tmp/in
	as dave 'cat data' >/tmp/in/cat 2>/tmp/in/err || bad="$bad cat"
	scp -q "${opts[@]}" dave@localhost:data /tmp/in/scp </dev/null >>/tmp/in/out 2>>/tmp/in/err || bad="$bad scp"
	echo 'get data /tmp/in/sftp' | sftp -q -b - "${opts[@]}" dave@localhost >>/tmp/in/sftp.out 2>>/tmp/in/err || bad="$bad sftp"
	rsync -e "$GIT_SSH_COMMAND" dave@localhost:data /tmp/in/rsync </dev/null >>/tmp/in/out 2>>/tmp/in/err || bad="$bad rsync"
	git clone -q dave@localhost:repo /tmp/in/git </dev/null >>/tmp/in/out 2>>/tmp/in/err || bad="$bad git"
	for f in cat scp sftp rsync git/data; do
		[ "$(sha256sum </tmp/in/$f)" = "$sum" ] || bad="$bad $f-bytes"
	done
	[ ! -s /tmp/in/out ] || bad="$bad stdout:$(head -c 80 /tmp/in/out)"
	[ ! -s /tmp/in/err ] || bad="$bad stderr:$(head -c 80 /tmp/in/err)"
	[ -z "$bad" ] || break
done
if [ -z "$bad" ] && [ $rounds -gt 1 ]; then ok "T13 scp, sftp, rsync and git byte for byte in $rounds rounds"; else not_ok "byte for byte" "$bad after $rounds"; fi
check "the terminal was warned meanwhile" grep -q 'Tenure: quick-root ends in' /run/elevated.out
check "and told of the end" grep -q 'Tenure: quick-root has ended' /run/elevated.out

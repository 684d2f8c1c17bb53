# SPDX-License-Identifier: LGPL-2.1-or-later
# bash completion for tenure(1). Quick and quiet: names and ids come from the broker, within a second or not at all.
# shellcheck shell=bash

# _tenure_ask FILTER VERB...: strings of the verb's JSON, one a line.
_tenure_ask()
{
	local filter=$1
	shift
	timeout 1 tenure "$@" --json --no-input </dev/null 2>/dev/null |
		grep -oE "\"$filter\": \"[A-Za-z0-9_.-]+\"" | sed -E 's/.*: "(.*)"/\1/' | sort -u
}

_tenure()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} verb='' words='' i
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-*) ;;
		*)
			verb=${COMP_WORDS[i]}
			break
			;;
		esac
	done
	case $prev in
	--for) words="30m 1h 2h 4h 8h" ;;
	--service) words="sudo sudo-i su su-l sshd login" ;;
	--target | --user) mapfile -t COMPREPLY < <(compgen -u -- "$cur") && return ;;
	--role) words=$(_tenure_ask role roles) ;;
	--reason | --ticket | --scope | --limit | --time) return ;;
	esac
	if [ -z "$words" ] && [ -z "$verb" ]; then
		words="status roles request pending approve deny cancel end extend revoke sessions history explain check
			ssh-keys version help --help --version --json --no-input"
	elif [ -z "$words" ] && [[ $cur == -* ]]; then
		words="--json --no-input --help"
		case $verb in
		status | roles | sessions) words+=" --user" ;;
		request) words+=" --for --reason --ticket --scope --wait" ;;
		extend) words+=" --for --reason --ticket --wait" ;;
		approve | deny | revoke) words+=" --reason" ;;
		history) words+=" --user --limit" ;;
		explain) words+=" --service --target --role --time" ;;
		check) words+=" --host-id" ;;
		esac
	elif [ -z "$words" ]; then
		case $verb in
		request) words=$(_tenure_ask role roles) ;;
		approve | deny | cancel) words=$(_tenure_ask id pending) cur=${cur^^} ;;
		end | extend) words=$(_tenure_ask id status) cur=${cur^^} ;;
		explain | ssh-keys) mapfile -t COMPREPLY < <(compgen -u -- "$cur") && return ;;
		help) words="status roles request pending approve deny cancel end extend revoke sessions history explain check
			ssh-keys version" ;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _tenure tenure

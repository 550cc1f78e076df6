# SPDX-License-Identifier: MIT
# bash completion for rewire(1). Commands and options come from its help texts,
# workloads from `rewire ls`.

_rewire() {
	local word=${COMP_WORDS[COMP_CWORD]} last=${COMP_WORDS[COMP_CWORD - 1]}
	local command=${COMP_WORDS[1]} words=

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		words=$(rewire help 2>/dev/null | sed -n 's/^  \([a-z]*\)  *.*/\1/p')
	elif [[ $word == -* ]]; then
		words=$(rewire help "$command" "${COMP_WORDS[2]}" 2>/dev/null |
			grep -o -e '--[a-z][a-z-]*' | sort -u)
		words+=$'\n--help\n--json'
	elif [[ $last == --workload ]]; then
		words=$(rewire ls 2>/dev/null | awk 'NR > 1 { print $2 }')
	elif [[ $last != -* ]]; then
		case $command in
		info | call | pause | resume | extract | destroy)
			((COMP_CWORD == 2)) &&
				words=$(rewire ls 2>/dev/null |
					awk 'NR > 1 { print $1; print $2 }')
			;;
		help) words=$(rewire help | sed -n 's/^  \([a-z]*\)  *.*/\1/p') ;;
		evidence) ((COMP_CWORD == 2)) && words=$'get\nshow\nverify' ;;
		fence) ((COMP_CWORD == 2)) && words=give ;;
		pki) ((COMP_CWORD == 2)) && words=$'init\nhost' ;;
		update)
			if ((COMP_CWORD == 2)); then
				words=$'apply\nplan\nlist\napprove\nreject\ncancel\nreceipt'
			elif [[ $last == receipt ]]; then
				words="verify $(rewire update list 2>/dev/null |
					awk '/^[0-9a-f]/ { print $1 }')"
			elif [[ $last == approve || $last == reject ||
				$last == cancel ]]; then
				words=$(rewire update list 2>/dev/null |
					awk '/^[0-9a-f]/ { print $1 }')
			fi
			;;
		trust)
			((COMP_CWORD == 2)) &&
				words=$'bundle\nlevels\nsign\ngive\nshow'
			;;
		tuf)
			if ((COMP_CWORD == 2)); then
				words=$(rewire help tuf | sed -n \
					'/^subcommands:/,/^$/s/^  \([a-z]*\)  *.*/\1/p')
			elif ((COMP_CWORD == 3)) && [[ ${COMP_WORDS[2]} == key ]]; then
				words=$'make\ncheck\ncopy\nshow'
			fi
			;;
		package) ((COMP_CWORD == 2)) && words=$'show\nauthorise' ;;
		suk) ((COMP_CWORD == 2)) && words=show ;;
		root) ((COMP_CWORD == 2)) && words=$'rotate\nstatus' ;;
		log) ((COMP_CWORD == 2)) && words=$'verify\nexport\ncompact' ;;
		witness) ((COMP_CWORD == 2)) && words=$'ask\nsign\ngive\nstatus' ;;
		esac
	fi
	# Without words of ours, -o default completes the names of files.
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -o default -F _rewire rewire

# Completion of fluxloop for bash: source this file, or install it as
# /usr/share/bash-completion/completions/fluxloop. What there is to complete is
# asked from fluxloop.

# _fluxloop_reply LIST: offers the words of LIST that start like the current one.
_fluxloop_reply() {
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current")
}

# _fluxloop_paths KIND [PATTERN]: offers paths, folders with KIND -d, or folders
# and files that PATTERN matches with KIND -f.
_fluxloop_paths() {
	local path

	compopt -o filenames 2>/dev/null
	while IFS= read -r path; do
		if [[ $1 == -f && ! -d $path ]]; then
			# shellcheck disable=SC2053 # a pattern
			[[ ${path##*/} == ${2-*} ]] || continue
		fi
		COMPREPLY+=("$path")
	done < <(compgen "$1" -- "$current")
}

# _fluxloop_experiments: offers the folders that hold an experiment, below here
# or below experiments/.
_fluxloop_experiments() {
	local folder

	compopt -o filenames 2>/dev/null
	for folder in "${current%/*}"*/ experiments/*/ */experiments/*/; do
		folder=${folder%/}
		if [[ $folder == "$current"* && -f $folder/trace_summary.jsonl &&
			" ${COMPREPLY[*]} " != *" $folder "* ]]; then
			COMPREPLY+=("$folder")
		fi
	done
	((${#COMPREPLY[@]})) || _fluxloop_paths -d
}

# _fluxloop_value COMMAND OPTION ARGUMENT: offers values of the option.
_fluxloop_value() {
	case "$2 $3" in
	'--config '*) _fluxloop_paths -f '*.y*ml' ;;
	'--from-recording '* | '--file '*) _fluxloop_paths -f '*.jsonl' ;;
	*' FILE') _fluxloop_paths -f ;;
	*' DIR') _fluxloop_paths -d ;;
	*) _fluxloop_reply "$("${COMP_WORDS[0]}" --list values "$1" "$2" 2>/dev/null)" ;;
	esac
}

_fluxloop() {
	local current=${COMP_WORDS[COMP_CWORD]} previous command='' found=''
	local commands words name argument i=1
	local -A options=()

	COMPREPLY=()
	commands=$("${COMP_WORDS[0]}" --list commands 2>/dev/null)
	while ((i < COMP_CWORD)) && [[ ${COMP_WORDS[i]} == -* ]]; do
		((i++))
	done
	# the words of the command so far, then the one to complete
	while ((i < COMP_CWORD)); do
		[[ ${COMP_WORDS[i]} == help && ! $command ]] ||
			command+="${command:+ }${COMP_WORDS[i]}"
		((i++))
		if [[ $'\n'$commands$'\n' == *$'\n'$command$'\n'* ]]; then
			found=1
			break
		fi
		[[ ! $command || $'\n'$commands == *$'\n'"$command "* ]] || return 0
	done
	if [[ ! $found ]]; then
		words=$(sed -n "s/^${command:+$command }\([a-z]*\).*/\1/p" \
			<<<"$commands" | uniq)
		[[ $command ]] ||
			words+=" help --trace --help --version --python-path --node-path"
		_fluxloop_reply "$words"
		return
	fi
	words=
	while IFS=$'\t' read -r name argument; do
		options[$name]=$argument
		words+=" $name"
	done < <("${COMP_WORDS[0]}" --list options "$command" 2>/dev/null)
	previous=${COMP_WORDS[COMP_CWORD - 1]}
	# "--config=x" comes as three words
	if [[ $current == = ]]; then
		current=
	elif [[ $previous == = ]]; then
		previous=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	if [[ ${options[$previous]-} == [A-Z]* ]]; then
		_fluxloop_value "$command" "$previous" "${options[$previous]}"
	elif [[ $current != -* && ($command == 'parse experiment' ||
		"$command ${COMP_WORDS[*]}" == 'run experiment '*' --resume '*) ]]; then
		_fluxloop_experiments
	else
		_fluxloop_reply "$words"
	fi
}

complete -F _fluxloop fluxloop

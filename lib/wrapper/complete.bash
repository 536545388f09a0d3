# --- completion ---------------------------------------------------------------
# What can be typed comes from the tables here, from the help of the filters and
# from what they list. The shells' parts are in lib/completion.

# offer WORD [TEXT]: prints a word for the completion. For the shell to look up:
# offer_paths files PATTERN, offer_paths folders, offer_paths path PATH.
offer() {
	printf '%s\t%s\n' "$1" "${2-}"
}

offer_paths() {
	printf '\t%s\t%s\n' "$1" "${2-}"
}

# offer_experiments CURRENT: the folders that hold one, here or below experiments.
offer_experiments() {
	local folder
	local -A found=()

	for folder in "$1"*/ experiments/*/ */experiments/*/; do
		folder=${folder%/}
		[[ $folder == "$1"* && -f $folder/trace_summary.jsonl ]] || continue
		# a line of it would be a word to the shell
		[[ $folder != *[[:cntrl:]]* ]] || continue
		[[ ${found[$folder]+is} ]] || offer_paths path "$folder"
		found[$folder]=1
	done
	((${#found[@]})) || offer_paths folders
}

# offer_list COMMAND: what a program lists, as NAME, tabs and more, TEXT.
offer_list() {
	list_words "$1" </dev/null 2>/dev/null | sed 's/\t.*\t/\t/'
}

# offer_keys: the keys of setting.yaml; offer_key_values KEY: what it can be.
offer_keys() {
	local key type

	while IFS=$'\t' read -r key type _; do
		offer "$key" "$type"
	done < <(list_words 'fl-config keys')
}

offer_key_values() {
	local key values value

	while IFS=$'\t' read -r key _ values; do
		if [[ $key == "$1" ]]; then
			for value in $values; do
				offer "$value"
			done
		fi
	done < <(list_words 'fl-config keys')
}

# read_help FILTER: sets synopsis and subcommands; and by option argument, help and,
# of "-l", long, of the lines "  -l, --limit N   at most N lines".
read_help() {
	local line option='^ +(-([A-Za-z]), )?(--[a-z][a-z0-9-]*)(\[=[^]]*\])?(.*)$'
	local value="^ ('[^']*'|[^ ]+)(  .*)?\$" capitals='^ ([A-Z][A-Z:/,]*) (.*)$' rest

	synopsis='' subcommands=() names=() argument=() help=() long=()
	while IFS= read -r line; do
		if [[ $line == 'usage: '* || $line == "       $1 "* ]]; then
			line=${line#*"$1 "}
			synopsis+=" $line "
			[[ ! $line =~ ^[a-z]+\  ]] || subcommands+=("${line%% *}")
		elif [[ $line =~ $option ]]; then
			names+=("${BASH_REMATCH[3]}")
			rest=${BASH_REMATCH[5]}
			argument[${names[-1]}]=
			if [[ $rest =~ $value || $rest =~ $capitals ]]; then
				argument[${names[-1]}]=${BASH_REMATCH[1]}
				rest=${BASH_REMATCH[2]}
			fi
			help[${names[-1]}]=${rest#"${rest%%[! ]*}"}
			[[ ${line:2:2} != -[A-Za-z] ]] || long[${line:2:2}]=${names[-1]}
		fi
	done < <( (become "$1" --help) </dev/null 2>/dev/null)
}

# offer_values FILTER OPTION: what can follow an option of the filter.
offer_values() {
	local plural=${2#--} word=${argument[$2]-} list words

	[[ $plural == *y ]] && plural=${plural%y}ies || plural+=s
	for list in "--list-$plural" "--list-${word,,}s"; do
		if [[ ${argument[$list]+is} ]]; then
			offer_list "$1 $list"
			return
		fi
	done
	case "$2 $word" in
	*' '*'|'*)
		IFS='|' read -r -a words <<<"$word"
		printf '%s\t\n' "${words[@]}"
		;;
	*' BASE') offer_experiments "$current" ;;
	'--config FILE') offer_paths files '*.y*ml' ;;
	*' FILE' | *' PATH') offer_paths files '*' ;;
	*' DIR' | *' FOLDER') offer_paths folders ;;
	esac
}

# offer_config_words WORD...: after fl-config, or after `config get` and such.
offer_config_words() {
	case "$# ${1-}" in
	'0 '*)
		(become fl-config --help) | sed -n \
			's/^  \([a-z][a-z-]*\)\( [A-Z. -]*\)\{0,1\}  *\(.*\)/\1\t\3/p' |
			awk -F '\t' '!seen[$1]++'
		;;
	'1 get' | '1 set' | '1 unset' | '1 path') offer_keys ;;
	'2 set') offer_key_values "$2" ;;
	'1 check') offer run; offer generate ;;
	'1 env') offer get; offer set ;;
	esac
}

# offer_operands FILTER WORD...: what can come after the operands so far.
offer_operands() {
	local first

	[[ $1 != fl-config ]] || { offer_config_words "${@:2}"; return; }
	if (($# == 1)); then
		[[ $synopsis != *' KIND '* ]] || { offer_list "$1 --list-kinds"; return; }
		for first in "${subcommands[@]}"; do
			offer "$first"
		done
	fi
	[[ $synopsis != *DIR* && $synopsis != *BASE* ]] || offer_experiments "$current"
	offer_paths files '*'
}

# complete_filter FILTER WORD... CURRENT
complete_filter() {
	local synopsis name subcommands names operands=() current=${!#}
	local -A argument help long

	read_help "$1"
	while (($# > 2)); do
		shift
		case $1 in
		-*=*) ;;
		-*)
			name=${long[$1]-$1}
			[[ ${argument[$name]-} ]] || continue
			(($# > 2)) || { offer_values "$filter" "$name"; return; }
			shift
			;;
		*) operands+=("$1") ;;
		esac
	done
	if [[ $current != -* ]]; then
		offer_operands "$filter" "${operands[@]}"
		return
	fi
	for name in "${names[@]}"; do
		offer "$name" "${help[$name]}"
	done
}

# offer_value COMMAND OPTION ARGUMENT: values of an option of a command.
offer_value() {
	local filter=fl-${1%% *} list=${help[$2]-}

	case "$2 $3" in
	'config '*) offer_paths files '*.y*ml' ;;
	'from-recording '* | 'file '*) offer_paths files '*.jsonl' ;;
	*' FILE') offer_paths files '*' ;;
	*' DIR') offer_paths folders ;;
	'resume '* | *' BASE') offer_experiments "$current" ;;
	*)
		if [[ $list == *' <'* ]]; then
			offer_list "${list#* <}"
		elif [[ " $filters " == *" $filter "* ]]; then
			local -A argument help long
			local synopsis subcommands names
			read_help "$filter"
			offer_values "$filter" "--$2"
		fi
		;;
	esac
}

# complete_command WORD... CURRENT: the words after `fluxloop`.
complete_command() {
	local current=${!#} complete='' so_far='' known name text offered=''
	local -A argument=() help=()
	local names=() operands=()

	while (($# > 1)) && [[ $1 == -* || ! $so_far && $1 == help ]]; do
		shift
	done
	while (($# > 1)) && [[ ! $complete ]]; do
		so_far+="${so_far:+ }$1"
		shift
		[[ $'\n'$commands != *$'\n'"$so_far|"* ]] || complete=1
		[[ $complete || $'\n'$commands == *$'\n'"$so_far "* ]] || return 0
	done
	if [[ ! $complete ]]; then
		while IFS='|' read -r known _ _ text; do
			[[ $known && (! $so_far || $known == "$so_far "*) ]] || continue
			name=${known#"${so_far:+$so_far }"}
			[[ $name == *' '* ]] && text="${name#* } ..."
			name=${name%% *}
			[[ " $offered " == *" $name "* ]] || offer "$name" "$text"
			offered+=" $name"
		done <<<"$commands"
		if [[ ! $so_far ]]; then
			for name in help --trace --help --version --python-path --node-path; do
				offer "$name"
			done
		fi
		return
	fi
	load_options "$so_far"
	load_passed "$so_far"
	complete_options "$so_far" "$@"
}

# complete_options COMMAND WORD... CURRENT: the words after a command.
complete_options() {
	local command=$1 name previous=''

	shift
	while (($# > 1)); do
		previous=${1#--}
		case $1 in
		--*=*) previous='' ;;
		--*)
			if [[ ${argument[$previous]-} == [A-Z]* ]]; then
				(($# > 2)) || break
				shift
				previous=''
			fi
			;;
		*) operands+=("$1") previous='' ;;
		esac
		shift
	done
	if [[ $previous && ${argument[$previous]-} == [A-Z]* ]]; then
		offer_value "$command" "$previous" "${argument[$previous]}"
	elif [[ $previous == resume && $current != -* ]]; then
		offer_experiments "$current"
	elif [[ $command == config\ ?(un)[sg]et && $current != -* ]]; then
		offer_config_words "${command#config }" "${operands[@]}"
	elif [[ $current != -* && $'\n'$commands =~ $'\n'"$command|"[12]'|'('DIR'|'[BASE]') ]]; then
		offer_experiments "$current"
	else
		for name in "${names[@]}"; do
			offer "--$name" "${help[$name]% <*}"
		done
	fi
}

# complete_words PROGRAM WORD... CURRENT: prints what CURRENT can be, see
# fluxloop(1).
complete_words() {
	local filter=${1##*/}

	(($# > 1)) || return 0
	shift
	if [[ $filter == fluxloop ]]; then
		complete_command "$@"
	elif [[ " $filters " == *" $filter "* ]]; then
		complete_filter "$filter" "$@"
	fi
}

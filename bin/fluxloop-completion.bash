# Completion of fluxloop for bash: source this file, or install it as
# /usr/share/bash-completion/completions/fluxloop.

# _fluxloop_reply LIST: offers the words of LIST that begin like the current one.
_fluxloop_reply()
{
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current")
}

# _fluxloop_paths KIND [PATTERN]: offers paths, folders with KIND -d, or folders
# and files that PATTERN matches with KIND -f.
_fluxloop_paths()
{
	local path

	compopt -o filenames 2>/dev/null
	while IFS= read -r path; do
		if [[ $1 == -f && ! -d $path ]]; then
			# shellcheck disable=SC2053 # a pattern is meant
			[[ ${path##*/} == ${2-*} ]] || continue
		fi
		COMPREPLY+=("$path")
	done < <(compgen "$1" -- "$current")
}

# _fluxloop_experiments: offers the folders that hold an experiment, below here
# or below experiments/.
_fluxloop_experiments()
{
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

# _fluxloop_listed PROGRAM OPTION: offers the names that the program, which lies
# in the folder of fluxloop or in the PATH, lists with the option.
_fluxloop_listed()
{
	local program

	program=$(type -P -- "${COMP_WORDS[0]}")
	program=$(readlink -f -- "$program")
	program=${program%/*}/$1
	[[ -x $program ]] || program=$1
	_fluxloop_reply "$("$program" "$2" 2>/dev/null | cut -f 1)"
}

# _fluxloop_value OPTION: offers values of the option.
_fluxloop_value()
{
	case $1 in
	--config)
		_fluxloop_paths -f '*.y*ml'
		;;
	--from-recording | --file)
		_fluxloop_paths -f '*.jsonl'
		;;
	--log)
		_fluxloop_paths -f
		;;
	--path | --output)
		_fluxloop_paths -d
		;;
	--strategy)
		_fluxloop_listed fl-generate --list-strategies
		;;
	--format)
		_fluxloop_listed fl-parse --list-formats
		;;
	esac
}

# _fluxloop_options COMMAND: sets `options` to those of the command; the ones
# that take a value end in "=".
_fluxloop_options()
{
	case $1 in
	"init project")
		options="--name= --path= --force --no-example"
		;;
	"generate inputs")
		options="--config= --from-recording= --limit= --output=
			--overwrite --dry-run --seed= --strategy= --target=
			--personas="
		;;
	"run experiment")
		options="--config= --iterations= --personas= --output=
			--dry-run --seed= --parallel= --limit= --name=
			--max-failures= --max-time= --max-tokens= --shard=
			--log= --resume --latest --anyway"
		;;
	"parse experiment")
		options="--config= --latest --output= --overwrite --format=
			--jobs= --memory= --shard-dirs"
		;;
	"record enable")
		options="--config= --file="
		;;
	"record disable" | "record status" | "config "* | "status " | "doctor ")
		options="--config="
		;;
	esac
	options+=" --yes --help"
}

_fluxloop_noun()
{
	case $1 in
	init) _fluxloop_reply project ;;
	generate) _fluxloop_reply inputs ;;
	run | parse) _fluxloop_reply experiment ;;
	record) _fluxloop_reply "enable disable status" ;;
	config) _fluxloop_reply "show get set validate" ;;
	help) _fluxloop_reply "init generate run parse record config status doctor" ;;
	esac
}

_fluxloop()
{
	local current=${COMP_WORDS[COMP_CWORD]} previous verb='' noun='' options=
	local i=1

	COMPREPLY=()
	while ((i < COMP_CWORD)) && [[ ${COMP_WORDS[i]} == -* ]]; do
		((i++))
	done
	((i < COMP_CWORD)) && verb=${COMP_WORDS[i]}
	if [[ ! $verb ]]; then
		_fluxloop_reply "init generate run parse record config status
			doctor help --trace --help --version --python-path"
		return
	fi
	case $verb in
	init | generate | run | parse | record | config | help)
		if ((COMP_CWORD == i + 1)); then
			_fluxloop_noun "$verb"
			return
		fi
		noun=${COMP_WORDS[i + 1]}
		;;
	esac
	_fluxloop_options "$verb $noun"
	previous=${COMP_WORDS[COMP_CWORD - 1]}
	# "--config=x" comes as three words.
	if [[ $current == = ]]; then
		current=
	elif [[ $previous == = ]]; then
		previous=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	if [[ " $options " == *[[:space:]]"$previous="[[:space:]]* ]]; then
		_fluxloop_value "$previous"
	elif [[ $current != -* && ("$verb $noun" == "parse experiment" ||
		"$verb $noun ${COMP_WORDS[*]}" == "run experiment "*" --resume "*) ]]; then
		_fluxloop_experiments
	else
		_fluxloop_reply "${options//=/}"
	fi
}

complete -F _fluxloop fluxloop

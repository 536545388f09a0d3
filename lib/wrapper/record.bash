# --- record -------------------------------------------------------------------

# name_recording: sets REPLY to the file to record calls to, as an absolute
# path, since the recorded program may be started anywhere.
name_recording() {
	local folder

	if [[ ${opt[file]+is} ]]; then
		REPLY=${opt[file]}
	else
		find_recording
	fi
	[[ $REPLY && $REPLY != */ && $REPLY != *$'\n'* ]] ||
		die "--file '$REPLY': expected the name of a file"
	plain "$REPLY"
	folder=$(cd -- "$(dirname -- "$REPLY")" 2>/dev/null && pwd) ||
		die "${REPLY%/*}: no such folder"
	REPLY=${folder%/}/${REPLY##*/}
}

# set_variables NAME VALUE...: sets variables in the project's .env, and prints
# what a program has to do to pick them up.
set_variables() {
	local folder env

	setting none
	env=$REPLY
	while (($# > 1)); do
		(become fl-config -f "$config" env set "$1" "$2") || exit 2
		shift 2
	done
	folder=$(cd -- "$(dirname -- "$env")" && pwd)
	say '%s: recording is %s\n' "$env" "$1"
	printf 'The program reads it when it starts and calls:\n'
	say '  import fluxloop\n  fluxloop.load_env(%s)\n' \
		"$(become fl-config quote "${folder%/}/.env")"
}

record_enable() {
	use_config
	name_recording
	set_variables FLUXLOOP_RECORD_ARGS true FLUXLOOP_RECORDING_FILE "$REPLY" \
		"on, to $REPLY"
}

record_disable() {
	use_config
	set_variables FLUXLOOP_RECORD_ARGS false off
}

record_status() {
	local on=off file

	use_config
	REPLY=$(become fl-config -f "$config" env get FLUXLOOP_RECORD_ARGS)
	[[ ${REPLY,,} =~ ^(true|1|yes|on)$ ]] && on=on
	file=$(become fl-config -f "$config" env get FLUXLOOP_RECORDING_FILE) ||
		{ find_recording && file=$REPLY; }
	count_lines "$file"
	say 'recording is %s\n%s: %d calls\n' "$on" "$file" "$REPLY"
}

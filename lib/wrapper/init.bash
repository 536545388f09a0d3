# --- init project -------------------------------------------------------------

# put_file PATH TEXT: writes a file. An older one that the user changed is kept
# as PATH~.
put_file() {
	if [[ -e $1 ]]; then
		[[ -f $1 && $(<"$1") == "$2" ]] && return
		mv -f -- "$1" "$1~" || exit 2
		warn "$1: replaced; the old one is $1~"
	fi
	printf '%s' "${2:+$2$'\n'}" >"$1" || exit 2
}

init_project() {
	local folder example file name url settings=setting.yaml

	[[ ! ${opt[no-example]-} ]] || settings=plain.yaml
	if [[ ${opt[http]+is} ]]; then
		[[ ${opt[http]} =~ ^https?://[^[:space:]]+$ ]] ||
			die "--http '${opt[http]}': expected http:// or https://"
		settings=http.yaml opt[no-example]=1
	fi
	need fl-config
	[[ ${opt[name]+is} ]] || die "the project needs a name: --name NAME"
	folder=$(become fl-config project "${opt[name]}" "${opt[path]-.}" 2>&1) ||
		die "${folder#fl-config: }"
	example=$(become fl-config example) || exit 2
	if [[ -e $folder && ! ${opt[force]-} ]] &&
		[[ ! -d $folder || $(ls -A -- "$folder") ]]; then
		die "$folder already exists: choose another --name, or give" \
			"--force to write its files anew (recordings," \
			"experiments and .env stay)"
	fi
	umask 077
	mkdir -p -- "$folder"/{experiments,inputs,recordings} || exit 2
	name=$(become fl-config quote "${opt[name]}") || exit 2
	file=$(<"$example/$settings")
	file=${file/'name: "my-agent"'/"name: $name"}
	if [[ ${opt[http]-} ]]; then
		url=$(become fl-config quote "${opt[http]}") || exit 2
		file=${file/'"http://127.0.0.1:8000/chat"'/"$url"}
		# an agent's card says what is sent
		if [[ $(become fl-http --from-curl "$(printf 'curl %q' \
			"${opt[http]}")" 2>/dev/null) == *' api: "a2a"'* ]]; then
			file=${file/'# api: "openai-chat"              # or openai-responses, a2a'/'api: "a2a"'}
			file=${file/$'    # what is sent; "$.input" is the input\n    body:\n      message: "$.input"\n'/}
		fi
	fi
	put_file "$folder/setting.yaml" "$file"
	put_file "$folder/.gitignore" "$(<"$example/gitignore")"
	[[ -e $folder/.env ]] || put_file "$folder/.env" "$(<"$example/env")"
	if [[ ! ${opt[no-example]-} ]]; then
		mkdir -p -- "$folder/app" || exit 2
		for file in app/__init__.py app/handler.py record_example.py \
			evaluation.yaml; do
			put_file "$folder/$file" "$(<"$example/$file")"
		done
	fi
	say '%s\n' "$folder"
	printf '  %s\n' setting.yaml .env experiments/ inputs/ recordings/
	if [[ ! ${opt[no-example]-} ]]; then
		printf '  app/handler.py      a small agent to try things with\n'
		printf '  record_example.py   records two calls of it\n'
		printf '  evaluation.yaml     checks of its answers\n'
	fi
	next_step cd "$folder"
	[[ ! ${opt[http]-} ]] || printf 'then: fluxloop run experiment\n'
	# shellcheck disable=SC2016 # to be pasted as it is
	[[ ${opt[no-example]-} ]] || printf 'then: %s\n' \
		'PYTHONPATH="$(fluxloop --python-path)" python3 record_example.py'
}

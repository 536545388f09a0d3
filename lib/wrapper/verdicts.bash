# --- evaluate, compare, report ------------------------------------------------

# find_checks: sets `check` to what evaluates traces while they are made: the
# original has its evaluators in a file of its own.
find_checks() {
	local file=$config

	[[ ! -d $config ]] || file=$config/evaluation.yaml
	[[ $config != */configs/* && $config != configs/* ]] ||
		file=${config%/*}/evaluation.yaml
	check=(fl-evaluate --errors ignore --config "$file")
}

# hide_server: moves an address that may have a password from `asked`, which every
# user of the machine can read, to `server`.
hide_server() {
	local i

	for ((i = 0; i + 1 < ${#asked[@]}; i++)); do
		[[ ${asked[i]} == --base-url && ${asked[i + 1]} == *[@?]* ]] || continue
		server=${asked[i + 1]}
		asked=("${asked[@]::i}" "${asked[@]:i + 2}")
	done
}

# ask_server PROGRAM WORD...: becomes a program that finds `server` in its
# environment.
ask_server() {
	[[ ! $server ]] || export OPENAI_BASE_URL=$server ANTHROPIC_BASE_URL=$server
	become "$@"
}

# ask_judges: has a model judge what needs one, after the number of calls was
# printed. Adds the replies to `check`, and keeps them in `dir`.
ask_judges() {
	local folder plan words redirection=' >prompts.jsonl' server=
	local ask=(fl-evaluate --prompts --config "$checks") asked

	need fl-llm
	# `dir` may have come from others, and have links in it
	make_temporary
	# the last pass reads the same, and says what is wrong with it
	(become "${parsed[@]}") 2>>"$folder/messages" |
		(become "${ask[@]}") >"$folder/prompts.jsonl" 2>>"$folder/messages"
	judge "${PIPESTATUS[@]}"
	((status < 2)) && [[ -s $folder/prompts.jsonl ]] || return 0
	show parsed ask
	mapfile -t words < <(become fl-evaluate --config "$checks" --llm-options "$dir" \
		2>>"$folder/messages")
	asked=(fl-llm --ordered "${words[@]}")
	[[ ! -e ${config:=setting.yaml} ]] || asked+=(--config "$config")
	hide_server
	if ! plan=$(ask_server "${asked[@]}" --dry-run "$folder/prompts.jsonl"); then
		warn "checks that need a model are not judged"
		return
	fi
	say 'judges: %s\n' "$plan"
	redirection=" prompts.jsonl >$dir/judged.jsonl" && show asked
	(ask_server "${asked[@]}" "$folder/prompts.jsonl") >"$folder/judged.jsonl"
	status=$?
	((status < 128)) && [[ $status -lt 2 || -s $folder/judged.jsonl ]] ||
		exit "$status"
	rm -f -- "$dir/judged.jsonl" &&
		cp -P -- "$folder/judged.jsonl" "$dir/judged.jsonl" || exit 2
	check+=(--judged "$folder/judged.jsonl")
}

evaluate_experiment() {
	local dir status output=${opt[output]-evaluation} pass=() parsed check
	local checks=${opt[config]-}

	need fl-parse fl-evaluate
	# the configuration is that of the checks
	unset 'opt[config]'
	choose_experiment
	[[ $checks ]] || for checks in {configs/,}evaluation.yaml setting.yaml; do
		[[ ! -e $checks ]] || break
	done
	[[ $output ]] || die "--output: expected the name of a folder"
	[[ $output == /* ]] || output=$dir/$output
	given overwrite force min-pass-rate min-input-pass-rate min-pass-hat-k \
		min-score judged
	parsed=(fl-parse --format traces "$dir")
	check=(fl-evaluate --quiet --config "$checks" --output-dir "$output"
		"${pass[@]}")
	[[ ${opt[judged]+is} ]] || ask_judges
	show parsed check
	(become "${parsed[@]}") | (become "${check[@]}")
	judge "${PIPESTATUS[@]}"
	((status > 1)) || say '%s\n' "$output/summary.json"
	[[ ! ${opt[baseline]+is} ]] || ((status > 1)) ||
		compare_with "${opt[baseline]}"
	exit "$status"
}

# compare_with BASE: compares what was evaluated with another experiment by the
# same checks, and sets `status` to the worse one. What is said of the other's
# traces is printed only if they could not be evaluated.
compare_with() {
	local base own=$status notes spool compare

	need fl-diff
	plain "${1%/}"
	base=${REPLY:-/.}
	[[ -d $base ]] || die "$base: no such folder"
	parsed=(fl-parse --format traces "$base")
	check=(fl-evaluate --errors ignore --config "$checks")
	[[ ! ${opt[judged]+is} ]] || check+=(--judged "${opt[judged]}")
	compare=(fl-diff -- - "$output/trace_summary.jsonl")
	show parsed check compare
	notes=$(mktemp) && exec {spool}<>"$notes" && rm -- "$notes" || exit 2
	notes=/dev/fd/$spool
	(become "${parsed[@]}") 2>>"$notes" | (become "${check[@]}") 2>>"$notes" |
		(become "${compare[@]}")
	judge "${PIPESTATUS[0]}" "$((PIPESTATUS[1] == 1 ? 0 : PIPESTATUS[1]))" \
		"${PIPESTATUS[2]}"
	((status < 2)) || cat <"$notes" >&2
	((status > own)) || status=$own
}

# The experiment that `diff` compares with is a link in output_directory.
diff() {
	local dir pass=() names=("${operands[@]}")

	need fl-diff
	if [[ ${opt[latest]-} ]]; then
		choose_experiment
		names=("$dir")
	fi
	((${#names[@]})) || die "diff what? Name a new experiment"
	if ((${#names[@]} == 1)); then
		use_config
		setting output_directory
		names=("${REPLY%/}/baseline" "${names[0]}")
		[[ -e ${names[0]} ]] || die "${names[0]}: there is no baseline:" \
			"'fluxloop baseline DIR' makes one, or name BASE and NEW"
	fi
	given format metric fail-on max-drop max-slowdown strict anyway
	perform fl-diff "${pass[@]}" -- "${names[@]}"
	exit
}

baseline() {
	local dir

	choose_experiment
	use_config
	setting output_directory
	[[ ! -e ${REPLY%/}/baseline || -L ${REPLY%/}/baseline ]] ||
		die "${REPLY%/}/baseline: not a link: left alone"
	ln -sfn -- "$(realpath -- "$dir")" "${REPLY%/}/baseline" || exit 2
	say '%s -> %s\n' "${REPLY%/}/baseline" "$dir"
}

report() {
	local dir name pass=() page

	need fl-report
	choose_experiment
	given diff
	# pages that `parse` made are linked, unless they are in many folders
	for page in "$dir"/*/page.css; do
		[[ ! -e $page || -e ${page%/*}/00 ]] || {
			page=${page%/*}
			pass+=(--pages "${page##*/}")
			break
		}
	done
	for name in html:report.html junit:junit.xml md:summary.md; do
		perform fl-report --format "${name%:*}" "${pass[@]}" --output \
			"$dir/${name#*:}" "$dir" || exit
		say '%s\n' "$dir/${name#*:}"
	done
}

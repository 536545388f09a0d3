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

# ask_judges: has a model judge what needs one, after the number of calls was
# printed. Adds the replies to `check`.
ask_judges() {
	local prompts=$dir/prompts.jsonl judged=$dir/judged.jsonl plan words
	local ask=(fl-evaluate --prompts --config "$checks") asked redirection

	need fl-llm
	umask 077
	(become "${parsed[@]}") | (become "${ask[@]}") >"$prompts"
	judge "${PIPESTATUS[@]}"
	if ((status > 1)) || [[ ! -s $prompts ]]; then
		rm -f -- "$prompts"
		return
	fi
	redirection=" >$prompts" && show parsed ask
	mapfile -t words < <(become fl-evaluate --config "$checks" --llm-options "$dir")
	asked=(fl-llm --ordered "${words[@]}")
	[[ ! -e ${config:=setting.yaml} ]] || asked+=(--config "$config")
	if ! plan=$(become "${asked[@]}" --dry-run "$prompts"); then
		warn "so checks that need a model are not judged"
		return
	fi
	say 'judges: %s\n' "$plan"
	asked+=("$prompts")
	redirection=" >$judged" && show asked
	(become "${asked[@]}") >"$judged.new"
	status=$?
	mv -f -- "$judged.new" "$judged"
	((status < 2)) || [[ -s $judged ]] || exit "$status"
	((status < 128)) || exit "$status"
	check+=(--judged "$judged")
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
	given overwrite min-pass-rate min-input-pass-rate min-pass-hat-k \
		min-score judged
	parsed=(fl-parse --format traces "$dir")
	check=(fl-evaluate --quiet --config "$checks" --output-dir "$output"
		"${pass[@]}")
	[[ ${opt[judged]+is} ]] || ask_judges
	show parsed check
	(become "${parsed[@]}") | (become "${check[@]}")
	judge "${PIPESTATUS[@]}"
	((status > 1)) || say '%s\n' "$output/summary.json"
	exit "$status"
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
		path_setting output_directory
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
	path_setting output_directory
	[[ ! -e ${REPLY%/}/baseline || -L ${REPLY%/}/baseline ]] ||
		die "${REPLY%/}/baseline: not a link: left alone"
	ln -sfn -- "$(realpath -- "$dir")" "${REPLY%/}/baseline" || exit 2
	say '%s -> %s\n' "${REPLY%/}/baseline" "$dir"
}

report() {
	local dir name

	need fl-report
	choose_experiment
	for name in junit:junit.xml md:summary.md; do
		perform fl-report --format "${name%:*}" --output \
			"$dir/${name#*:}" "$dir" || exit
		say '%s\n' "$dir/${name#*:}"
	done
}

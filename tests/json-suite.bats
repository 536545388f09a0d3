# What lib/json makes of a text, against the grammar, Python and jq, and one
# build of it against the others. JSON_LINES=100000 and JSON_SEED=x make the
# last test longer and another one. `make check-neon` sets CROSS_CC and
# CROSS_RUN, for a machine that is emulated.

load test_helper
load filter_helper

# build NAME COMPILER...: a json-check of lib/json alone.
build()
{
	local name=$BATS_FILE_TMPDIR/$1

	shift
	"$@" -std=c11 -D_XOPEN_SOURCE=700 -O2 -DJSON_ONLY -I"$ROOT/lib" \
		-o "$name" "$ROOT"/tests/json-{check,tell}.c \
		"$ROOT"/lib/{base/{buf,hex,large,unicode,utf8,util,visible,warn},json/{scan,walk,write}}.c
}

setup_file()
{
	local sanitize=()

	find_python
	if is_sanitized; then
		sanitize=('-fsanitize=address,undefined'
			-fno-sanitize-recover=all)
	fi
	build native "${CC:-gcc}" "${sanitize[@]}"
	build portable "${CC:-gcc}" "${sanitize[@]}" -DJSON_PORTABLE
	if [[ -n ${CROSS_CC-} ]]; then
		# shellcheck disable=SC2086 # these are words
		build cross $CROSS_CC
	fi
}

# differential OPTION...: compares all builds and their judges.
differential()
{
	local dir=$BATS_FILE_TMPDIR
	local builds=("$dir/native" "$dir/portable")

	[[ -z ${CROSS_CC-} ]] || builds+=("${CROSS_RUN-} $dir/cross")
	python3 "$ROOT/tests/json-differential.py" "$@" "${builds[@]}" \
		>told 2>&1 || fail "$(head -c 8000 told)"
	grep '; 0 disagreements$' told
}

@test "each part of the grammar has right and wrong cases" {
	cases=$DATA/json/cases.txt
	(($(grep -c '^[ylnYLN]' "$cases") >= 900)) || fail 'the table is gone'
	awk '/^##/ { name = $0; seen[name] = "" }
		/^[ylYL]/ { seen[name] = seen[name] "y" }
		/^[nN]/ { seen[name] = seen[name] "n" }
		END { for (n in seen) if (seen[n] !~ /n/ ||
			(seen[n] !~ /y/ && n !~ /no text|raw|byte order/))
			print n }' "$cases" >poor
	assert_equal "$(cat poor)" ''
	assert_equal "$(grep -c '^##' "$cases")" 14
}

@test "each case has its verdict, strict and lax, and is read as Python reads it" {
	differential --cases "$DATA/json/cases.txt"
}

@test "verdicts do not depend on the place in a block of bytes" {
	differential --placed
}

@test "random lines get the verdicts and the layout that Python and jq give them" {
	differential --lines "${JSON_LINES:-4000}" --seed "${JSON_SEED:-1}"
}

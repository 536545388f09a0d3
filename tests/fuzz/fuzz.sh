#!/usr/bin/env bash
# Searches for inputs that break the JSON scanner, the readers of YAML, of
# setting.yaml, .env files, manifests, agents' messages and replies of services,
# fl-import, the formats of fl-parse and fl-parse as a whole, and for agents,
# readers and signals that break fl-run, in stages of FUZZ_SECONDS each. $BUILD has
# the programs and the library, built by clang with the sanitizers (see `make
# fuzz`). The inputs tried so far go to $BUILD/corpus, those that break a program to
# $BUILD/findings. Exits with 1 if there was a finding.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=$(realpath "${BUILD:?}")
seconds=${FUZZ_SECONDS:-60}
found=$build/findings
status=0

# compile OUT ARGUMENT...
compile()
{
	local out=$1

	shift
	# shellcheck disable=SC2086 # these are words
	clang -std=c11 -D_XOPEN_SOURCE=700 -Ilib -Itests $FUZZ_FLAGS \
		-o "$build/$out" "$@" || exit 2
}

# fuzzer NAME OPTION...: runs the fuzzer NAME on its corpus and its seeds.
fuzzer()
{
	local name=$1

	shift
	mkdir -p "$build/corpus/$name"
	"$build/fuzz-$name" "$@" -max_total_time="$seconds" -timeout=10 \
		-print_final_stats=1 \
		-artifact_prefix="$found/$name-" "$build/corpus/$name" \
		"$build/seeds/$name"
}

# stage NAME OPTION...: runs the fuzzer NAME and prints its findings.
stage()
{
	local log=$build/$1.log

	echo "fuzz-$1, $seconds s"
	if fuzzer "$@" >"$log" 2>&1; then
		sed -n 's/^stat::number_of_executed_units: */  inputs: /p' "$log"
		return
	fi
	status=1
	tail -n 60 "$log"
	sed -n 's/.*Test unit written to /  reproducer: /p' "$log"
	echo "  to reproduce: $build/fuzz-$1 REPRODUCER"
}

mkdir -p "$found"
rm -rf "$build/seeds"
"${PYTHON:-python3}" tests/fuzz/seeds.py "$build/seeds" || exit 2

# a second scanner, the portable one, under names of its own
for part in scan walk write; do
	compile portable-$part.o -c -DJSON_PORTABLE lib/json/$part.c
done
compile portable-tell.o -c tests/json-tell.c
nm -g --defined-only -f posix "$build"/portable-{scan,walk,write,tell}.o |
	awk 'NF > 1 { print $1, "portable_" $1 }' >"$build/portable.names"
for part in scan walk write tell; do
	objcopy --redefine-syms="$build/portable.names" \
		"$build/portable-$part.o" || exit 2
done
compile fuzz-json -fsanitize=fuzzer tests/fuzz/fuzz-json.c tests/json-tell.c \
	"$build"/portable-{scan,walk,write,tell}.o "$build/libfluxloop.a" -lm
compile fuzz-parse -fsanitize=fuzzer tests/fuzz/fuzz-parse.c \
	"$build/libfluxloop.a" -lm

for name in yaml setting dotenv manifest message http; do
	compile fuzz-$name -fsanitize=fuzzer tests/fuzz/fuzz-$name.c \
		"$build/libfluxloop.a" -lyaml -lm
done

compile fuzz-import -fsanitize=fuzzer tests/fuzz/fuzz-import.c \
	"$build/libfluxloop.a" -lz -lm

lines=-dict=tests/fuzz/jsonl.dict
stage json $lines -max_len=4096
for name in yaml setting; do
	stage $name -dict=tests/fuzz/yaml.dict -max_len=1024
done
for name in dotenv manifest message http; do
	stage $name $lines -max_len=4096
done
stage import $lines -max_len=20000 -len_control=20
stage parse $lines -max_len=20000 -len_control=20
echo "parse-files, $seconds s"
"${PYTHON:-python3}" tests/fuzz/parse-files.py --seconds "$seconds" \
	--findings "$found" "$build/bin/fl-parse" || status=1
echo "run-stress, $seconds s"
clang -std=c11 -D_XOPEN_SOURCE=700 -O1 -o "$build/stress-agent" \
	tests/fuzz/stress-agent.c || exit 2
"${PYTHON:-python3}" tests/fuzz/run-stress.py --seconds "$seconds" \
	--findings "$found" "$build/bin/fl-run" "$build/stress-agent" ||
	status=1
exit $status

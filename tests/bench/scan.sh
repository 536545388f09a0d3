#!/usr/bin/env bash
# Measures how fast JSON is checked, for each kind of lines of make-lines.py: by the
# code for this machine, and by the portable code.
set -eu
cd "$(dirname "$0")/../.."
work=$(realpath "${BUILD:-build}")/bench
mkdir -p "$work"

# build NAME FLAG...
build()
{
	local name=$1

	shift
	"${CC:-gcc}" -std=c11 -D_XOPEN_SOURCE=700 -O2 -Ilib "$@" \
		-o "$work/$name" tests/bench/scan.c lib/{base/{util,buf,hex,large,utf8,warn,program,visible,unicode},json/{scan,walk,write}}.c
}

build scan
build scan-portable -DJSON_PORTABLE
for kind in text japanese escaped mixed dense records; do
	lines=$work/$kind.jsonl
	"${PYTHON:-python3}" tests/bench/make-lines.py "$kind" 10 >"$lines"
	echo "$kind, $(wc -l <"$lines") lines of $(stat -c %s "$lines") bytes"
	"$work/scan" "$lines"
	"$work/scan-portable" "$lines" | grep '^portable'
done

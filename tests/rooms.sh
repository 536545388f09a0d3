#!/bin/sh
# Checks the layout of lib/: tests/rooms.sh ROOM..., lowest layer first.
#
# - An include that crosses rooms is written "room/name.h" and names a public
#   header of an earlier room; all others are of the same room.
# - Modules of a room do not include each other in a circle.
# - Each header compiles alone.
# - Each header of a foreign library is included by one file only.
#
# Public headers are those of the list below; all others are private.
CC=${CC:-cc}
cd "$(dirname "$0")/../lib" || exit 2

public='
base/*
json/*
io/*
net/*
yaml/*
record/*
config/*
generate/generate generate/strategies generate/prompts generate/replies
run/engine run/command run/eventlog run/proc run/agent run/input run/run
run/queue run/completed run/check run/plan run/mask run/constant run/runlist
experiment/expdir experiment/row experiment/recover experiment/manifest
experiment/summary experiment/status experiment/failures
experiment/newdir experiment/part
trace/*
evaluate/evaluation evaluate/gates evaluate/judged evaluate/judging
evaluate/verdict evaluate/checks
evaluate/runs evaluate/sample evaluate/labels evaluate/agreement
evaluate/diff evaluate/diffview evaluate/statistics evaluate/text
format/format format/filter format/listing format/options format/markup
format/page format/termwidth
label/session label/terminal
parse/join parse/output parse/pool parse/chunks
report/report report/reports
import/import import/outputs
llm/asker llm/budget llm/cache llm/dialect llm/headers llm/retry
http/caller http/card http/service http/curlcmd http/recorder http/weburl
'

bad=0
complain()
{
	echo "$*" >&2
	bad=1
}

is_public()
{
	set -f
	for p in $public; do
		# shellcheck disable=SC2254 # a pattern
		case $1 in $p) set +f; return 0 ;; esac
	done
	set +f
	return 1
}

# includes FILE: the project's headers that it includes.
includes()
{
	sed -n 's/^#include "\(.*\)\.h"$/\1/p' "$1"
}

seen=' '
for room; do
	for f in "$room"/*.[ch]; do
		for h in $(includes "$f"); do
			from=${h%/*}
			if [ "$from" = "$h" ]; then
				[ -e "$room/$h.h" ] ||
					complain "$f: $h.h is not in $room/"
			elif [ "$from" = "$room" ]; then
				complain "$f: write \"${h#*/}.h\": same room"
			elif case $seen in *" $from "*) false ;; esac then
				complain "$f: $h.h is in a later room"
			elif ! is_public "$h"; then
				complain "$f: $h.h is private to $from/"
			fi
		done
	done
	seen="$seen$room "
	for f in "$room"/*.[ch]; do
		me=${f#*/}
		for h in $(includes "$f"); do
			[ "$h" = "${me%.[ch]}" ] || echo "$h ${me%.[ch]}"
		done
	done | grep -v / | tsort >/dev/null || complain "$room: a circle"
done

for f in ../bin/*.c ../tests/*.c ../tests/*/*.c; do
	for h in $(includes "$f"); do
		[ -e "$h.h" ] || continue
		case $f in
		../bin/*) is_public "$h" || complain "$f: $h.h is private" ;;
		esac
	done
done

for d in */; do
	case "$seen" in
	*" ${d%/} "*) ;;
	# a part of the Python package, not of the library
	*) [ -z "$(find "$d" -name '*.c' ! -path 'python/*')" ] ||
		complain "$d: is not in the list of rooms" ;;
	esac
done

check_header()
{
	printf '#include "%s"\n' "$1" | "$CC" -std=c11 -D_XOPEN_SOURCE=700 \
		-Wall -Wextra -Werror -I. -fsyntax-only -x c -
}
for h in */*.h; do
	check_header "$h" || complain "$h: does not compile alone"
done

for h in jsmn.h yaml.h curl/curl.h; do
	users=$(grep -l "#include <$h>" ./*/*.c ../bin/*.c | wc -l)
	[ "$users" -eq 1 ] || complain "<$h>: $users files include it, not one"
done
exit $bad

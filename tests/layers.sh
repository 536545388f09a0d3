#!/bin/sh
# Checks the layer order: tests/layers.sh MODULE..., lowest first. A module
# may include only headers of modules that stand before it, and a header none;
# each header of a library from outside is included by one module only.
cd "$(dirname "$0")/../lib" || exit 2
bad=0
seen=' '
for m; do
	if grep -n '^#include "' "$m.h"; then
		echo "$m.h: a header includes no project header" >&2
		bad=1
	fi
	while read -r h; do
		case "$seen$m " in
		*" $h "*) ;;
		*)
			echo "$m.c: includes $h.h, which stands above it" >&2
			bad=1
			;;
		esac
	done <<-EOF
		$(sed -n 's/^#include "\(.*\)\.h"$/\1/p' "$m.c")
	EOF
	seen="$seen$m "
done
for f in *.c; do
	case $seen in
	*" ${f%.c} "*) ;;
	*)
		echo "$f: is not in the list of modules" >&2
		bad=1
		;;
	esac
done
for h in jsmn.h yaml.h libfyaml.h; do
	users=$(grep -l "#include <$h>" ./*.c ../bin/*.c | wc -l)
	if [ "$users" -ne 1 ]; then
		echo "<$h> is included by $users files, not by one" >&2
		bad=1
	fi
done
exit $bad

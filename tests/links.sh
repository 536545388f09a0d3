#!/bin/sh
# Checks that only some programs are linked to a library, which takes time to
# load: tests/links.sh LIBRARY FOLDER PROGRAM...
library=$1 folder=$2
shift 2
bad=0
for f in "$folder"/fl-*; do
	name=${f##*/}
	readelf -d "$f" 2>/dev/null | grep -q "NEEDED.*\[$library\." || continue
	case " $* " in
	*" $name "*) ;;
	*)
		echo "$name: is linked to $library" >&2
		bad=1
		;;
	esac
done
exit $bad

#!/bin/bash
# Checks a Debian package: check-deb.sh PACKAGE VERSION. Another build of the tree,
# from another folder, with another umask, time zone and language, has to give
# the same bytes; and the programs in the package have to work without the tree.
set -euo pipefail
tree=$(cd "$(dirname "$0")/../.." && pwd)
package=$(realpath "$1") version=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail()
{
	echo "check-deb: $*" >&2
	exit 1
}

# --- the same bytes -----------------------------------------------------------

epoch=$(dpkg-deb --fsys-tarfile "$package" | tar -tvf - --full-time --utc ./usr/bin/ |
	awk 'NR == 1 { print $4, $5 }')
epoch=$(date -u -d "$epoch" +%s)
mkdir "$scratch/a folder"
(cd "$tree" && tar -cf - --exclude ./build --exclude ./.git .) |
	tar -xf - -C "$scratch/a folder"
(
	umask 077
	TZ=Asia/Tokyo LC_ALL=C.UTF-8 SOURCE_DATE_EPOCH=$epoch \
		sh "$scratch/a folder/lib/packaging/deb.sh" "$version" "$scratch/again"
) >/dev/null
cmp "$package" "$scratch/again/${package##*/}"

# --- the programs -------------------------------------------------------------

dpkg-deb -x "$package" "$scratch/root"
[ -z "$(find "$scratch/root" -name '*.pyc' -o -name build)" ] ||
	fail 'it has files of a build in it'
for program in "$scratch"/root/usr/bin/*; do
	[ -f "$scratch/root/usr/share/man/man1/${program##*/}.1.gz" ] ||
		fail "no manual page for ${program##*/}"
done
export PATH=$scratch/root/usr/bin:/usr/bin:/bin
unset "${!FLUXLOOP_@}" PYTHONPATH
cd "$scratch"
[ "$(fluxloop --version)" = "fluxloop $version" ] || fail 'another version'
fluxloop init project --name trial >/dev/null
cd fluxloop/trial
PYTHONPATH=$(fluxloop --python-path) PYTHONDONTWRITEBYTECODE=1 \
	python3 record_example.py >/dev/null
fluxloop generate inputs --from-recording recordings/args.jsonl --limit 10 >/dev/null
fluxloop run experiment >/dev/null
fluxloop parse experiment --latest --output pages --format html >/dev/null
fluxloop evaluate experiment --latest >/dev/null 2>&1
fluxloop report --latest >/dev/null
pages=(experiments/*/pages/*.html)
[ "${#pages[@]}" -eq 11 ] || fail "${#pages[@]} pages, not 11"
echo "${package##*/}: reproducible, and its programs work"

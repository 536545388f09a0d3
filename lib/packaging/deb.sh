#!/bin/sh
# Makes a Debian package of the tree: deb.sh VERSION FOLDER. The package is
# FOLDER/fluxloop_VERSION_ARCHITECTURE.deb; the same tree and SOURCE_DATE_EPOCH
# give the same bytes. Without the variable it is the time of the last commit.
set -eu
umask 022
version=$1
tree=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$2"
folder=$(cd "$2" && pwd)
copy=$folder/fluxloop-$version
epoch=${SOURCE_DATE_EPOCH:-$(git -C "$tree" log -1 --format=%ct 2>/dev/null ||
	stat -c %Y "$tree/Makefile")}

rm -rf "$folder"/fluxloop[-_]*
mkdir "$copy"
(cd "$tree" && tar -cf - --exclude ./build --exclude ./.git .) | tar -xf - -C "$copy"
cp -R "$tree/lib/packaging/debian" "$copy/debian"
cat >"$copy/debian/changelog" <<END
fluxloop ($version) unstable; urgency=medium

  * Version $version, packaged from the tree.

 -- $(sed -n 's/^Maintainer: //p' "$copy/debian/control")  $(LC_ALL=C date -u -R -d "@$epoch")
END
cd "$copy"
# make's own variables are not for the build
unset MAKEFLAGS MFLAGS MAKELEVEL
DEB_BUILD_OPTIONS="noautodbgsym parallel=$(nproc)" SOURCE_DATE_EPOCH=$epoch \
	dpkg-buildpackage -b -uc -us >"$folder/build.log" 2>&1 || {
	tail -n 30 "$folder/build.log" >&2
	exit 1
}
cd "$folder"
rm -rf "$copy"
lintian --allow-root --fail-on error,warning "fluxloop_${version}"_*.changes
ls "$folder/fluxloop_${version}"_*.deb

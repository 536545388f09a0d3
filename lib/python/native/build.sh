#!/bin/sh
# Builds the accelerator of the Python package for $PYTHON, if that is a CPython with
# headers: sh build.sh OUTPUT COMPILER FLAG... SOURCE. Without them it only says so,
# since the package does the same in Python.
set -eu
output=$1
shift

rm -f "$output"
include=$("$PYTHON" - <<'END'
import sys, sysconfig
if sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED"):
    print(sysconfig.get_path("include"))
END
) || include=
if [ ! -f "$include/Python.h" ]; then
	echo "make: no headers of $PYTHON (in Debian: python3-dev): the Python" \
		"package is built without its accelerator" >&2
	exit 0
fi
set -x
"$@" -isystem "$include" -fPIC -shared -o "$output.$$"
mv "$output.$$" "$output"

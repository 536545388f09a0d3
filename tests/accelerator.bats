# The accelerator of the Python package: where it is found, and that it has no
# fault. What it writes is compared in tests/python/test_fast.py.
load test_helper

setup()
{
	begin
	FAST=${BIN%/bin}/lib/fluxloop/_fast.abi3.so
	# one with a sanitizer can be loaded only after the sanitizer
	! grep -q __asan_init "$FAST" 2>/dev/null ||
		SANITIZER=$(gcc -print-file-name=libasan.so)
	export PYTHONMALLOC=malloc
	export ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=1
	[[ -e $FAST ]] || skip "Python's headers are missing"
}

# python WORD...: python3, after the sanitizer if there is one
python()
{
	env ${SANITIZER:+LD_PRELOAD="$SANITIZER"} python3 "$@"
}

place='from fluxloop import native; print(native.fast and native.fast.__file__)'

@test "an installation has the accelerator among the programs' libraries and finds it" {
	make -s -C "$ROOT" BUILD="${BIN%/bin}" PREFIX=/usr DESTDIR="$PWD/stage" install
	assert_file_permission 644 stage/usr/lib/fluxloop/_fast.abi3.so
	run find stage/usr/share -name '*.so'
	assert_output ''
	PYTHONPATH=stage/usr/share/fluxloop/python run python -c "$place"
	assert_output "$PWD/stage/usr/share/fluxloop/python/fluxloop/../../../../lib/fluxloop/_fast.abi3.so"
	make -s -C "$ROOT" BUILD="${BIN%/bin}" PREFIX=/usr DESTDIR="$PWD/stage" uninstall
	assert_dir_not_exist stage/usr/lib/fluxloop
}

@test "without headers of Python, make says so and builds the rest" {
	printf '#!/bin/sh\nprintf "%%s\\n" /nowhere\n' >python
	chmod +x python
	touch fast.so
	PYTHON=./python run --separate-stderr sh "$ROOT/lib/python/native/build.sh" fast.so false
	assert_success
	assert_equal "$stderr" "make: no headers of ./python (in Debian: python3-dev): the Python package is built without its accelerator"
	assert_file_not_exist fast.so
	PYTHON=/nowhere/python3 run sh "$ROOT/lib/python/native/build.sh" fast.so false
	assert_success
	# one that cannot be compiled is an error
	PYTHON=python3 run sh "$ROOT/lib/python/native/build.sh" fast.so false
	assert_failure
}

# make_copy FLAG...: copies the package and builds its accelerator.
make_copy()
{
	mkdir -p share/fluxloop/python lib/fluxloop
	cp -R "$ROOT/lib/python/fluxloop" share/fluxloop/python
	PYTHON=python3 sh "$ROOT/lib/python/native/build.sh" \
		lib/fluxloop/_fast.abi3.so gcc "$@" "$ROOT/lib/python/native/fast.c"
	export PYTHONPATH=$PWD/share/fluxloop/python
}

@test "one of another version of the package is not used" {
	unset SANITIZER
	make_copy -DVERSION='"0.0.1"'
	run python -c "$place"
	assert_output None
	make_copy -DVERSION="\"$(fluxloop --version | cut -d ' ' -f 2)\""
	run python -c "$place"
	assert_output --partial "$PWD"
}

@test "the tests of what is written pass without the accelerator, too" {
	cd "$ROOT/tests/python"
	FLUXLOOP_PURE_PYTHON=1 PYTHONPATH=$ROOT/lib/python \
		run python3 -m unittest test_serialize test_tracing
	assert_success
}

# sanitized FLAG...: runs the tests on an accelerator with sanitizers.
sanitized()
{
	make_copy -g -O1 -DVERSION="\"$(fluxloop --version | cut -d ' ' -f 2)\"" \
		-fsanitize=address,undefined -fno-sanitize-recover=all "$@"
	SANITIZER=$(gcc -print-file-name=libasan.so)
	run python -c "$place"
	assert_output --partial "$PWD"
	(cd "$ROOT/tests/python" && FAST_ROUNDS=400 python -m unittest test_fast.FastTest)
}

@test "the sanitizers find no fault in the accelerator" {
	sanitized
}

@test "the sanitizers find no fault in what other machines get" {
	sanitized -U__SSE2__
}

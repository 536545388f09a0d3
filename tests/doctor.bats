#!/usr/bin/env bats
# fl-doctor: what it checks, and what it prints about it.

load test_helper

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

@test "without a configuration fl-doctor checks the programs and Python" {
	run -0 fl-doctor
	assert_line --regexp '^ok +fl-run +[0-9]'
	assert_line --regexp '^ok +python +3'
	assert_line --regexp '^ok +flock +/'
	# every program there is, but the filters of formats
	for program in "$BIN"/fl-*; do
		case ${program##*/} in
		fl-doctor | fl-format-*) ;;
		*) assert_line --regexp "^ok +${program##*/} +[0-9]" ;;
		esac
	done
	assert_line --regexp '^note +config +no setting.yaml here'
	refute_line --regexp '^(missing|ok +(results|target))'
}

@test "fl-doctor reports a configuration that is missing or not valid" {
	run -1 fl-doctor -c nowhere.yaml
	assert_line --regexp '^missing +config +nowhere.yaml: '
	printf 'iterations: x\n' >setting.yaml
	run -1 fl-doctor
	assert_line --regexp '^missing +config +setting.yaml:1:'
}

@test "fl-doctor reports a folder for results that cannot be written" {
	printf 'output_directory: file/results\n' >setting.yaml
	touch file
	run -1 fl-doctor
	assert_line 'missing  results      file cannot be written: change its rights, or output_directory'
	printf 'output_directory: new/results\n' >setting.yaml
	run -0 fl-doctor
	assert_line 'ok       results      new/results can be written'
}

@test "fl-doctor does not load the target of a command" {
	printf 'runner:\n  command: touch started\n' >setting.yaml
	run -0 fl-doctor
	refute [ -e started ]
	refute_line --partial ' target '
}

@test "fl-doctor reports missing programs and a missing jq" {
	mkdir bare
	cp "$BIN/fl-doctor" bare
	PATH=$PWD/bare run -1 bare/fl-doctor
	assert_line --regexp '^missing +fl-parse +run .make.'
	assert_line --regexp '^note +jq '
	assert_line --regexp '^missing +flock +apt install'
	assert_line --regexp "^missing +python +'python3' does not run"
}

@test "fl-doctor refuses operands and a full disk" {
	run -2 fl-doctor x
	assert_line "fl-doctor: unexpected 'x'"
	run -2 bash -c 'fl-doctor >/dev/full'
}

@test "what is installed can be used by all, whatever the umask, and staged without compiled files" {
	(umask 077; make -s -C "$ROOT" BUILD="${BIN%/bin}" PREFIX=/usr DESTDIR="$PWD/stage dir" install)
	assert_equal "$(find 'stage dir/usr' -type d ! -perm 755 -o -type f ! -perm 644 ! -perm 755)" ''
	assert_equal "$(find 'stage dir' -name '*.pyc')" ''
	# with a page for each program, and completions for those that have options
	for program in 'stage dir'/usr/bin/*; do
		assert_exists "stage dir/usr/share/man/man1/${program##*/}.1"
		[[ $program == */fl-format-* ]] && continue
		assert_exists "stage dir/usr/share/bash-completion/completions/${program##*/}"
		assert_exists "stage dir/usr/share/fish/vendor_completions.d/${program##*/}.fish"
	done
	assert_exists 'stage dir/usr/share/zsh/site-functions/_fluxloop'
	make -s -C "$ROOT" BUILD="${BIN%/bin}" PREFIX=/usr DESTDIR="$PWD/stage dir" uninstall
	assert_equal "$(find 'stage dir' ! -type d)" ''
	(umask 077; make -s -C "$ROOT" BUILD="${BIN%/bin}" PREFIX="$PWD/here" install)
	assert_equal "$(find here -type d ! -perm 755 -o -type f ! -perm 644 ! -perm 755)" ''
	assert [ "$(find here -name '*.pyc' | wc -l)" -gt 10 ]
	here/bin/fluxloop --version
}

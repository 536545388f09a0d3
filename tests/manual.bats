load test_helper
load filter_helper

setup_file()
{
	find_python
}

# problems CHECK [FOLDER]: compares the manual with the programs.
problems()
{
	run -"${3-0}" python3 "$ROOT/tests/manual.py" "$1" "${2-$ROOT}"
}

# copy: puts a copy of the manual and of the sources of programs into here/.
copy()
{
	mkdir here
	mkdir here/lib
	cp -r "$ROOT/man" "$ROOT/bin" here
	cp -r "$ROOT/lib/wrapper" here/lib
}

@test "each page has the options of its program, and those only" {
	problems options
	assert_output ''
	copy
	sed -i '/^\.Op Fl -flaky/d; s/^\.It Fl -traces/.It Fl -trace/' here/man/fl-sample.1
	problems options here 1
	assert_output "fl-sample.1: --traces: no list explains it
fl-sample.1: --trace: explained, but not an option
fl-sample.1: --flaky: not in the SYNOPSIS"
}

@test "a usage text has the options of the program's table, and those only" {
	copy
	sed -i 's/{ "flaky"/{ "flakes"/' here/bin/fl-sample.c
	problems options here 1
	assert_line 'fl-sample.1: --flaky: the table of options and the usage text differ'
	assert_line 'fl-sample.1: --flakes: the table of options and the usage text differ'
}

@test "fluxloop(1) has each command, and each of its options" {
	problems commands
	assert_output ''
	copy
	sed -i 's/^\.It Cm baseline Ar dir | Fl -latest/.It Cm base Ar dir/
		s/^\.It Fl -dry-run/.It Fl -dry/' here/man/fluxloop.1
	problems commands here 1
	assert_line 'fluxloop.1: base: no item, or not a command'
	assert_line 'fluxloop.1: baseline: no item, or not a command'
	assert_line 'fluxloop.1: generate inputs: --dry-run is not explained'
	assert_line 'fluxloop.1: run experiment: has no option --dry'
}

@test "each page refers to the pages that it names, in order" {
	problems references
	assert_output ''
	copy
	sed -i '/^\.Xr fl-config 1 ,$/d; s/^\.Xr fl-run 1 ,$/.Xr fl-runs 1 ,/
		s/^\.Xr fluxloop 1 ,$/.Xr fl-yaml 1 ,/' here/man/fl-doctor.1
	problems references here 1
	assert_output "fl-doctor.1: fl-runs(1) does not exist
fl-doctor.1: SEE ALSO lacks fl-run(1)
fl-doctor.1: SEE ALSO lacks fluxloop(1)"
	sed -i 's/^\.Xr fl-yaml 1 ,$/.Xr fl-config 1 ,/' here/man/fl-doctor.1
	problems references here 1
	assert_line 'fl-doctor.1: SEE ALSO is not sorted by section and name'
}

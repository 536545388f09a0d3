#!/usr/bin/env bats

# Every program when one of its calls fails: an allocation, an open, a read, a
# write, a start of a process or thread. See tests/faults.

load test_helper
load filter_helper

setup()
{
	begin
	find_python
	"${CC:-gcc}" -std=c11 -O1 -fPIC -shared -o fault.so \
		"$ROOT/tests/faults/fault.c" -ldl
}

# FAULTS=all lets every call fail, which takes a few minutes.
@test "each kind of call that fails leads to a right result or a message" {
	local short=(--short)

	[[ $BIN != */san/bin ]] || skip 'the sanitizers allocate themselves'
	[[ ${FAULTS-} != all ]] || short=()
	run -0 python3 "$ROOT/tests/faults/check.py" "${short[@]}" fault.so \
		"$BIN"
	assert_output --regexp '^[0-9]+ faults, 0 wrong outcomes$'
}

#!/usr/bin/env bats

# An experiment that is killed at any moment can be resumed. KILLS is the number
# of kills.

load test_helper
load filter_helper

BATS_TEST_TIMEOUT=$((1200 + 10 * ${KILLS:-20}))

@test "an experiment that is killed anywhere is resumed until it is complete" {
	find_python
	"${CC:-gcc}" -D_XOPEN_SOURCE=700 -O1 -o steady "$ROOT/tests/agents/steady.c"
	python3 "$ROOT/tests/kill-check.py" ./steady "${KILLS:-20}" >told || { cat told; false; }
	cat told >&3
}

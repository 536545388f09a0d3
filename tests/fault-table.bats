#!/usr/bin/env bats

# Agents that misbehave in every known way: each fails at most its own run, is
# reported by its fault, and leaves no process running.

# shellcheck disable=SC2034 # what is set here is the helper's

load test_helper
load filter_helper
load fault_helper

setup_file()
{
	find_python
	"${CC:-gcc}" -O2 -o "$BATS_FILE_TMPDIR/fault" "$ROOT/tests/agents/fault.c"
}

@test "an agent that exits during a run fails one run" {
	rows c 1 2 <<-'END'
	exits with 0           ; exit 0            ; ; crash 0
	exits with 1           ; exit 1            ; ; crash 1
	greets, exits with 4   ; exit-hello 4      ; ; crash 4
	kills itself           ; signal 9          ; ; crash -9
	terminates itself      ; signal 15         ; ; crash -15
	signals its group      ; group             ; ; crash -15
	segfaults              ; segfault          ; ; crash -11
	prints half a line     ; half              ; ; crash 0   ; .stdout == "{\"type\":\"final\",\"outp\n"
	closes stderr, dies    ; close-stderr dies ; ; crash 7   ; has("stderr") | not
	closes stderr, answers ; close-stderr fine ; ; fine 3    ; clean
	closes its output      ; close-stdout      ; ; crash -15 ; .error | startswith("the agent closed its output")
	greets, answers, exits ; exit-after-hello  ; ; fine 3    ; clean
	answers, exits         ; exit-after        ; ; fine 3    ; clean
	dies at each attempt   ; exit 7            ; -c again.yaml ; crash 7 ; .attempts == 2 and (.failed_attempts | length) == 1
	dies before it reads   ; die-unread        ; -c call.yaml  ; crash 3
	kills itself, in order ; signal 9          ; --ordered     ; crash -9
	END
	all_well
}

@test "processes that an agent leaves fail no run and are killed" {
	rows c 1 2 <<-'END'
	a child                           ; child fine               ; ; fine 3
	a child in a session              ; child session fine       ; ; fine 3
	a child that ignores SIGTERM      ; child deaf fine          ; ; fine 3
	a child, and dies                 ; child dies               ; ; crash 7
	a child in a session, and dies    ; child session dies       ; ; crash 7
	a deaf child, and dies            ; child session deaf dies  ; ; crash 7
	a child that answers for it       ; talking-child quiet      ; ; fine 3
	a child that talks for the dead   ; talking-child dies       ; ; crash 7
	200 children                      ; children fine            ; ; fine 3
	200 children in sessions          ; children session fine    ; ; fine 3
	200 children, and dies            ; children deaf dies       ; ; crash 7
	zombies                           ; zombies fine             ; ; fine 3
	zombies, and dies                 ; zombies dies             ; ; crash 7
	END
	all_well
}

@test "a violation of the protocol fails one run at most" {
	rows c 1 2 <<-'END'
	two answers                 ; twice           ; ; fine 3 ; clean
	two answers without id      ; twice-unnamed   ; ; fine 3 ; clean
	more after the answer       ; late            ; ; fine 3 ; clean
	an id that is to come       ; unknown-id 99   ; ; protocol -15 ; .stdout | contains("99")
	an id that cannot be        ; unknown-id 0    ; ; protocol -15
	an id out of all bounds     ; unknown-id 1e99 ; ; protocol -15
	an id that is text          ; unknown-id \"3\" ; ; protocol -15
	answers in another order    ; reverse         ; ; fine 3 ; clean
	hello once more             ; hello-again     ; ; fine 3 ; clean
	hellos with wild numbers    ; wild-hello      ; ; fine 3 ; clean
	an answer before its start  ; final-first     ; ; fine 3 ; clean
	an answer that is not UTF-8 ; utf8 fine       ; ; protocol - ; .error | contains("not UTF-8 (byte") and contains("\"final")
	NUL bytes                   ; nul fine        ; ; protocol - ; .stdout == "a\u0000b\n" and (.error | contains("\\u0000"))
	100,000 levels              ; deep fine       ; ; protocol - ; .error | contains("nested too deeply") and length < 300
	END
	all_well
}

@test "an agent that hangs fails one run and is killed" {
	SIDE_BY_SIDE=100
	rows c 1 2 <<-'END'
	hangs                       ; hang ready                   ; --timeout LIMIT -c ready.yaml ; timeout -15
	greets and hangs            ; hang-hello ready             ; --timeout LIMIT -c ready.yaml ; timeout -15
	spins, ignoring SIGTERM     ; spin ready                   ; --timeout LIMIT -c ready.yaml ; timeout -9
	stops itself                ; stop ready                   ; --timeout LIMIT -c ready.yaml ; timeout -@(9|15)
	answers in the grace period ; grace ready                  ; --timeout LIMIT -c ready.yaml ; timeout 0 ; .output == null
	is in another group         ; leave-group ready            ; --timeout LIMIT -c ready.yaml ; timeout -15
	is in a session of its own  ; session ready                ; --timeout LIMIT -c ready.yaml ; timeout -15
	prints without end          ; flood out ready              ; --timeout LIMIT -c ready.yaml ; timeout -15 ; .stdout | length <= 65537
	... and ignores SIGTERM     ; flood out deaf ready         ; --timeout LIMIT -c ready.yaml ; timeout -9  ; .stdout | length <= 65537
	errors without end          ; flood err ready              ; --timeout LIMIT -c ready.yaml ; timeout -15 ; .stderr | length <= 4096
	closes its output, is deaf  ; close-stdout deaf ready      ; --timeout LIMIT -c ready.yaml ; crash -9
	has a child, hangs          ; child session deaf ready     ; --timeout LIMIT -c ready.yaml ; timeout -15
	never reads                 ; never-read                   ; --timeout LIMIT -c call.yaml  ; timeout -15
	END
	rows c 2 <<-'END'
	is not ready at the end     ; slow-start ready             ; -c ready.yaml               ; fine 3 ; clean
	END
	all_well
}

@test "100 MB of output that is not a message are skipped in little memory" {
	is_sanitized || MOST=65536
	SIDE_BY_SIDE=2
	rows c 1 <<-'END'
	lines on stdout, answers       ; garbage out lines fine ; ; fine 3  ; .stdout | length | . > 64000 and . <= 65537
	lines on stdout, dies          ; garbage out lines dies ; ; crash 7 ; .stdout | length | . > 64000 and . <= 65537
	one line on stdout, answers    ; garbage out one fine   ; ; fine 3  ; .stdout | length | . > 64000 and . <= 65537
	half a line on stdout, dies    ; garbage out one dies   ; ; crash 7 ; .stdout | length | . > 64000 and . <= 65537
	lines on stderr, answers       ; garbage err lines fine ; ; fine 3  ; clean
	lines on stderr, dies          ; garbage err lines dies ; ; crash 7 ; .stderr | length == 4096
	one line on stderr, answers    ; garbage err one fine   ; ; fine 3  ; clean
	half a line on stderr, dies    ; garbage err one dies   ; ; crash 7 ; .stderr | length == 4096
	END
	all_well
}

@test "messages of 50 MB arrive whole" {
	SIDE_BY_SIDE=2
	rows c 1 <<-'END'
	an answer                      ; big-final       ; ; fine 3 ; .output | length == 50000007
	an answer, in order            ; big-final       ; --ordered ; fine 3 ; .output | length == 50000007
	an observation                 ; big-observation ; ; fine 3 ; .observations[0].output | length == 50000000
	END
	all_well
}

@test "inputs of 1 MB and 20 MB arrive whole, even if the agent reads late" {
	local mode size

	for mode in count write-first; do
		for size in 1000000 20000000; do
			ROW="$mode $size"
			{
				echo '{"input":"1"}'
				printf '{"input":"3 '
				head -c "$size" /dev/zero | tr '\0' x
				printf '"}\n{"input":"5"}\n'
			} >in
			attempt fl-run --command "$BATS_FILE_TMPDIR/fault $mode" in >wrong
			assert_equal "$ROW: $status $(<wrong)" "$ROW: 0 "
			assert_equal "$ROW: $(jq -r '[.output, (.input | length)] | @text' got | xargs)" \
				"$ROW: [fine 1: 0,1] [fine 3: $size,$((size + 2))] [fine 5: 0,1]"
		done
	done
}

@test "each of 1,000 inputs is run once although every seventh kills its agent" {
	local mode jobs

	seq 1000 | sed 's/.*/{"input":"&"}/' >in
	for mode in sevenths sevenths-hello; do
		for jobs in 1 2 8; do
			ROW="$mode -j $jobs"
			attempt fl-run -j "$jobs" --command "$BATS_FILE_TMPDIR/fault $mode" in >wrong
			assert_equal "$ROW: $status $(<wrong)" "$ROW: 1 "
			jq -Rnr '[inputs | fromjson] | length, (map(.input) | unique | length),
				(map(select(.success)) | length),
				(map(select(.success and .output != "fine " + .input)) | length),
				(map(select(.signal == 9 and .error_kind == "crash" and
					(.input | tonumber) % 7 == 0)) | length),
				(map(select(.attempts != 1)) | length)' got >looked
			assert_equal "$ROW: $(xargs <looked)" "$ROW: 1000 1000 858 0 142 0"
		done
	done
}

# --- Python handlers --------------------------------------------------------------------

@test "a handler that raises or exits fails one run" {
	rows python 2 <<-'END'
	raises                   ; raise                ; ; error ValueError
	exits with 1             ; exit-1               ; ; error SystemExit
	exits with 1 at once     ; os-exit-1            ; ; crash 1
	segfaults                ; segfault             ; ; crash -11
	END
	rows python 1 <<-'END'
	raises                   ; raise                ; ; error ValueError        ; .error == "ValueError: not three" and (.stderr | contains("in handle"))
	raises what has no text  ; raise-no-text        ; ; error Stubborn
	raises KeyboardInterrupt ; raise-interrupt      ; ; error KeyboardInterrupt
	raises GeneratorExit     ; raise-generator-exit ; ; error GeneratorExit
	exits with 0             ; exit-0               ; ; error SystemExit        ; .error == "SystemExit: 0"
	exits with 1             ; exit-1               ; ; error SystemExit        ; .error == "SystemExit: 1"
	exits with 0 at once     ; os-exit-0            ; ; crash 0
	exits with 1 at once     ; os-exit-1            ; ; crash 1
	kills itself             ; kill                 ; ; crash -9
	terminates itself        ; term                 ; ; crash -15
	segfaults                ; segfault             ; ; crash -11
	raises MemoryError       ; raise-memory         ; ; error MemoryError
	raises 10 MB of text     ; raise-big            ; ; error ValueError        ; .error | endswith("characters]")
	raises CancelledError    ; raise-cancelled      ; ; error CancelledError
	raises StopIteration     ; raise-stop           ; ; error StopIteration
	recurses for ever        ; recurse              ; ; error RecursionError
	interrupts itself        ; interrupt            ; ; error KeyboardInterrupt
	aborts                   ; abort                ; ; crash -6
	END
	rows async 1 <<-'END'
	raises, later            ; raise                ; ; error ValueError
	exits with 1, later      ; exit-1               ; ; error SystemExit
	raises CancelledError    ; raise-cancelled      ; ; error CancelledError
	raises KeyboardInterrupt ; raise-interrupt      ; ; error KeyboardInterrupt
	exits at once, later     ; os-exit-1            ; ; crash 1
	END
	all_well
}

@test "a handler that hangs fails one run and is killed" {
	SIDE_BY_SIDE=100
	rows python 1 2 <<-'END'
	sleeps                   ; hang ; --timeout LIMIT ; timeout -15
	ignores SIGTERM          ; deaf ; --timeout LIMIT ; timeout -9
	END
	rows python 1 <<-'END'
	spins                    ; busy ; --timeout LIMIT ; timeout -15
	stops itself             ; stop ; --timeout LIMIT ; timeout -@(9|15)
	leaves a thread          ; thread  ; ; fine 3 ; clean
	hangs at its exit        ; at-exit ; ; fine 3 ; clean
	END
	rows async 1 <<-'END'
	sleeps, awaited          ; hang ; --timeout LIMIT ; timeout -15
	spins, awaited           ; busy ; --timeout LIMIT ; timeout -15
	END
	all_well
}

@test "processes, output and closed files of a handler affect no other run" {
	rows python 1 <<-'END'
	a child                  ; child         ; ; fine 3 ; clean
	a child in a session     ; child-session ; ; fine 3 ; clean
	a deaf child             ; child-deaf    ; ; fine 3 ; clean
	a child that returns too ; fork          ; ; fine 3 ; clean
	a program                ; program       ; ; fine 3 ; clean
	100 MB of lines          ; stdout-lines  ; ; fine 3 ; clean
	100 MB in one line       ; stdout-one    ; ; fine 3 ; clean
	100 MB of stderr, dies   ; stderr-dies   ; ; crash 7 ; .stderr | length == 4096
	half a line, dies        ; half          ; ; crash 0 ; .stderr == "{\"type\":\"final\",\"outp"
	closes stdout            ; close-stdout  ; ; fine 3 ; clean
	closes stderr            ; close-stderr  ; ; fine 3 ; clean
	closes all descriptors   ; close-all     ; ; crash @(0|1|120|-15)
	reads stdin              ; stdin         ; ; fine 3 ; clean
	answers 50 MB            ; big           ; ; fine 3 ; .output | length == 50000007
	answers 100,000 levels   ; deep          ; ; array
	answers no good text     ; bad-text      ; ; fine 3 ; .output | endswith(" \u0000")
	END
	all_well
}

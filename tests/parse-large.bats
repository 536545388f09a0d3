load test_helper
load filter_helper

# Records of fl-parse that are larger than the memory it may use.

setup_file()
{
	find_python
	export FILES=$BATS_FILE_TMPDIR
	python3 - "$FILES" <<-'END'
	import json, sys
	folder = sys.argv[1]
	size = 40000000
	step = {"id": "o", "trace_id": "t", "type": "tool", "name": "n", "start_time": "2026-01-02T03:04:05Z"}
	row = {"trace_id": "t", "input": "i", "success": True, "observation_count": 1}
	def write(name, key, piece, inside=False):
	    before, after = json.dumps({**step, key: None}).split("null")
	    with open(folder + "/" + name, "w") as f:
	        if inside:
	            f.write(json.dumps(row)[:-1] + ', "observations": [')
	        else:
	            f.write(json.dumps(row) + "\n")
	        f.write(before)
	        start, unit, end = piece
	        f.write(start + unit * (size // len(unit)) + end)
	        f.write(after)
	        f.write("]}\n" if inside else "\n")
	text = '"', "The quick brown fox jumps. ", '"'
	write("output", "output", text)
	write("input", "input", text)
	write("inside", "output", text, True)
	write("escapes", "output", ('"', r'a\n\"q\u00e9\ud83d\ude00 ', '"'))
	write("nested", "output", ('{"k":[', '{"a":1,"b":[true,"x"]},', "1]}"))
	# a trace of which the steps are small and many
	with open(folder + "/steps", "w") as f:
	    f.write(json.dumps({**row, "observation_count": 100000})[:-1] + ', "observations": [')
	    for i in range(100000):
	        f.write('%s{"id":"o%d","trace_id":"t","type":"tool","name":"n","start_time":"2026-01-02T03:%02d:%02d.%06d+00:00","parent_observation_id":"o%d","input":%d}'
	            % (", " if i else "", i, i // 60 % 60, i * 7 % 60, i, i // 2, i))
	    f.write("]}\n")
	END
}

# little ARGUMENT...: runs fl-parse with 4 MiB and 32 MiB of memory. The limit is
# of what the system calls data: all memory that is not of a file.
little()
{
	(
		ulimit -s 1024 -d 36864
		exec fl-parse --memory 4M -j 2 "$@"
	)
}

@test "a record of any size is rendered in the memory given and 32 MiB" {
	local file format

	is_sanitized && skip 'the sanitizers need more'
	while read -r file format; do
		fl-parse --memory 16G -j 2 -f "$format" "$FILES/$file" | cksum >wanted
		little -f "$format" "$FILES/$file" | cksum >got
		diff wanted got || fail "$file in $format"
		[[ $format != otlp ]] ||
			little -f "$format" < <(cat "$FILES/$file") | cksum | diff wanted - ||
			fail "$file in $format from a pipe"
	done <<-EOF
	output md
	output otlp
	input jsonl
	input html
	inside chrome
	inside otlp
	inside traces
	escapes json
	escapes otlp
	nested md
	nested jsonl
	nested tree
	steps jsonl
	steps chrome
	steps otlp
	steps csv
	EOF
	# all that is in memory, files included
	python3 -c '
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
assert peak < 36864, peak' fl-parse --memory 4M -j 2 -f otlp "$FILES/output"
}

@test "what is given for a large record is used" {
	TMPDIR=$PWD/nowhere fl-parse --memory 1G -f jsonl "$FILES/output" >wanted
	TMPDIR=$PWD/nowhere run -2 --separate-stderr fl-parse --memory 4M -f jsonl -o out "$FILES/output"
	assert_equal "$stderr" "fl-parse: a temporary file in $PWD/nowhere: No such file or directory"
	assert [ ! -e out ]
}

@test "a disk without room for a large record is reported" {
	local file

	is_sanitized && skip 'the sanitizers need more'
	for file in output steps; do
		run -2 --separate-stderr bash -c 'ulimit -f 8000; fl-parse --memory 4M -f md -o out "$1"' . "$FILES/$file"
		assert_regex "$stderr" "^fl-parse: (a temporary file in |out/).*: File too large\$"
		assert [ ! -e out ]
	done
}

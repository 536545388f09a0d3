#!/usr/bin/env bats

# JSON Schema in fl-evaluate: the table data/jsonschema.txt, a schema, a value
# and the verdict in each line, and patterns in texts of all kinds.

load test_helper
load filter_helper

setup()
{
	begin
	find_python
	printf 'assert: []\n' >none.yaml
}

@test "a schema judges each value of the table as the standard has it" {
	python3 - "$DATA/jsonschema.txt" >traces <<-'PY'
	import json, sys
	for line in open(sys.argv[1], encoding="utf-8"):
	    if line[0] != "#":
	        schema, value, verdict = line.rstrip("\n").split(" | ")
	        print(json.dumps({"trace_id": line, "output": json.loads(value) if value[0] in "[{" else value,
	            "success": True, "metadata": {"wanted": verdict,
	            "assert": [{"type": "is-json", "value": json.loads(schema)}]}}))
	PY
	fl-evaluate -c none.yaml --errors ignore traces >judged || [[ $? == 1 ]]
	python3 - <<-'PY'
	import json
	n = 0
	for line in open("judged", encoding="utf-8"):
	    record = json.loads(line)
	    wanted = record["metadata"]["wanted"]
	    check, = record["evaluation"]["checks"]
	    why = check.get("reason") or check.get("error") or ""
	    verdict = None if wanted[0] == "?" else wanted == "valid"
	    assert check["pass"] is verdict and (verdict or wanted.lstrip("?") in why), (record["trace_id"], check)
	    n += 1
	assert n == sum(line[0] != "#" for line in open("traces", encoding="utf-8")) > 80, n
	PY
}

@test "a pattern finds characters beyond ASCII, and a lone surrogate in a text" {
	printf '{"trace_id":"%s","output":"%s","success":true,"metadata":{"assert":[{"type":"regex","value":"%s"}]}}\n' \
		1 '日本' '^\\S+$' 2 'é' '^\\W$' 3 '٣' '^\\D$' 4 '\ud800x' '^.x$' >traces
	fl-evaluate -c none.yaml traces >judged || true
	assert_equal "$(jq -c '[.trace_id, .evaluation.pass]' judged)" '["1",true]
["2",true]
["3",true]
["4",true]'
}

#!/bin/bash
# two.sh HOW: an agent that works on two requests at once. It answers "fine"
# until the input is "odd", which it does not answer. HOW says what it does with
# the next request:
# hangs	starts it, but does not answer
# exits	exits before starting it

odd=
printf '{"type":"hello","protocol":1,"pipeline":2,"concurrency":2}\n'
while IFS= read -r line; do
	[[ $line =~ \"id\":([0-9]+) ]]
	id=${BASH_REMATCH[1]}
	[[ $odd && $1 == exits ]] && exit 3
	printf '{"type":"start","id":%s}\n' "$id"
	[[ $line == *'"input":"odd"'* ]] && odd=1
	[[ $odd ]] || printf '{"type":"final","id":%s,"output":"fine"}\n' "$id"
done

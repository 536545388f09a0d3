#!/bin/bash
# odd.sh HOW: an agent that misbehaves as HOW says if the input is "odd", and
# answers "fine" to other inputs. Each start adds a line to the file "starts".

fine()
{
	printf '{"type":"final","output":"fine"}\n'
}

odd()
{
	case $1 in
	exit) exit 3 ;;
	kill) kill -KILL $$ ;;
	garbage) printf 'garbage\n{"typo":\n\xff\xfe\n[1]\n{"a":1}\n'; fine ;;
	half) printf '{"type":"final","outp'; exit 0 ;;
	closes) exec >&-; sleep 1000 ;;
	twice) printf '{"type":"final","id":2,"output":"first"}\n{"type":"final","id":2,"output":"second"}\n' ;;
	unknown) printf '{"type":"final","id":99,"output":"no"}\n'; sleep 1000 ;;
	silent) touch "silent-$$"; sleep 1000 & wait ;;
	deaf) trap '' TERM; touch "deaf-$$"; while :; do sleep 1000 & wait; done ;;
	grandchild) sleep 1000 & exit 0 ;;
	session) setsid sleep 1000 & fine ;;
	error) printf '{"type":"error","error":"no %s","code":"E7"}\n' '\u00e9' ;;
	error-object) printf '{"type":"error","error":{"a":1}}\n' ;;
	error-nothing) printf '{"type":"error"}\n' ;;
	no-output) printf '{"type":"final"}\n' ;;
	long)
		printf '{"type":"final","output":"'
		head -c 5000000 /dev/zero | tr '\0' x
		printf '"}\n'
		;;
	chatty)
		echo 'thinking...'
		printf '{"type":"observation","observation":{"name":"n","type":"tool","input":{"q":1},"output":2,"prompt_tokens":3,"completion_tokens":4}}\n'
		printf '{"type":"delta","delta":"de"}\n{"type":"delta","delta":"lta"}\n'
		printf '{"type":"callback","name":"send_it","args":["m"],"kwargs":{}}\n'
		printf '{"type":"callback","name":"on_error","args":["a","b"],"kwargs":{"k":1}}\n'
		printf '{"type":"final","output":"the end"}\n'
		;;
	talks)
		echo "the key is $MY_API_KEY, short is $TINY_TOKEN, open is $OPEN" >&2
		printf '{"type":"error","error":"see stderr"}\n'
		;;
	esac
}

echo $$ >>starts
while IFS= read -r line; do
	if [[ $line == *'"input":"odd"'* ]]; then
		odd "$1"
	else
		fine
	fi
done

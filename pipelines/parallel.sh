#!/bin/sh
# An experiment in 16 parts by GNU parallel, on the hosts of SSHLOGIN ("a,b", with
# this folder on each) or here. A part that fails is resumed.
# usage: parallel.sh CONFIG INPUTS OUT      (INPUTS: JSON lines)
set -eu
# shellcheck disable=SC2086 # several words
seq 16 | parallel ${SSHLOGIN:+-S "$SSHLOGIN" --wd .} --retries 5 \
	mkdir -p "$3.parts/{}" '&&' exec fl-run -c "$1" --failed-ok \
	--shard "{}/16" --attempts "$3.parts/{}" "$2"
exec fl-collect -qr -c "$1" --inputs "$2" --runs "$(fl-run -c "$1" --list "$2" |
	wc -l)" "$3" "$3".parts/*/*.jsonl

#!/bin/sh
# Answers each request with the request.
while IFS= read -r line; do
	printf '{"type":"final","output":%s}\n' "$line"
done

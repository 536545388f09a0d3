#!/bin/sh
# An agent that answers each request with the request itself.
while IFS= read -r line; do
	printf '{"type":"final","output":%s}\n' "$line"
done

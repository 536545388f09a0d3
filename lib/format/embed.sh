#!/bin/sh
# Prints a style sheet or a script as the initializer of a struct page_part
# (page.h): embed.sh FILE. Indentation, empty lines and comments on lines of
# their own are removed, to keep pages small.
set -e

# Prints the hash of the standard input in hexadecimal, and maybe a file name.
sha256()
{
	if command -v sha256sum >/dev/null; then
		sha256sum
	elif command -v shasum >/dev/null; then
		shasum -a 256
	else
		openssl dgst -sha256 -r
	fi
}

# Turns 64 hexadecimal digits into base64: three digits make two letters.
base64()
{
	awk '
		BEGIN {
			for (i = 0; i < 26; i++)
				letters = letters sprintf("%c", 65 + i)
			letters = letters tolower(letters) "0123456789+/"
		}
		function digit(i) {
			return index("0123456789abcdef", substr(hex, i, 1)) - 1
		}
		length($1) == 64 {
			hex = $1 "00"
			for (i = 1; i < 66; i += 3) {
				n = digit(i) * 256 + digit(i + 1) * 16
				n += digit(i + 2)
				out = out substr(letters, int(n / 64) + 1, 1)
				out = out substr(letters, n % 64 + 1, 1)
			}
			print substr(out, 1, 43) "="
		}'
}

text=$(sed -e 's/^[[:space:]]*//' -e '/^$/d' \
	-e '/^\/\*.*\*\/$/d' -e '/^\/\*/,/\*\/$/d' "$1")
case $text in
*'</'* | *'<!--'*)
	echo "$1: contains '</' or '<!--', which a page would take for markup" >&2
	exit 1
	;;
esac
hash=$(printf '%s\n' "$text" | sha256 | base64)
[ -n "$hash" ]
echo "/* Made of $1 by embed.sh. */"
echo ".hash = \"sha256-$hash\","
echo '.text ='
printf '%s\n' "$text" | sed 's/[\\"?]/\\&/g; s/.*/"&\\n"/'

#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/util.h"
#include "json/json.h"
#include "yamltype.h"

/* Longer hexadecimal numbers are strings: writing them in decimal is slow. */
#define HEX_MAX 1000

/* --- plain scalars ------------------------------------------------------ */

enum scalar {
	SCALAR_STRING, SCALAR_NULL, SCALAR_TRUE, SCALAR_FALSE, SCALAR_INT,
	SCALAR_FLOAT, SCALAR_HEX,
	SCALAR_NOT_JSON		/* infinity or not a number */
};

static const struct {
	const char *text;
	enum scalar type;
} scalar_words[] = {
	{ "", SCALAR_NULL }, { "~", SCALAR_NULL }, { "null", SCALAR_NULL },
	{ "Null", SCALAR_NULL }, { "NULL", SCALAR_NULL },
	{ "true", SCALAR_TRUE }, { "True", SCALAR_TRUE },
	{ "TRUE", SCALAR_TRUE }, { "false", SCALAR_FALSE },
	{ "False", SCALAR_FALSE }, { "FALSE", SCALAR_FALSE },
	{ ".inf", SCALAR_NOT_JSON }, { ".Inf", SCALAR_NOT_JSON },
	{ ".INF", SCALAR_NOT_JSON }, { "+.inf", SCALAR_NOT_JSON },
	{ "+.Inf", SCALAR_NOT_JSON }, { "+.INF", SCALAR_NOT_JSON },
	{ "-.inf", SCALAR_NOT_JSON }, { "-.Inf", SCALAR_NOT_JSON },
	{ "-.INF", SCALAR_NOT_JSON }, { ".nan", SCALAR_NOT_JSON },
	{ ".NaN", SCALAR_NOT_JSON }, { ".NAN", SCALAR_NOT_JSON },
};

/* The number of bytes at the beginning of s that are in set. */
static size_t
count_in(const char *s, size_t n, const char *set)
{
	size_t i;

	for (i = 0; i < n && s[i] && strchr(set, s[i]); i++)
		;
	return i;
}

#define DIGITS "0123456789"

/*
 * The type of a text that may be a number. It is a number only if YAML 1.2's
 * core schema and PyYAML read the same one; any other text is a string.
 */
static enum scalar
number_type(const char *s, size_t n)
{
	size_t i = 0, whole, part = 0;

	if (n > 2 && s[0] == '0' && s[1] == 'x')
		return n <= HEX_MAX + 2 && count_in(s + 2, n - 2, DIGITS
		    "abcdefABCDEF") == n - 2 ? SCALAR_HEX : SCALAR_STRING;
	if (n && (s[0] == '-' || s[0] == '+'))
		i++;
	whole = count_in(s + i, n - i, DIGITS);
	if (i && !whole)
		return SCALAR_STRING;
	if (whole > 1 && s[i] == '0' && i + whole == n)
		return SCALAR_STRING;
	i += whole;
	if (i == n)
		return whole ? SCALAR_INT : SCALAR_STRING;
	if (s[i] != '.')
		return SCALAR_STRING;
	i++;
	part = count_in(s + i, n - i, DIGITS);
	i += part;
	if (!whole && !part)
		return SCALAR_STRING;
	if (i < n && (s[i] == 'e' || s[i] == 'E')) {
		i++;
		if (i == n || (s[i] != '+' && s[i] != '-'))
			return SCALAR_STRING;
		i++;
		part = count_in(s + i, n - i, DIGITS);
		if (!part)
			return SCALAR_STRING;
		i += part;
	}
	return i == n ? SCALAR_FLOAT : SCALAR_STRING;
}

static enum scalar
plain_type(const char *s, size_t n)
{
	size_t i;

	/* no word is longer than "false" */
	for (i = 0; n <= 5 && i < LEN(scalar_words); i++)
		if (strlen(scalar_words[i].text) == n &&
		    !memcmp(scalar_words[i].text, s, n))
			return scalar_words[i].type;
	return number_type(s, n);
}

/* Appends the number that n hexadecimal digits are, in decimal digits. */
static void
put_hex_number(struct buf *b, const char *s, size_t n)
{
	/* nine decimal digits each, the last ones first */
	uint32_t parts[HEX_MAX / 7 + 1];
	uint64_t part;
	size_t used = 1, i;

	parts[0] = 0;
	for (; n > 0; s++, n--) {
		part = (uint64_t)(*s <= '9' ? *s - '0' : (*s | 0x20) - 'a' +
		    10);
		for (i = 0; i < used; i++, part /= 1000000000) {
			part += (uint64_t)parts[i] * 16;
			parts[i] = (uint32_t)(part % 1000000000);
		}
		if (part)
			parts[used++] = (uint32_t)part;
	}
	buf_uint(b, parts[used - 1]);
	for (i = used - 1; i > 0; i--)
		buf_digits(b, parts[i - 1], 9);
}

/* Appends a number in JSON's syntax: "+.5" as 0.5. */
static void
put_number(struct buf *b, const char *s, size_t n)
{
	size_t i;

	if (*s == '-')
		buf_byte(b, '-');
	i = *s == '-' || *s == '+';
	while (i + 1 < n && s[i] == '0' && s[i + 1] >= '0' && s[i + 1] <= '9')
		i++;
	if (s[i] == '.')
		buf_byte(b, '0');
	for (; i < n; i++) {
		buf_byte(b, s[i]);
		if (s[i] == '.' && (i + 1 == n || s[i + 1] < '0' ||
		    s[i + 1] > '9'))
			buf_byte(b, '0');
	}
}

static void
put_scalar(struct buf *b, const char *s, size_t n, enum scalar type)
{
	static const char *const literals[] = {
		[SCALAR_NULL] = "null", [SCALAR_TRUE] = "true",
		[SCALAR_FALSE] = "false", [SCALAR_NOT_JSON] = "null",
	};

	switch (type) {
	case SCALAR_STRING:
		json_put_text(b, s, n);
		break;
	case SCALAR_INT:
	case SCALAR_FLOAT:
		put_number(b, s, n);
		break;
	case SCALAR_HEX:
		put_hex_number(b, s + 2, n - 2);
		break;
	default:
		buf_puts(b, literals[type]);
	}
}

void
yamltype_put_plain(struct buf *b, const char *s, size_t n)
{
	put_scalar(b, s, n, plain_type(s, n));
}

/* How PyYAML's resolvers read strings; the first match counts. */
static const struct {
	const char *pattern;	/* POSIX extended regular expression */
	const char *reading;
} other_readings[] = {
	{ "^(yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)$", "a boolean" },
	{ "^[0-9]{4}-[0-9]{2}-[0-9]{2}$|^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
	    "([Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}", "a date" },
	{ "^[-+]?0[0-7_]+$", "an octal number" },
	{ "^[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+$|"
	    "^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\\.[0-9_]*$",
	    "a number in base 60" },
	{ "^[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)$|"
	    "^[-+]?[0-9][0-9_]*\\.[0-9_]*([eE][-+][0-9]+)?$|"
	    "^\\.[0-9][0-9_]*([eE][-+][0-9]+)?$", "a number" },
	{ "^[-+]?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)([eE][-+]?[0-9]+)?$|"
	    "^0o[0-7]+$", "a number in YAML 1.2" },
};

static int
matches_regex(const char *pattern, const char *text)
{
	regex_t re;
	int yes;

	/* the patterns are constants, so that only memory can be missing */
	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB))
		die_memory(0);
	yes = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return yes;
}

const char *
yamltype_other_reading(const char *s, size_t n)
{
	const char *reading = NULL;
	char *text;
	size_t i;

	/* no pattern matches a text that begins with another character */
	if (!n || n > 100 || !strchr("yYnNoO+-.0123456789", *s) ||
	    plain_type(s, n) != SCALAR_STRING)
		return NULL;
	text = xmemdup(s, n);
	for (i = 0; i < LEN(other_readings) && !reading; i++)
		if (matches_regex(other_readings[i].pattern, text))
			reading = other_readings[i].reading;
	free(text);
	return reading;
}

/* --- tags --------------------------------------------------------------- */

static const char core[] = "tag:yaml.org,2002:";

/* The name of one of YAML's own tags, or NULL. */
static const char *
core_name(const char *tag)
{
	return strncmp(tag, core, sizeof(core) - 1) ? NULL :
	    tag + sizeof(core) - 1;
}

/* Each appends the text that has its tag, or returns -1. */
static int
put_str_tag(struct buf *b, const char *s, size_t n)
{
	json_put_text(b, s, n);
	return 0;
}

static int
put_null_tag(struct buf *b, const char *s, size_t n)
{
	(void)s;
	(void)n;
	buf_puts(b, "null");
	return 0;
}

static int
put_bool_tag(struct buf *b, const char *s, size_t n)
{
	static const char *const words[] = {
		"true", "yes", "on", "false", "no", "off"
	};
	size_t i;

	for (i = 0; i < LEN(words); i++)
		if (strlen(words[i]) == n && !strncasecmp(words[i], s, n))
			break;
	if (i == LEN(words))
		return -1;
	buf_puts(b, i < 3 ? "true" : "false");
	return 0;
}

/* A text without its underscores, to be freed. */
static char *
without_underscores(const char *s, size_t n)
{
	char *text = xmemdup(s, n);
	size_t i, to = 0;

	for (i = 0; i < n; i++)
		if (s[i] != '_')
			text[to++] = s[i];
	text[to] = '\0';
	return text;
}

/* Appends a whole number in YAML 1.1's notation for a base: 0b1, 017, 1:30. */
static int
put_based_int(struct buf *b, const char *s)
{
	const char *p = s + (*s == '-' || *s == '+');
	unsigned long long value = 0, part;
	int base = 10;
	char *end;

	if (*p == '0' && p[1]) {
		base = p[1] == 'b' ? 2 : p[1] == 'x' ? 16 : 8;
		p += base != 8 || p[1] == 'o' ? 2 : 0;
	}
	/* strtoull accepts more than digits */
	if (strpbrk(p, "+-xX \t\n\v\f\r"))
		return -1;
	errno = 0;
	do {
		part = strtoull(p, &end, base);
		if (end == p || errno || value > UINT64_MAX / 120 ||
		    part > UINT64_MAX / 2)
			return -1;
		value = value * 60 + part;
		p = end + 1;
	} while (*end == ':' && base == 10);
	if (*end || value > INT64_MAX)
		return -1;
	buf_int(b, *s == '-' ? -(long long)value : (long long)value);
	return 0;
}

static int
put_int_tag(struct buf *b, const char *s, size_t n)
{
	enum scalar type = plain_type(s, n);
	char *text;
	int bad;

	if (type == SCALAR_INT || type == SCALAR_HEX) {
		put_scalar(b, s, n, type);
		return 0;
	}
	text = without_underscores(s, n);
	bad = put_based_int(b, text);
	free(text);
	return bad;
}

static int
put_float_tag(struct buf *b, const char *s, size_t n)
{
	enum scalar type = plain_type(s, n);
	char *text = without_underscores(s, n);
	size_t i = *text == '-' || *text == '+', digits;

	if (type == SCALAR_INT || type == SCALAR_NOT_JSON) {
		put_scalar(b, s, n, type);
		free(text);
		return 0;
	}
	digits = strspn(text + i, DIGITS);
	i += digits;
	if (text[i] == '.') {
		i++;
		digits += strspn(text + i, DIGITS);
		i += strspn(text + i, DIGITS);
	}
	if (digits && (text[i] | 0x20) == 'e') {
		i++;
		i += text[i] == '-' || text[i] == '+';
		digits = strspn(text + i, DIGITS);
		i += digits;
	}
	if (digits && !text[i])
		put_number(b, text, i);
	digits = digits && !text[i];
	free(text);
	return digits ? 0 : -1;
}

/* YAML's own tags; put is NULL for those of lists and mappings. */
static const struct {
	const char *name;
	int (*put)(struct buf *b, const char *s, size_t n);
	int map;		/* 1: a mapping, 0: a list */
} tags[] = {
	{ "str", put_str_tag, 0 }, { "binary", put_str_tag, 0 },
	{ "timestamp", put_str_tag, 0 }, { "null", put_null_tag, 0 },
	{ "bool", put_bool_tag, 0 }, { "int", put_int_tag, 0 },
	{ "float", put_float_tag, 0 },
	{ "seq", NULL, 0 }, { "omap", NULL, 0 }, { "pairs", NULL, 0 },
	{ "map", NULL, 1 }, { "set", NULL, 1 },
};

/* The index of a tag in the table, or its length. */
static size_t
find_tag(const char *tag)
{
	const char *name = core_name(tag);
	size_t i;

	for (i = 0; i < LEN(tags); i++)
		if (name && !strcmp(tags[i].name, name))
			break;
	return i;
}

enum yamltype_tag
yamltype_put_tagged(struct buf *b, const char *tag, const char *s, size_t n)
{
	size_t i = find_tag(tag);

	if (!strcmp(tag, "!")) {
		json_put_text(b, s, n);
		return YAMLTYPE_SUITS;
	}
	if (i == LEN(tags))
		return YAMLTYPE_UNKNOWN;
	if (!tags[i].put || tags[i].put(b, s, n))
		return YAMLTYPE_WRONG;
	return YAMLTYPE_SUITS;
}

enum yamltype_tag
yamltype_check_tag(const char *tag, int map)
{
	size_t i = find_tag(tag);

	if (i == LEN(tags))
		return strcmp(tag, "!") ? YAMLTYPE_UNKNOWN : YAMLTYPE_SUITS;
	return tags[i].put || tags[i].map != map ? YAMLTYPE_WRONG :
	    YAMLTYPE_SUITS;
}

void
yamltype_put_tag(struct buf *b, const char *tag)
{
	const char *name = core_name(tag);

	if (name)
		buf_printf(b, "!!%s", name);
	else
		buf_printf(b, *tag == '!' ? "%s" : "!<%s>", tag);
}

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/utf8.h"
#include "base/util.h"
#include "json/json.h"
#include "json/path.h"
#include "record/place.h"
#include "record/secretname.h"
#include "binding.h"
#include "fill.h"
#include "form.h"
#include "weburl.h"
#include "curlcmd.h"

/* The meaning of an option of curl for a configuration. */
enum curl_option {
	CURLCMD_METHOD, CURLCMD_HEADER, CURLCMD_DATA, CURLCMD_JSON,
	CURLCMD_ENCODED, CURLCMD_USER, CURLCMD_GET, CURLCMD_URL,
	CURLCMD_AGENT, CURLCMD_REFERER, CURLCMD_COOKIE, CURLCMD_TIME,
	CURLCMD_CONNECT_TIME, CURLCMD_HEAD,
	CURLCMD_FLAG,		/* without an effect here */
	CURLCMD_IGNORED,		/* likewise, with an argument */
	CURLCMD_REFUSED		/* without a counterpart in a configuration */
};

static const struct {
	const char *name;
	char letter;
	enum curl_option what;
} curl_options[] = {
	{ "request", 'X', CURLCMD_METHOD },
	{ "header", 'H', CURLCMD_HEADER },
	{ "data", 'd', CURLCMD_DATA },
	{ "data-raw", 0, CURLCMD_DATA },
	{ "data-ascii", 0, CURLCMD_DATA },
	{ "data-binary", 0, CURLCMD_DATA },
	{ "data-urlencode", 0, CURLCMD_ENCODED },
	{ "json", 0, CURLCMD_JSON },
	{ "user", 'u', CURLCMD_USER },
	{ "oauth2-bearer", 0, CURLCMD_USER },
	{ "get", 'G', CURLCMD_GET },
	{ "url", 0, CURLCMD_URL },
	{ "user-agent", 'A', CURLCMD_AGENT },
	{ "referer", 'e', CURLCMD_REFERER },
	{ "cookie", 'b', CURLCMD_COOKIE },
	{ "max-time", 'm', CURLCMD_TIME },
	{ "connect-timeout", 0, CURLCMD_CONNECT_TIME },
	{ "head", 'I', CURLCMD_HEAD },
	{ "location", 'L', CURLCMD_FLAG },
	{ "compressed", 0, CURLCMD_FLAG },
	{ "silent", 's', CURLCMD_FLAG },
	{ "show-error", 'S', CURLCMD_FLAG },
	{ "include", 'i', CURLCMD_FLAG },
	{ "verbose", 'v', CURLCMD_FLAG },
	{ "no-buffer", 'N', CURLCMD_FLAG },
	{ "fail", 'f', CURLCMD_FLAG },
	{ "fail-with-body", 0, CURLCMD_FLAG },
	{ "progress-bar", '#', CURLCMD_FLAG },
	{ "http1.1", 0, CURLCMD_FLAG },
	{ "http2", 0, CURLCMD_FLAG },
	{ "ipv4", '4', CURLCMD_FLAG },
	{ "ipv6", '6', CURLCMD_FLAG },
	{ "globoff", 'g', CURLCMD_FLAG },
	{ "output", 'o', CURLCMD_IGNORED },
	{ "write-out", 'w', CURLCMD_IGNORED },
	{ "cookie-jar", 'c', CURLCMD_IGNORED },
	{ "retry", 0, CURLCMD_IGNORED },
	{ "form", 'F', CURLCMD_REFUSED },
	{ "upload-file", 'T', CURLCMD_REFUSED },
	{ "insecure", 'k', CURLCMD_REFUSED },
	{ "proxy", 'x', CURLCMD_REFUSED },
	{ "cert", 'E', CURLCMD_REFUSED },
	{ "key", 0, CURLCMD_REFUSED },
	{ "cacert", 0, CURLCMD_REFUSED },
	{ "unix-socket", 0, CURLCMD_REFUSED },
	{ "config", 'K', CURLCMD_REFUSED },
	{ "resolve", 0, CURLCMD_REFUSED },
};

struct curlcmd {
	char **words;
	size_t nwords, cap;
	char *method, *url;
	struct buf headers;	/* JSON without braces */
	struct buf data;
	int has_data, has_json, is_get, has_type, is_json_type;
	char *timeout, *connect_timeout;
	void (*note)(const char *msg);
};

/* --- words ---------------------------------------------------------------- */

/* Appends the character of the escape at s, in $'...'. Returns the rest. */
static const char *
put_ansi_escape(struct buf *b, const char *s)
{
	static const char from[] = "abefnrtv", to[] = "\a\b\033\f\n\r\t\v";
	const char *p = strchr(from, *s);
	char hex[5] = "";
	int n;

	if (*s && p) {
		buf_byte(b, to[p - from]);
		return s + 1;
	}
	if (*s != 'u' && *s != 'x') {
		buf_byte(b, *s);
		return s + (*s != '\0');
	}
	for (n = 0; n < (*s == 'u' ? 4 : 2) &&
	    isxdigit((unsigned char)s[1 + n]); n++)
		hex[n] = s[1 + n];
	if (*s == 'u')
		utf8_put(b, (uint32_t)strtoul(hex, NULL, 16));
	else
		buf_byte(b, (char)strtoul(hex, NULL, 16));
	return s + 1 + n;
}

/* Appends a word without its quotes. Returns what follows; NULL: no end. */
static const char *
take_shell_word(struct buf *b, const char *s)
{
	char quote = 0;
	int ansi = 0;

	for (; *s && (quote || !isspace((unsigned char)*s)); ) {
		if (!quote && *s == '$' && s[1] == '\'') {
			quote = '\'';
			ansi = 1;
			s += 2;
		} else if (!quote && (*s == '\'' || *s == '"')) {
			quote = *s++;
		} else if (quote && *s == quote) {
			quote = 0;
			ansi = 0;
			s++;
		} else if (*s == '\\' && ansi) {
			s = put_ansi_escape(b, s + 1);
		} else if (*s == '\\' && s[1] == '\n' && quote != '\'') {
			s += 2;
		} else if (*s == '\\' && s[1] && (!quote || (quote == '"' &&
		    strchr("\"\\$`", s[1])))) {
			buf_byte(b, s[1]);
			s += 2;
		} else {
			buf_byte(b, *s++);
		}
	}
	return quote ? NULL : s;
}

static int
split_command_words(struct curlcmd *c, const char *s, struct err *e)
{
	struct buf word = { 0 };

	for (;;) {
		while (isspace((unsigned char)*s) || (*s == '\\' &&
		    (s[1] == '\n' || s[1] == '\r')))
			s++;
		if (!*s)
			return 0;
		s = take_shell_word(&word, s);
		if (!s) {
			buf_release(&word);
			return err_set(e, 0, 0, "the command's quotes are not "
			    "closed");
		}
		ALLOC_GROW(c->words, c->nwords + 1, c->cap);
		c->words[c->nwords++] = buf_detach(&word, NULL);
	}
}

/* --- headers -------------------------------------------------------------- */

/* Appends text with $NAME as ${NAME}. */
static void
put_variables(struct buf *b, const char *s)
{
	size_t n;

	while (*s) {
		for (n = 0; s[0] == '$' && (isalpha((unsigned char)s[1]) ||
		    s[1] == '_') && (isalnum((unsigned char)s[1 + n]) ||
		    s[1 + n] == '_'); n++)
			;
		if (n)
			buf_printf(b, "${%.*s}", (int)n, s + 1);
		else
			buf_byte(b, *s);
		s += n + 1;
	}
}

/* Appends a header's name as that of a variable: X_API_KEY. */
static void
put_variable_name(struct buf *b, const char *name)
{
	if (!strcasecmp(name, "authorization")) {
		buf_puts(b, "API_KEY");
		return;
	}
	for (; *name; name++)
		buf_byte(b, isalnum((unsigned char)*name) ?
		    (char)toupper((unsigned char)*name) : '_');
}

/* Appends a secret's value as a variable, after the scheme if it has one. */
static void
put_secret(struct curlcmd *c, struct buf *b, const char *name,
    const char *value)
{
	const char *space = strchr(value, ' ');
	struct buf variable = { 0 }, msg = { 0 };

	put_variable_name(&variable, name);
	if (space && !strchr(space + 1, ' '))
		buf_add(b, value, (size_t)(space + 1 - value));
	buf_printf(b, "${%s}", buf_str(&variable));
	buf_printf(&msg, "the value of %s is not written: put it into .env as "
	    "%s=...", name, buf_str(&variable));
	c->note(buf_str(&msg));
	buf_release(&variable);
	buf_release(&msg);
}

static void
add_curl_header(struct curlcmd *c, const char *name, const char *value)
{
	struct buf text = { 0 }, with = { 0 };
	int secret = secret_name(name, strlen(name)) ||
	    !strcasecmp(name, "cookie");

	put_variables(&with, value);
	if (secret && !strstr(buf_str(&with), "${"))
		put_secret(c, &text, name, value);
	else
		buf_add(&text, with.p, with.len);
	json_add_text(&c->headers, name, buf_str(&text), text.len);
	buf_release(&text);
	buf_release(&with);
}

static void
take_curl_header(struct curlcmd *c, const char *text)
{
	const char *colon = strchr(text, ':'), *value;
	char *name;

	if (!colon)
		return;
	name = xmemdup(text, (size_t)(colon - text));
	value = colon + 1 + strspn(colon + 1, " \t");
	if (!strcasecmp(name, "content-type")) {
		c->has_type = 1;
		c->is_json_type = strstr(value, "json") != NULL;
		if (!c->is_json_type && !form_is_type(value))
			add_curl_header(c, name, value);
	} else if (strcasecmp(name, "content-length") != 0 &&
	    strcasecmp(name, "accept-encoding") != 0 &&
	    strcasecmp(name, "host") != 0) {
		add_curl_header(c, name, value);
	}
	free(name);
}

/* --- options -------------------------------------------------------------- */

static void
replace_text(char **to, const char *text)
{
	free(*to);
	*to = xstrdup(text);
}

static int
add_data(struct curlcmd *c, const char *text, struct err *e)
{
	if (*text == '@')
		return err_set(e, 0, 0, "the data of '%s' is in a file: give "
		    "it in the command", text);
	if (c->has_data && !c->has_json)
		buf_byte(&c->data, '&');
	buf_puts(&c->data, text);
	c->has_data = 1;
	return 0;
}

/* Adds "name=text", an argument of --data-urlencode. */
static int
add_encoded(struct curlcmd *c, const char *text, struct err *e)
{
	const char *eq = strchr(text, '=');
	struct buf b = { 0 };
	int bad;

	if (eq)
		buf_add(&b, text, (size_t)(eq + 1 - text));
	fill_put_encoded(&b, eq ? eq + 1 : text, strlen(eq ? eq + 1 : text));
	bad = add_data(c, buf_str(&b), e);
	buf_release(&b);
	return bad;
}

static int
take_option(struct curlcmd *c, size_t row, const char *arg, struct err *e)
{
	switch (curl_options[row].what) {
	case CURLCMD_METHOD:
		replace_text(&c->method, arg);
		break;
	case CURLCMD_HEADER:
		take_curl_header(c, arg);
		break;
	case CURLCMD_JSON:
		c->has_json = c->is_json_type = c->has_type = 1;
		return add_data(c, arg, e);
	case CURLCMD_DATA:
		return add_data(c, arg, e);
	case CURLCMD_ENCODED:
		return add_encoded(c, arg, e);
	case CURLCMD_USER:
		add_curl_header(c, "Authorization",
		    curl_options[row].letter ? "Basic x" : "Bearer x");
		if (curl_options[row].letter)
			c->note("that is the base64 form of user:password");
		break;
	case CURLCMD_GET:
		c->is_get = 1;
		break;
	case CURLCMD_URL:
		replace_text(&c->url, arg);
		break;
	case CURLCMD_AGENT:
		add_curl_header(c, "User-Agent", arg);
		break;
	case CURLCMD_REFERER:
		add_curl_header(c, "Referer", arg);
		break;
	case CURLCMD_COOKIE:
		add_curl_header(c, "Cookie", arg);
		break;
	case CURLCMD_TIME:
		replace_text(&c->timeout, arg);
		break;
	case CURLCMD_CONNECT_TIME:
		replace_text(&c->connect_timeout, arg);
		break;
	case CURLCMD_HEAD:
	case CURLCMD_REFUSED:
		return err_set(e, 0, 0, "runner.http has nothing for curl's "
		    "option --%s", curl_options[row].name);
	case CURLCMD_FLAG:
	case CURLCMD_IGNORED:
		break;
	}
	return 0;
}

static int
has_argument(size_t row)
{
	enum curl_option w = curl_options[row].what;

	return w != CURLCMD_FLAG && w != CURLCMD_GET && w != CURLCMD_HEAD &&
	    !(w == CURLCMD_REFUSED && curl_options[row].letter == 'k');
}

/* The row of an option by its name of n bytes, or by its letter. */
static size_t
find_curl_option(const char *name, size_t n, char letter)
{
	size_t i;

	for (i = 0; i < LEN(curl_options); i++)
		if (letter ? curl_options[i].letter == letter :
		    strlen(curl_options[i].name) == n &&
		    !memcmp(curl_options[i].name, name, n))
			break;
	return i;
}

/* Reads the word of short options at *i: "-sS", "-XPOST", "-X POST". */
static int
take_letters(struct curlcmd *c, size_t *i, struct err *e)
{
	const char *p = c->words[*i] + 1, *arg;
	size_t row;

	for (; *p; p++) {
		row = find_curl_option("", 0, *p);
		if (row == LEN(curl_options))
			return err_set(e, 0, 0, "curl's option -%c is not "
			    "known here", *p);
		if (!has_argument(row)) {
			if (take_option(c, row, "", e))
				return -1;
			continue;
		}
		arg = p[1] ? p + 1 : *i + 1 < c->nwords ?
		    c->words[++*i] : NULL;
		return arg ? take_option(c, row, arg, e) :
		    err_set(e, 0, 0, "curl's option -%c has no argument", *p);
	}
	return 0;
}

static int
take_long(struct curlcmd *c, size_t *i, struct err *e)
{
	const char *name = c->words[*i] + 2, *eq = strchr(name, '='), *arg;
	size_t row = find_curl_option(name, eq ? (size_t)(eq - name) :
	    strlen(name), 0);

	if (row == LEN(curl_options))
		return err_set(e, 0, 0, "curl's option --%s is not known here",
		    name);
	arg = !has_argument(row) ? "" : eq ? eq + 1 : *i + 1 < c->nwords ?
	    c->words[++*i] : NULL;
	return arg ? take_option(c, row, arg, e) :
	    err_set(e, 0, 0, "curl's option --%s has no argument", name);
}

static int
take_words(struct curlcmd *c, struct err *e)
{
	size_t i = 0;
	int bad = 0;
	const char *w;

	if (c->nwords && (!strcmp(c->words[0], "curl") ||
	    (strlen(c->words[0]) > 5 && !strcmp(c->words[0] +
	    strlen(c->words[0]) - 5, "/curl"))))
		i = 1;
	for (; i < c->nwords && !bad; i++) {
		w = c->words[i];
		if (!strncmp(w, "--", 2) && w[2])
			bad = take_long(c, &i, e);
		else if (*w == '-' && w[1] && w[1] != '-')
			bad = take_letters(c, &i, e);
		else if (strcmp(w, "--") != 0 && c->url)
			bad = err_set(e, 0, 0, "the command has a second URL: "
			    "'%s'", w);
		else if (strcmp(w, "--") != 0)
			c->url = xstrdup(w);
	}
	return bad;
}

/* --- the configuration ---------------------------------------------------- */

/*
 * Finds the only string in an object, of any name. Returns 0 if there is none.
 */
static int
find_only(struct json_span object, struct buf *path, struct json_span *text)
{
	struct json_span key = { 0 }, v;
	struct json_iter it;
	int n = 0;

	for (it = json_each(object); json_next(&it, &key, &v); )
		if (json_is(v, JSON_STRING) && !n++) {
			json_text(path, key);
			*text = v;
		}
	return n == 1;
}

/*
 * Appends an object with a hole where its text is. Returns 0 if it has none,
 * and appends it as it is.
 */
static int
put_with_hole(struct buf *b, struct json_span object)
{
	static const char hole[] = "\"$.input\"";
	struct json_span text, none = { 0 };
	struct buf path = { 0 };
	int found = place_find(object, none, &path, &text) ||
	    find_only(object, &path, &text);

	if (!found || path_set(b, object, buf_str(&path),
	    (struct json_span){ hole, sizeof(hole) - 1 })) {
		json_compact(b, object);
		found = 0;
	}
	buf_release(&path);
	return found;
}

static const char no_hole[] = "no text was found in it: write \"$.input\" "
    "where the input belongs";

/* The data as JSON; absent if it is not. */
static struct json_span
data_json(struct curlcmd *c)
{
	struct json_span none = { 0 };
	struct json_fault f;

	if (!c->has_data || json_scan(buf_str(&c->data), c->data.len, 0, NULL,
	    NULL, 0, &f) < 0)
		return none;
	return json_trim(json_buf(&c->data));
}

/* Adds the body: JSON, a form, or text. */
static void
add_body(struct curlcmd *c, struct buf *b, struct json_span v)
{
	struct buf form = { 0 };
	int found = 0;

	if (json_is(v, JSON_OBJECT)) {
		json_key(b, "body");
		found = put_with_hole(b, v);
	} else if (v.p) {
		json_key(b, "body");
		json_compact(b, v);
	} else {
		json_open(b, "body_template", '{');
		if (!c->is_json_type && strchr(buf_str(&c->data), '=') &&
		    form_put_json(&form, c->data.p, c->data.len)) {
			json_add_str(b, "type", "form");
			json_key(b, "mapping");
			found = put_with_hole(b, json_buf(&form));
		} else {
			json_add_str(b, "type", "text");
			json_add_text(b, "mapping", buf_str(&c->data),
			    c->data.len);
		}
		json_close(b, '}');
	}
	if (!found)
		c->note(no_hole);
	buf_release(&form);
}

/* Adds the parameters of the URL and the data of -G, with a hole in them. */
static void
add_query(struct curlcmd *c, struct buf *b)
{
	struct buf all = { 0 }, json = { 0 };
	char *query = strchr(c->url, '?');

	if (query) {
		buf_puts(&all, query + 1);
		*query = '\0';
	}
	if (c->has_data) {
		if (all.len)
			buf_byte(&all, '&');
		buf_add(&all, c->data.p, c->data.len);
	}
	if (form_put_json(&json, buf_str(&all), all.len)) {
		json_key(b, "query");
		if (!put_with_hole(b, json_buf(&json)))
			c->note(no_hole);
	}
	buf_release(&all);
	buf_release(&json);
}

static int
is_a2a(const char *api)
{
	return api && !strcmp(api, "a2a");
}

/* Whether the command sends a message of Agent2Agent; sets *stream. */
static int
sends_a2a(const struct curlcmd *c, struct json_span body, int *stream)
{
	struct buf method = { 0 };
	int sends;

	if (!json_get(body, "jsonrpc").p)
		return json_is(json_get(body, "message"), JSON_OBJECT) &&
		    binding_sends(c->url, strcspn(c->url, "?#"), 0, stream);
	if (json_is(json_get(body, "method"), JSON_STRING))
		json_text(&method, json_get(body, "method"));
	sends = binding_sends(buf_str(&method), method.len, 1, stream);
	buf_release(&method);
	return sends;
}

/* Addresses of interfaces: ends of paths, with a member that bodies have. */
static const struct {
	const char *end;
	const char *has;	/* NULL: no data is sent */
	const char *api;
} known_ends[] = {
	{ "/chat/completions", "messages", "openai-chat" },
	{ "/responses", "input", "openai-responses" },
	{ "/agent-card.json", NULL, "a2a" },
	{ "/.well-known/agent.json", NULL, "a2a" }
};

/* The interface that a URL and a body belong to, or NULL; sets *stream. */
static const char *
known_api(const struct curlcmd *c, struct json_span body, int *stream)
{
	size_t n = strcspn(c->url, "?#"), m, i;

	if (sends_a2a(c, body, stream))
		return "a2a";
	*stream = json_is_true(json_get(body, "stream"));
	for (i = 0; i < LEN(known_ends); i++) {
		m = strlen(known_ends[i].end);
		if (n > m && !strncmp(c->url + n - m, known_ends[i].end, m) &&
		    (known_ends[i].has ? json_get(body,
		    known_ends[i].has).p != NULL : !c->has_data))
			return known_ends[i].api;
	}
	return NULL;
}

/* Adds the parameters of a message of Agent2Agent, without the message. */
static void
add_a2a_params(struct curlcmd *c, struct buf *b, struct json_span body)
{
	static const char *const not[] = { "message" };
	struct json_span params = json_get(body, "jsonrpc").p ?
	    json_get(body, "params") : body;
	struct json_span message = json_get(params, "message");
	struct buf others = { 0 };

	json_add_others(&others, params, not, LEN(not));
	if (others.len) {
		json_open(b, "params", '{');
		buf_add(b, others.p, others.len);
		json_close(b, '}');
	}
	if (json_get(message, "taskId").p || json_get(message, "contextId").p)
		c->note("each run is a task of its own: taskId and contextId "
		    "of the message are left out");
	buf_release(&others);
}

static void
add_curl_time(struct buf *b, const char *key, const char *seconds)
{
	char *end;
	double d = seconds ? strtod(seconds, &end) : 0;

	if (d > 0)
		json_add_double(b, key, d);
}

static void
put_setting(struct curlcmd *c, struct buf *b)
{
	struct json_span body = data_json(c);
	struct buf rest = { 0 }, url = { 0 };
	int query = c->is_get || !c->has_data;
	int stream;
	const char *api = known_api(c, body, &stream);

	if (is_a2a(api))
		add_a2a_params(c, &rest, body);
	else if (query)
		add_query(c, &rest);
	else
		add_body(c, &rest, body);
	put_variables(&url, c->url);
	json_add_text(b, "url", buf_str(&url), url.len);
	if (api)
		json_add_str(b, "api", api);
	if (c->method && !is_a2a(api))
		json_add_str(b, "method", c->method);
	else if (query && !is_a2a(api))
		json_add_str(b, "method", "GET");
	if (c->headers.len) {
		json_open(b, "headers", '{');
		buf_add(b, c->headers.p, c->headers.len);
		json_close(b, '}');
	}
	if (rest.len) {
		json_comma(b);
		buf_add(b, rest.p, rest.len);
	}
	if (stream)
		json_add_str(b, "stream", "sse");
	add_curl_time(b, "timeout", c->timeout);
	add_curl_time(b, "connect_timeout", c->connect_timeout);
	buf_release(&rest);
	buf_release(&url);
}

/* Whether the URL, once the scheme that curl assumes is added, is one. */
static int
check_url(struct curlcmd *c, struct err *e)
{
	struct weburl u;
	char *full;
	int bad;

	if (!c->url) {
		err_set(e, 0, 0, "the command has no URL");
		return -1;
	}
	if (!strstr(c->url, "://")) {
		full = xasprintf("http://%s", c->url);
		free(c->url);
		c->url = full;
	}
	if (strchr(c->url, '$'))
		return 0;	/* a variable may be any part */
	bad = weburl_parse(&u, c->url, e);
	if (!bad && u.user)
		bad = err_set(e, 0, 0, "the URL has a password in it: give it "
		    "as a header with a variable");
	weburl_release(&u);
	return bad;
}

int
curlcmd_read(const char *command, struct buf *json,
    void (*note)(const char *msg), struct err *e)
{
	struct curlcmd c = { .note = note };
	int bad = split_command_words(&c, command, e) || take_words(&c, e) ||
	    check_url(&c, e);

	if (!bad) {
		json_open(json, NULL, '{');
		json_open(json, "runner", '{');
		json_open(json, "http", '{');
		put_setting(&c, json);
		json_close(json, '}');
		json_close(json, '}');
		json_close(json, '}');
	}
	while (c.nwords)
		free(c.words[--c.nwords]);
	free(c.words);
	free(c.method);
	free(c.url);
	free(c.timeout);
	free(c.connect_timeout);
	buf_release(&c.headers);
	buf_release(&c.data);
	return bad ? -1 : 0;
}

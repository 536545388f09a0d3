#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/util.h"
#include "json/path.h"
#include "json/tree.h"
#include "yaml/yamlin.h"
#include "schema.h"
#include "config.h"

/* --- defaults and the environment ---------------------------------------- */

static void
put(struct buf *json, const char *path, const char *value)
{
	struct json_span root = json_buf(json);
	struct json_span v = { value, strlen(value) };
	struct buf b = { 0 };

	if (!path_set(&b, root, path, v)) {
		buf_release(json);
		*json = b;
	}
}

static int
absent(const struct buf *json, const char *path)
{
	struct json_span root = json_buf(json), v;

	v = path_get(root, path);
	return json_is_null(v);
}

/* An override from the environment, as the JSON its key wants; or NULL. */
static char *
env_value(const struct schema_key *key, const char *text)
{
	struct buf b = { 0 };
	double d;
	char *end;

	if (key->want == SCHEMA_TEXT) {
		json_put_text(&b, text, strlen(text));
		return buf_detach(&b, NULL);
	}
	d = strtod(text, &end);
	if (end == text || *end || !(d >= key->min && d <= key->max) ||
	    (key->want == SCHEMA_INT && d != floor(d)))
		return NULL;
	json_add_double(&b, NULL, d);
	return buf_detach(&b, NULL);
}

static int
override(struct buf *json, const struct env *env, config_say *say,
    void *arg)
{
	const char *text;
	struct err e = { 0 };
	char *value;
	size_t i;
	int bad = 0;

	for (i = 0; i < schema_nkeys; i++) {
		text = schema_keys[i].env ? env_get(env,
		    schema_keys[i].env) : NULL;
		if (!text || !*text)
			continue;
		value = env_value(&schema_keys[i], text);
		if (value) {
			put(json, schema_keys[i].path, value);
		} else {
			bad = err_set(&e, 0, 0, "%s='%s' in the environment: "
			    "'%s' has to be %s", schema_keys[i].env, text,
			    schema_keys[i].path, schema_want_name(
			    schema_keys[i].want));
			say(arg, 1, &e);
		}
		free(value);
	}
	err_release(&e);
	return bad;
}

static void
assume(struct buf *json)
{
	size_t i;

	for (i = 0; i < schema_nkeys; i++)
		if (schema_keys[i].preset && absent(json, schema_keys[i].path))
			put(json, schema_keys[i].path, schema_keys[i].preset);
}

/* Whom to tell of what is strange in .env files. */
struct listener {
	config_say *say;
	void *arg;
};

static void
warn_of(void *arg, const struct err *e)
{
	struct listener *l = arg;

	l->say(l->arg, 0, e);
}

static void
read_env_file(struct env *env, const char *dir, config_say *say, void *arg)
{
	struct listener l = { say, arg };
	char *file = xasprintf("%s/.env", dir);

	env_read(env, file, warn_of, &l);
	free(file);
}

/* What agents need of our environment even where it has to be clean. */
static const char *const needed[] = {
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "TZ", "TMPDIR",
	"LANG", "LANGUAGE", "VIRTUAL_ENV"
};

static int
is_needed(const char *var, size_t n)
{
	size_t i;

	for (i = 0; i < LEN(needed); i++)
		if (strlen(needed[i]) == n && !memcmp(needed[i], var, n))
			return 1;
	return n > 3 && !memcmp(var, "LC_", 3);
}

/* Whether a name is allowed: a string, or a list of them. */
static int
is_allowed(struct json_span allow, const char *var, size_t n)
{
	struct json_span key, item;
	struct json_iter it;

	if (json_is(allow, JSON_STRING))
		return json_equal(allow, var, n);
	if (!json_is(allow, JSON_ARRAY))
		return 0;
	for (it = json_each(allow); json_next(&it, &key, &item); )
		if (json_is(item, JSON_STRING) && json_equal(item, var, n))
			return 1;
	return 0;
}

/* The variables of own that a clean environment keeps. */
static struct env
cleaned(const struct env *own, struct json_span allow)
{
	struct env kept = { 0 };
	size_t i, n;

	for (i = 0; i < own->n; i++) {
		n = strcspn(own->vars[i], "=");
		if (is_needed(own->vars[i], n) ||
		    is_allowed(allow, own->vars[i], n))
			env_set(&kept, own->vars[i], n,
			    own->vars[i] + n + 1, 1);
	}
	return kept;
}

/* Adds the variables of from that are not there. */
static void
add_missing(struct env *env, const struct env *from)
{
	const char *eq;
	size_t i;

	for (i = 0; i < from->n; i++) {
		eq = strchr(from->vars[i], '=');
		env_set(env, from->vars[i], (size_t)(eq - from->vars[i]),
		    eq + 1, 0);
	}
}

static void
add_configured(struct env *env, struct json_span vars)
{
	struct json_span key = { 0 }, value;
	struct json_iter it;
	struct buf name = { 0 }, text = { 0 };

	if (!json_is(vars, JSON_OBJECT))
		return;
	for (it = json_each(vars); json_next(&it, &key, &value); ) {
		name.len = text.len = 0;
		json_text(&name, key);
		if (json_type(value) == JSON_STRING)
			json_text(&text, value);
		else if (json_type(value) != JSON_NULL)
			buf_add(&text, value.p, value.n);
		env_set(env, buf_str(&name), name.len, buf_str(&text), 0);
	}
	buf_release(&name);
	buf_release(&text);
}

/* --- reading --------------------------------------------------------------- */

/* Says when something follows the first document: 1, else 0. */
static int
more_documents(struct yamlin_reader *r, config_say *say, void *arg)
{
	struct buf json = { 0 };
	struct err e = { 0 };
	size_t line;
	int got;

	got = yamlin_next(r, &json, &line, &e);
	if (got > 0)
		err_set(&e, line, 0, "a second document: the file has to be "
		    "one");
	if (got)
		say(arg, 1, &e);
	err_release(&e);
	buf_release(&json);
	return got != 0;
}

/* Turns the file into JSON and checks it. */
static int
read_file(struct config *c, struct buf *json, config_say *say, void *arg)
{
	struct yamlin_reader *r;
	const struct yamlin_mark *marks;
	struct tree t = { 0 };
	struct err e = { 0 };
	size_t line, n;
	int fd, got, errors = 0;

	fd = open(c->file, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		err_set(&e, 0, 0, "%s", strerror(errno));
		say(arg, 1, &e);
		err_release(&e);
		return -1;
	}
	r = yamlin_new(fd, YAMLIN_DOCUMENTS);
	got = yamlin_next(r, json, &line, &e);
	if (got < 0) {
		say(arg, errors = 1, &e);
	} else if (got > 0 && *json->p == 'n') {
		json->len = 0;	/* only comments */
	} else if (got > 0) {
		tree_parse(&t, json_buf(json));
		marks = yamlin_marks(r, &n);
		errors = schema_check(&t, marks, say, arg);
		errors += more_documents(r, say, arg);
	}
	tree_release(&t);
	err_release(&e);
	yamlin_free(r);
	close(fd);
	return errors ? -1 : 0;
}

/* The folder of a file, as an absolute path where it can be told. */
static char *
folder(const char *file)
{
	const char *slash = file ? strrchr(file, '/') : NULL;
	char *dir, *real;

	dir = !slash ? xstrdup(".") : slash == file ? xstrdup("/") :
	    xmemdup(file, (size_t)(slash - file));
	real = realpath(dir, NULL);
	if (!real)
		return dir;
	free(dir);
	return real;
}

int
config_load(struct config *c, const char *file, config_say *say, void *arg)
{
	struct env own = { 0 }, dotenv = { 0 };
	struct json_span how;
	struct buf json = { 0 }, up = { 0 };
	int bad = 0;

	memset(c, 0, sizeof(*c));
	c->file = file ? xstrdup(file) : NULL;
	c->dir = folder(file);
	if (file)
		bad = read_file(c, &json, say, arg);
	if (bad || !json.len) {
		json.len = 0;
		buf_puts(&json, "{}");
	}
	if (file) {
		buf_printf(&up, "%s/..", c->dir);
		read_env_file(&dotenv, buf_str(&up), say, arg);
		read_env_file(&dotenv, c->dir, say, arg);
	}
	env_inherit(&own);
	add_missing(&own, &dotenv);
	assume(&json);
	if (override(&json, &own, say, arg))
		bad = -1;
	c->root.n = json.len;
	c->root.p = c->json = buf_detach(&json, NULL);
	how = config_get(c, "runner.environment");
	if (json_is_str(how, "clean")) {
		env_release(&own);
		env_inherit(&own);
		c->env = cleaned(&own, config_get(c,
		    "runner.environment_allow"));
		add_missing(&c->env, &dotenv);
		env_release(&own);
	} else {
		c->env = own;
	}
	env_release(&dotenv);
	add_configured(&c->env, config_get(c, "runner.environment_vars"));
	buf_release(&up);
	return bad;
}

void
config_release(struct config *c)
{
	free(c->file);
	free(c->dir);
	free(c->json);
	env_release(&c->env);
	memset(c, 0, sizeof(*c));
}

void
config_defaults(struct buf *json)
{
	struct buf b = { 0 };

	buf_puts(&b, "{}");
	assume(&b);
	buf_add(json, b.p, b.len);
	buf_release(&b);
}

struct json_span
config_get(const struct config *c, const char *path)
{
	struct json_span v = path_get(c->root, path), none = { 0 };

	return v.p && json_type(v) == JSON_NULL ? none : v;
}

char *
config_text(const struct config *c, const char *path)
{
	struct json_span v = config_get(c, path);
	struct buf b = { 0 };

	if (!v.p)
		return NULL;
	if (json_type(v) == JSON_STRING)
		json_text(&b, v);
	else
		buf_add(&b, v.p, v.n);
	return buf_detach(&b, NULL);
}

double
config_number(const struct config *c, const char *path, double absent)
{
	double d = absent;

	json_double(config_get(c, path), &d);
	return d;
}

int
config_true(const struct config *c, const char *path)
{
	return json_is_true(config_get(c, path));
}

char *
config_path(const struct config *c, const char *path)
{
	return *path == '/' ? xstrdup(path) :
	    xasprintf("%s/%s", c->dir, path);
}

char *
config_name(const struct config *c)
{
	char *name = config_text(c, "name");
	const char *slash;

	if (name && *name)
		return name;
	free(name);
	slash = strrchr(c->dir, '/');
	return xstrdup(slash && slash[1] ? slash + 1 : "experiment");
}

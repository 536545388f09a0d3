#include "base/buf.h"
#include "base/util.h"
#include "json/json.h"
#include "evaluation.h"
#include "text.h"
#include "judging.h"

#define CACHE "evaluation_cache.jsonl"

/* Keys, and the options of fl-llm for them. */
static const struct {
	const char *path, *option;
} options[] = {
	{ "llm.base_url", "--base-url" },
	{ "llm.model", "--model" },
	{ "llm.provider", "--api" },
	{ "llm.api_key_env", "--api-key-env" },
	{ "llm.jobs", "--jobs" },
	{ "llm.rate", "--rate" },
	{ "llm.price", "--price" },
	{ "llm.max_cost", "--max-cost" },
	{ "limits.max_llm_calls", "--max-calls" },
	{ "limits.timeout_seconds", "--timeout" }
};

/*
 * Adds an option and its value, unless that has a newline, which ends a word.
 */
static void
judging_put_option(const char *option, struct json_span value, struct buf *b)
{
	struct buf text = { 0 };

	value_text(value, &text);
	if (!strpbrk(buf_str(&text), "\r\n"))
		buf_printf(b, "%s\n%s\n", option, text.p);
	buf_release(&text);
}

void
judging_put_options(const struct evaluation *v, const char *folder,
    struct buf *b)
{
	struct json_span value;
	struct buf name = { 0 };
	size_t i;

	for (i = 0; i < LEN(options); i++) {
		value = evaluation_get(v, options[i].path);
		if (!json_is_null(value))
			judging_put_option(options[i].option, value, b);
	}
	value = evaluation_get(v, "limits.cache");
	if (json_is(value, JSON_STRING))
		value_text(value, &name);
	else
		buf_puts(&name, CACHE);
	buf_printf(b, "--cache\n");
	if (*buf_str(&name) != '/')
		buf_printf(b, "%s/", folder);
	buf_printf(b, "%s\n", name.p);
	buf_release(&name);
}

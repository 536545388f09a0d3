/*
 * For libFuzzer: a manifest.json that is compared with a new one and continued.
 * The output has to be JSON, and must not differ from itself.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "config/config.h"
#include "experiment/manifest.h"
#include "json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int right, const char *what, struct buf *b)
{
	if (right)
		return;
	fprintf(stderr, "fuzz-manifest: %s\n%s\n", what, buf_str(b));
	abort();
}

static void
ignore(const char *msg)
{
	(void)msg;
}

static void
ignore_config(void *arg, int error, const struct err *e)
{
	(void)arg;
	(void)error;
	(void)e;
}

static int
is_object(struct buf *b)
{
	struct json_fault f;

	return b->len && *b->p == '{' &&
	    json_scan(buf_str(b), b->len, 0, NULL, NULL, 0, &f) >= 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *option = "seed=1";
	static struct config c;
	struct manifest m = { .config = &c, .inputs = "", .runs = 3,
	    .options = &option, .noptions = 1 };
	struct buf older = { 0 }, next = { 0 }, again = { 0 };

	if (!c.json && config_load(&c, NULL, ignore_config, NULL))
		abort();
	buf_add(&older, (const char *)data, size);
	if (is_object(&older)) {
		manifest_put(&next, &m, json_buf(&older), 1);
		check(is_object(&next), "not a JSON object", &next);
		manifest_compare(json_buf(&older), json_buf(&next), ignore);
		manifest_put(&again, &m, json_buf(&next), 2);
		check(!manifest_compare(json_buf(&next), json_buf(&again),
		    ignore), "it differs from itself", &again);
	}
	buf_release(&older);
	buf_release(&next);
	buf_release(&again);
	return 0;
}

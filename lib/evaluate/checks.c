#include "checks.h"

struct json_span
checks_of(struct json_span evaluation)
{
	struct json_span checks = json_get(evaluation, "checks");

	return json_is(checks, JSON_ARRAY) ? checks :
	    (struct json_span){ NULL, 0 };
}

struct json_iter
checks_each(struct json_span evaluation)
{
	struct json_span checks = checks_of(evaluation);

	return json_each(checks.p ? checks : (struct json_span){ "[]", 2 });
}

struct json_span
checks_reason(struct json_span check)
{
	struct json_span reason = json_get(check, "reason");

	return reason.p ? reason : json_get(check, "error");
}

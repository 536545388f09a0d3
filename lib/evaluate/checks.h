#ifndef CHECKS_H
#define CHECKS_H

/*
 * The checks in the object "evaluation" of a trace or a row. Others may have
 * written it: any of these values may be of another type, or absent.
 */
#include "json/json.h"

/* The array of checks, or an absent span. */
struct json_span checks_of(struct json_span evaluation);

/* Starts json_next over that array; there is nothing in an absent one. */
struct json_iter checks_each(struct json_span evaluation);

/* Why a check does not hold or was not judged, or an absent span. */
struct json_span checks_reason(struct json_span check);

#endif

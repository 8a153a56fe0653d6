#pragma once
/* What an endpoint of webhooks may look like, which events it gets, and when it is tried again. */
#include "str.h"

/* ---- URLs and headers --------------------------------------------------------------------- */

#define WEBHOOK_URL_MAX 2000

/*
 * What is wrong with the URL, or NULL: http or https, a host, no user or password, no fragment,
 * visible ASCII only. *host is the host without port and brackets.
 */
const char *webhook_url_problem(struct str url, struct str *host);
bool webhook_url_is_plain(struct str url); /* http */

/* What is wrong with a header an endpoint is to get besides those that are always sent, or NULL. */
const char *webhook_header_problem(struct str name, struct str value);

/* ---- events ------------------------------------------------------------------------------- */

#define WEBHOOK_PING "webhook.ping" /* only for the endpoint it is asked for */

struct webhook_type {
    const char *type;    /* "ticket.created" */
    const char *members; /* of the event's data that are told, separated by blanks */
};
/* Every event that can be subscribed to; .type == NULL ends. What is told are ids and states:
 * texts that people have written are for who may read them, by the API. */
extern const struct webhook_type WEBHOOK_TYPES[];
const struct webhook_type *webhook_type_of(struct str type); /* NULL: none of them */
bool webhook_type_has_member(const struct webhook_type *t, struct str member);

#define WEBHOOK_PATTERNS_OF_TYPE 3
/* The patterns that a type matches: itself, "ticket.*", "*". The second in buf, of WEBHOOK_TYPE_MAX
 * bytes. */
#define WEBHOOK_TYPE_MAX 64
void webhook_patterns_of(struct str type, char buf[WEBHOOK_TYPE_MAX],
                         struct str out[WEBHOOK_PATTERNS_OF_TYPE]);
/* Whether any type matches it. */
bool webhook_pattern_is_known(struct str pattern);

/* ---- attempts ----------------------------------------------------------------------------- */

/* Whether so many attempts were enough. */
bool webhook_attempts_are_over(int64_t attempts);
/* Wall µs of the next one after so many, at now: 5 s, 5 min, 30 min, 2, 5, 10, 14, 20, 24 h, give
 * or take a tenth; not before Retry-After (seconds, at most a day). random: any number. */
int64_t webhook_next_attempt(int64_t attempts, int64_t now, int64_t retry_after_s, uint64_t random);
/* How long an endpoint is left alone that has failed so often in a row: µs, 0 for a few times. */
int64_t webhook_pause(int64_t failures);

#pragma once
/*
 * The one error type of the fleet. Every fallible function returns it and every caller must look at
 * it. The catalogue (err.def) pairs each value with the code and HTTP status a client sees, so that
 * services, OpenAPI and documentation cannot drift apart.
 */

enum err {
#define X(name, http_status, text) ERR_##name,
#include "err.def"
#undef X
    ERR_COUNT
};

#define MUST_CHECK __attribute__((warn_unused_result))

/* The wire code, e.g. "TICKET_NOT_FOUND". Static storage. */
const char *err_code(enum err e);
/* The default human-readable text. Static storage. */
const char *err_text(enum err e);
/* HTTP status of the error; 200 for ERR_OK. */
int err_http_status(enum err e);
/* The error of a wire code, or ERR_COUNT when no such code exists. */
enum err err_from_code(const char *code);

#include "err.h"

#include <string.h>

static const struct {
    const char *code;
    int http_status;
    const char *text;
} CATALOGUE[ERR_COUNT] = {
#define X(name, http_status, text) {#name, http_status, text},
#include "err.def"
#undef X
};

/* Errors told apart inside a program (other texts, other handling) that share a documented code. */
static enum err wire_error(enum err e)
{
    static const enum err KIN[ERR_COUNT] = {
        [ERR_TOKEN_INVALID] = ERR_UNAUTHENTICATED, [ERR_TOKEN_EXPIRED] = ERR_UNAUTHENTICATED,
        [ERR_CANCELLED] = ERR_SERVICE_UNAVAILABLE, [ERR_SERIALIZATION] = ERR_SERVICE_UNAVAILABLE,
        [ERR_TIMEOUT] = ERR_GATEWAY_TIMEOUT,
    };
    return KIN[e] ? KIN[e] : e;
}

/* The one documented code in lower case. */
static const char *spelling(int e)
{
    return e == ERR_UPLOAD_IN_PROGRESS ? "upload_in_progress" : CATALOGUE[e].code;
}

const char *err_code(enum err e)
{
    return spelling((int)wire_error(e));
}

const char *err_text(enum err e)
{
    return CATALOGUE[e].text;
}

int err_http_status(enum err e)
{
    return CATALOGUE[e].http_status;
}

enum err err_from_code(const char *code)
{
    for (int i = 0; i < ERR_COUNT; i++)
        if (strcmp(spelling(i), code) == 0)
            return (enum err)i;
    return ERR_COUNT;
}

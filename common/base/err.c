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

const char *err_code(enum err e)
{
    return CATALOGUE[e].code;
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
        if (strcmp(CATALOGUE[i].code, code) == 0)
            return (enum err)i;
    return ERR_COUNT;
}

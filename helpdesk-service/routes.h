#pragma once
/* Every route of the program, a table a topic; .method == NULL ends each. */
#include "route.h"

extern const struct route TICKET_ROUTES[], CATALOGUE_ROUTES[], SIMPLE_ROUTES[], MEDIA_ROUTES[],
    SEARCH_ROUTES[], JOB_ROUTES[], VIEW_ROUTES[], KB_ROUTES[], INSIGHT_ROUTES[];

#define ERRORS(...) ((const enum err[]){__VA_ARGS__, ERR_OK})
#define TICKET_ERRORS ERRORS(ERR_FORBIDDEN, ERR_TICKET_NOT_FOUND)
#define CHANGE_ERRORS                                                                              \
    ERRORS(ERR_FORBIDDEN, ERR_TICKET_NOT_FOUND, ERR_CONFLICT, ERR_PRECONDITION_FAILED,             \
           ERR_VALIDATION_ERROR)

/* How the simple surface refuses a token, on all its routes. */
#define TOKEN_TEXTS                                                                                \
    {ERR_UNAUTHENTICATED, "missing token"}, {ERR_TOKEN_INVALID, "invalid token"},                  \
    {                                                                                              \
        ERR_TOKEN_EXPIRED, "invalid token"                                                         \
    }

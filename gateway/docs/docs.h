#pragma once
/*
 * The gateway's own endpoints beside those every program has: the fleet's merged OpenAPI document,
 * a page to browse it that needs nothing from elsewhere, and the registry's list of services.
 */
#include "route.h"

extern const struct route DOCS_ROUTES[];
/* The document is being made; its end must be awaited before docs_release. */
bool docs_are_running(void);
/* Frees what is kept, at the end of the process. */
void docs_release(void);

#pragma once
/* What other parts ask of the cors plugin. */
#include "plugins/plugin.h"

/* The configuration is one of cors and lists this origin by name or pattern ("*" alone lists none).
 */
bool cors_lists(const struct kong_plugin *p, struct str origin);

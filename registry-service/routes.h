#pragma once
#include "route.h"

/* .method == NULL ends. */
extern const struct route REGISTRY_ROUTES[];

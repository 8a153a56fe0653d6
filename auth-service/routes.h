#pragma once
#include "route.h"

/* .method == NULL ends. */
extern const struct route AUTH_ROUTES[];

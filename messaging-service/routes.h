#pragma once
#include "route.h"

extern const struct route MESSAGING_ROUTES[];

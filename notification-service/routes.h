#pragma once
#include "route.h"

extern const struct route NOTIFICATION_ROUTES[];

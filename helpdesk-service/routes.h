#pragma once
#include "route.h"

extern const struct route HELPDESK_ROUTES[];

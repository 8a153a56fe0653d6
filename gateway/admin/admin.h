#pragma once
/* The admin API in Kong's shapes, on a port of its own. */
#include "gateway.h"

/* false, with a line on stderr, when the port cannot be bound. */
bool admin_listen(struct gateway *gw);

#pragma once
#include "route.h"
extern const struct route CONVERSATION_ROUTES[], MESSAGE_ROUTES[], TICKET_ROUTES[], SOCKET_ROUTES[];

#pragma once
/* The workflows of the demonstration: published once, by any number of processes. */
#include "service.h"

MUST_CHECK enum err CO_FN demo_seed(struct service *s);

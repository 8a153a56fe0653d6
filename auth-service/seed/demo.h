#pragma once
/* The people of the demo data, made through the same code as everybody else. */
#include "api/app.h"

/* Creates those that are missing; any number of processes may do so at once. */
MUST_CHECK enum err CO_FN demo_people_create(struct auth_app *app);

#pragma once
/* Handlers of groups; see routes.c. */
#include "json.h"
#include "req.h"

/* Groups a person may be in. */
#define GROUPS_MAX 500
#define MAX_TITLE 200 /* code points */

enum err CO_FN groups_post(struct req *r);
enum err CO_FN groups_patch(struct req *r);
enum err CO_FN groups_add(struct req *r);
enum err CO_FN groups_remove(struct req *r);
enum err CO_FN groups_leave(struct req *r);

extern const struct json_schema NEW_GROUP, GROUP_PATCH, NEW_MEMBERS;

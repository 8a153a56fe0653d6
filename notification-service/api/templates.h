#pragma once
/* Handlers of templates; see routes_template.c. */
#include "json.h"
#include "req.h"

enum err CO_FN templates_list(struct req *r);
enum err CO_FN templates_get(struct req *r);
enum err CO_FN templates_put(struct req *r);
enum err CO_FN templates_reset(struct req *r);
enum err CO_FN templates_preview(struct req *r);

extern const struct json_schema TEMPLATE, TEMPLATE_BODY, TEMPLATE_DRAFT, TEMPLATE_PREVIEW;

#pragma once
/* Handlers of what people want to be told, and where; see routes_preference.c. */
#include "json.h"
#include "req.h"

enum err CO_FN preferences_get(struct req *r);
enum err CO_FN preferences_put(struct req *r);
/* What holds for everybody who has said nothing. */
enum err CO_FN defaults_get(struct req *r);
enum err CO_FN defaults_put(struct req *r);
/* Without login, by a signed link: a page that asks, and the POST that does it. */
enum err CO_FN unsubscribe_page(struct req *r);
enum err CO_FN unsubscribe_do(struct req *r);
enum err CO_FN devices_list(struct req *r);
enum err CO_FN devices_post(struct req *r);
enum err CO_FN devices_delete(struct req *r);

extern const struct json_schema PREFERENCE_CHANGE, NEW_DEVICE, DEVICE;

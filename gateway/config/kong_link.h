#pragma once
/* Between the files that link a decoded route file. */
#include "config/kong.h"

#define LIST(type, list, i) (&((type *)(list).items)[i])

/* By name or id; NULL when there is none. */
struct kong_service *kong_find_service(const struct kong_file *f, struct str ref);
struct kong_route *kong_find_route(const struct kong_file *f, struct str ref);
struct kong_consumer *kong_find_consumer(const struct kong_file *f, struct str ref);

/* After services, routes and consumers. */
void kong_link_plugins(struct conf_decoder *d, struct kong_file *f);

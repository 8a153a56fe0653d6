#pragma once
/* Entities of the route file as Kong's admin API shows them. An entity without an id in the file
 * has one made from its name, the same in every process. */
#include "config/kong.h"
#include "json.h"
#include "plugins/plugin.h"
#include "proxy/upstream.h"

void entity_service(struct json_writer *w, const struct kong_service *s);
void entity_route(struct json_writer *w, const struct kong_route *r);
/* index: its place in the file tells unnamed plugins apart. */
/* Whether a path means this plugin, the index-th of the file: by instance name or id. */
bool entity_plugin_is(const struct kong_plugin *p, size_t index, struct str wanted);
void entity_plugin(struct json_writer *w, const struct kong_plugin *p, size_t index);
void entity_upstream(struct json_writer *w, const struct kong_upstream *u);
void entity_target(struct json_writer *w, const struct kong_upstream *u,
                   const struct upstream_target *t, bool with_health);
void entity_consumer(struct json_writer *w, const struct kong_consumer *c);
void entity_jwt_secret(struct json_writer *w, const struct kong_jwt_secret *s);
/* The whole file, flat, secrets masked. */
void entity_file(struct json_writer *w, const struct kong_file *f);
/* wanted is the entity's name, its id, or the id made from its name. */
bool entity_is_named(struct str wanted, const char *kind, struct str name, struct str id);

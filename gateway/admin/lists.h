#pragma once
/* Handlers of the admin API's collections. */
#include "req.h"

enum err list_services(struct req *r);
enum err get_service(struct req *r);
enum err list_service_routes(struct req *r);
enum err list_service_plugins(struct req *r);
enum err list_routes(struct req *r);
enum err get_route(struct req *r);
enum err get_route_service(struct req *r);
enum err list_route_plugins(struct req *r);
enum err list_plugins(struct req *r);
enum err get_plugin(struct req *r);
enum err list_enabled(struct req *r);
enum err list_upstreams(struct req *r);
enum err get_upstream(struct req *r);
enum err list_targets(struct req *r);
enum err list_health(struct req *r);
enum err list_consumers(struct req *r);
enum err get_consumer(struct req *r);
enum err list_consumer_jwt(struct req *r);
enum err list_consumer_plugins(struct req *r);
enum err list_jwts(struct req *r);
enum err get_schema(struct req *r);
enum err get_plugin_schema(struct req *r);

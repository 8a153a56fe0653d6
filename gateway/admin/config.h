#pragma once
/* GET and POST /config: the configuration in effect, and a new one. */
#include "req.h"

enum err config_get(struct req *r);
enum err config_post(struct req *r);

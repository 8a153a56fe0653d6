#pragma once
/* Changes of the catalogue, after which this process knows it anew. */
#include "api/write.h"

/* As write_run. The other processes know the change within their refresh interval. */
enum err CO_FN catalogue_write(struct req *r, struct str request, write_fn fn, void *arg);

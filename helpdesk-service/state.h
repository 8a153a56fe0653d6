#pragma once
/* What this process keeps between requests. */
#include "settings.h"
#include "store/catalogue_store.h"
#include "store/number_store.h"

struct req;
struct service;

struct helpdesk {
    const struct helpdesk_config *config;
    struct number_pool *numbers;
    struct catalogue *catalogue;
    char *blob_dir, *tmp_dir; /* owned; inside UPLOAD_DIR */
};

struct helpdesk *helpdesk_of(const struct req *r);

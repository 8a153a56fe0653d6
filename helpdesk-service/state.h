#pragma once
/* What this process keeps between requests. */
#include "media/blob.h"
#include "settings.h"
#include "store/catalogue_store.h"
#include "store/number_store.h"

struct req;
struct service;

struct helpdesk {
    const struct helpdesk_config *config;
    struct number_pool *numbers;
    struct catalogue *catalogue;
    struct blob_store *blobs;
};

struct helpdesk *helpdesk_of(const struct req *r);

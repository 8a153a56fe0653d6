#pragma once
/* What this process keeps between requests. */
#include "media/sniff.h"
#include "media/store.h"
#include "settings.h"
#include "store/catalogue_store.h"
#include "store/number_store.h"

struct denials;
struct job_worker;
struct kb_counts;
struct req;
struct service;
struct view_counts;

struct helpdesk {
    const struct helpdesk_config *config;
    struct number_pool *numbers;
    struct catalogue *catalogue;
    struct media_store *media;
    struct sniffer *sniffer;
    struct job_worker *jobs;
    struct view_counts *view_counts;
    struct kb_counts *kb_counts;
    struct denials *denials;
};

struct helpdesk *helpdesk_of(const struct req *r);

#pragma once
/* Jobs as their owners see them. */
#include "json.h"
#include "store/job_item_store.h"

struct service;

extern const struct json_schema JOB_QUERY, JOB_ITEM_QUERY;

/* The members of a job, inside an object. */
void job_json_members(struct json_writer *w, const struct job *j);
void job_json_item(struct json_writer *w, const struct job_item *i);

/* --jobs */
int CO_FN job_command(struct service *s, int count, char **args);
#define JOB_USAGE                                                                                  \
    "list [--state S] | show ID | items ID [--state S] | cancel ID | resume ID [--failed]"

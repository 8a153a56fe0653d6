#pragma once
/*
 * What a kind of job brings along; the worker does the rest. A job becomes a list of subjects
 * (plan), each of which is then dealt with in a transaction of its own (item), by any process.
 */
#include "store/job_store.h"

struct service;

/* A job in hand, for the length of a turn. */
struct job_run {
    struct service *service;
    struct arena *arena;
    struct job *job;
    void *order; /* what prepare made of job->params */
};

struct job_batch {
    const struct str *subjects;
    size_t count;
    int64_t first_ordinal; /* from 1, growing from batch to batch */
    struct str position;   /* where the next one goes on: job->position then */
    bool is_last;
    const char *problem; /* the job fails for this; NULL: it does not */
};

struct job_outcome {
    enum err refusal;        /* why the item fails, by the rules; ERR_OK: it does not */
    const char *message;     /* NULL: the text of the refusal */
    int64_t version;         /* of the subject, afterwards; JOB_NONE: not known */
    struct str changes_json; /* of a dry run; absent: none */
};

struct job_kind {
    const char *name; /* "ticket.bulk" */
    /* Reads job->params into run->order. NULL, or why that cannot be done. */
    const char *(*prepare)(struct job_run *run);
    /* Inside a transaction: the next subjects. */
    enum err (*plan)(struct job_run *run, struct db_session *s, struct job_batch *out);
    /*
     * Inside a transaction: deals with one subject as the actor, who is the person that asked for
     * the job with the roles they have now. A refusal goes into out, before anything is written. An
     * error rolls back: a passing one is tried again, any other fails the item.
     */
    enum err (*item)(struct job_run *run, struct db_session *s, const struct actor *actor,
                     struct str subject, struct job_outcome *out);
};

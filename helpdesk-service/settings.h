#pragma once
/* The settings of this program beyond those that every program has. */
#include <stdbool.h>
#include <stdint.h>

#include "setting.h"
#include "str.h"

struct helpdesk_config {
    struct str upload_dir;
    int64_t upload_max_bytes;        /* of one file */
    int64_t upload_ticket_max_bytes; /* of all files of a ticket */
    int64_t upload_chunk_bytes;      /* of an upload in parts */
    int64_t upload_expiry_s;         /* of an upload in parts, since its last part */
    struct str upload_types;         /* media types, separated by blanks */
    int64_t comment_edit_s;          /* how long a comment may be changed by its author */
    int64_t auto_close_s;            /* untouched resolved tickets are closed; 0: never */
    int64_t reopen_s;                /* how long a finished ticket may be reopened; 0: always */
    int64_t rating_link_s;           /* life of a link that rates a ticket without a login */
    int64_t media_link_s;            /* life of a link to a file */
    int64_t job_retention_s;         /* how long finished jobs are kept */
    int64_t audit_retention_s;       /* older months of the audit trail are dropped; 0: never */
    bool is_catalogue_closed;        /* unknown categories and departments are refused */
};

extern const struct setting HELPDESK_SETTINGS[];

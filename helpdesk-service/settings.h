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
    struct str upload_types;         /* media types, separated by blanks */
    bool is_catalogue_closed;        /* unknown categories and departments are refused */
};

extern const struct setting HELPDESK_SETTINGS[];

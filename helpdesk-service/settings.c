#include "settings.h"

#include <stddef.h>

#define FIELD(member) offsetof(struct helpdesk_config, member)

const struct setting HELPDESK_SETTINGS[] = {
    {.name = "UPLOAD_DIR",
     .type = SETTING_STR,
     .offset = FIELD(upload_dir),
     .def = "/var/lib/tts/uploads",
     .help = "where attachments are kept; created when missing, shared by all replicas"},
    {.name = "UPLOAD_MAX_BYTES",
     .type = SETTING_SIZE,
     .offset = FIELD(upload_max_bytes),
     .def = "10m",
     .help = "largest attachment",
     .min = 1,
     .max = 1LL << 40},
    {.name = "UPLOAD_TICKET_MAX_BYTES",
     .type = SETTING_SIZE,
     .offset = FIELD(upload_ticket_max_bytes),
     .def = "100m",
     .help = "all attachments of one ticket together",
     .min = 1,
     .max = 1LL << 40},
    {.name = "UPLOAD_TYPES",
     .type = SETTING_STR,
     .offset = FIELD(upload_types),
     .def = "image/jpeg image/png image/gif image/webp application/pdf text/plain text/csv "
            "application/zip application/msword "
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document "
            "application/vnd.ms-excel "
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
     .help = "media types that may be attached, separated by blanks"},
    {.name = "CATALOGUE_CLOSED",
     .type = SETTING_BOOL,
     .offset = FIELD(is_catalogue_closed),
     .def = "false",
     .help = "refuse tickets with a category or department that the catalogue does not list"},
    {.name = NULL},
};

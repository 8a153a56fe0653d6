#pragma once
/* Workflows as files, JSON or YAML: by names only, so that they move between installations. */
#include "req.h"

enum err CO_FN definition_file_export(struct req *r);
enum err CO_FN definition_file_import(struct req *r);

#define DEFINITION_FILE_MAX (1024 * 1024)

extern const struct json_schema EXPORT_QUERY, IMPORT_QUERY;

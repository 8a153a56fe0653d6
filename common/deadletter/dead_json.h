#pragma once
/* A dead letter as JSON, for requests and the command line. */
#include "dead_store.h"
#include "json.h"

extern const struct json_schema DEADLETTER_DOC; /* of a struct dead_letter */
void dead_json_write(struct json_writer *w, const struct dead_letter *d);

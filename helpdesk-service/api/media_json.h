#pragma once
/* How files look on each surface. */
#include "json.h"
#include "store/file_store.h"

/* Among the attachments of a ticket. */
void media_json_attachment(struct json_writer *w, const struct media_file *f);
/* On the platform surface. */
void media_json_file(struct json_writer *w, const struct media_file *f);
/* On the simple surface; only the answer to an upload has the name under which it is stored. */
void media_json_simple(struct json_writer *w, const struct media_file *f, bool has_stored_name);

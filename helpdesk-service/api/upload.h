#pragma once
/*
 * Receiving files: a multipart form, or a body that is one file. They are streamed to the store
 * while size and type are checked, and forgotten with the request unless upload_keep is called.
 */
#include "media/store.h"
#include "req.h"

/* The members of a form beside its files, or of the query beside a raw file; absent: not given. */
struct upload_fields {
    struct str ticket_id, entity_type, entity_id, alt_text, is_public;
    struct str sha256; /* that the content must have */
};

struct upload {
    struct str filename, content_type;
    struct str sha256; /* lower-case hex */
    int64_t size;
    struct media_writer *writer;
};

struct upload_wish {
    int64_t max_bytes; /* of one file */
    int max_files;     /* 1: in a part "file"; more: also "files" and "files[]" */
    bool is_form_only; /* a body that is not a form has no file */
};

struct upload_set {
    struct upload *files;
    size_t count;
    struct upload_fields fields;
};

/*
 * Reads the whole body. ERR_INVALID_INPUT without a file or when malformed,
 * ERR_UNSUPPORTED_MEDIA_TYPE when the type is not allowed or not that of the content,
 * ERR_PAYLOAD_TOO_LARGE, ERR_VALIDATION_ERROR when the content is not the announced one, and what
 * reading a body and writing to the store can fail with.
 */
MUST_CHECK enum err CO_FN upload_receive(struct req *r, const struct upload_wish *wish,
                                         struct upload_set *out);

/* What a declared type and the beginning of a content come to; also checks that it is allowed. */
MUST_CHECK enum err CO_FN upload_type(struct req *r, struct str declared, struct str head,
                                      struct str *type);
/* Refuses a declared type that is not allowed; an absent one passes. */
MUST_CHECK enum err upload_check_declared(struct req *r, struct str declared);
/* A file name as it will be kept. ERR_INVALID_INPUT unless it is UTF-8 without NUL. */
MUST_CHECK enum err upload_filename(struct req *r, const char *field, struct str given,
                                    struct str *out);
/* 64 hexadecimal digits, made lower-case; absent stays absent. ERR_VALIDATION_ERROR. */
MUST_CHECK enum err upload_digest(struct req *r, struct str given, struct str *out);

/* The SHA-256 of a Content-Digest header (RFC 9530), absent without one. ERR_INVALID_INPUT. */
MUST_CHECK enum err upload_content_digest(struct req *r, struct str *out);

/* Gives the bytes their name, so that a row may refer to them. */
MUST_CHECK enum err CO_FN upload_keep(struct req *r, const struct upload *u);

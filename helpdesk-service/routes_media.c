/* Files: those of tickets, and the media surfaces. */
#include "routes.h"

#include "actor.h"
#include "api/media_handlers.h"
#include "api/media_schemas.h"

/* Uploads are limited by settings while they are read. */
#define NO_BODY_LIMIT (1LL << 42)
#define UPLOAD_ERRORS                                                                              \
    ERRORS(ERR_INVALID_INPUT, ERR_FORBIDDEN, ERR_TICKET_NOT_FOUND, ERR_PRECONDITION_FAILED,        \
           ERR_PAYLOAD_TOO_LARGE, ERR_UNSUPPORTED_MEDIA_TYPE, ERR_VALIDATION_ERROR,                \
           ERR_INSUFFICIENT_STORAGE)
#define DOWNLOAD_ERRORS                                                                            \
    ERRORS(ERR_FORBIDDEN, ERR_TICKET_NOT_FOUND, ERR_NOT_FOUND, ERR_RANGE_NOT_SATISFIABLE)

static const struct route_text UPLOAD_TEXTS[] = {
    {ERR_UNSUPPORTED_MEDIA_TYPE, "Files of this type cannot be attached"},
    {ERR_PAYLOAD_TOO_LARGE, "The file is too large"},
    {0},
};
static const struct route_text FILE_TEXTS[] = {
    {ERR_NOT_FOUND, "The file does not exist"},
    {0},
};
static const struct route_text PART_TEXTS[] = {
    {ERR_NOT_FOUND, "There is no such upload, or no such part of it"},
    {ERR_UNSUPPORTED_MEDIA_TYPE, "Files of this type cannot be attached"},
    {ERR_PAYLOAD_TOO_LARGE, "The file is too large"},
    {0},
};
static const struct route_text SIMPLE_TEXTS[] = {
    TOKEN_TEXTS,
    {ERR_INVALID_INPUT, "no file uploaded"},
    {ERR_FORBIDDEN, "permission denied"},
    {ERR_TICKET_NOT_FOUND, "ticket not found"},
    {ERR_NOT_FOUND, "file not found"},
    {ERR_PAYLOAD_TOO_LARGE, "file too large"},
    {ERR_UNSUPPORTED_MEDIA_TYPE, "file type not allowed"},
    {0},
};

#define DOWNLOAD_BY_NAME_ROUTE(path)                                                               \
    {                                                                                              \
        .method = "GET", .pattern = path, .auth = AUTH_ANY, .permission = PERM_TICKET_READ,        \
        .handler = attachment_get_by_name, .summary = "Download an attachment",                    \
        .errors = DOWNLOAD_ERRORS                                                                  \
    }
#define MEDIA_POST_ROUTE(path)                                                                     \
    {                                                                                              \
        .method = "POST", .pattern = path, .auth = AUTH_USER, .permission = PERM_TICKET_COMMENT,   \
        .handler = media_post,                                                                     \
        .summary = "Upload a file (multipart/form-data: file, entity_type, entity_id, alt_text, "  \
                   "is_public, sha256; or the file itself with these and file_name in the query)", \
        .success = 201, .errors = UPLOAD_ERRORS, .flags = ROUTE_STREAM, .texts = UPLOAD_TEXTS,     \
        .max_body = NO_BODY_LIMIT                                                                  \
    }

const struct route MEDIA_ROUTES[] = {
    /* integration surface */
    DOWNLOAD_BY_NAME_ROUTE("/media/tickets/{number}/{filename}"),
    DOWNLOAD_BY_NAME_ROUTE("/api/media/tickets/{number}/{filename}"),

    /* canonical surface */
    {.method = "GET",
     .pattern = "/api/v1/tickets/{number}/attachments",
     .auth = AUTH_ANY,
     .permission = PERM_TICKET_READ,
     .handler = attachment_list,
     .summary = "What is attached to a ticket",
     .errors = TICKET_ERRORS},
    {.method = "POST",
     .pattern = "/api/v1/tickets/{number}/attachments",
     .auth = AUTH_USER,
     .permission = PERM_TICKET_COMMENT,
     .handler = attachment_post,
     .summary = "Attach a file: multipart/form-data with a part \"file\", or the file itself with "
                "its name in the query parameter file_name",
     .success = 201,
     .errors = UPLOAD_ERRORS,
     .flags = ROUTE_STREAM,
     .texts = UPLOAD_TEXTS,
     .max_body = NO_BODY_LIMIT},
    {.method = "GET",
     .pattern = "/api/v1/tickets/{number}/attachments/{id}",
     .auth = AUTH_ANY,
     .permission = PERM_TICKET_READ,
     .handler = attachment_get,
     .summary = "Download an attachment",
     .errors = DOWNLOAD_ERRORS},
    {.method = "DELETE",
     .pattern = "/api/v1/tickets/{number}/attachments/{id}",
     .auth = AUTH_USER,
     .permission = PERM_TICKET_COMMENT,
     .handler = attachment_delete,
     .summary = "Remove an attachment: who added it, or who works on the ticket",
     .errors = ERRORS(ERR_FORBIDDEN, ERR_TICKET_NOT_FOUND, ERR_NOT_FOUND, ERR_PRECONDITION_FAILED)},

    /* simple surface */
    {.method = "POST",
     .pattern = "/media/upload",
     .auth = AUTH_USER,
     .permission = PERM_TICKET_COMMENT,
     .handler = simple_media_post,
     .summary = "Upload a file for a ticket (multipart/form-data: file, ticket_id)",
     .success = 201,
     .errors = ERRORS(ERR_INVALID_INPUT, ERR_TICKET_NOT_FOUND, ERR_PAYLOAD_TOO_LARGE,
                      ERR_UNSUPPORTED_MEDIA_TYPE, ERR_INSUFFICIENT_STORAGE),
     .flags = ROUTE_STREAM,
     .texts = SIMPLE_TEXTS,
     .max_body = NO_BODY_LIMIT},
    {.method = "GET",
     .pattern = "/media/ticket/{ticket_id}",
     .auth = AUTH_USER,
     .permission = PERM_TICKET_READ,
     .handler = simple_media_list,
     .summary = "The files of a ticket, newest first",
     .errors = ERRORS(ERR_INVALID_INPUT),
     .texts = SIMPLE_TEXTS},
    {.method = "GET",
     .pattern = "/media/{id}",
     .auth = AUTH_USER,
     .permission = PERM_TICKET_READ,
     .handler = simple_media_get,
     .summary = "Download a file",
     .errors = ERRORS(ERR_INVALID_INPUT, ERR_NOT_FOUND, ERR_RANGE_NOT_SATISFIABLE),
     .texts = SIMPLE_TEXTS},
    {.method = "DELETE",
     .pattern = "/media/{id}",
     .auth = AUTH_USER,
     .permission = PERM_TICKET_COMMENT,
     .handler = simple_media_delete,
     .summary = "Delete a file: who uploaded it, or staff",
     .errors = ERRORS(ERR_INVALID_INPUT, ERR_FORBIDDEN, ERR_NOT_FOUND),
     .texts = SIMPLE_TEXTS},

    /* platform surface */
    MEDIA_POST_ROUTE("/api/v1/media"),
    MEDIA_POST_ROUTE("/api/v1/media/upload"),
    {.method = "POST",
     .pattern = "/api/v1/media/bulk-upload",
     .auth = AUTH_USER,
     .permission = PERM_TICKET_COMMENT,
     .handler = media_bulk_post,
     .summary = "Upload up to 20 files, all or none (multipart/form-data: files, and as for one)",
     .success = 201,
     .errors = UPLOAD_ERRORS,
     .flags = ROUTE_STREAM,
     .texts = UPLOAD_TEXTS,
     .max_body = NO_BODY_LIMIT},
    {.method = "GET",
     .pattern = "/api/v1/media",
     .auth = AUTH_ANY,
     .permission = PERM_TICKET_READ,
     .handler = media_list,
     .summary = "One's own files, or those of an entity that one may see",
     .query = &MEDIA_QUERY,
     .errors = ERRORS(ERR_FORBIDDEN, ERR_TICKET_NOT_FOUND, ERR_VALIDATION_ERROR)},
    {.method = "GET",
     .pattern = "/api/v1/media/mine",
     .auth = AUTH_USER,
     .permission = PERM_TICKET_READ,
     .handler = media_mine,
     .summary = "One's own files, newest first",
     .query = &MEDIA_MINE_QUERY,
     .errors = ERRORS(ERR_VALIDATION_ERROR)},
    {.method = "PUT",
     .pattern = "/api/v1/media/reassign",
     .auth = AUTH_USER,
     .permission = PERM_TICKET_COMMENT,
     .handler = media_reassign,
     .summary = "Give one's own files of an entity to another, a ticket for example",
     .body = &MEDIA_REASSIGN_BODY,
     .errors =
         ERRORS(ERR_FORBIDDEN, ERR_TICKET_NOT_FOUND, ERR_PAYLOAD_TOO_LARGE, ERR_VALIDATION_ERROR)},
    {.method = "GET",
     .pattern = "/api/v1/media/{id}",
     .auth = AUTH_ANY,
     .permission = PERM_TICKET_READ,
     .handler = media_get,
     .summary = "Download a file",
     .errors = DOWNLOAD_ERRORS,
     .texts = FILE_TEXTS},
    {.method = "GET",
     .pattern = "/api/v1/media/{id}/info",
     .auth = AUTH_ANY,
     .permission = PERM_TICKET_READ,
     .handler = media_info,
     .summary = "What is known of a file",
     .errors = ERRORS(ERR_FORBIDDEN, ERR_TICKET_NOT_FOUND, ERR_NOT_FOUND),
     .texts = FILE_TEXTS},
    {.method = "GET",
     .pattern = "/api/v1/support/attachments/{id}/access-url",
     .auth = AUTH_ANY,
     .permission = PERM_TICKET_READ,
     .handler = media_access_get,
     .summary = "A link that fetches the file without a token, for a short time",
     .errors = ERRORS(ERR_FORBIDDEN, ERR_TICKET_NOT_FOUND, ERR_NOT_FOUND),
     .texts = FILE_TEXTS},
    {.method = "GET",
     .pattern = "/media/access/{token}",
     .auth = AUTH_NONE,
     .handler = media_by_link,
     .summary = "Download the file of a link",
     .errors = ERRORS(ERR_NOT_FOUND, ERR_RANGE_NOT_SATISFIABLE)},
    {.method = "DELETE",
     .pattern = "/api/v1/media/{id}",
     .auth = AUTH_USER,
     .permission = PERM_TICKET_COMMENT,
     .handler = media_delete,
     .summary = "Delete a file: who uploaded it, who works on its ticket, administrators",
     .errors = ERRORS(ERR_FORBIDDEN, ERR_TICKET_NOT_FOUND, ERR_NOT_FOUND),
     .texts = FILE_TEXTS},

    /* platform surface: uploads in parts */
    {.method = "POST",
     .pattern = "/api/v1/media/uploads",
     .auth = AUTH_USER,
     .permission = PERM_TICKET_COMMENT,
     .handler = media_upload_post,
     .summary = "Begin an upload in parts",
     .body = &MEDIA_UPLOAD_BODY,
     .success = 201,
     .errors = ERRORS(ERR_FORBIDDEN, ERR_TICKET_NOT_FOUND, ERR_CONFLICT, ERR_PAYLOAD_TOO_LARGE,
                      ERR_UNSUPPORTED_MEDIA_TYPE, ERR_VALIDATION_ERROR, ERR_INSUFFICIENT_STORAGE),
     .texts = PART_TEXTS},
    {.method = "GET",
     .pattern = "/api/v1/media/uploads/{upload_id}",
     .auth = AUTH_USER,
     .permission = PERM_TICKET_COMMENT,
     .handler = media_upload_get,
     .summary = "Which parts of one's upload are missing",
     .errors = ERRORS(ERR_NOT_FOUND),
     .texts = PART_TEXTS},
    {.method = "PUT",
     .pattern = "/api/v1/media/uploads/{upload_id}/chunks/{index}",
     .auth = AUTH_USER,
     .permission = PERM_TICKET_COMMENT,
     .handler = media_upload_chunk_put,
     .summary = "Send a part, counted from 0, in any order (the bytes themselves)",
     .errors = ERRORS(ERR_INVALID_INPUT, ERR_NOT_FOUND, ERR_CONFLICT, ERR_VALIDATION_ERROR,
                      ERR_INSUFFICIENT_STORAGE),
     .flags = ROUTE_STREAM,
     .texts = PART_TEXTS,
     .max_body = NO_BODY_LIMIT},
    {.method = "POST",
     .pattern = "/api/v1/media/uploads/{upload_id}/complete",
     .auth = AUTH_USER,
     .permission = PERM_TICKET_COMMENT,
     .handler = media_upload_complete,
     .summary = "Make the parts a file; may be repeated",
     .errors = ERRORS(ERR_FORBIDDEN, ERR_TICKET_NOT_FOUND, ERR_NOT_FOUND, ERR_CONFLICT,
                      ERR_UPLOAD_IN_PROGRESS, ERR_PAYLOAD_TOO_LARGE, ERR_UNSUPPORTED_MEDIA_TYPE,
                      ERR_VALIDATION_ERROR, ERR_INSUFFICIENT_STORAGE),
     .texts = PART_TEXTS},
    {.method = "DELETE",
     .pattern = "/api/v1/media/uploads/{upload_id}",
     .auth = AUTH_USER,
     .permission = PERM_TICKET_COMMENT,
     .handler = media_upload_delete,
     .summary = "Abort an upload in parts",
     .errors = ERRORS(ERR_NOT_FOUND),
     .texts = PART_TEXTS},
    {0},
};

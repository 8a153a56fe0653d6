/* Files: those of tickets, and the media surfaces. */
#include "routes.h"

#include "actor.h"
#include "api/handlers.h"

/* Uploads are limited by settings while they are read. */
#define NO_BODY_LIMIT (1LL << 42)

const struct route MEDIA_ROUTES[] = {
    /* integration surface */
    {.method = "GET",
     .pattern = "/media/tickets/{number}/{filename}",
     .auth = AUTH_ANY,
     .permission = PERM_TICKET_READ,
     .handler = attachment_get_by_name,
     .summary = "Download an attachment",
     .errors = ERRORS(ERR_FORBIDDEN, ERR_TICKET_NOT_FOUND, ERR_NOT_FOUND)},

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
     .summary = "Attach a file (multipart/form-data, part \"file\")",
     .success = 201,
     .errors =
         ERRORS(ERR_INVALID_INPUT, ERR_FORBIDDEN, ERR_TICKET_NOT_FOUND, ERR_PRECONDITION_FAILED,
                ERR_PAYLOAD_TOO_LARGE, ERR_UNSUPPORTED_MEDIA_TYPE, ERR_VALIDATION_ERROR),
     .flags = ROUTE_STREAM,
     .max_body = NO_BODY_LIMIT},
    {.method = "GET",
     .pattern = "/api/v1/tickets/{number}/attachments/{id}",
     .auth = AUTH_ANY,
     .permission = PERM_TICKET_READ,
     .handler = attachment_get,
     .summary = "Download an attachment",
     .errors = ERRORS(ERR_FORBIDDEN, ERR_TICKET_NOT_FOUND, ERR_NOT_FOUND)},
    {0},
};

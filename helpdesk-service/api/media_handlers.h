#pragma once
/* The handlers that routes_media.c names, by surface. */
#include "req.h"

/* canonical and integration surface: files of a ticket */
enum err CO_FN attachment_list(struct req *r);
enum err CO_FN attachment_post(struct req *r);
enum err CO_FN attachment_get(struct req *r);
enum err CO_FN attachment_get_by_name(struct req *r);
enum err CO_FN attachment_delete(struct req *r);

/* simple surface */
enum err CO_FN simple_media_post(struct req *r);
enum err CO_FN simple_media_list(struct req *r);
enum err CO_FN simple_media_get(struct req *r);
enum err CO_FN simple_media_delete(struct req *r);

/* platform surface */
enum err CO_FN media_post(struct req *r);
enum err CO_FN media_bulk_post(struct req *r);
enum err CO_FN media_list(struct req *r);
enum err CO_FN media_mine(struct req *r);
enum err CO_FN media_get(struct req *r);
enum err CO_FN media_info(struct req *r);
enum err CO_FN media_access_get(struct req *r);
enum err CO_FN media_by_link(struct req *r);
enum err CO_FN media_delete(struct req *r);
enum err CO_FN media_reassign(struct req *r);

/* platform surface: uploads in parts */
enum err CO_FN media_upload_post(struct req *r);
enum err CO_FN media_upload_get(struct req *r);
enum err CO_FN media_upload_chunk_put(struct req *r);
enum err CO_FN media_upload_complete(struct req *r);
enum err CO_FN media_upload_delete(struct req *r);

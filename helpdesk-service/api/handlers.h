#pragma once
/* The handlers that routes.c names, by surface. */
#include "req.h"

/* canonical and integration surface */
enum err CO_FN ticket_post(struct req *r);
enum err CO_FN ticket_get_integration(struct req *r);
enum err CO_FN ticket_get(struct req *r);
enum err CO_FN ticket_list(struct req *r);
enum err CO_FN ticket_patch(struct req *r);
enum err CO_FN ticket_close(struct req *r);
enum err CO_FN ticket_withdraw(struct req *r);
enum err CO_FN ticket_reopen(struct req *r);
enum err CO_FN ticket_hold(struct req *r);
enum err CO_FN ticket_resume(struct req *r);
enum err CO_FN ticket_approve(struct req *r);
enum err CO_FN ticket_reject(struct req *r);
enum err CO_FN ticket_history(struct req *r);
enum err CO_FN ticket_tags_post(struct req *r);
enum err CO_FN ticket_tag_delete(struct req *r);
enum err CO_FN tag_list(struct req *r);
enum err CO_FN watcher_list(struct req *r);
enum err CO_FN watcher_post(struct req *r);
enum err CO_FN watcher_delete(struct req *r);
enum err CO_FN link_list(struct req *r);
enum err CO_FN link_post(struct req *r);
enum err CO_FN link_delete(struct req *r);
enum err CO_FN ticket_sla(struct req *r);
enum err CO_FN ticket_feedback_get(struct req *r);
enum err CO_FN ticket_feedback_post(struct req *r);
enum err CO_FN comment_list(struct req *r);
enum err CO_FN comment_post(struct req *r);
enum err CO_FN comment_get(struct req *r);
enum err CO_FN comment_edit(struct req *r);
enum err CO_FN comment_delete(struct req *r);
enum err CO_FN category_list(struct req *r);
enum err CO_FN category_post(struct req *r);
enum err CO_FN department_list(struct req *r);
enum err CO_FN department_post(struct req *r);

/* simple surface */
enum err CO_FN simple_ticket_post(struct req *r);
enum err CO_FN simple_ticket_list(struct req *r);
enum err CO_FN simple_ticket_get(struct req *r);
enum err CO_FN simple_ticket_patch(struct req *r);
enum err CO_FN simple_status_patch(struct req *r);
enum err CO_FN simple_priority_patch(struct req *r);
enum err CO_FN simple_assign_patch(struct req *r);
enum err CO_FN simple_history(struct req *r);
enum err CO_FN simple_queue(struct req *r);
enum err CO_FN simple_auto_priority_post(struct req *r);
enum err CO_FN simple_feedback_post(struct req *r);
enum err CO_FN simple_feedback_of_ticket(struct req *r);
enum err CO_FN simple_feedback_of_user(struct req *r);
enum err CO_FN simple_feedback_stats(struct req *r);
enum err CO_FN simple_feedback_delete(struct req *r);
enum err CO_FN simple_analytics_metrics(struct req *r);
enum err CO_FN simple_analytics_dashboard(struct req *r);
enum err CO_FN simple_analytics_refresh(struct req *r);
enum err CO_FN simple_analytics_tickets(struct req *r);
enum err CO_FN simple_analytics_feedback(struct req *r);

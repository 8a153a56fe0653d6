#pragma once
/* The queues this program reads: Celery tasks of the workflow, workflow events, people. */
struct service;

/* Declares and consumes them; from init. */
void events_consume(struct service *s);

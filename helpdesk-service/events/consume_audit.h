#pragma once
/* What the other programs tell, for the audit trail. */
struct service;

/* Before the broker is started. */
void audit_consume(struct service *s);

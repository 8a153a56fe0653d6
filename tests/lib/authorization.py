"""Who may use which route: what the authorisation matrix expects, written down apart from the programs.

A route is "METHOD /path": (kind, permission). Kinds:
  open      anybody; what a token of the body or a cookie is worth is the handler's business
  optional  a good token is used, a bad one refused, none will do
  person    people by any token      login    people, but not by an API token
  program   service tokens only      any      people and programs
A permission is a name of common/contract/permission.def. "self|NAME" is for one's own, or with NAME for
anybody's: the matrix asks for somebody else's."""
import re

from .paths import ROOT

PERMISSION = re.compile(r'^X\((\w+), "[^"]*", "([^"]*)"\)', re.M)


def permissions():
    """{name: {"*" | "service" | "system:role", …}} of the one permission table."""
    text = (ROOT / "common" / "contract" / "permission.def").read_text(encoding="utf-8")
    return {name: set(roles.split("|")) for name, roles in PERMISSION.findall(text)}


def _each(kind, permission, *routes):
    return {route: (kind, permission) for route in routes}


AUTH = {
    **_each("open", None,
            "POST /api/v1/auth/login", "POST /api/v1/users/login", "POST /api/auth/login", "POST /token",
            "POST /api/auth/token", "POST /auth/login", "POST /api/v1/auth/register", "POST /api/v1/users/register",
            "POST /api/auth/register", "POST /auth/register", "POST /api/v1/auth/refresh", "POST /token/refresh",
            "POST /api/auth/token/refresh", "POST /api/v1/users/token/refresh", "POST /token/verify",
            "POST /api/auth/token/verify", "POST /api/v1/auth/logout", "POST /api/auth/logout"),
    **_each("open", None,
            "POST /api/v1/auth/forgot-password", "POST /api/v1/users/password/forgot", "POST /api/auth/password-reset",
            "POST /api/v1/auth/reset-password", "POST /api/v1/users/password/reset",
            "POST /api/auth/password-reset-confirm", "POST /api/v1/auth/resend-verification",
            "GET /api/v1/auth/verify-email", "POST /api/v1/auth/verify-email",
            "GET /api/auth/verify-email", "POST /api/auth/verify-email",
            "POST /api/v1/auth/login/verify", "POST /api/v1/users/login/verify-otp", "POST /api/v1/auth/login/code",
            "POST /api/v1/auth/invitations/accept",
            "POST /api/v1/token", "POST /api/v1/token/obtain", "POST /api/v1/token/refresh",
            "POST /api/v1/token/refresh/cookie", "POST /api/v1/token/verify", "POST /api/v1/users/login/api",
            "POST /api/v1/users/2fa/request-otp", "POST /api/v1/users/logout", "POST /api/v1/auth/validate",
            "POST /api/v1/auth/validate-token", "POST /api/v1/users/token/validate", "GET /api/v1/users/token/validate",
            "POST /api/v1/hdts/employees/api/login", "POST /api/v1/hdts/employees/api/register",
            "POST /api/v1/hdts/employees/api/token/refresh", "POST /api/v1/hdts/employees/api/logout",
            "POST /api/v1/hdts/employees/password/forgot", "POST /api/v1/hdts/employees/password/reset"),
    **_each("person", None, "GET /api/v1/hdts/employees/api/me", "GET /api/v1/hdts/employees/api/profile"),
    **_each("login", None,
            "PATCH /api/v1/hdts/employees/api/profile", "POST /api/v1/hdts/employees/api/profile/change-password",
            "POST /api/v1/hdts/employees/api/profile/verify-password"),
    **_each("login", None,
            "GET /api/v1/auth/mfa", "POST /api/v1/auth/mfa/totp", "POST /api/v1/auth/mfa/totp/confirm",
            "POST /api/v1/auth/mfa/totp/disable", "POST /api/v1/auth/mfa/email", "POST /api/v1/auth/mfa/email/confirm",
            "POST /api/v1/auth/mfa/email/disable", "POST /api/v1/auth/mfa/email/code",
            "POST /api/v1/auth/mfa/recovery-codes", "POST /api/v1/users/2fa/enable", "POST /api/v1/users/2fa/disable",
            "POST /api/v1/users/verify-disable-otp", "POST /api/v1/users/2fa/request-otp-authenticated"),
    **_each("login", None,
            "POST /api/v1/auth/change-password", "POST /api/v1/users/password/change",
            "POST /api/v1/users/change-password", "POST /api/v1/users/profile/reset-password",
            "POST /api/v1/auth/verify-password", "POST /api/v1/users/verify-password",
            "GET /api/v1/auth/sessions", "DELETE /api/v1/auth/sessions", "DELETE /api/v1/auth/sessions/{id}"),
    **_each("person", None,
            "GET /api/v1/auth/me", "GET /api/v1/users/me", "GET /api/v1/users/profile", "GET /api/auth/me",
            "GET /api/me", "GET /auth/me"),
    **_each("login", None, "PUT /api/v1/users/profile", "PATCH /api/v1/users/profile"),
    **_each("any", "USER_READ", "GET /api/v1/users", "GET /api/v1/users/search", "GET /api/users"),
    **_each("any", "self|USER_READ", "GET /api/v1/users/{id}", "GET /api/users/{id}", "GET /api/v1/users/{id}/roles"),
    **_each("program", None, "GET /api/v1/users/snapshot"),
    **_each("person", "USER_ADMIN",
            "DELETE /api/v1/users/{id}", "POST /api/v1/users/import", "GET /api/v1/users/export",
            "POST /api/v1/users", "PATCH /api/v1/users/{id}", "PUT /api/v1/users/{id}",
            "POST /api/v1/users/invitations", "POST /api/v1/users/invite-agent", "GET /api/v1/users/invitations",
            "POST /api/v1/users/invitations/{id}/resend", "DELETE /api/v1/users/invitations/{id}",
            "POST /api/v1/users/{id}/activate", "POST /api/v1/users/{id}/deactivate",
            "POST /api/v1/users/{id}/roles", "DELETE /api/v1/users/{id}/roles/{role_id}"),
    **_each("login", None,
            "GET /api/v1/users/preferences", "PUT /api/v1/users/preferences", "PATCH /api/v1/users/preferences"),
    **_each("any", None, "GET /api/v1/systems", "GET /api/systems", "GET /api/v1/roles", "GET /api/roles"),
    **_each("any", None, "GET /api/v1/systems/{id}", "GET /api/v1/roles/{id}", "GET /api/v1/permissions"),
    **_each("person", None, "GET /api/v1/auth/me/permissions"),
    **_each("person", "USER_ADMIN",
            "POST /api/v1/systems", "PATCH /api/v1/systems/{id}", "PUT /api/v1/systems/{id}",
            "DELETE /api/v1/systems/{id}",
            "POST /api/v1/roles", "PATCH /api/v1/roles/{id}", "PUT /api/v1/roles/{id}", "DELETE /api/v1/roles/{id}"),
    **_each("person", "USER_ADMIN", "GET /api/v1/auth/audit"),
    **_each("login", None,
            "POST /api/v1/tokens", "GET /api/v1/tokens", "GET /api/v1/tokens/{id}", "DELETE /api/v1/tokens/{id}",
            "POST /api/v1/tokens/{id}/rotate"),
    **_each("program", None, "POST /api/v1/tokens/introspect"),
}

REGISTRY = {
    **_each("open", None,
            "GET /services", "GET /services/{name}", "GET /discover/{name}", "GET /health/{name}",
            "GET /api/v1/services", "GET /api/v1/services/{name}", "GET /registry/watch", "GET /registry/events",
            "GET /registry/status"),
    **_each("optional", None, "POST /register", "PUT /renew", "DELETE /deregister/{name}"),
    **_each("program", None, "POST /registry/limits/sync", "POST /registry/report"),
}

HELPDESK = {
    **_each("any", "TICKET_CREATE",
            "POST /api/tickets", "POST /api/v1/tickets"),
    **_each("any", "TICKET_READ",
            "GET /api/tickets/number/{number}", "GET /api/v1/tickets", "GET /api/v1/tickets/{number}",
            "GET /api/v1/tickets/{number}/comments", "GET /api/v1/tickets/{number}/comments/{id}",
            "GET /api/v1/tickets/{number}/history", "GET /api/v1/tickets/{number}/sla",
            "GET /api/v1/tickets/{number}/feedback", "GET /api/v1/tickets/{number}/watchers",
            "GET /api/v1/tickets/{number}/links", "GET /api/v1/tickets/{number}/feedback/link",
            "GET /api/v1/categories", "GET /api/categories", "GET /api/v1/departments", "GET /api/departments",
            "GET /api/v1/categories/{id}", "GET /api/v1/departments/{id}", "GET /api/v1/custom-fields",
            "GET /api/v1/custom-fields/{id}"),
    **_each("any", "TICKET_READ",
            "GET /api/v1/tickets/export", "GET /api/v1/search", "GET /api/v1/search/autocomplete", "GET /api/v1/search/filters"),
    **_each("any", "TICKET_READ",
            "GET /media/tickets/{number}/{filename}", "GET /api/media/tickets/{number}/{filename}",
            "GET /api/v1/tickets/{number}/attachments", "GET /api/v1/tickets/{number}/attachments/{id}",
            "GET /api/v1/media", "GET /api/v1/media/{id}", "GET /api/v1/media/{id}/info"),
    **_each("person", "TICKET_READ",
            "GET /api/v1/views", "POST /api/v1/views", "GET /api/v1/views/counts", "GET /api/v1/views/{id}",
            "PATCH /api/v1/views/{id}", "DELETE /api/v1/views/{id}", "GET /api/v1/views/{id}/tickets",
            "GET /api/v1/views/{id}/count"),
    **_each("person", "TICKET_READ",
            "GET /tickets", "GET /tickets/{id}", "GET /workflow/history/{id}", "GET /feedback/ticket/{id}",
            "GET /feedback/user/{id}", "GET /media/ticket/{ticket_id}", "GET /media/{id}",
            "GET /api/v1/media/mine"),
    **_each("person", "TICKET_COMMENT",
            "PATCH /api/v1/tickets/{number}", "POST /api/v1/tickets/{number}/close",
            "POST /api/v1/tickets/{number}/withdraw", "POST /api/v1/tickets/{number}/reopen",
            "POST /api/v1/tickets/{number}/hold", "POST /api/v1/tickets/{number}/resume",
            "POST /api/v1/tickets/{number}/approve", "POST /api/v1/tickets/{number}/reject",
            "POST /api/v1/tickets/{number}/tags", "DELETE /api/v1/tickets/{number}/tags/{tag}",
            "POST /api/v1/tickets/{number}/watchers", "DELETE /api/v1/tickets/{number}/watchers/{user_id}",
            "POST /api/v1/tickets/{number}/links", "DELETE /api/v1/tickets/{number}/links/{id}",
            "PATCH /tickets/{id}", "POST /workflow/auto-priority/{id}", "POST /feedback", "DELETE /feedback/{id}",
            "POST /api/v1/tickets/{number}/comments", "PATCH /api/v1/tickets/{number}/comments/{id}",
            "DELETE /api/v1/tickets/{number}/comments/{id}", "POST /api/v1/tickets/{number}/feedback"),
    **_each("person", "TICKET_COMMENT",
            "POST /api/v1/tickets/{number}/attachments", "DELETE /api/v1/tickets/{number}/attachments/{id}",
            "POST /media/upload", "DELETE /media/{id}", "POST /api/v1/media", "POST /api/v1/media/upload",
            "POST /api/v1/media/bulk-upload", "PUT /api/v1/media/reassign", "DELETE /api/v1/media/{id}",
            "POST /api/v1/media/uploads", "GET /api/v1/media/uploads/{upload_id}",
            "DELETE /api/v1/media/uploads/{upload_id}", "PUT /api/v1/media/uploads/{upload_id}/chunks/{index}",
            "POST /api/v1/media/uploads/{upload_id}/complete"),
    **_each("person", "TICKET_COMMENT",
            "POST /api/v1/tickets/bulk", "POST /api/v1/jobs/{id}/cancel"),
    **_each("person", "TICKET_READ",
            "GET /api/v1/jobs", "GET /api/v1/jobs/{id}", "GET /api/v1/jobs/{id}/items"),
    **_each("any", "TICKET_WORK",
            "GET /api/v1/tags"),
    **_each("open", None,
            "GET /feedback/rate/{token}", "POST /feedback/rate/{token}"),
    **_each("any", "CATALOGUE_ADMIN",
            "POST /api/v1/categories", "POST /api/v1/departments", "PATCH /api/v1/categories/{id}",
            "DELETE /api/v1/categories/{id}", "PATCH /api/v1/departments/{id}", "DELETE /api/v1/departments/{id}",
            "POST /api/v1/categories/{id}/sub-categories", "PATCH /api/v1/categories/{id}/sub-categories/{sub_id}",
            "DELETE /api/v1/categories/{id}/sub-categories/{sub_id}", "POST /api/v1/custom-fields",
            "PATCH /api/v1/custom-fields/{id}", "DELETE /api/v1/custom-fields/{id}"),
    **_each("any", "AUDIT_READ",
            "GET /api/v1/audit", "GET /api/v1/audit/{id}", "GET /api/v1/audit/export", "GET /api/v1/audit/verify"),
    **_each("person", "TICKET_CREATE",
            "POST /tickets"),
    **_each("person", "TICKET_WORK",
            "PATCH /workflow/status/{id}", "PATCH /workflow/priority/{id}", "PATCH /workflow/assign/{id}",
            "GET /workflow/queue", "GET /feedback/stats", "GET /analytics/metrics", "GET /analytics/dashboard",
            "POST /analytics/refresh", "GET /analytics/tickets/stats", "GET /analytics/feedback/stats"),
    **_each("optional", None,
            "GET /api/v1/kb/categories", "GET /api/v1/kb/categories/{id}", "GET /api/v1/kb/articles",
            "GET /api/v1/kb/articles/{article}", "GET /api/v1/kb/search", "GET /api/v1/kb/suggest"),
    **_each("person", "KB_EDIT",
            "POST /api/v1/kb/categories", "PATCH /api/v1/kb/categories/{id}", "DELETE /api/v1/kb/categories/{id}",
            "POST /api/v1/kb/articles", "PATCH /api/v1/kb/articles/{article}", "DELETE /api/v1/kb/articles/{article}",
            "POST /api/v1/kb/articles/{article}/publish", "POST /api/v1/kb/articles/{article}/unpublish",
            "POST /api/v1/kb/articles/{article}/archive", "GET /api/v1/kb/articles/{article}/versions",
            "GET /api/v1/kb/articles/{article}/versions/{version}",
            "POST /api/v1/kb/articles/{article}/versions/{version}/restore", "GET /api/v1/kb/articles/{article}/diff",
            "GET /api/v1/kb/articles/{article}/votes", "GET /api/v1/kb/gaps"),
    **_each("person", "TICKET_READ", "GET /api/v1/kb/articles/{article}/vote"),
    **_each("person", "TICKET_COMMENT",
            "POST /api/v1/kb/articles/{article}/vote", "DELETE /api/v1/kb/articles/{article}/vote",
            "POST /api/v1/tickets/{number}/articles", "DELETE /api/v1/tickets/{number}/articles/{article_id}"),
    **_each("any", "TICKET_READ", "GET /api/v1/tickets/{number}/articles"),
}

WORKFLOW = {
    **_each("person", "TASK_OWNED", "GET /tasks/owned-tickets", "GET /api/v1/tasks/owned-tickets"),
    **_each("person", "TASK_ACT",
            "GET /tasks/my-tasks", "GET /api/v1/tasks/mine", "POST /transitions", "POST /api/v1/transitions",
            "POST /api/v1/tasks/{task_id}/start"),
    **_each("person", "OWNER_ESCALATE",
            "POST /tasks/ticket-owner/escalate", "POST /api/v1/tasks/ticket-owner/escalate"),
    **_each("person", "OWNER_TRANSFER",
            "POST /tasks/ticket-owner/transfer", "POST /api/v1/tasks/ticket-owner/transfer"),
    **_each("any", None,
            "GET /tasks/logs", "GET /api/v1/tasks/logs", "GET /api/v1/tasks", "GET /api/v1/tasks/{task_id}",
            "GET /api/v1/sla/{ticket_number}"),
    **_each("any", "WORKFLOW_READ",
            "GET /api/v1/workflows", "GET /api/v1/workflows/{workflow_id}", "GET /api/v1/sla/policies",
            "GET /api/v1/sla/policies/{id}", "GET /api/v1/calendars", "GET /api/v1/calendars/{id}"),
    **_each("person", "WORKFLOW_ADMIN",
            "POST /api/v1/sla/policies", "PATCH /api/v1/sla/policies/{id}", "DELETE /api/v1/sla/policies/{id}",
            "POST /api/v1/calendars", "PATCH /api/v1/calendars/{id}", "DELETE /api/v1/calendars/{id}",
            "POST /api/v1/calendars/{id}/holidays/import", "POST /api/v1/calendars/{id}/preview"),
}

# What the gateway answers itself; its admin API has no tokens and listens on loopback only.
GATEWAY = _each("open", None, "GET /registry/services")

ROUTES = {"auth-service": AUTH, "gateway": GATEWAY, "helpdesk-service": HELPDESK, "registry-service": REGISTRY,
          "workflow-service": WORKFLOW}

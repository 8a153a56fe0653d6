/* Workflow definitions: reading, drafting, publishing. */
#include "actor.h"
#include "api/definition_file.h"
#include "api/definition_json.h"
#include "api/definitions.h"
#include "api/picture.h"
#include "api/workflow_view.h"
#include "api/workflows.h"
#include "routes.h"

#define ERRORS(...)                                                                                \
    (const enum err[])                                                                             \
    {                                                                                              \
        __VA_ARGS__, ERR_OK                                                                        \
    }
#define CONFLICT_TEXT(text)                                                                        \
    (const struct route_text[])                                                                    \
    {                                                                                              \
        {ERR_CONFLICT, text},                                                                      \
        {                                                                                          \
            ERR_OK, NULL                                                                           \
        }                                                                                          \
    }
#define READ .auth = AUTH_ANY, .permission = PERM_WORKFLOW_READ
#define ADMIN .auth = AUTH_USER, .permission = PERM_WORKFLOW_ADMIN
#define ONE "/api/v1/workflows/{workflow_id}"
#define PICTURE(path)                                                                              \
    {                                                                                              \
        .method = "GET", .pattern = ONE path, READ, .handler = picture_get,                        \
        .summary = "A picture of a workflow, with the way of a task through it",                   \
        .query = &PICTURE_QUERY,                                                                   \
        .errors = ERRORS(ERR_WORKFLOW_NOT_FOUND, ERR_NOT_FOUND, ERR_TASK_NOT_FOUND, ERR_FORBIDDEN) \
    }

const struct route DEFINITION_ROUTES[] = {
    {.method = "GET",
     .pattern = "/api/v1/workflows",
     READ,
     .handler = workflows_list,
     .summary = "Workflow definitions",
     .query = &WORKFLOWS_QUERY,
     .reply = &WORKFLOW_PAGE},
    {.method = "POST",
     .pattern = "/api/v1/workflows",
     ADMIN,
     .handler = definitions_post,
     .summary = "Add a workflow as a draft, or published at once",
     .body = &DEFINITION_BODY,
     .reply = &WORKFLOW_DOC,
     .success = 201,
     .errors = ERRORS(ERR_DUPLICATE_RESOURCE)},
    {.method = "POST",
     .pattern = "/api/v1/workflows/validate",
     ADMIN,
     .handler = definitions_validate_sent,
     .summary = "What keeps a definition from being published",
     .body = &DEFINITION_BODY,
     .reply = &WORKFLOW_VALIDATION},
    {.method = "POST",
     .pattern = "/api/v1/workflows/import",
     ADMIN,
     .handler = definition_file_import,
     .summary = "Add a workflow from a JSON or YAML file, or make the file the draft of one",
     .query = &IMPORT_QUERY,
     .reply = &WORKFLOW_DOC,
     .success = 201,
     .errors = ERRORS(ERR_DUPLICATE_RESOURCE, ERR_PRECONDITION_FAILED, ERR_PAYLOAD_TOO_LARGE,
                      ERR_UNSUPPORTED_MEDIA_TYPE, ERR_VALIDATION_ERROR),
     .max_body = DEFINITION_FILE_MAX},
    {.method = "GET",
     .pattern = ONE,
     READ,
     .handler = workflows_get,
     .summary = "A workflow with steps, transitions and deadlines: the live version, else the "
                "newest, else the draft",
     .reply = &WORKFLOW_DOC,
     .errors = ERRORS(ERR_WORKFLOW_NOT_FOUND)},
    {.method = "PUT",
     .pattern = ONE,
     ADMIN,
     .handler = definitions_put,
     .summary = "Replace the draft of a workflow",
     .body = &DEFINITION_BODY,
     .reply = &WORKFLOW_DOC,
     .errors = ERRORS(ERR_WORKFLOW_NOT_FOUND, ERR_DUPLICATE_RESOURCE, ERR_PRECONDITION_FAILED)},
    {.method = "PATCH",
     .pattern = ONE,
     ADMIN,
     .handler = definitions_patch,
     .summary = "Change parts of the draft of a workflow",
     .body = &DEFINITION_PATCH,
     .reply = &WORKFLOW_DOC,
     .errors = ERRORS(ERR_WORKFLOW_NOT_FOUND, ERR_DUPLICATE_RESOURCE, ERR_PRECONDITION_FAILED)},
    {.method = "DELETE",
     .pattern = ONE,
     ADMIN,
     .handler = definitions_delete,
     .summary = "Remove a workflow on which no task runs, or that is retired",
     .success = 204,
     .errors = ERRORS(ERR_WORKFLOW_NOT_FOUND, ERR_CONFLICT, ERR_PRECONDITION_FAILED),
     .texts = CONFLICT_TEXT("Tasks run on the workflow: retire it first")},
    {.method = "GET",
     .pattern = ONE "/draft",
     READ,
     .handler = workflows_draft,
     .summary = "What the next version would be",
     .reply = &WORKFLOW_DOC,
     .errors = ERRORS(ERR_WORKFLOW_NOT_FOUND)},
    {.method = "DELETE",
     .pattern = ONE "/draft",
     ADMIN,
     .handler = definitions_drop_draft,
     .summary = "Give up the draft",
     .success = 204,
     .errors = ERRORS(ERR_WORKFLOW_NOT_FOUND, ERR_NOT_FOUND, ERR_CONFLICT, ERR_PRECONDITION_FAILED),
     .texts = CONFLICT_TEXT("The workflow is nothing but its draft")},
    {.method = "GET",
     .pattern = ONE "/export",
     READ,
     .handler = definition_file_export,
     .summary = "A workflow as a JSON or YAML file",
     .query = &EXPORT_QUERY,
     .errors = ERRORS(ERR_WORKFLOW_NOT_FOUND, ERR_NOT_FOUND)},
    PICTURE("/picture"),
    PICTURE("/picture.svg"),
    {.method = "POST",
     .pattern = ONE "/validate",
     ADMIN,
     .handler = definitions_validate,
     .summary = "What keeps the draft from being published",
     .reply = &WORKFLOW_VALIDATION,
     .errors = ERRORS(ERR_WORKFLOW_NOT_FOUND)},
    {.method = "POST",
     .pattern = ONE "/publish",
     ADMIN,
     .handler = definitions_publish,
     .summary = "Make the draft the live version; running tasks stay on theirs",
     .reply = &WORKFLOW_DOC,
     .errors = ERRORS(ERR_WORKFLOW_NOT_FOUND, ERR_CONFLICT, ERR_DUPLICATE_RESOURCE,
                      ERR_PRECONDITION_FAILED, ERR_VALIDATION_ERROR),
     .texts = CONFLICT_TEXT("There is no draft to publish")},
    {.method = "POST",
     .pattern = ONE "/retire",
     ADMIN,
     .handler = definitions_retire,
     .summary = "Take no more tickets; running tasks go on",
     .reply = &WORKFLOW_DOC,
     .errors = ERRORS(ERR_WORKFLOW_NOT_FOUND, ERR_CONFLICT, ERR_PRECONDITION_FAILED),
     .texts = CONFLICT_TEXT("The workflow is not published")},
    {.method = "POST",
     .pattern = ONE "/clone",
     ADMIN,
     .handler = definitions_clone,
     .summary = "Add a draft of another name from what the workflow is",
     .body = &CLONE_BODY,
     .reply = &WORKFLOW_DOC,
     .success = 201,
     .errors = ERRORS(ERR_WORKFLOW_NOT_FOUND, ERR_DUPLICATE_RESOURCE)},
    {.method = "GET",
     .pattern = ONE "/versions",
     READ,
     .handler = workflows_versions,
     .summary = "Versions of a workflow, the newest first",
     .query = &WORKFLOW_VERSIONS_QUERY,
     .reply = &WORKFLOW_VERSION_PAGE,
     .errors = ERRORS(ERR_WORKFLOW_NOT_FOUND)},
    {.method = "GET",
     .pattern = ONE "/versions/{version}",
     READ,
     .handler = workflows_version,
     .summary = "A version as it was published",
     .reply = &WORKFLOW_DOC,
     .errors = ERRORS(ERR_WORKFLOW_NOT_FOUND, ERR_NOT_FOUND)},
    {.method = "POST",
     .pattern = ONE "/versions/{version}/restore",
     ADMIN,
     .handler = definitions_restore,
     .summary = "Make a version the draft",
     .reply = &WORKFLOW_DOC,
     .errors = ERRORS(ERR_WORKFLOW_NOT_FOUND, ERR_NOT_FOUND, ERR_PRECONDITION_FAILED)},
    {.method = NULL},
};

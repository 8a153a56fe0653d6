#include "api/classify.h"

#include "service.h"
#include "state.h"

enum err classify(struct req *r, struct ticket *t)
{
    const struct helpdesk *h = helpdesk_of(r);
    struct category category;
    struct str name;

    if (catalogue_category(h->catalogue, r->arena, t->category, &category)) {
        t->category = category.name;
    } else if (h->config->is_catalogue_closed) {
        req_field_error(r, "category", "is not in the catalogue");
    }
    if (t->department.p) {
        name = catalogue_department(h->catalogue, r->arena, t->department);
        if (name.p)
            t->department = name;
        else if (h->config->is_catalogue_closed)
            req_field_error(r, "department", "is not in the catalogue");
    }
    if (t->sub_category.p) {
        name = catalogue_sub_category(h->catalogue, r->arena, t->category, t->sub_category);
        if (name.p)
            t->sub_category = name;
    }
    return req_has_field_errors(r) ? ERR_VALIDATION_ERROR : ERR_OK;
}

void classify_default_department(struct req *r, struct ticket *t)
{
    struct category category;

    if (!t->department.p &&
        catalogue_category(helpdesk_of(r)->catalogue, r->arena, t->category, &category))
        t->department = category.department;
}

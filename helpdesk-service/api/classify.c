#include "api/classify.h"

#include "service.h"

unsigned classify_ticket(const struct helpdesk *h, struct arena *a, struct ticket *t)
{
    struct category category;
    struct str name;
    unsigned unknown = 0;

    if (catalogue_category(h->catalogue, a, t->category, &category))
        t->category = category.name;
    else
        unknown |= CLASSIFY_CATEGORY;
    if (t->department.p) {
        name = catalogue_department(h->catalogue, a, t->department);
        if (name.p)
            t->department = name;
        else
            unknown |= CLASSIFY_DEPARTMENT;
    }
    if (t->sub_category.p) {
        name = catalogue_sub_category(h->catalogue, a, t->category, t->sub_category);
        if (name.p)
            t->sub_category = name;
    }
    return h->config->is_catalogue_closed ? unknown : 0;
}

enum err classify(struct req *r, struct ticket *t)
{
    unsigned refused = classify_ticket(helpdesk_of(r), r->arena, t);

    if (refused & CLASSIFY_CATEGORY)
        req_field_error(r, "category", CLASSIFY_REFUSAL);
    if (refused & CLASSIFY_DEPARTMENT)
        req_field_error(r, "department", CLASSIFY_REFUSAL);
    return req_has_field_errors(r) ? ERR_VALIDATION_ERROR : ERR_OK;
}

void classify_default_department(struct req *r, struct ticket *t)
{
    struct category category;

    if (!t->department.p &&
        catalogue_category(helpdesk_of(r)->catalogue, r->arena, t->category, &category))
        t->department = category.department;
}

#pragma once
/* How statements show the entries of the catalogue; the parameter says whether inactive ones too.
 */

#define CATEGORY_JSON(with_inactive)                                                               \
    "json_build_object('id', c.id, 'name', c.name, 'department', d.name, 'expects_workflow', "     \
    "c.expects_workflow, 'needs_approval', c.needs_approval, 'is_active', c.is_active, "           \
    "'version', "                                                                                  \
    "c.version, 'sub_categories', COALESCE((SELECT json_agg(json_build_object('id', s.id, "        \
    "'name', "                                                                                     \
    "s.name, 'is_active', s.is_active) ORDER BY s.id) FROM sub_category s "                        \
    "WHERE s.category_id = c.id AND (s.is_active OR " with_inactive ")), '[]'))"
#define CATEGORY_SOURCE "category c LEFT JOIN department d ON d.id = c.department_id"
#define DEPARTMENT_JSON                                                                            \
    "json_build_object('id', id, 'name', name, 'is_active', is_active, 'version', version)"

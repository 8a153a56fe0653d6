#!/bin/sh
# embed_sql.sh <module> <array name> <folder>: a C file with every NNNN_name.sql of the folder, in order.
set -eu
module=$1 array=$2 dir=$3
printf '#include "migrate.h"\n\nextern const struct db_migration %s[];\nextern const size_t %s_COUNT;\n\n' \
    "$array" "$array"
printf 'const struct db_migration %s[] = {\n' "$array"
count=0
for file in "$dir"/[0-9][0-9][0-9][0-9]_*.sql; do
    base=$(basename "$file" .sql)
    version=$(printf '%s' "$base" | sed 's/_.*//; s/^0*//')
    printf '    {"%s", %s, "%s",\n' "$module" "$version" "${base#*_}"
    sed 's/\\/\\\\/g; s/"/\\"/g; s/^/     "/; s/$/\\n"/' "$file"
    printf '    },\n'
    count=$((count + 1))
done
printf '    {0},\n};\nconst size_t %s_COUNT = %s;\n' "$array" "$count"

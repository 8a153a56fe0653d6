#!/bin/sh
# At the first start of a database for production: each role's password from its secret, in place of roles.sql's.
set -eu
for role in registry auth helpdesk workflow messaging notification; do
    password=$(cat "/run/secrets/DB_PASSWORD_$role")
    echo "ALTER ROLE $role PASSWORD :'password'" |
        psql -v ON_ERROR_STOP=1 -q -U postgres -d "$POSTGRES_DB" -v password="$password"
done

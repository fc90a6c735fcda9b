#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs once in the database's container: the relays' role, which owns nothing. tigressd --migrate gives it its rights.
# The container has made the owner and the database; the rest is as in deploy/postgresql/roles.sql.
set -eu
psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" -v password="$(cat /run/secrets/postgres-database-password)" \
    -v database="$POSTGRES_DB" <<'SQL'
CREATE ROLE tigress LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO tigress;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
SQL

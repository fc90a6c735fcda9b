#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs once in the database's container: the relays' role, which owns nothing. tigressd --migrate gives it its rights.
set -eu
psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" -v password="$(cat /run/secrets/postgres-database-password)" <<'SQL'
CREATE ROLE tigress LOGIN PASSWORD :'password';
SQL

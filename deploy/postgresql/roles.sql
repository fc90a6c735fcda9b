-- SPDX-License-Identifier: Apache-2.0
-- The two roles and the database, as a superuser. The owner makes and changes the tables (tigressd --migrate) and does
-- nothing else. The relays' role gets from the migration what it needs (src/store/postgres/sql/grants.sql): it owns
-- nothing, makes nothing, and may not enter another schema. Passwords are set apart: \password ROLE
--
--     psql -v ON_ERROR_STOP=1 -v owner=tigress_owner -v role=tigress -v database=tigress -f roles.sql 'postgresql://postgres@…/postgres'

CREATE ROLE :"owner" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
CREATE ROLE :"role" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
CREATE DATABASE :"database" OWNER :"owner";
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO :"role";
\connect :"database"
REVOKE ALL ON SCHEMA public FROM PUBLIC;

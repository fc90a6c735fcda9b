-- SPDX-License-Identifier: Apache-2.0
-- What the relays' role may do, and nothing else: it owns no table, makes none, and sees no other schema.
-- (compatible_from: tigressd --open-map ends the time of programs that know no epochs.)
-- tigressd --migrate ROLE runs this as the owner of the tables. By hand: psql -v role=tigress -f grants.sql

GRANT USAGE ON SCHEMA tigress TO :"role";
GRANT SELECT, UPDATE (compatible_from) ON tigress.schema_version TO :"role";
GRANT SELECT, INSERT, UPDATE, DELETE ON tigress.mailbox, tigress.outbox, tigress.series, tigress.spent, tigress.fact,
    tigress.lane, tigress.epoch TO :"role";

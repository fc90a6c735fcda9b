-- SPDX-License-Identifier: Apache-2.0
-- Settings of the tables that PostgreSQL alone has; run after the numbered files, again with each --migrate. The
-- mailboxes may be one table or partitions (partitions.sql): the settings belong to the tables that hold rows.

ALTER TABLE tigress.mailbox ALTER COLUMN sealed SET STORAGE EXTERNAL;  -- ciphertext does not compress
DO $$
DECLARE
    t regclass;
BEGIN
    FOR t IN SELECT oid FROM pg_class WHERE relnamespace = 'tigress'::regnamespace AND relkind = 'r' AND relname LIKE 'mailbox%' LOOP
        EXECUTE format('ALTER TABLE %s SET (autovacuum_vacuum_scale_factor = 0.02, toast.autovacuum_vacuum_scale_factor = 0.02)', t);
    END LOOP;
END $$;
ALTER TABLE tigress.outbox ALTER COLUMN sealed SET STORAGE EXTERNAL;
ALTER TABLE tigress.outbox SET (autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE tigress.lane SET (fillfactor = 25, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- SPDX-License-Identifier: Apache-2.0
-- Settings of the tables that PostgreSQL alone has; run after the numbered files, again with each --migrate.

ALTER TABLE tigress.mailbox ALTER COLUMN sealed SET STORAGE EXTERNAL;  -- ciphertext does not compress
ALTER TABLE tigress.mailbox SET (autovacuum_vacuum_scale_factor = 0.02, toast.autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE tigress.outbox ALTER COLUMN sealed SET STORAGE EXTERNAL;
ALTER TABLE tigress.outbox SET (autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE tigress.lane SET (fillfactor = 25, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- SPDX-License-Identifier: Apache-2.0
-- Optional: splits the mailboxes into 16 partitions by the hash of their key, so that vacuums and indexes are smaller.
-- For PostgreSQL, and for tables of many gigabytes. Run once as their owner while no relay runs, and then
-- tigressd --migrate ROLE, which lets the role use the new tables:
--
--     psql -v ON_ERROR_STOP=1 -f partitions.sql 'postgresql://tigress_owner@…/tigress'

BEGIN;
LOCK TABLE tigress.mailbox IN ACCESS EXCLUSIVE MODE;
ALTER TABLE tigress.mailbox RENAME TO mailbox_whole;
ALTER INDEX tigress.mailbox_pkey RENAME TO mailbox_whole_pkey;
ALTER INDEX tigress.mailbox_expires RENAME TO mailbox_whole_expires;
CREATE TABLE tigress.mailbox (LIKE tigress.mailbox_whole INCLUDING STORAGE, PRIMARY KEY (key)) PARTITION BY HASH (key);
DO $$
BEGIN
    FOR i IN 0..15 LOOP
        EXECUTE format('CREATE TABLE tigress.mailbox_%s PARTITION OF tigress.mailbox FOR VALUES WITH (MODULUS 16, REMAINDER %s)', i, i);
    END LOOP;
END $$;
CREATE INDEX mailbox_expires ON tigress.mailbox (expires_s);
INSERT INTO tigress.mailbox SELECT * FROM tigress.mailbox_whole;
DROP TABLE tigress.mailbox_whole;
COMMIT;

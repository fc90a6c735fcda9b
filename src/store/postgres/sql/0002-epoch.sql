-- SPDX-License-Identifier: Apache-2.0
-- Version 2 of the tables: the versions of the map by which several databases share the mailboxes
-- (docs/databases.md). One row is open. A transaction that makes a mailbox shares the lock of that row.

CREATE TABLE tigress.epoch (
    version  bigint  NOT NULL PRIMARY KEY,     -- of the map; 0: this database has all mailboxes
    print    bigint  NOT NULL,                 -- fingerprint of what the map says; 0 for version 0
    is_open  boolean NOT NULL
);
INSERT INTO tigress.epoch VALUES (0, 0, true);

-- SPDX-License-Identifier: Apache-2.0
-- Version 1 of the tables. Run by tigressd --migrate as their owner, in one transaction with the row of schema_version.
-- docs/databases.md says what other databases run of this.

CREATE TABLE tigress.mailbox (
    key       bytea    NOT NULL PRIMARY KEY,   -- 32 bytes: a keyed hash
    version   bigint   NOT NULL,               -- of the mailbox
    class     smallint NOT NULL,               -- 0 live, 1 ended
    expires_s bigint   NOT NULL,               -- UTC seconds
    tag       bigint   NOT NULL,               -- random, new with each write: what a writer compares
    sealed    bytea    NOT NULL
);
CREATE INDEX mailbox_expires ON tigress.mailbox (expires_s);

-- Notifications to send. at_s: when a sender looks at the entry again, and never after it has expired:
-- when it is due, when its lease ends, or when its block ends.
CREATE TABLE tigress.outbox (
    key        bytea   NOT NULL PRIMARY KEY,
    due_s      bigint  NOT NULL,
    at_s       bigint  NOT NULL,
    expires_s  bigint  NOT NULL,
    attempts   bigint  NOT NULL,
    is_blocked boolean NOT NULL,
    is_noted   boolean NOT NULL,               -- noted again since it was made or leased
    lease      bigint  NOT NULL,               -- generation, 0: none
    sealed     bytea   NOT NULL
);
CREATE INDEX outbox_at ON tigress.outbox (at_s);

CREATE TABLE tigress.series (
    id        bytea   NOT NULL PRIMARY KEY,
    end_s     bigint  NOT NULL,
    is_closed boolean NOT NULL
);

CREATE TABLE tigress.spent (
    series bytea NOT NULL,
    key    bytea NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (series, key)
);

CREATE TABLE tigress.fact (
    name    text   NOT NULL PRIMARY KEY,
    version bigint NOT NULL,
    value   bytea  NOT NULL
);

-- A row for each connection that writes: every transaction updates the row of its own connection, and no
-- other one, so nobody waits for a common counter. The sums of all rows count what the store holds.
CREATE TABLE tigress.lane (
    id          bigint NOT NULL PRIMARY KEY,   -- random; 0: the sum of connections that have ended
    node        bigint NOT NULL,               -- random, of the process; 0 likewise
    seq         bigint NOT NULL,               -- transactions
    beat_s      bigint NOT NULL,               -- the database's UTC seconds of the last one
    mark_s      bigint NOT NULL,               -- the latest UTC seconds that a change was decided at; 0: none
    live_count  bigint NOT NULL,
    live_bytes  bigint NOT NULL,
    ended_count bigint NOT NULL,
    ended_bytes bigint NOT NULL,
    outbox_count bigint NOT NULL,
    spent_count bigint NOT NULL
);
INSERT INTO tigress.lane VALUES (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

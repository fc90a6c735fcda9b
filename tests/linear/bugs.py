# SPDX-License-Identifier: Apache-2.0
"""Bugs that a store on PostgreSQL can have, put into the database with triggers: the relay is the one that is shipped.

Each has the effect of a mistake in the store's code, at the place where the mistake would be.
"""

# A transaction does not wait for a standby: acknowledged before it is safe.
ACKNOWLEDGE_BEFORE_COMMIT = """
CREATE FUNCTION tigress.bug() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM set_config('synchronous_commit', 'local', true); RETURN NEW; END $$;
CREATE TRIGGER bug BEFORE INSERT OR UPDATE ON tigress.lane FOR EACH ROW EXECUTE FUNCTION tigress.bug();
"""
# Only a transaction that changes a record waits: what a new connection or a repetition reads may be on no standby.
DUPLICATE_BY_SELECT = """
CREATE FUNCTION tigress.bug_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM set_config('tigress.changed', txid_current()::text, true); RETURN NULL; END $$;
CREATE TRIGGER bug_changed AFTER INSERT OR UPDATE OR DELETE ON tigress.mailbox FOR EACH STATEMENT
EXECUTE FUNCTION tigress.bug_changed();
CREATE FUNCTION tigress.bug() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
IF current_setting('tigress.changed', true) IS DISTINCT FROM txid_current()::text THEN
PERFORM set_config('synchronous_commit', 'local', true);
END IF;
RETURN NEW; END $$;
CREATE TRIGGER bug BEFORE INSERT OR UPDATE ON tigress.lane FOR EACH ROW EXECUTE FUNCTION tigress.bug();
"""
# The tag that a writer compares never changes: the WHERE of an update is always true.
LOST_WHERE = """
CREATE FUNCTION tigress.bug() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.tag := 7; RETURN NEW; END $$;
CREATE TRIGGER bug BEFORE INSERT OR UPDATE ON tigress.mailbox FOR EACH ROW EXECUTE FUNCTION tigress.bug();
"""
NOTIFY_INSIDE = """
CREATE FUNCTION tigress.bug() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('bug', ''); RETURN NEW; END $$;
CREATE TRIGGER bug AFTER INSERT OR UPDATE ON tigress.mailbox FOR EACH ROW EXECUTE FUNCTION tigress.bug();
"""
REPAIR = """
DROP FUNCTION IF EXISTS tigress.bug() CASCADE;
DROP FUNCTION IF EXISTS tigress.bug_changed() CASCADE;
"""

/**
 * The tables of `state/openclaw.sqlite`, and how an older file becomes a newer one.
 *
 * The list only grows: the file's `user_version` says how many of its steps have been taken. A step is pure SQL or a
 * function on the database, runs inside a transaction, and is never changed once released.
 */
import type { DatabaseSync } from "node:sqlite";

/** "OCLW": what tells our file from any other SQLite file. */
export const APPLICATION_ID = 0x4f434c57;

export interface SchemaStep {
  readonly what: string;
  apply(database: DatabaseSync): void;
}

const FIRST_TABLES = `
  -- Positions, epochs and revisions come from one counter; numbers up to "reserved" may be in use.
  CREATE TABLE counter (only INTEGER PRIMARY KEY CHECK (only = 1), reserved INTEGER NOT NULL) STRICT;
  INSERT INTO counter (only, reserved) VALUES (1, 0);

  -- place = slot * 2^44 + position. The index ends in place by itself: one session in order, without its neighbours.
  CREATE TABLE entries (
    place INTEGER PRIMARY KEY,
    session TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('offer', 'event')),
    id TEXT NOT NULL,
    body BLOB NOT NULL
  ) STRICT;
  CREATE INDEX entries_session ON entries (session);

  CREATE TABLE claims (slot INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, owner TEXT) STRICT;
  -- Newest position of a slot whose newest entries were trimmed.
  CREATE TABLE heads (slot INTEGER PRIMARY KEY, position INTEGER NOT NULL) STRICT;

  -- Ids of offers, and of batches with a '#' behind, in the order they came.
  CREATE TABLE seen (
    made INTEGER PRIMARY KEY,
    slot INTEGER NOT NULL,
    id TEXT NOT NULL,
    first INTEGER NOT NULL,
    count INTEGER NOT NULL,
    at_ms INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX seen_id ON seen (slot, id);

  -- A null value is a tombstone, kept until every watch has passed it.
  CREATE TABLE records (
    made INTEGER PRIMARY KEY,
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB,
    revision INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX records_key ON records (bucket, key);
  CREATE INDEX records_revision ON records (bucket, revision);
  CREATE INDEX records_deleted ON records (revision) WHERE value IS NULL;
`;

const QUEUES = `
  CREATE TABLE jobs (
    made INTEGER PRIMARY KEY,
    queue TEXT NOT NULL,
    id TEXT NOT NULL,
    -- 0 waits, 1 is under way, 2 is dead.
    state INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    interrupted INTEGER NOT NULL,
    came_ms INTEGER NOT NULL,
    -- When due_ms was set: a clock that was set back since shows by it.
    set_ms INTEGER NOT NULL,
    due_ms INTEGER NOT NULL,
    body BLOB NOT NULL,
    code TEXT,
    note BLOB,
    dead_ms INTEGER,
    dead_at INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX jobs_id ON jobs (queue, id);
  CREATE INDEX jobs_due ON jobs (queue, state, due_ms, made);
  CREATE INDEX jobs_came ON jobs (queue, state, came_ms);
  CREATE INDEX jobs_dead ON jobs (queue, dead_at) WHERE dead_at IS NOT NULL;
  CREATE INDEX jobs_taken ON jobs (state) WHERE state = 1;

  -- Kept by the triggers below, so that a bound costs no count.
  CREATE TABLE queue_depths (queue TEXT PRIMARY KEY, jobs INTEGER NOT NULL, dead INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
  CREATE TRIGGER jobs_added AFTER INSERT ON jobs BEGIN
    INSERT INTO queue_depths (queue, jobs, dead, bytes) VALUES (NEW.queue, NEW.state < 2, NEW.state = 2, length(NEW.body))
      ON CONFLICT (queue) DO UPDATE SET jobs = jobs + excluded.jobs, dead = dead + excluded.dead, bytes = bytes + excluded.bytes;
  END;
  CREATE TRIGGER jobs_moved AFTER UPDATE OF state ON jobs WHEN (NEW.state = 2) <> (OLD.state = 2) BEGIN
    UPDATE queue_depths SET jobs = jobs + (NEW.state < 2) - (OLD.state < 2), dead = dead + (NEW.state = 2) - (OLD.state = 2)
      WHERE queue = NEW.queue;
  END;
  CREATE TRIGGER jobs_removed AFTER DELETE ON jobs BEGIN
    UPDATE queue_depths SET jobs = jobs - (OLD.state < 2), dead = dead - (OLD.state = 2), bytes = bytes - length(OLD.body)
      WHERE queue = OLD.queue;
    DELETE FROM queue_depths WHERE queue = OLD.queue AND jobs = 0 AND dead = 0;
  END;
`;

export const SCHEMA: readonly SchemaStep[] = [
  { what: "first tables", apply: (database) => database.exec(FIRST_TABLES) },
  { what: "queues", apply: (database) => database.exec(QUEUES) },
];

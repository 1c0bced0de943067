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

export const SCHEMA: readonly SchemaStep[] = [
  { what: "first tables", apply: (database) => database.exec(FIRST_TABLES) },
];

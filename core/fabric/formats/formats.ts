/** The table. What is not said of a directory is of version 1, as the first release wrote it. */
export interface Format {
  readonly version: number;
  readonly what: string;
  /** Tables of the database. */
  readonly tables?: readonly string[];
  /** Buckets of records. */
  readonly buckets?: readonly string[];
  /** Paths below the state directory. */
  readonly files?: RegExp;
}

export const FORMATS = {
  schema: {
    version: 2, what: "the database's tables; its user_version says the same",
    tables: ["counter", "entries", "claims", "heads", "seen", "records", "jobs", "queue_depths"],
    files: /^state\/openclaw\.sqlite(-wal|-shm)?$/,
  },
  "schema-kept": { version: 1, what: "the database as it was before a migration", files: /^state\/openclaw\.sqlite\.before-\d+$/ },
  entry: { version: 1, what: "an entry of the log: layout byte, header with its own v, sealed body" },
  seal: { version: 1, what: "sealed bytes: version byte, nonce, text, tag" },
  keys: { version: 1, what: "wrapped keys of tenants and sessions", buckets: ["tenant-keys", "session-keys"] },
  snapshot: { version: 1, what: "a session's fold; it says its version inside", buckets: ["snapshots"] },
  segments: { version: 2, what: "which segments a session has: a list, or pages of it", buckets: ["segments", "segment-pages"] },
  blob: {
    version: 1,
    what: "bytes by digest: segments, outputs, artifacts, attachments, large snapshots; notes of those no event names, of attachments, and "
      + "of what was once kept unsealed, which goes with the first start",
    buckets: ["blobs-unnamed", "attachments", "media-kept"], files: /^blobs\//,
  },
  checkpoint: { version: 1, what: "how far a slot is settled; it says its version inside", buckets: ["checkpoints"] },
  rows: { version: 2, what: "the list of sessions and its order", buckets: ["sessions", "session-order"] },
  search: { version: 1, what: "keyed hashes of words", buckets: ["search"] },
  quarantine: { version: 1, what: "sessions that cannot be read", buckets: ["quarantine"] },
  facts: { version: 1, what: "what agents remember", buckets: ["facts"] },
  approvals: { version: 1, what: "what waits for a person; each says its version inside", buckets: ["approvals"] },
  devices: { version: 1, what: "who may connect", buckets: ["devices"] },
  nodes: { version: 1, what: "known nodes; each says its version inside", buckets: ["nodes"] },
  ledger: { version: 1, what: "accounts, entries and marks", buckets: ["ledger-accounts", "ledger-entries", "ledger-marks"] },
  schedule: {
    version: 1, what: "jobs, runs, heartbeats; each says its version inside",
    buckets: ["schedule-jobs", "schedule-runs", "schedule-heartbeats"],
  },
  "voice-wake": { version: 1, what: "the words that wake a device; they say their version inside", buckets: ["voice-wake"] },
  alerts: { version: 1, what: "what was told of the gateway's own state; it says its version inside", buckets: ["alerts"] },
  workspaces: { version: 1, what: "whose words the agents' files are; each says its version inside", buckets: ["workspaces"] },
  actuators: { version: 1, what: "what was handed over, and who follows", buckets: ["actuator-ended", "fan-out"] },
  formats: { version: 1, what: "this table, as the directory holds it", buckets: ["formats"] },
  config: { version: 1, what: "the configuration and the last good one", files: /^openclaw(\.last-good)?\.json$/ },
  credentials: { version: 1, what: "keys, tokens and the local node's identity", files: /^credentials\// },
  owner: { version: 1, what: "who holds the directory", files: /^owner\.(sqlite(-journal|-wal|-shm)?|json)$/ },
  "node-host": { version: 1, what: "the local node's journal, epochs and identity", files: /^local-node(\.json$|\/)/ },
  logs: { version: 1, what: "the program's log, a JSON object on each line", files: /^logs\// },
  workspace: { version: 1, what: "the agents' own files: no format of ours", files: /^workspace(\/|$)/ },
} as const satisfies Record<string, Format>;

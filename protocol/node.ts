/**
 * What a gateway and a node say to each other: the commands a node offers, and the frames that carry an invocation.
 *
 * An invocation: gateway sends event `node.invoke.request`; the node sends `node.invoke.progress` as output appears and
 * one `node.invoke.result`. Commands travel as JSON strings (`paramsJSON`, `payloadJSON`) as in protocol version 4.
 *
 * Nodes that declare the capability `journal.v1` keep a journal of invocations, which adds to version 4:
 *
 * - `node.invoke.request` carries `slot` and `epoch`: the claim under which it was recorded. A node refuses an epoch lower
 *   than the newest it has seen for that slot, with NODE_FENCED. With `repeatable` it only reads, and need not be kept for good.
 * - Progress carries `stream` and `offset`, the byte offset of the chunk in the command's output, both streams together.
 * - A gateway that finds an open invocation after a restart sends `node.invoke.attach {id, nodeId, slot, epoch, offset}`. The
 *   node first drops every link of a lower epoch, then answers with `node.invoke.attached`: `finished` (the result follows
 *   again), `running` (output follows from `offset`) or `unknown` (it never saw it: the gateway sends it again, same id).
 * - A finished entry is kept until the gateway sends `node.invoke.ack {id, nodeId}`.
 */
import type { Infer, JsonSchema } from "./schema.ts";

export const NODE_JOURNAL_CAP = "journal.v1";
/** A gateway that says so in its challenge takes the field `tags` of `connect`; another one would refuse the whole frame. */
export const NODE_TAGS_CAP = "node-tags";

/** What a node sends in place of output beyond those limits. */
export const OUTPUT_GOES_ON = "\n[... the output goes on; its end is in the result ...]\n";

export const NODE_LIMITS = {
  progressChunkChars: 16_384,
  /** stdout and stderr together, of one command; the head and the tail are kept, the middle is marked. */
  outputBytes: 200_000,
  /** The same, told while it runs where its gateway can ask for it again; elsewhere no more than `outputBytes`. */
  liveBytes: 10_000_000,
  jobOutputBytes: 8_388_608,
  commandTimeoutMs: 1_800_000,
  jobsRunning: 64,
  journalEntries: 10_000,
  fileBytes: 1_048_576,
  artifactBytes: 268_435_456,
  artifactChunkBytes: 262_144,
  listEntries: 2_000,
} as const;

const path = { type: "string", minLength: 1, maxLength: 4_096 } as const satisfies JsonSchema;
const argv = { type: "array", minItems: 1, maxItems: 256, items: { type: "string", maxLength: 131_072 } } as const satisfies JsonSchema;
const stream = { enum: ["stdout", "stderr"] } as const satisfies JsonSchema;

const runParams = {
  type: "object",
  additionalProperties: false,
  required: ["command"],
  properties: {
    /** Program and arguments; never a shell string. */
    command: argv,
    cwd: path,
    env: { type: "object", maxProperties: 64, additionalProperties: { type: "string", maxLength: 32_768 } },
    timeoutMs: { type: "integer", minimum: 1, maximum: 86_400_000 },
    /** What a person typed, where the command is a shell with that line. */
    rawCommand: { type: "string", maxLength: 131_072 },
    agentId: { type: "string", maxLength: 256 },
    sessionKey: { type: "string", maxLength: 512 },
    runId: { type: "string", maxLength: 256 },
    approved: { type: "boolean" },
    approvalDecision: { type: "string", maxLength: 64 },
    approvalSource: { type: "string", maxLength: 64 },
    /** What `system.run.prepare` gave and a person saw: nothing else is run. */
    systemRunPlan: { type: "object" },
    suppressNotifyOnExit: { type: "boolean" },
    /** What the gateway's own policy asks for; the stricter of it and the node's holds. */
    security: { enum: ["deny", "allowlist", "full"] },
    ask: { enum: ["off", "on-miss", "always"] },
    /** A text that an interpreter would run is on no list. */
    strictInlineEval: { type: "boolean" },
    needsScreenRecording: { type: "boolean" },
    /**
     * A file that is lent to the program: fetched by `node.artifact.read` into a directory of its own, its path put in place of `{file}`
     * in the command, and taken away when the program has ended, or at the node's next start.
     */
    input: {
      type: "object", additionalProperties: false, required: ["name", "digest", "bytes"],
      properties: {
        name: { type: "string", minLength: 1, maxLength: 255 }, digest: { type: "string", pattern: "^[0-9a-f]{64}$" },
        bytes: { type: "integer", minimum: 0 },
      },
    },
  },
} as const satisfies JsonSchema;

const runResult = {
  type: "object",
  required: ["exitCode", "timedOut", "success", "stdout", "stderr", "error"],
  properties: {
    /** Null when a signal ended it. */
    exitCode: { type: ["integer", "null"] },
    signal: { type: "string" },
    timedOut: { type: "boolean" },
    success: { type: "boolean" },
    /** Head and tail, with a marked gap where the output was larger than the limit. */
    stdout: { type: "string" },
    stderr: { type: "string" },
    truncated: { type: "boolean" },
    /** All bytes the command wrote, both streams. */
    outputBytes: { type: "integer" },
    durationMs: { type: "integer" },
    error: { type: ["string", "null"] },
  },
} as const satisfies JsonSchema;

const execApprovalsShown = {
  type: "object",
  required: ["path", "exists", "hash", "file"],
  properties: {
    path: { type: "string" }, exists: { type: "boolean" }, hash: { type: "string" }, file: { type: "object" },
    resolvedDefaults: { type: "object" },
  },
} as const satisfies JsonSchema;

const jobState = {
  type: "object",
  required: ["jobId", "state"],
  properties: {
    jobId: { type: "string" },
    state: { enum: ["running", "finished"] },
    command: argv,
    startedAtMs: { type: "integer" },
    outputBytes: { type: "integer" },
    result: runResult,
  },
} as const satisfies JsonSchema;

const jobId = { type: "string", minLength: 1, maxLength: 128 } as const satisfies JsonSchema;

const nothing = { type: "object", additionalProperties: false, properties: {} } as const satisfies JsonSchema;

/** Every command of our node host: what it takes, gives, and does to the world. */
export const NODE_COMMANDS = {
  "system.run": { effect: "unsafe", params: runParams, result: runResult, summary: "Runs a program and streams its output." },
  "system.run.prepare": {
    effect: "read", params: runParams, summary: "Says how a command would run, without running it.",
    result: {
      type: "object", required: ["plan"],
      properties: { plan: { type: "object" }, execPolicy: { type: "object" }, allowAlwaysCoverage: { type: "object" } },
    },
  },
  "system.execApprovals.get": {
    effect: "read", summary: "Which programs the node's owner lets be run.",
    params: { type: "object", additionalProperties: false, properties: { includeResolvedDefaults: { type: "boolean" } } },
    result: execApprovalsShown,
  },
  "system.execApprovals.set": {
    effect: "idempotent", summary: "Replaces that file, where it is still the one that was read.",
    params: {
      type: "object", additionalProperties: false, required: ["file"],
      properties: { file: { type: "object" }, baseHash: { type: "string", maxLength: 128 } },
    },
    result: execApprovalsShown,
  },
  "system.notify": {
    effect: "idempotent", summary: "Shows a message on the node's screen.",
    params: {
      type: "object", additionalProperties: false, required: ["title", "body"],
      properties: {
        title: { type: "string", maxLength: 256 }, body: { type: "string", maxLength: 4_096 }, sound: { type: "string", maxLength: 128 },
        priority: { enum: ["passive", "active", "timeSensitive"] }, delivery: { enum: ["system", "overlay", "auto"] },
      },
    },
    result: { type: "object" },
  },
  "system.which": {
    effect: "read", summary: "Finds programs on the node's PATH.",
    params: { type: "object", additionalProperties: false, required: ["bins"], properties: { bins: { type: "array", maxItems: 256, items: { type: "string", minLength: 1, maxLength: 256 } } } },
    result: { type: "object", required: ["bins"], properties: { bins: { type: "object", additionalProperties: { type: "string" } } } },
  },
  "system.info": {
    effect: "read", params: nothing, summary: "CPU, memory, disks, load, uptime, and GPUs where present.",
    result: {
      type: "object",
      required: ["hostname", "platform", "release", "arch", "cpuCount", "cpuModel", "loadAverage", "memoryTotalBytes", "memoryFreeBytes", "uptimeMs", "disks", "gpus"],
      properties: {
        hostname: { type: "string" }, platform: { type: "string" }, release: { type: "string" }, arch: { type: "string" },
        osLabel: { type: "string" }, nodeVersion: { type: "string" }, cpuCount: { type: "integer" }, cpuModel: { type: "string" },
        loadAverage: { type: "array", items: { type: "number" } },
        memoryTotalBytes: { type: "integer" }, memoryFreeBytes: { type: "integer" },
        /** Of the machine, not of the node. */
        uptimeMs: { type: "integer" },
        disks: { type: "array", items: { type: "object", required: ["path", "totalBytes", "freeBytes"], properties: { path: { type: "string" }, totalBytes: { type: "integer" }, freeBytes: { type: "integer" } } } },
        gpus: { type: "array", items: { type: "object", required: ["name"], properties: { name: { type: "string" }, memoryTotalBytes: { type: "integer" } } } },
      },
    },
  },
  "job.start": {
    effect: "unsafe", params: runParams, summary: "Starts a program in the background; its output is kept on the node.",
    result: jobState,
  },
  "job.poll": {
    effect: "read", summary: "State of a job and its output from a byte offset.",
    params: { type: "object", additionalProperties: false, required: ["jobId"], properties: { jobId, offset: { type: "integer", minimum: 0 }, bytesMax: { type: "integer", minimum: 1, maximum: 262_144 } } },
    result: {
      type: "object", required: ["job", "output", "nextOffset"],
      properties: { job: jobState, output: { type: "array", items: { type: "object", required: ["stream", "text", "offset"], properties: { stream, text: { type: "string" }, offset: { type: "integer" } } } }, nextOffset: { type: "integer" } },
    },
  },
  "job.wait": {
    effect: "read", summary: "Waits until a job ends or the time is over.",
    params: { type: "object", additionalProperties: false, required: ["jobId"], properties: { jobId, timeoutMs: { type: "integer", minimum: 0, maximum: 86_400_000 } } },
    result: jobState,
  },
  "job.kill": {
    effect: "idempotent", summary: "Ends a job and everything it started.",
    params: { type: "object", additionalProperties: false, required: ["jobId"], properties: { jobId } },
    result: jobState,
  },
  "job.list": {
    effect: "read", params: nothing, summary: "Jobs the node knows, newest first.",
    result: { type: "object", required: ["jobs"], properties: { jobs: { type: "array", items: jobState } } },
  },
  "file.read": {
    effect: "read", summary: "Reads a file inside the allowed directories.",
    params: { type: "object", additionalProperties: false, required: ["path"], properties: { path, offset: { type: "integer", minimum: 0 }, bytesMax: { type: "integer", minimum: 1, maximum: 1_048_576 }, encoding: { enum: ["utf8", "base64"] } } },
    result: { type: "object", required: ["path", "content", "encoding", "bytes", "totalBytes"], properties: { path: { type: "string" }, content: { type: "string" }, encoding: { enum: ["utf8", "base64"] }, bytes: { type: "integer" }, totalBytes: { type: "integer" } } },
  },
  "file.write": {
    effect: "idempotent", summary: "Writes a whole file inside the allowed directories, atomically.",
    params: { type: "object", additionalProperties: false, required: ["path", "content"], properties: { path, content: { type: "string", maxLength: 1_400_000 }, encoding: { enum: ["utf8", "base64"] }, makeDirs: { type: "boolean" } } },
    result: { type: "object", required: ["path", "bytes", "sha256"], properties: { path: { type: "string" }, bytes: { type: "integer" }, sha256: { type: "string" } } },
  },
  "dir.list": {
    effect: "read", summary: "Lists a directory inside the allowed directories.",
    params: { type: "object", additionalProperties: false, properties: { path } },
    result: {
      type: "object", required: ["path", "entries"],
      properties: { path: { type: "string" }, truncated: { type: "boolean" }, entries: { type: "array", items: { type: "object", required: ["name", "kind"], properties: { name: { type: "string" }, kind: { enum: ["file", "dir", "link", "other"] }, bytes: { type: "integer" }, modifiedAtMs: { type: "integer" } } } } },
    },
  },
  "artifact.collect": {
    effect: "read", summary: "Sends a file of the node to the gateway's store.",
    params: { type: "object", additionalProperties: false, required: ["path"], properties: { path } },
    result: { type: "object", required: ["digest", "bytes", "name"], properties: { digest: { type: "string" }, bytes: { type: "integer" }, name: { type: "string" } } },
  },
  "artifact.deliver": {
    effect: "idempotent", summary: "Writes something from the gateway's store to a file of the node.",
    params: { type: "object", additionalProperties: false, required: ["digest", "path"], properties: { digest: { type: "string", pattern: "^[0-9a-f]{64}$" }, path } },
    result: { type: "object", required: ["path", "bytes"], properties: { path: { type: "string" }, bytes: { type: "integer" } } },
  },
} as const satisfies Record<string, NodeCommandSpec>;

export interface NodeCommandSpec {
  readonly effect: "read" | "idempotent" | "unsafe";
  readonly summary: string;
  readonly params: JsonSchema;
  readonly result: JsonSchema;
}

export type NodeCommandName = keyof typeof NODE_COMMANDS;
export type NodeCommandParams<C extends NodeCommandName> = Infer<(typeof NODE_COMMANDS)[C]["params"]>;
export type NodeCommandResult<C extends NodeCommandName> = Infer<(typeof NODE_COMMANDS)[C]["result"]>;
export type RunResult = Infer<typeof runResult>;

// ── gateway → node (events) ──────────────────────────────────────────────────────────────────────────────────────────

export interface InvokeRequestEvent {
  readonly id: string;
  readonly nodeId: string;
  readonly command: string;
  readonly paramsJSON?: string;
  readonly timeoutMs?: number;
  readonly idempotencyKey?: string;
  readonly sessionKey?: string;
  /** Only to nodes with `journal.v1`. */
  readonly slot?: number;
  readonly epoch?: number;
  /** Doing it again changes nothing: the node's record of it need not outlive a loss of power. */
  readonly repeatable?: true;
}

export interface InvokeAttachEvent {
  readonly id: string;
  readonly nodeId: string;
  readonly slot: number;
  readonly epoch: number;
  readonly offset: number;
}

export interface InvokeAckEvent { readonly id: string; readonly nodeId: string }
export interface InvokeCancelEvent { readonly invokeId: string; readonly nodeId: string }

// ── node → gateway (requests) ────────────────────────────────────────────────────────────────────────────────────────

const id = { type: "string", minLength: 1, maxLength: 128 } as const satisfies JsonSchema;

export const invokeResultParams = {
  type: "object",
  additionalProperties: false,
  required: ["id", "nodeId", "ok"],
  properties: {
    id, nodeId: id,
    ok: { type: "boolean" },
    payload: {},
    /** Bounded by the frame, and by what the command may bring. */
    payloadJSON: { type: "string", maxLength: 26_214_400 },
    error: { type: "object", additionalProperties: false, properties: { code: { type: "string", maxLength: 64 }, message: { type: "string", maxLength: 4_096 } } },
  },
} as const satisfies JsonSchema;

export const invokeProgressParams = {
  type: "object",
  additionalProperties: false,
  required: ["invokeId", "nodeId", "seq", "chunk"],
  properties: {
    invokeId: id, nodeId: id,
    /** From 0, by one. */
    seq: { type: "integer", minimum: 0 },
    chunk: { type: "string", maxLength: 16_384 },
    stream,
    offset: { type: "integer", minimum: 0 },
    /** Bytes the chunk stands for, where the text does not tell (a replaced character, a marked gap). */
    bytes: { type: "integer", minimum: 0 },
  },
} as const satisfies JsonSchema;

export const invokeAttachedParams = {
  type: "object",
  additionalProperties: false,
  required: ["id", "nodeId", "state"],
  properties: { id, nodeId: id, state: { enum: ["running", "finished", "unknown", "fenced"] } },
} as const satisfies JsonSchema;

export const nodeEventParams = {
  type: "object",
  additionalProperties: false,
  required: ["event"],
  properties: { event: { type: "string", minLength: 1, maxLength: 128 }, payload: { type: "object" }, payloadJSON: { type: "string", maxLength: 1_048_576 } },
} as const satisfies JsonSchema;

/** Node → gateway: one piece of a file for `artifact.collect`, in order; answered `{received}` in bytes. */
export const artifactWriteParams = {
  type: "object",
  additionalProperties: false,
  required: ["invokeId", "offset", "dataBase64", "last"],
  properties: { invokeId: id, offset: { type: "integer", minimum: 0 }, dataBase64: { type: "string", maxLength: 400_000 }, last: { type: "boolean" } },
} as const satisfies JsonSchema;

/** Node → gateway: one piece of a stored thing for `artifact.deliver`; answered `{dataBase64, last}`. */
export const artifactReadParams = {
  type: "object",
  additionalProperties: false,
  required: ["invokeId", "digest", "offset"],
  properties: { invokeId: id, digest: { type: "string", pattern: "^[0-9a-f]{64}$" }, offset: { type: "integer", minimum: 0 } },
} as const satisfies JsonSchema;

export type InvokeResultParams = Infer<typeof invokeResultParams>;
export type InvokeProgressParams = Infer<typeof invokeProgressParams>;
export type InvokeAttachedParams = Infer<typeof invokeAttachedParams>;
export type NodeEventParams = Infer<typeof nodeEventParams>;

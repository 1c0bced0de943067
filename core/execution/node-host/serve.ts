import { checkSchema } from "../../base/schema.ts";
import type { Clock } from "../../base/clock.ts";
import {
  NODE_COMMANDS, OpenClawError, type InvokeAttachedParams, type InvokeRequestEvent, type InvokeResultParams, type JsonSchema,
  type NodeCommandName, type NodeCommandParams,
} from "@openclaw/protocol";
import type { CommandTable } from "./command-table.ts";
import type { Epochs } from "./epochs.ts";
import { execDenied, execFinished, type ExecEvent } from "./exec-events.ts";
import type { ExecGate } from "./exec-gate.ts";
import { failureOf } from "./failure-of.ts";
import { reopenOutput, type InvocationJournal, type JournaledCommand, type JournalEnd, type JournalEntry } from "./invocation-journal.ts";
import { startedJob } from "./job-commands.ts";
import { formatResult, Link, type Connection, type InvokeOutcome } from "./link.ts";
import type { LentFiles } from "./lent-files.ts";
import type { NodeLimits } from "./node-limits.ts";
import type { OutputLog } from "./output-log.ts";
import { parseAck, parseAttach, parseCancel, parseInvokeRequest } from "./parse-invoke-events.ts";
import { liveBytesMax, type RunningCommands } from "./running-commands.ts";

export interface ServeDeps {
  readonly nodeId: string;
  readonly clock: Clock;
  readonly limits: NodeLimits;
  readonly journal: InvocationJournal;
  readonly epochs: Epochs;
  readonly running: RunningCommands;
  readonly commands: CommandTable;
  readonly execGate: ExecGate;
  readonly lent: LentFiles;
  readonly offered: ReadonlySet<string>;
  readonly log: (level: "debug" | "info" | "warn" | "error", event: string, fields: Readonly<Record<string, unknown>>) => void;
}

export interface InvocationServer {
  /** One event of the gateway; events that are none of ours are ignored. Never throws. */
  receive(event: string, payload: unknown, connection: Connection): void;
  /** Drops every link over this connection; what runs goes on into the journal. */
  disconnect(connection: Connection): void;
  /** Invocations that have not ended. */
  readonly open: number;
}

/** An invocation that has not ended, or a short one whose result the gateway has not acknowledged. */
interface Invocation {
  readonly id: string;
  readonly command: string;
  readonly slot: number | undefined;
  readonly cancel: AbortController;
  output: OutputLog | undefined;
  result: InvokeResultParams | undefined;
}

interface Claim { readonly slot: number | undefined; readonly epoch: number | undefined }

/** Results of short commands wait for their acknowledgement in memory, the oldest leaving first. */
const KEPT_RESULTS_MAX = 64;
const KEPT_CHARS_MAX = 4_194_304;

/**
 * Serves invocations: every one that was accepted is answered exactly once per link, whatever connection it ends on.
 *
 * Commands with effect `unsafe` go through the journal and never run twice under one id. Others live in memory: asked again
 * after a restart, they are simply carried out again. A refusal is not remembered, so that the same id may succeed later.
 */
export function createInvocationServer(deps: ServeDeps): InvocationServer {
  const { nodeId, journal, epochs, running } = deps;
  const invocations = new Map<string, Invocation>();
  const links = new Map<string, Link>();
  let keptChars = 0;
  let keptCount = 0;

  /** Applies the epoch rule; false when a newer owner has been seen. */
  const admit = (slot: number | undefined, epoch: number | undefined): boolean => {
    if (slot === undefined || epoch === undefined) return true;
    if (!epochs.admits(slot, epoch)) return false;
    if (epochs.raise(slot, epoch)) {
      for (const link of [...links.values()]) if (link.slot === slot && (link.epoch ?? 0) < epoch) link.drop();
    }
    return true;
  };

  /** Takes the place of the invocation's present link; `logToClose` is asked when the new one has ended. */
  const openLink = (id: string, connection: Connection, claim: Claim, logToClose: () => OutputLog | undefined): Link => {
    links.get(id)?.drop();
    const link: Link = new Link({
      connection, invocationId: id, nodeId, ...claim,
      streamedBytesMax: liveBytesMax(deps.limits, connection.knowsJournal ? claim.slot : undefined),
      onEnd: () => {
        if (links.get(id) === link) links.delete(id);
        logToClose()?.close();
      },
    });
    links.set(id, link);
    return link;
  };

  const joinInvocation = (invocation: Invocation, connection: Connection, epoch: number | undefined, offset: number): void => {
    const { id, slot } = invocation;
    const link = openLink(id, connection, { slot, epoch }, () => (running.get(id) === undefined ? invocation.output : undefined));
    if (invocation.output !== undefined) link.follow(invocation.output, offset);
    if (invocation.result !== undefined) link.finish(invocation.result);
  };

  /** Answers again for a journaled invocation that has ended; with an offset, its output from there comes first. */
  const replay = async (entry: JournalEntry, connection: Connection, epoch: number | undefined, offset?: number): Promise<void> => {
    const isJob = entry.command === "job.start";
    const { end } = await journal.loadState(entry);
    const outcome = isJob ? await jobOutcome(journal, entry) : runOutcome(end);
    if (!connection.isLive || (entry.slot !== undefined && epoch !== undefined && !epochs.admits(entry.slot, epoch))) return;
    const log = offset === undefined || end === undefined || isJob ? undefined : reopenOutput(journal, entry, end);
    const link = openLink(entry.id, connection, { slot: entry.slot, epoch }, () => log);
    if (log !== undefined) link.follow(log, offset ?? 0);
    link.finish(formatResult(entry.id, nodeId, outcome));
  };

  const keep = (invocation: Invocation, result: InvokeResultParams): void => {
    invocation.result = result;
    keptChars += result.payloadJSON?.length ?? 0;
    keptCount++;
    for (const [id, kept] of invocations) {
      if (keptChars <= KEPT_CHARS_MAX && keptCount <= KEPT_RESULTS_MAX) break;
      if (kept.result !== undefined) forget(id);
    }
  };

  const forget = (id: string): void => {
    const result = invocations.get(id)?.result;
    if (result !== undefined) {
      keptChars -= result.payloadJSON?.length ?? 0;
      keptCount--;
    }
    invocations.delete(id);
  };

  const finish = (invocation: Invocation, outcome: InvokeOutcome, isKept: boolean): void => {
    const result = formatResult(invocation.id, nodeId, outcome);
    if (isKept) keep(invocation, result);
    else forget(invocation.id);
    links.get(invocation.id)?.finish(result);
  };

  const begin = async (request: InvokeRequestEvent, connection: Connection): Promise<void> => {
    const invocation: Invocation = {
      id: request.id, command: request.command, slot: request.slot, cancel: new AbortController(), output: undefined, result: undefined,
    };
    invocations.set(request.id, invocation);
    joinInvocation(invocation, connection, request.epoch, 0);
    try {
      const { command, params } = parseCommand(request, deps.offered);
      if (command === "system.run" || command === "job.start") {
        const asked = params as NodeCommandParams<"system.run">;
        await deps.execGate.admit(asked).catch((error: unknown) => {
          if (error instanceof OpenClawError) tellOf(connection, execDenied(asked, String(error.detail["reason"] ?? "cwd-unavailable")));
          throw error;
        });
        const { input } = asked;
        const ask = (method: string, wish: unknown): Promise<unknown> => connection.request(method, wish);
        const sent = input === undefined ? asked : await deps.lent.lend(request.id, asked, input, ask, invocation.cancel.signal);
        await startRecorded(invocation, command, sent, request);
      } else {
        const ask = (method: string, asked: unknown): Promise<unknown> => connection.request(method, asked);
        const context = { invocationId: request.id, timeoutMs: request.timeoutMs, request: ask };
        const payload = await deps.commands[command](params as never, context, invocation.cancel.signal);
        finish(invocation, { ok: true, payload }, true);
      }
    } catch (error) {
      deps.lent.release(request.id);
      const failure = failureOf(error);
      const { id, command } = request;
      if (failure.code === "INTERNAL") deps.log("error", "invocation.failed", { id, command, error: String(error) });
      finish(invocation, { ok: false, error: failure }, false);
    }
  };

  const startRecorded = async (
    invocation: Invocation, command: JournaledCommand, params: NodeCommandParams<"system.run">, request: InvokeRequestEvent,
  ): Promise<void> => {
    const { id, slot, epoch, repeatable } = request;
    const claim = { ...(slot === undefined ? {} : { slot }), ...(epoch === undefined ? {} : { epoch }) };
    const again = repeatable === true && command === "system.run" ? { repeatable } : {};
    const started = await running.start(
      { version: 1, id, command, params, receivedAtMs: deps.clock.now(), ...claim, ...again },
      command === "system.run" ? request.timeoutMs : undefined,
      () => {
        if (invocation.output !== undefined) links.get(id)?.grew();
      },
      // A job outlives the invocation that started it: only `job.kill` ends it.
      command === "system.run" ? invocation.cancel.signal : new AbortController().signal,
    );
    void started.ended.then(() => deps.lent.release(id)); // before anybody is told of the end
    if (command === "job.start") {
      return finish(invocation, { ok: true, payload: startedJob(id, started.command, started.startedAtMs) }, false);
    }
    invocation.output = started.log;
    links.get(id)?.follow(started.log, 0);
    void started.ended.then((end) => {
      const connection = links.get(id)?.connection;
      if (connection !== undefined && end.result !== undefined) tellOf(connection, execFinished(params, end.result));
      finish(invocation, runOutcome(end), false);
      if (!links.has(id)) started.log.close();
    });
  };

  /** A gateway that asks after the journal knows all this from the invocation's own frames. */
  const tellOf = (connection: Connection, told: ExecEvent | undefined): void => {
    if (told === undefined || connection.knowsJournal) return;
    connection.request("node.event", told).catch(() => undefined);
  };

  const onRequest = (payload: unknown, connection: Connection): void => {
    const request = parseInvokeRequest(payload);
    if (request === undefined || request.nodeId !== nodeId) {
      return deps.log("warn", "invocation.ignored", { reason: "not a request to this node" });
    }
    if (!admit(request.slot, request.epoch)) return refuse(request.id, connection, new OpenClawError("NODE_FENCED"));
    void epochs.saved();
    const known = invocations.get(request.id) ?? journal.entries.get(request.id);
    if (known === undefined) return void begin(request, connection);
    if (known.command !== request.command) {
      return refuse(request.id, connection, new OpenClawError("CONFLICT", { why: `The id ${request.id} belongs to ${known.command}.` }));
    }
    deps.log("info", "invocation.repeated", { id: request.id });
    if ("cancel" in known) {
      const isJoined = links.get(request.id)?.connection === connection && known.result === undefined;
      if (!isJoined) joinInvocation(known, connection, request.epoch, 0);
    } else report(request.id, replay(known, connection, request.epoch));
  };

  const onAttach = async (payload: unknown, connection: Connection): Promise<void> => {
    const attach = parseAttach(payload);
    if (attach === undefined || attach.nodeId !== nodeId) return;
    const { id, slot, epoch, offset } = attach;
    const answer = (state: InvokeAttachedParams["state"]): void => {
      connection.request("node.invoke.attached", { id, nodeId, state } satisfies InvokeAttachedParams).catch(() => undefined);
    };
    if (!admit(slot, epoch)) return answer("fenced");
    await epochs.saved();
    // Time has passed: a newer owner may have come, or the connection gone.
    const known = invocations.get(id) ?? journal.entries.get(id);
    if (!epochs.admits(slot, epoch) || (known?.slot !== undefined && known.slot !== slot)) return answer("fenced");
    if (known === undefined || !connection.isLive) return answer("unknown");
    deps.log("info", "invocation.attached", { id, offset });
    if ("cancel" in known) {
      answer(known.result === undefined ? "running" : "finished");
      joinInvocation(known, connection, epoch, offset);
    } else {
      answer("finished");
      await replay(known, connection, epoch, offset);
    }
  };

  const onAck = (payload: unknown): void => {
    const ack = parseAck(payload);
    if (ack === undefined || ack.nodeId !== nodeId) return;
    if (invocations.get(ack.id)?.result !== undefined) forget(ack.id);
    const entry = journal.entries.get(ack.id);
    if (entry === undefined) return;
    // The start of a job is acknowledged while the job runs: the mark is made when it has ended.
    const ended = running.get(ack.id)?.ended;
    if (ended === undefined) void journal.acknowledge(entry);
    else if (entry.command === "job.start") void ended.then(() => journal.acknowledge(entry));
  };

  /** For work nobody waits for: an entry that was removed or cannot be read must not end the node. */
  const report = (id: string, work: Promise<void>): void => {
    work.catch((error: unknown) => deps.log("error", "invocation.failed", { id, error: String(error) }));
  };

  const refuse = (id: string, connection: Connection, error: OpenClawError): void => {
    const result = formatResult(id, nodeId, { ok: false, error: failureOf(error) });
    connection.request("node.invoke.result", result).catch(() => undefined);
  };

  return {
    receive: (event, payload, connection) => {
      if (event === "node.invoke.request") onRequest(payload, connection);
      else if (event === "node.invoke.attach") report("attach", onAttach(payload, connection));
      else if (event === "node.invoke.ack") onAck(payload);
      else if (event === "node.invoke.cancel") {
        const cancel = parseCancel(payload);
        const why = "The invocation was cancelled.";
        if (cancel?.nodeId === nodeId) invocations.get(cancel.invokeId)?.cancel.abort(new OpenClawError("CLOSED", { why }));
      }
    },
    disconnect: (connection) => {
      for (const link of [...links.values()]) if (link.connection === connection) link.drop();
    },
    get open() {
      return [...invocations.values()].filter((invocation) => invocation.result === undefined).length;
    },
  };
}

/** Throws NODE_COMMAND_UNKNOWN, PARAMS_INVALID. */
function parseCommand(request: InvokeRequestEvent, offered: ReadonlySet<string>): { command: NodeCommandName; params: unknown } {
  if (!offered.has(request.command)) {
    throw new OpenClawError("NODE_COMMAND_UNKNOWN", { why: `Asked for ${request.command.slice(0, 128)}.` });
  }
  const command = request.command as NodeCommandName;
  let value: unknown = {};
  try {
    if (request.paramsJSON !== undefined) value = JSON.parse(request.paramsJSON);
  } catch {
    throw new OpenClawError("PARAMS_INVALID", { why: `${command}: paramsJSON is not JSON.` });
  }
  const schema: JsonSchema = NODE_COMMANDS[command].params;
  const check = checkSchema(schema, withoutNulls(value));
  if (!check.ok) throw new OpenClawError("PARAMS_INVALID", { why: `${command}: ${check.text}` });
  return { command, params: check.value };
}

/** Other gateways write null for what they do not say. */
function withoutNulls(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null));
}

function runOutcome(end: JournalEnd | undefined): InvokeOutcome {
  if (end?.result !== undefined) return { ok: true, payload: end.result };
  return { ok: false, error: end?.error ?? failureOf(new OpenClawError("OUTCOME_UNKNOWN")) };
}

/** The start of a job succeeded if it ever ran, whatever became of the job. */
async function jobOutcome(journal: InvocationJournal, entry: JournalEntry): Promise<InvokeOutcome> {
  const [request, state] = await Promise.all([journal.loadRequest(entry), journal.loadState(entry)]);
  if (state.startedAtMs === undefined && state.end?.error !== undefined) return { ok: false, error: state.end.error };
  return { ok: true, payload: startedJob(entry.id, request.params.command, state.startedAtMs ?? entry.receivedAtMs) };
}

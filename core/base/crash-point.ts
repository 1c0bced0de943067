/**
 * Labelled places where the process may be killed for the sake of a test: one between every two durable writes, and one
 * between each such write and what is told to the world about it.
 *
 * Armed by the owner through the environment, `OPENCLAW_CRASH_AT=<label>[:<nth>][@<marker file>]`, and only then more than
 * one comparison. The process dies at the nth passage by SIGKILL, as from outside: nothing is flushed, closed or told. With
 * a marker it dies once: the file is made first, and a process that finds it goes on, so that whoever is started again under
 * the same environment lives. Without the variable nothing in here ever ends anything.
 */
import { linkSync, unlinkSync, writeFileSync } from "node:fs";

/** Every label, and what has and has not happened there. `crash-point.test.ts` holds each to exactly one place in the code. */
export const CRASH_POINTS = {
  "attachments.kept": "what came with a message is kept, and the message is not yet offered",
  "message.admitted": "a message was admitted and is not yet offered",
  "message.offered": "a message is durable and not yet acknowledged",
  "turn.beginning": "a message waits, nothing of its turn is recorded",
  "model.asked": "the model is being asked, the step's start may not be durable",
  "model.answered": "the model has answered, its answer is not recorded",
  "intent.recorded": "an intent and its decision are durable, nothing has moved",
  "intent.sent": "an intent is on its way to its node",
  "result.received": "an outcome has arrived and is not recorded",
  "output.kept": "the whole of an output is in a blob, no record of it exists",
  "result.recorded": "an outcome is durable, its node may not forget it yet",
  "result.acknowledged": "the node was told that it may forget an outcome",
  "job.ended": "a stopped turn's background program was ended, no record of it exists",
  "turn.ended": "a turn's end is durable, nobody was told",
  "question.recorded": "a turn waits for a person, and nobody was asked",
  "approval.opened": "a question is in the index, and nobody was shown it",
  "approval.answered": "an answer is fixed in the index, the session does not have it",
  "approval.delivered": "the session has the answer, the index does not know",
  "answer.received": "a turn has its answer, the wait's end is not recorded",
  "slot.claimed": "a slot is claimed and not read",
  "slot.marked": "the owner's mark is in the slot and not reached",
  "checkpoint.saved": "a checkpoint is durable, the marks behind it are not trimmed",
  "events.appended": "events are durable and not folded",
  "snapshot.saved": "a snapshot is durable, its owner does not know",
  "segment.stored": "a segment's blob is durable and in no manifest",
  "segment.listed": "a segment is in the manifest, the log still has its entries",
  "segment.trimmed": "the log has forgotten a segment's entries",
  "segment.page-written": "a page of older segments is durable, no manifest names it",
  "change.recorded": "a patch, reset or deletion is durable, and nothing else of it",
  "deletion.approvals-forgotten": "a deleted session's approvals are gone, its key is not",
  "deletion.key-destroyed": "a deleted session's key is gone, its snapshot is not",
  "deletion.snapshot-dropped": "a deleted session's key and snapshot are gone, its row is not",
  "deletion.row-removed": "nothing is left of a deleted session but its tombstone",
  "row.marked": "a session's new place in the list is durable, its row is not",
  "row.saved": "a session's row is durable, its old place in the list is not taken away",
  "key.made": "a wrapped key is durable and has sealed nothing",
  "private-file.written": "a secret is synced under its unfinished name",
  "config.written": "a new configuration is synced beside the file, which says what it said",
  "private-file.linked": "a secret has its name, its directory is not synced",
  "device.recorded": "a device is durable, its listeners do not know",
  "node.recorded": "a node's record is durable, its asker does not know",
  "ledger.reserved": "what a model call sets aside is durable, its asker does not know",
  "ledger.settled": "what a model call cost is durable, its account does not have it",
  "ledger.held": "room in a budget is taken for this gateway, and nothing of it is given out",
  "ledger.account-folded": "one account has what was settled, others of the same calls may not",
  "ledger.folded": "all accounts have what was settled, the ledger's mark is where it was",
  "ledger.marked": "the ledger's mark is past entries that are still there",
  "queue.enqueued": "a job is in its queue, whoever put it there was not told",
  "queue.taken": "a job is marked as begun, and nothing of it has happened",
  "queue.put-back": "a job waits for its next attempt, its worker does not know",
  "queue.acknowledged": "a job is gone from its queue, its worker does not know",
  "queue.dead": "a job is a dead letter, its worker does not know",
  "outside.answered": "a receiver has answered an actuator, the turn does not know",
  "handed-over.answered": "a receiver has answered a handed-over intent, no record of it exists",
  "handed-over.ended": "the end of a handed-over intent is recorded, its session was not told",
  "handed-over.told": "a session has the end of a handed-over intent, the job is still in its queue",
  "fan-out.enqueued": "an event is in a listener's queue, the place in the log is before it",
  "fan-out.moved": "a listener's place in the log is durable, nobody has read on",
  "fan-out.delivered": "a listener has an event, the job is still in its queue",
  "search.block-saved": "a block of the search index is durable, what the session says next is not in it",
  "search.block-filled": "a full block of the search index is durable, the next is not begun",
  "schedule.job-saved": "a job, or the claim of one of its occurrences, is durable, and nothing was sent",
  "fact.recorded": "an agent's fact is durable, the step that made it has no end",
  "schedule.claimed": "an occurrence of a job is claimed, its message is not offered",
  "schedule.ended": "a job's run has ended, its job does not know",
  "schedule.entry-written": "a run's end is in its job's history and not counted",
  "heartbeat.claimed": "a heartbeat and its events are claimed, nothing is said",
  "writer.committing": "a group of writes is ready and not committed",
  "writer.committed": "a group of writes is durable, nobody was answered",
  "blob.written": "a blob's bytes are written and not synced",
  "blob.synced": "a blob is synced under its incoming name",
  "blob.renamed": "a blob has its name, its directory is not synced",
  "local-node.launched": "the local node runs, no record of it exists",
  "node-host.request-written": "a node has written what it was asked, its directory is not synced",
  "node-host.journaled": "a node's journal has a command that has not been started",
  "node-host.started": "a command runs, the journal does not know its process",
  "node-host.start-recorded": "a command runs and the journal knows its process",
  "node-host.ended": "a command has ended, the journal does not know",
  "node-host.end-recorded": "the journal has a command's end, the gateway does not",
  "node-host.result-sent": "a result was handed to the connection",
  "node-host.acknowledged": "the gateway needs a result no more, the journal does not know",
  "node-host.marked": "an entry is marked as acknowledged, its content is still there",
  "node-host.forgetting": "part of an entry's content is forgotten",
  "node-host.epoch-written": "the newest claims are written beside their file",
} as const;

export type CrashPoint = keyof typeof CRASH_POINTS;

interface Armed {
  readonly label: string;
  readonly marker: string | undefined;
  /** Passages until the end, this one included. */
  left: number;
}

const armed = parseCrashAt(process.env["OPENCLAW_CRASH_AT"]);

/** Ends the process here if this label is armed. Each label stands in exactly one place. */
export function crashPoint(label: CrashPoint): void {
  if (armed !== undefined && armed.label === label) pass(armed);
}

/** Undefined for anything that is not `label`, `label:nth` or either with `@marker`. */
export function parseCrashAt(text: string | undefined): Armed | undefined {
  const found = /^([a-z-]+\.[a-z-]+)(?::([1-9]\d{0,6}))?(?:@(.+))?$/.exec(text ?? "");
  const label = found?.[1];
  if (label === undefined || !Object.hasOwn(CRASH_POINTS, label)) return undefined;
  return { label, left: Number(found?.[2] ?? 1), marker: found?.[3] };
}

function pass(point: Armed): void {
  if (--point.left > 0) return;
  if (point.marker !== undefined) {
    try {
      makeMarker(point.marker);
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "EEXIST") return;
      // A marker that cannot be made must not keep the process alive: the point was reached.
    }
  }
  process.kill(process.pid, "SIGKILL");
}

/** Whole as soon as it is there: whoever waits for it may read it at once, and may end this process at once. Throws EEXIST. */
function makeMarker(marker: string): void {
  const unfinished = `${marker}.${process.pid}`;
  writeFileSync(unfinished, `${process.pid}\n`);
  try {
    linkSync(unfinished, marker);
  } finally {
    unlinkSync(unfinished);
  }
}

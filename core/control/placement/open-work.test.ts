import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogEntry } from "@openclaw/sdk";
import type { EntryHeader } from "../../fabric/journal.ts";
import { createOpenWork, type OpenSession, type OpenWork } from "./open-work.ts";

/** Entries as `type id`, with the ids of the offers they settle after a slash: `turn.started e1/o1`. */
function see(work: OpenWork, session: string, ...entries: readonly string[]): void {
  for (const text of entries) {
    const [type = "", rest = ""] = text.split(" ");
    const [id = "", settled] = rest.split("/");
    const inputs = settled === undefined ? {} : { inputs: settled.split(",") };
    const header = { type, tenant: "home", ...inputs } as unknown as EntryHeader;
    work.see({ session, id } as LogEntry, header);
  }
}
const namesOf = (work: OpenWork): string[] => work.sessions().map(({ session }) => session);

test("a message is open until its turn has ended, whatever else happens in between", () => {
  const work = createOpenWork([]);
  see(work, "a", "message.offered o1");
  assert.deepEqual(work.sessions(), [{ session: "a", tenant: "home", offers: ["o1"], turn: false }]);
  see(work, "a", "session.opened e0", "turn.started e1/o1");
  assert.deepEqual(work.sessions(), [{ session: "a", tenant: "home", offers: [], turn: true }]);
  see(work, "a", "step.started e2", "step.ended e3", "approval.answered o2", "abort.requested o3", "note.recorded e4");
  assert.deepEqual(namesOf(work), ["a"]);
  see(work, "a", "turn.ended e5");
  assert.deepEqual(work.sessions(), []);
});

test("messages that wait behind a turn keep the session open after it", () => {
  const work = createOpenWork([]);
  see(work, "a", "message.offered o1", "message.offered o2", "turn.started e1/o1", "turn.ended e2");
  assert.deepEqual(work.sessions(), [{ session: "a", tenant: "home", offers: ["o2"], turn: false }]);
});

test("a wish is open until the event that names it; an answer or an abort alone opens nothing", () => {
  const work = createOpenWork([]);
  see(work, "a", "patch.requested o1", "reset.requested o2");
  see(work, "a", "session.patched e1/o1");
  assert.deepEqual(namesOf(work), ["a"]);
  see(work, "a", "session.reset e2/o2");
  see(work, "b", "approval.answered o1", "abort.requested o2", "note.recorded e1");
  assert.deepEqual(namesOf(work), []);
});

test("a deletion is open until everything of the session was erased, whichever is seen first (S0.16, S4.7)", () => {
  const work = createOpenWork([]);
  see(work, "a", "message.offered o1", "turn.started e1/o1", "message.offered o2", "session.deleted e2/o3");
  assert.deepEqual(work.sessions(), [{ session: "a", tenant: "home", offers: [], turn: false, erasing: true }]);
  assert.deepEqual(namesOf(createOpenWork(work.sessions())), ["a"], "a checkpoint keeps it");
  work.erased("a");
  assert.deepEqual(work.sessions(), []);
  see(work, "b", "deletion.requested o1");
  work.erased("b");
  see(work, "b", "session.deleted e1/o1");
  assert.deepEqual(work.sessions(), [], "erased before the log showed its tombstone");
});

test("sessions are kept apart, and an entry seen again changes nothing", () => {
  const work = createOpenWork([]);
  see(work, "a", "message.offered o1", "message.offered o1");
  see(work, "b", "message.offered o1", "turn.started e1/o1", "turn.ended e2");
  assert.deepEqual(work.sessions(), [{ session: "a", tenant: "home", offers: ["o1"], turn: false }]);
  see(work, "a", "turn.started e1/o1", "turn.started e1/o1", "turn.ended e2", "turn.ended e2");
  assert.deepEqual(namesOf(work), []);
});

test("from a checkpoint it goes on as if it had seen everything itself", () => {
  const entries = [
    "message.offered o1",
    "message.offered o2",
    "turn.started e1/o1",
    "patch.requested o3",
    "turn.ended e2",
    "turn.started e3/o2",
    "session.patched e4/o3",
    "turn.ended e5",
  ];
  for (let cut = 0; cut <= entries.length; cut++) {
    const first = createOpenWork([]);
    see(first, "a", ...entries.slice(0, cut));
    const checkpoint = JSON.parse(JSON.stringify(first.sessions())) as OpenSession[];
    const second = createOpenWork(checkpoint);
    assert.deepEqual(second.sessions(), first.sessions());
    see(second, "a", ...entries.slice(cut));
    assert.deepEqual(second.sessions(), [], `cut at ${cut}`);
  }
});

/**
 * Whose words a workspace's files are.
 *
 * Files change in two ways: their owner writes them, here or with an editor, or a program of an agent does. Only the first is
 * to be trusted, and a file does not say which it was. So every effect that could have written one is noted, durably, before
 * it happens, with the label of what it could write; and content that was not there at the last look carries the least
 * trusted label noted since. Content that the owner sets through the gateway is the owner's.
 *
 * A mistake here can only make words less trusted than they are.
 */
import { createHash } from "node:crypto";
import { joinLabels, LABELS, type Label } from "@openclaw/protocol";
import type { Records } from "@openclaw/sdk";
import type { Clock } from "../../../base/clock.ts";

export interface AuthorshipDeps {
  readonly records: Pick<Records, "get" | "write">;
  readonly seal: (belongsTo: string, plain: Uint8Array) => Uint8Array;
  readonly unseal: (belongsTo: string, sealed: Uint8Array) => Uint8Array;
  readonly clock: Pick<Clock, "now">;
}

export interface Authorship {
  /**
   * Something is about to happen that may write words of this label into any workspace. Durable when it resolves; what it gives
   * is called when that is over. `lasting`: something goes on writing after that.
   */
  note(label: Label, lasting: boolean): Promise<() => Promise<void>>;
  /** The label of each content, by file name; what is new is remembered. */
  labelsOf(agentId: string, contents: ReadonlyMap<string, Buffer>): Promise<ReadonlyMap<string, Label>>;
  /** The owner has set this content. */
  owned(agentId: string, name: string, content: Buffer): Promise<void>;
  wasSeeded(agentId: string): Promise<boolean>;
  seeded(agentId: string): Promise<void>;
  /** The agent is gone. */
  forget(agentId: string): Promise<void>;
}

interface Kept {
  readonly v: 1;
  readonly seeded: boolean;
  /** How far the notes had gone at the last look. */
  readonly lookedAt: number;
  readonly files: Readonly<Record<string, { readonly digest: string; readonly label: Label }>>;
}

/** The number of the last note of each label; 0 for none. Of lasting ones, until when they go on writing. */
interface Notes {
  readonly v: 1;
  readonly count: number;
  readonly last: Readonly<Record<Label, number>>;
  readonly lastingUntilMs: Readonly<Record<Label, number>>;
}

const BUCKET = "workspaces";
const NOTES = "notes";
const keyOf = (agentId: string): string => `agent.${agentId}`;
/** A program that was left running is taken to write no longer than this. */
const LASTING_MS = 86_400_000;
const NO_NOTES: Notes = { v: 1, count: 0, last: perLabel(() => 0), lastingUntilMs: perLabel(() => 0) };
const NOTHING_KEPT: Kept = { v: 1, seeded: false, lookedAt: 0, files: {} };

export function createAuthorship({ records, seal, unseal, clock }: AuthorshipDeps): Authorship {
  const known = new Map<string, { value: unknown; revision: number }>();
  let working: Promise<unknown> = Promise.resolve();

  const load = async <T>(key: string, otherwise: T): Promise<T> => {
    const before = known.get(key);
    if (before !== undefined) return before.value as T;
    const stored = await records.get(BUCKET, key);
    const value = stored === null ? otherwise : (JSON.parse(Buffer.from(unseal(`${BUCKET}/${key}`, stored.value)).toString("utf8")) as T);
    known.set(key, { value, revision: stored?.revision ?? 0 });
    return value;
  };
  const save = async (key: string, value: unknown): Promise<void> => {
    const revision = known.get(key)?.revision ?? 0;
    const sealed = value === null ? null : seal(`${BUCKET}/${key}`, Buffer.from(JSON.stringify(value)));
    known.set(key, { value, revision: await records.write(BUCKET, key, sealed, revision) });
    if (value === null) known.delete(key);
  };
  /** Noted since anybody last looked: to say it again would change nothing. */
  const noted = new Set<string>();
  const underWay = new Set<{ readonly label: Label; looked: boolean }>();
  const keepNote = async (label: Label, lasting: boolean): Promise<void> => {
    const name = `${label} ${lasting}`;
    if (noted.has(name)) return;
    const notes = await load(NOTES, NO_NOTES);
    const lastingUntilMs = lasting ? { ...notes.lastingUntilMs, [label]: clock.now() + LASTING_MS } : notes.lastingUntilMs;
    await save(NOTES, { v: 1, count: notes.count + 1, last: { ...notes.last, [label]: notes.count + 1 }, lastingUntilMs });
    noted.add(name);
  };
  /** One after another: what is noted before a look counts in it. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = working.then(work);
    working = done.catch(() => undefined);
    return done;
  };

  return {
    note: async (label, lasting) => {
      const mark = { label, looked: false };
      await inTurn(async () => {
        underWay.add(mark);
        await keepNote(label, lasting).catch((error: unknown) => {
          underWay.delete(mark);
          throw error;
        });
      });
      return () => inTurn(async () => {
        // Whoever looked while it was under way has not seen the end of it.
        if (underWay.delete(mark) && mark.looked) await keepNote(label, false);
      });
    },
    labelsOf: (agentId, contents) => inTurn(async () => {
      const [kept, notes] = [await load(keyOf(agentId), NOTHING_KEPT), await load(NOTES, NO_NOTES)];
      const now = clock.now();
      noted.clear();
      const writing = [...underWay].map((mark) => {
        mark.looked = true;
        return mark.label;
      });
      const before = LABELS.filter((label) => notes.last[label] > kept.lookedAt || notes.lastingUntilMs[label] > now);
      const since = [...before, ...writing].reduce<Label>((least, label) => joinLabels(least, label), "owner");
      const files: Record<string, { readonly digest: string; readonly label: Label }> = {};
      for (const [name, content] of contents) {
        const digest = digestOf(content);
        const last = kept.files[name];
        files[name] = last?.digest === digest ? last : { digest, label: since };
      }
      const isNew = kept.lookedAt !== notes.count || !isSame(kept.files, files);
      if (isNew) await save(keyOf(agentId), { ...kept, lookedAt: notes.count, files });
      return new Map(Object.entries(files).map(([name, { label }]) => [name, label]));
    }),
    owned: (agentId, name, content) => inTurn(async () => {
      const kept = await load(keyOf(agentId), NOTHING_KEPT);
      await save(keyOf(agentId), { ...kept, files: { ...kept.files, [name]: { digest: digestOf(content), label: "owner" } } });
    }),
    wasSeeded: (agentId) => inTurn(async () => (await load(keyOf(agentId), NOTHING_KEPT)).seeded),
    seeded: (agentId) => inTurn(async () => {
      await save(keyOf(agentId), { ...(await load(keyOf(agentId), NOTHING_KEPT)), seeded: true });
    }),
    forget: (agentId) => inTurn(async () => {
      await load(keyOf(agentId), NOTHING_KEPT);
      if ((known.get(keyOf(agentId))?.revision ?? 0) > 0) await save(keyOf(agentId), null);
      known.delete(keyOf(agentId));
    }),
  };
}

function perLabel(value: () => number): Record<Label, number> {
  return Object.fromEntries(LABELS.map((label) => [label, value()])) as Record<Label, number>;
}

function isSame(one: Kept["files"], other: Kept["files"]): boolean {
  const names = Object.keys(other);
  return names.length === Object.keys(one).length
    && names.every((name) => one[name]?.digest === other[name]?.digest && one[name]?.label === other[name]?.label);
}

function digestOf(content: Buffer): string {
  return createHash("sha256").update(content).digest("base64url");
}

/**
 * The configuration in this page: read, drafted, saved, and taken back.
 *
 * What is saved names the state it was made from; where the file says something else by now, nothing is written and both sides are
 * shown. One for the whole page: a draft outlives a look at another section, and where it is no secret a reload. What a person typed is
 * taken away by nobody but them: an answer that comes late finds a newer one and gives way, and what was changed while something was being
 * saved stays a draft.
 */
import { computed, effect, signal, type ReadonlySignal } from "@preact/signals";
import { describe, type Ended, type Link } from "../../link.ts";
import {
  changedKeys, clashes, drafted, inverse, patchOf, replacedLists, withChange, without, withValue, type Clash, type Draft,
} from "./changes.ts";
import { isStale, issuesOf, parseConfig, parseSaved, parseSchema, type ConfigState, type Saved, type Schema } from "./facts.ts";
import { tabStore, toKeep, type DraftStore } from "./kept-draft.ts";
import type { Path } from "./schema-fields.ts";

export type SaveState =
  | { readonly kind: "idle" }
  | { readonly kind: "saving" }
  /** `takes`: when it is in force. `back`: the way back, made from what was written. */
  | { readonly kind: "saved"; readonly takes: Saved["takes"]; readonly back?: Draft | undefined; readonly written: ConfigState }
  | { readonly kind: "refused"; readonly ended: Ended; readonly issues: ReadonlyMap<string, string> }
  /** Somebody else wrote meanwhile, over what the draft was made from. */
  | { readonly kind: "conflict"; readonly from: ConfigState };

export interface ConfigDesk {
  readonly config: ReadonlySignal<ConfigState | undefined>;
  readonly schema: ReadonlySignal<Schema | undefined>;
  readonly trouble: ReadonlySignal<Ended | undefined>;
  readonly draft: ReadonlySignal<Draft>;
  /** What is set, with the draft on top. */
  readonly values: ReadonlySignal<unknown>;
  readonly state: ReadonlySignal<SaveState>;
  /** Changes that were made before this page was loaded again, and how many more there were; until they are saved or discarded. */
  readonly kept: ReadonlySignal<{ readonly changes: number; readonly left: number } | undefined>;
  change(path: Path, value: unknown): void;
  discard(): void;
  save(): Promise<void>;
  undo(): Promise<void>;
  /** What was said of the last save is over: somebody went on to something else. */
  settle(): void;
  /** The whole file. Rejects with what the gateway says; what the file says now is then known. */
  writeFile(raw: string, base: ConfigState): Promise<Saved>;
  /** Into the gateway's store; answers with what to write in its place. */
  keepSecret(key: string, value: string): Promise<unknown>;
}

/** The keys that both changed, and what else they changed. */
export function bothSides(desk: ConfigDesk, from: ConfigState): { readonly clashes: readonly Clash[]; readonly others: readonly string[] } {
  const theirs = desk.config.value?.set ?? {};
  const both = clashes(desk.draft.value, from.set, theirs);
  return { clashes: both, others: changedKeys(from.set, theirs).filter((key) => !both.some((clash) => clash.key === key)) };
}

const NOTHING: Draft = new Map();
/** From a save that takes a restart to the restart: what came of it is read and shown. */
const RESTART_MS = 1_000;
const IDLE: SaveState = { kind: "idle" };
let opened: ConfigDesk | undefined;

export function openConfigDesk(link: Link): ConfigDesk {
  return (opened ??= createConfigDesk(link, tabStore()));
}

/** Lives as long as the page does. */
export function createConfigDesk(
  link: Pick<Link, "request" | "on" | "onUp" | "state" | "restarts">, store: DraftStore,
): ConfigDesk {
  const config = signal<ConfigState | undefined>(undefined);
  const schema = signal<Schema | undefined>(undefined);
  const trouble = signal<Ended | undefined>(undefined);
  const draft = signal<Draft>(NOTHING);
  const state = signal<SaveState>(IDLE);
  /** What the draft was begun from. */
  let base: ConfigState | undefined;
  const kept = signal<{ readonly changes: number; readonly left: number } | undefined>(undefined);
  let before = store.recall();
  let asked = 0;
  let shown = 0;

  /** What the file said where it was changed is known: made from an older file, the gateway refuses it and both sides are shown. */
  const restore = (now: ConfigState): void => {
    if (before === undefined) return;
    const { hash, changes, left } = before;
    before = undefined;
    const set = changes.reduce<unknown>((values, { path, was }) => withValue(values, path, was), now.set) as ConfigState["set"];
    base = hash === now.hash ? now : { ...now, set, hash };
    draft.value = changes.reduce((all, { path, value }) => withChange(all, now.set, path, value), NOTHING);
    if (draft.peek().size === 0) base = now;
    if (draft.peek().size + left > 0) kept.value = { changes: draft.peek().size, left };
  };
  const keep = (wanted: Draft, known: Schema | undefined): void => {
    if (before === undefined && base !== undefined) store.keep(toKeep(wanted, base, known));
  };
  effect(() => keep(draft.value, schema.value));

  const read = async (): Promise<ConfigState | undefined> => {
    const mine = ++asked;
    try {
      const next = parseConfig(await link.request("config.get", {}));
      if (mine < shown) return config.peek(); // a newer answer was here first
      shown = mine;
      config.value = next;
      trouble.value = undefined;
      if (draft.peek().size === 0) base = next;
      restore(next);
      return next;
    } catch (error) {
      if (link.state.peek().kind === "up") trouble.value = describe(error);
      return undefined;
    }
  };
  let restartsSeen = 0;
  link.onUp(() => {
    void read();
    const now = state.peek();
    if (link.restarts.peek() > restartsSeen && now.kind === "saved") state.value = { ...now, takes: "now" };
    restartsSeen = link.restarts.peek();
    if (schema.peek() !== undefined) return;
    link.request("config.schema", {}).then((answer) => {
      schema.value = parseSchema(answer);
    }, (error: unknown) => {
      trouble.value = describe(error);
    });
  });
  link.on("config.changed", () => void read());

  const send = async (wanted: Draft, from: ConfigState): Promise<void> => {
    state.value = { kind: "saving" };
    try {
      const { takes, hash } = parseSaved(await link.request("config.patch", {
        raw: JSON.stringify(patchOf(wanted)), baseHash: from.hash, restartDelayMs: RESTART_MS,
        replacePaths: replacedLists(wanted, from.set),
      }));
      await read(); // before the draft goes: nothing is seen to jump back and forth
      const written: ConfigState = { ...from, set: drafted(from.set, wanted) as ConfigState["set"], hash: hash ?? from.hash };
      draft.value = without(draft.peek(), wanted);
      base = draft.peek().size === 0 ? config.peek() : written;
      kept.value = undefined;
      keep(draft.peek(), schema.peek());
      state.value = draft.peek().size === 0 ? { kind: "saved", takes, back: inverse(wanted, from.set), written } : IDLE;
    } catch (error) {
      if (isStale(error)) return await meet(wanted, from);
      const issues = new Map(issuesOf(error).map(({ path, message }) => [path, message]));
      state.value = { kind: "refused", ended: describe(error), issues };
    }
  };
  const meet = async (wanted: Draft, from: ConfigState): Promise<void> => {
    draft.value = new Map([...wanted, ...draft.peek()]);
    const theirs = await read();
    if (theirs === undefined) return void (state.value = IDLE);
    base = theirs;
    state.value = { kind: "conflict", from };
  };
  const busy = (): boolean => state.peek().kind === "saving";
  return {
    config, schema, trouble, draft, state, kept, values: computed(() => drafted(config.value?.set ?? {}, draft.value)),
    change: (path, value) => {
      const from = base ?? config.peek();
      if (from === undefined) return;
      base = from;
      draft.value = withChange(draft.peek(), from.set, path, value);
      if (draft.peek().size === 0) kept.value = undefined;
      // An answer is about what was sent; what is typed now is something else.
      const { kind } = state.peek();
      if (kind === "saved" || kind === "refused" || (kind === "conflict" && draft.peek().size === 0)) state.value = IDLE;
    },
    discard: () => {
      draft.value = NOTHING;
      kept.value = undefined;
      base = config.peek();
      if (!busy()) state.value = IDLE;
    },
    save: async () => {
      if (base !== undefined && draft.peek().size > 0 && !busy()) await send(draft.peek(), base);
    },
    undo: async () => {
      const now = state.peek();
      if (now.kind === "saved" && now.back !== undefined) await send(now.back, now.written);
    },
    settle: () => {
      if (state.peek().kind === "saved") state.value = IDLE;
    },
    writeFile: async (raw, from) => {
      try {
        return parseSaved(await link.request("config.apply", { raw, baseHash: from.hash, restartDelayMs: RESTART_MS }));
      } finally {
        await read();
      }
    },
    keepSecret: async (path, value) => (await link.request("config.secret.keep", { path, value }) as { readonly ref?: unknown }).ref,
  };
}

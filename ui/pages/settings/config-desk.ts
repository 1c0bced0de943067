/**
 * The configuration in this page: read, drafted, saved, and taken back.
 *
 * What is saved names the state it was made from; where the file says something else by now, nothing is written and both sides are
 * shown. One for the whole page: a draft outlives a look at another section.
 */
import { computed, effect, signal, untracked, type ReadonlySignal } from "@preact/signals";
import { describe, type Ended, type Link } from "../../link.ts";
import {
  changedKeys, clashes, drafted, inverse, patchOf, replacedLists, withChange, type Clash, type Draft,
} from "./changes.ts";
import { isStale, issuesOf, parseConfig, parseSaved, parseSchema, type ConfigState, type Schema } from "./facts.ts";
import type { Path } from "./schema-fields.ts";

export type SaveState =
  | { readonly kind: "idle" }
  | { readonly kind: "saving" }
  | { readonly kind: "saved"; readonly restarts: boolean; readonly keys: readonly string[]; readonly back?: Draft | undefined }
  | { readonly kind: "refused"; readonly ended: Ended; readonly issues: ReadonlyMap<string, string> }
  /** Somebody else wrote meanwhile; `clashes` are the keys both changed, `others` what else they changed. */
  | { readonly kind: "conflict"; readonly clashes: readonly Clash[]; readonly others: readonly string[] };

export interface ConfigDesk {
  readonly config: ReadonlySignal<ConfigState | undefined>;
  readonly schema: ReadonlySignal<Schema | undefined>;
  readonly trouble: ReadonlySignal<Ended | undefined>;
  readonly draft: ReadonlySignal<Draft>;
  /** What is set, with the draft on top. */
  readonly values: ReadonlySignal<unknown>;
  readonly state: ReadonlySignal<SaveState>;
  change(path: Path, value: unknown): void;
  discard(): void;
  save(): Promise<void>;
  undo(): Promise<void>;
  /** The whole file. Rejects with what the gateway says. */
  writeFile(raw: string, base: ConfigState): Promise<void>;
  /** Into the gateway's store; answers with what to write in its place. */
  keepSecret(key: string, value: string): Promise<unknown>;
}

const NOTHING: Draft = new Map();
let opened: ConfigDesk | undefined;

export function openConfigDesk(link: Link): ConfigDesk {
  return (opened ??= createConfigDesk(link));
}

function createConfigDesk(link: Link): ConfigDesk {
  const config = signal<ConfigState | undefined>(undefined);
  const schema = signal<Schema | undefined>(undefined);
  const trouble = signal<Ended | undefined>(undefined);
  const draft = signal<Draft>(NOTHING);
  const state = signal<SaveState>({ kind: "idle" });
  /** What the draft was begun from. */
  let base: ConfigState | undefined;

  const read = async (): Promise<ConfigState | undefined> => {
    try {
      const next = parseConfig(await link.request("config.get", {}));
      config.value = next;
      trouble.value = undefined;
      if (draft.peek().size === 0) base = next;
      return next;
    } catch (error) {
      if (link.state.peek().kind === "up") trouble.value = describe(error);
      return undefined;
    }
  };
  link.onUp(() => {
    void read();
    if (schema.peek() === undefined) {
      link.request("config.schema", {}).then(
        (answer) => {
          schema.value = parseSchema(answer);
        },
        (error: unknown) => {
          trouble.value = describe(error);
        },
      );
    }
  });
  link.on("config.changed", () => void read());

  const send = async (wanted: Draft, from: ConfigState): Promise<void> => {
    state.value = { kind: "saving" };
    try {
      const answer = parseSaved(await link.request("config.patch", {
        raw: JSON.stringify(patchOf(wanted)), baseHash: from.hash, replacePaths: replacedLists(wanted, from.set),
      }));
      draft.value = NOTHING;
      state.value = { kind: "saved", restarts: answer.restarts, keys: answer.changed, back: inverse(wanted, from.set) };
      await read();
    } catch (error) {
      if (isStale(error)) return await meet(wanted, from);
      const issues = new Map(issuesOf(error).map(({ path, message }) => [path, message]));
      state.value = { kind: "refused", ended: describe(error), issues };
    }
  };
  const meet = async (wanted: Draft, from: ConfigState): Promise<void> => {
    draft.value = wanted;
    const theirs = await read();
    if (theirs === undefined) return void (state.value = { kind: "idle" });
    base = theirs;
    const both = clashes(wanted, from.set, theirs.set);
    const others = changedKeys(from.set, theirs.set).filter((key) => !both.some((clash) => clash.key === key));
    state.value = { kind: "conflict", clashes: both, others };
  };
  const values = computed(() => drafted(config.value?.set ?? {}, draft.value));
  // An answer is about what was sent; the next change begins anew.
  effect(() => {
    if (draft.value.size === 0) return;
    untracked(() => {
      if (state.peek().kind === "saved") state.value = { kind: "idle" };
    });
  });
  return {
    config, schema, trouble, draft, values, state,
    change: (path, value) => {
      const from = base ?? config.peek();
      if (from === undefined) return;
      base = from;
      draft.value = withChange(draft.peek(), from.set, path, value);
    },
    discard: () => {
      draft.value = NOTHING;
      base = config.peek();
      state.value = { kind: "idle" };
    },
    save: async () => {
      if (base !== undefined && draft.peek().size > 0 && state.peek().kind !== "saving") await send(draft.peek(), base);
    },
    undo: async () => {
      const { value } = state;
      const now = config.peek();
      if (value.kind === "saved" && value.back !== undefined && now !== undefined) await send(value.back, now);
    },
    writeFile: async (raw, from) => {
      parseSaved(await link.request("config.apply", { raw, baseHash: from.hash }));
      await read();
    },
    keepSecret: async (path, value) => (await link.request("config.secret.keep", { path, value }) as { readonly ref?: unknown }).ref,
  };
}

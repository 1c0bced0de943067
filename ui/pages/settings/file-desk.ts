/**
 * The configuration file as a person edits it. What is typed stays until they save or discard it, whatever comes in meanwhile and
 * wherever else they look; what somebody else wrote is shown beside it, and only what was shown is ever written over.
 */
import { signal, type ReadonlySignal } from "@preact/signals";
import { describe, type Ended } from "../../link.ts";
import type { ConfigDesk } from "./config-desk.ts";
import { isStale, type ConfigState, type Saved } from "./facts.ts";

export type FileState =
  | { readonly kind: "idle" }
  | { readonly kind: "saving" }
  /** `back` is the text before, `hash` names what was written: who undoes takes back that and nothing later. */
  | { readonly kind: "saved"; readonly takes: Saved["takes"]; readonly back: string; readonly hash: string }
  | { readonly kind: "refused"; readonly ended: Ended }
  /** They wrote meanwhile; the next press writes over this. */
  | { readonly kind: "conflict"; readonly theirs: ConfigState };

export interface Typed { readonly text: string; readonly base: ConfigState }

export interface FileDesk {
  readonly typed: ReadonlySignal<Typed | undefined>;
  readonly state: ReadonlySignal<FileState>;
  type(text: string): void;
  discard(): void;
  save(): Promise<void>;
  undo(): Promise<void>;
  /** What was said of the last save is over. */
  settle(): void;
}

const IDLE: FileState = { kind: "idle" };
let opened: FileDesk | undefined;

export function openFileDesk(desk: ConfigDesk): FileDesk {
  return (opened ??= createFileDesk(desk));
}

export function createFileDesk(desk: Pick<ConfigDesk, "config" | "writeFile">): FileDesk {
  const typed = signal<Typed | undefined>(undefined);
  const state = signal<FileState>(IDLE);

  const write = async (text: string, base: ConfigState): Promise<void> => {
    state.value = { kind: "saving" };
    try {
      const { takes, hash = base.hash } = await desk.writeFile(text, base);
      const later = typed.peek();
      // What was typed while this was being saved is a draft on top of it.
      const isMore = later !== undefined && later.text !== text;
      typed.value = isMore ? { text: later.text, base: { ...base, raw: text, hash } } : undefined;
      state.value = isMore ? IDLE : { kind: "saved", takes, back: base.raw, hash };
    } catch (error) {
      const theirs = desk.config.peek();
      if (!isStale(error) || theirs === undefined) return void (state.value = { kind: "refused", ended: describe(error) });
      typed.value ??= { text, base };
      state.value = { kind: "conflict", theirs };
    }
  };
  return {
    typed, state,
    type: (text) => {
      const base = typed.peek()?.base ?? desk.config.peek();
      if (base === undefined) return;
      typed.value = { text, base };
      const { kind } = state.peek();
      if (kind === "saved" || kind === "refused") state.value = IDLE;
    },
    discard: () => {
      typed.value = undefined;
      if (state.peek().kind !== "saving") state.value = IDLE;
    },
    save: async () => {
      const [wanted, now] = [typed.peek(), state.peek()];
      if (wanted === undefined || now.kind === "saving") return;
      await write(wanted.text, now.kind === "conflict" ? now.theirs : wanted.base);
    },
    undo: async () => {
      const [now, config] = [state.peek(), desk.config.peek()];
      if (now.kind === "saved" && config !== undefined) await write(now.back, { ...config, hash: now.hash });
    },
    settle: () => {
      if (state.peek().kind === "saved") state.value = IDLE;
    },
  };
}

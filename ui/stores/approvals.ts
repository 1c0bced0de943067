/**
 * What waits for a person's answer, and what ended lately. One for the whole page: the rail counts it, the conversation asks it in its
 * place, the pages list it.
 *
 * Read when the connection comes up, then kept by events: an answer given anywhere takes it away here.
 */
import { signal, type ReadonlySignal } from "@preact/signals";
import type { Link } from "../link.ts";
import { fieldsOf, listOf, textOf } from "./fields.ts";
import { parseApproval, parsePast, type Approval, type PastApproval, type Verdict } from "./parse-approval.ts";

export interface Approvals {
  /** The oldest first. */
  readonly waiting: ReadonlySignal<readonly Approval[]>;
  /** Those that were answered while this page was open, the newest first; `loadPast` brings those before. */
  readonly past: ReadonlySignal<readonly PastApproval[]>;
  readonly isLoaded: ReadonlySignal<boolean>;
  /** Rejects with what the gateway said; the first answer wins, whoever gives it. */
  answer(approval: Pick<Approval, "id" | "kind">, verdict: Verdict): Promise<void>;
  loadPast(): Promise<void>;
}

const PAST_MAX = 200;

let opened: Approvals | undefined;

export function openApprovals(link: Link): Approvals {
  return (opened ??= createApprovals(link));
}

function createApprovals(link: Link): Approvals {
  const waiting = signal<readonly Approval[]>([]);
  const past = signal<readonly PastApproval[]>([]);
  const isLoaded = signal(false);
  let wantsPast = false;

  const load = async (): Promise<void> => {
    const [exec, plugin] = await Promise.all([
      link.call("exec.approval.list", {}), link.call("plugin.approval.list", {}).catch(() => []),
    ]);
    waiting.value = sorted([
      ...listOf(exec).flatMap((one) => parseApproval(one) ?? []), ...listOf(plugin).flatMap((one) => parseApproval(one, "plugin") ?? []),
    ]);
    isLoaded.value = true;
  };
  const loadPast = async (): Promise<void> => {
    wantsPast = true;
    const found = await link.call("exec.approval.history", { limit: PAST_MAX });
    past.value = listOf(found).flatMap((one) => parsePast(one) ?? []);
  };

  link.onUp(() => {
    void load().catch(() => undefined);
    if (wantsPast) void loadPast().catch(() => undefined);
  });
  link.on("exec.approval.requested", (payload: unknown) => {
    const found = parseApproval(payload);
    if (found !== undefined) waiting.value = sorted([...waiting.peek().filter(({ id }) => id !== found.id), found]);
  });
  link.on("exec.approval.resolved", (payload: unknown) => {
    const id = textOf(fieldsOf(payload)["id"]);
    const known = waiting.peek().find((one) => one.id === id);
    const ended = parsePast(payload, known);
    waiting.value = waiting.peek().filter((one) => one.id !== id);
    if (ended !== undefined) past.value = [ended, ...past.peek().filter((one) => one.id !== id)].slice(0, PAST_MAX);
  });
  return {
    waiting, past, isLoaded, loadPast,
    answer: async ({ id, kind }, decision) => {
      await link.call(kind === "plugin" ? "plugin.approval.resolve" : "exec.approval.resolve", { id, decision });
      waiting.value = waiting.peek().filter((one) => one.id !== id);
    },
  };
}

function sorted(all: readonly Approval[]): readonly Approval[] {
  return all.toSorted((a, b) => a.createdAtMs - b.createdAtMs);
}

/** Sends errands and follows each to its end, over connections that come and go. */
import { setTimeout as wait } from "node:timers/promises";
import { hasCode } from "@openclaw/protocol";
import type { HistoryMessage } from "../../testkit/conversation.ts";
import type { Errand } from "./errand.ts";
import type { Ledger } from "./ledger.ts";
import type { Line } from "./line.ts";

export interface Talk {
  /**
   * Resolves once acknowledged. Within one session each errand waits until the one before was acknowledged: that makes the
   * order which the transcript must have.
   */
  send(errand: Errand): Promise<void>;
  /** Resolves when every acknowledged errand has its end. Throws, naming them, when some have none for `patienceMs`. */
  settle(patienceMs: number): Promise<void>;
  /** Answers questions with yes, whoever asks, until closed. */
  close(): void;
}

const WAIT_MS = 5_000;
/** What is faster has not waited: it does not know the run. */
const KNOWN_MS = 4_000;
/** Between two looks at the transcript. */
const LOOK_EVERY = 100;
const POLL_MS = 10;
const LIST_MS = 250;

export function openTalk(line: Line, ledger: Ledger): Talk {
  let isOpen = true;
  let failure: unknown;
  /** By session: the errand that is being sent. */
  const tails = new Map<string, Promise<void>>();

  const follow = async ({ runId, session }: Errand): Promise<void> => {
    for (let waits = 1; isOpen; waits += 1) {
      const began = performance.now();
      const { status } = (await line.request("agent.wait", { runId, timeoutMs: WAIT_MS })) as { readonly status: string };
      if (status !== "timeout") return ledger.answer(runId, status);
      if (performance.now() - began < KNOWN_MS) ledger.notFound(runId);
      if (waits % LOOK_EVERY === 0 && (await isAnswered(session, runId))) return ledger.answer(runId, "ok");
      await wait(POLL_MS);
    }
  };

  /** Where the gateway does not find the run by its id, its session's transcript tells that it was not lost as well. */
  const isAnswered = async (sessionKey: string, runId: string): Promise<boolean> => {
    const page = await line.request("chat.history", { sessionKey, limit: 1_000 });
    const { messages } = page as { readonly messages: readonly HistoryMessage[] };
    const last = messages.findLast((message) => message.__openclaw.runId === runId);
    return last?.role === "assistant" && last.content.every(({ type }) => type === "text");
  };

  const sendNow = async (errand: Errand): Promise<void> => {
    const { session, runId, text } = errand;
    await line.request("chat.send", { sessionKey: session, message: text, idempotencyKey: runId });
    ledger.acknowledge(errand);
    follow(errand).catch(fail);
  };

  const allow = async (id: string): Promise<void> => {
    await line.request("exec.approval.resolve", { id, decision: "allow-once" }).catch((error: unknown) => {
      // Answered before the gateway died, or its turn has ended.
      if (!hasCode(error, "APPROVAL_ALREADY_RESOLVED") && !hasCode(error, "APPROVAL_NOT_FOUND") && isOpen) throw error;
    });
  };
  line.onEvent(({ event, payload }) => {
    if (event === "exec.approval.requested") allow((payload as { readonly id: string }).id).catch(fail);
  });
  // What was asked while nobody was connected stands in the list.
  const answerAll = async (): Promise<void> => {
    while (isOpen) {
      const waiting = (await line.request("exec.approval.list", {})) as readonly { readonly id: string }[];
      for (const { id } of waiting) await allow(id);
      await wait(LIST_MS);
    }
  };
  const fail = (error: unknown): void => {
    if (isOpen) failure ??= error;
  };
  answerAll().catch(fail);

  return {
    send: (errand) => {
      const sent = (tails.get(errand.session) ?? Promise.resolve()).then(() => sendNow(errand));
      tails.set(errand.session, sent.catch(() => undefined));
      return sent;
    },
    settle: async (patienceMs) => {
      for (const began = performance.now(); ledger.waiting > 0; ) {
        if (failure !== undefined) throw failure;
        if (performance.now() - began > patienceMs) {
          const left = ledger.all.filter(({ status }) => status === undefined).map(({ errand }) => `${errand.runId} (${errand.kind})`);
          throw new Error(`no end within ${Math.round(patienceMs / 1_000)} s: ${left.slice(0, 8).join(", ")}`);
        }
        await wait(POLL_MS);
      }
    },
    close: () => {
      isOpen = false;
    },
  };
}

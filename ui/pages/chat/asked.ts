/** What a person is asked before something is done in this session: what waits now, and how each of them ended. */
import { signal, type ReadonlySignal } from "@preact/signals";
import { describe, type Ended, type Link } from "../../link/open-link.ts";
import { fields, number, text, texts } from "./transcript.ts";

export type Verdict = "deny" | "allow-once" | "allow-always";

export interface Asked {
  readonly id: string;
  readonly runId: string | undefined;
  readonly callId: string | undefined;
  readonly command: string;
  readonly argv: readonly string[];
  readonly nodeId: string | undefined;
  readonly nodeName: string | undefined;
  readonly cwd: string | undefined;
  readonly reason: string;
  readonly rule: string;
  readonly labels: readonly string[];
  /** What the third answer covers. */
  readonly remember: "session" | "exact";
  readonly allowed: readonly Verdict[];
  readonly createdMs: number;
  readonly expiresMs: number;
  /** On its way to the gateway, or refused by it. */
  readonly answering?: Verdict | undefined;
  readonly ended?: Ended | undefined;
}

export interface AskedStore {
  readonly waiting: ReadonlySignal<readonly Asked[]>;
  answer(id: string, verdict: Verdict): Promise<void>;
  close(): void;
}

export function openAsked(link: Link, sessionKey: string): AskedStore {
  const waiting = signal<readonly Asked[]>([]);
  const set = (id: string, changes: Partial<Asked>): void => {
    waiting.value = waiting.peek().map((one) => (one.id === id ? { ...one, ...changes } : one));
  };
  const offs = [
    link.onUp(() => void link.request("exec.approval.list", {}).then((found) => {
      waiting.value = (Array.isArray(found) ? found : []).flatMap((one) => parseAsked(one, sessionKey) ?? []);
    }, () => undefined)),
    link.on("exec.approval.requested", (payload: unknown) => {
      const asked = parseAsked(payload, sessionKey);
      if (asked !== undefined) waiting.value = [...waiting.peek().filter(({ id }) => id !== asked.id), asked];
    }),
    link.on("exec.approval.resolved", (payload: unknown) => {
      const id = text(fields(payload)["id"]);
      if (waiting.peek().some((one) => one.id === id)) waiting.value = waiting.peek().filter((one) => one.id !== id);
    }),
  ];
  return {
    waiting,
    answer: async (id, verdict) => {
      set(id, { answering: verdict, ended: undefined });
      try {
        await link.call("exec.approval.resolve", { id, decision: verdict });
        waiting.value = waiting.peek().filter((one) => one.id !== id);
      } catch (error) {
        set(id, { answering: undefined, ended: describe(error) });
      }
    },
    close: () => {
      for (const off of offs) off();
    },
  };
}

const VERDICTS: readonly string[] = ["deny", "allow-once", "allow-always"];

function parseAsked(value: unknown, sessionKey: string): Asked | undefined {
  const own = fields(value);
  const request = fields(own["request"]);
  const id = text(own["id"]);
  if (id === undefined || request["sessionKey"] !== sessionKey) return undefined;
  return {
    id, runId: text(request["runId"]), callId: text(request["toolCallId"]), command: text(request["command"]) ?? "",
    argv: texts(request["commandArgv"]), nodeId: text(request["nodeId"]), nodeName: text(request["nodeName"]), cwd: text(request["cwd"]),
    reason: text(request["warningText"]) ?? "", rule: text(request["rule"]) ?? "", labels: texts(request["labels"]),
    remember: request["remember"] === "session" ? "session" : "exact",
    allowed: texts(request["allowedDecisions"]).filter((one): one is Verdict => VERDICTS.includes(one)),
    createdMs: number(own["createdAtMs"]) ?? 0, expiresMs: number(own["expiresAtMs"]) ?? 0,
  };
}

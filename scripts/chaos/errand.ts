/** What is asked of the gateway: messages of several kinds, and the effects in the world that each must have. */
import { callMark } from "../../testkit/scripted-config.ts";
import type { Random } from "./random.ts";

export const KINDS = [
  "plain", "slow-speech", "here", "here-slow", "far", "twice", "remember", "long", "hook", "post", "later", "given-up",
  "row", "file", "letter",
] as const;
export type Kind = (typeof KINDS)[number];

export interface Effect {
  /** What the command appends to the witness file of its node. */
  readonly id: string;
  readonly node: "local" | "far" | "web";
  /** What the result says when it happened, where that is not an echo. */
  readonly says?: string;
  /** A receiver that takes a key it knows for the same thing: it may be asked again, under that key only. */
  readonly repeatable?: boolean;
  /** Put into a queue; its end comes as a message, and says this. */
  readonly handedOver?: "is done" | "failed";
}

export interface Errand {
  readonly session: string;
  /** The idempotency key, which is the run's id. */
  readonly runId: string;
  readonly kind: Kind;
  readonly text: string;
  readonly effects: readonly Effect[];
  /** What the reply has to be, where it can be known. */
  readonly reply: string | null;
}

const WEIGHTS: Readonly<Record<Kind, number>> = {
  plain: 40, "slow-speech": 12, here: 18, "here-slow": 8, far: 12, twice: 5, remember: 5, long: 2, hook: 7, post: 7, later: 6,
  "given-up": 1, row: 6, file: 5, letter: 5,
};

export const WITNESS = "witness";
/** Rows and files that actuators make in the workspace, which are their own witnesses. */
export const ROWS = "rows.sqlite";
export const FILES = "files";
/** Where messages of actuators go. */
export const INBOX = "agent:main:inbox";
/** The longest command, so that jobs run while something is killed. */
const SLOW_SECONDS = 0.4;
/** More than a result holds: the whole of it is kept apart. */
const LONG_LINES = 20_000;

/** Handing over is nobody's words but the model's: a conversation that has read a command's output may not do it unasked. */
export const HANDED_SESSION = "agent:main:handed";
/** A statement that changes rows is nobody's words either, and its answer is the world's: each has a conversation of its own. */
export const ownSession = (kind: Kind, runId: string): string | undefined => (kind === "row" ? `agent:main:row-${runId}` : undefined);
export const isHandedOver = (kind: Kind): boolean => kind === "later" || kind === "given-up";

export function chooseKind(random: Random): Kind {
  return random.choose(WEIGHTS);
}

/** Commands count as unsafe: what they append, they append again each time they run. `web` is the receiver's address. */
export function makeErrand(session: string, runId: string, kind: Kind, web: string): Errand {
  const effect = (at: number, node: Effect["node"] = "local"): Effect => ({ id: `${runId}.${at}`, node });
  const run = ({ id, node }: Effect, after = ""): string =>
    callMark("exec", { ...(node === "far" ? { node: "far" } : {}), command: `echo ${id} >> ${WITNESS} && echo did-${id}${after}` });
  const hook = (to: string, more: object = {}): string => callMark("webhook", { to, body: { id: `${runId}.1` }, ...more });
  const outside = (more: Partial<Effect>): Effect => ({ id: `${runId}.1`, node: "web", ...more });
  const made = (text: string, effects: readonly Effect[] = [], reply: string | null = null): Errand =>
    ({ session, runId, kind, text, effects, reply });
  switch (kind) {
    case "plain": return made(`say ${runId}`, [], `echo: say ${runId}`);
    case "slow-speech": return made(`tell ${runId} [[tokens 4 15]]`, [], "word0 word1 word2 word3 ");
    case "here": return made(`do ${run(effect(1))}`, [effect(1)]);
    case "here-slow": return made(`do ${run(effect(1), `; sleep ${SLOW_SECONDS}`)}`, [effect(1)]);
    case "far": return made(`do ${run(effect(1, "far"))}`, [effect(1, "far")]);
    case "long": return made(`do ${run(effect(1), `; seq 1 ${LONG_LINES}`)}`, [effect(1)]);
    case "twice": return made(`do ${run(effect(1))} and ${run(effect(2))}`, [effect(1), effect(2)]);
    case "hook": return made(`do ${hook("hook")}`, [outside({ repeatable: true })]);
    case "post": return made(`do ${callMark("http_request", { url: `${web}/post`, method: "POST", body: `${runId}.1` })}`, [outside({})]);
    case "later": return made(`do ${hook("later", { async: true })}`, [outside({ repeatable: true, handedOver: "is done" })]);
    case "given-up": return made(`do ${hook("wall", { async: true })}`, [outside({ repeatable: true, handedOver: "failed" })]);
    case "row": {
      const statement = { statement: `INSERT INTO rows VALUES ('${runId}.1')`, write: true };
      return made(`do ${callMark("sql", statement)}`, [{ ...effect(1), says: "1 rows changed" }]);
    }
    case "file": return made(
      `do ${callMark("write_record", { name: `${runId}.1`, content: `${runId}.1` })}`, [{ ...effect(1), says: "Written." }],
    );
    case "letter": {
      const says = "The message is in the session.";
      return made(`do ${callMark("send_message", { sessionKey: INBOX, text: `${runId}.1` })}`, [{ ...effect(1), says }]);
    }
    case "remember": return made(`do ${callMark("remember", { text: `fact of ${runId}` })}`);
  }
}

/** Whether a result says that the effect happened. The echo stands behind the append, so it cannot be printed without it. */
export const saysDone = ({ id, node, says, repeatable }: Effect, result: string): boolean =>
  result.includes(says ?? (node === "web" && repeatable === true ? "Answered 200." : `did-${id}`));

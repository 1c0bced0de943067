import { OpenClawError, type GROUP_ACTIVATIONS, type Label } from "@openclaw/protocol";
import type { Principal } from "../../fabric/identity.ts";
import type { MessageOrigin, QueueMode, ReplyAddress } from "../../fabric/journal.ts";
import type { Agent, Agents } from "../agents.ts";
import { routeInbound, type RouteRules, type RouteWish, type Sender } from "../routing.ts";
import type { IncomingFile, RunStatus, Sessions } from "../sessions.ts";

export type GroupActivation = (typeof GROUP_ACTIVATIONS)[number];

export interface Inbound {
  readonly sessionKey?: string;
  readonly agentId?: string;
  /** Who sent it, where no session is named. */
  readonly sender?: Sender;
  readonly text: string;
  /** What comes with it, as `readAttachments` gives it. */
  readonly files?: readonly IncomingFile[];
  /** Makes the message the same message, however often it is brought; becomes the run id. */
  readonly idempotencyKey: string;
  readonly principal: Principal;
  /** Where the message holds words that are not the principal's own. */
  readonly label?: Label;
  readonly channel: string;
  readonly model?: string;
  readonly extraSystemPrompt?: string;
  readonly timeoutMs?: number;
  readonly queueMode?: QueueMode;
  readonly thinking?: string;
  /** In a group, whom the message speaks to, by id; not known unless given. */
  readonly mentions?: readonly string[];
  /** Which messages of this group begin a turn, where its session says nothing of it. */
  readonly activation?: GroupActivation;
  readonly origin?: MessageOrigin;
  /** To whom the outcome is owed. */
  readonly replyTo?: ReplyAddress;
  /** How often the program passed something on by itself on the way to this message. */
  readonly relays?: number;
}

export interface Received {
  readonly runId: string;
  readonly sessionKey: string;
  readonly agentId: string;
  readonly outcome: RunStatus;
}

export interface Intake {
  /** Who would answer such a message, and in which session. Throws what `receiveInbound` would. */
  placeOf(wish: RouteWish): Pick<Received, "agentId" | "sessionKey">;
  /** Resolves once the message is stored for good. Every refusal is thrown before that. */
  receiveInbound(inbound: Inbound): Promise<Received>;
}

export interface IntakeDeps {
  readonly agents: Agents;
  readonly sessions: Sessions;
  /** The owner's bindings and how sessions are kept; none unless given. */
  readonly rules?: () => RouteRules;
}

export function createIntake({ agents, sessions, rules }: IntakeDeps): Intake {
  return {
    placeOf: (wish) => {
      const { agentId, session } = routeInbound(wish, agents, rules?.());
      return { agentId, sessionKey: session.key };
    },
    receiveInbound: async ({ sessionKey: wished, agentId: asked, sender, idempotencyKey: runId, timeoutMs, mentions, ...message }) => {
      if (runId.trim() === "") throw new OpenClawError("PARAMS_INVALID", { why: "The idempotency key is empty." });
      const { agentId, session: { key: sessionKey } } = routeInbound({ sessionKey: wished, agentId: asked, sender }, agents, rules?.());
      const agent = agents.get(agentId);
      const mentioned = isMentioned(agent, message.text, mentions);
      const outcome = await sessions.send({
        ...message, sessionKey, agentId, runId, timeoutMs: timeoutMs ?? agent.timeoutMs,
        ...(agent.queueMode === undefined ? {} : { agentQueueMode: agent.queueMode }), ...(mentioned === undefined ? {} : { mentioned }),
      });
      return { runId, sessionKey, agentId, outcome };
    },
  };
}

/** By the channel's list or by name; undefined where neither tells. */
function isMentioned({ id, name }: Agent, text: string, mentions: readonly string[] | undefined): boolean | undefined {
  if (mentions?.includes(id) === true) return true;
  const said = text.toLowerCase();
  if ([id, name].some((known) => said.includes(`@${known.toLowerCase()}`))) return true;
  return mentions === undefined ? undefined : false;
}

/** Commands on their way from a person: each under its key once, its answer kept in the session and shown to whoever watches it. */
import { grantsScope } from "@openclaw/protocol";
import type { Clock } from "../../../base/clock.ts";
import type { MethodContext } from "../method.ts";
import type { CommandDeps, Interpreted, Said } from "./interpret-command.ts";

export interface CommandDesk {
  /** Undefined: the message is no command. The same key within five minutes is the same command, and is not carried out again. */
  take(runId: string, said: Said, signal: AbortSignal): Promise<Interpreted | undefined>;
  /** Shows an answer in the session, as a chat shows a reply. */
  show(runId: string, sessionKey: string, agentId: string, text: string): void;
}

export interface CommandDeskDeps extends CommandDeps {
  readonly clock: Clock;
  readonly broadcast: (event: "chat", payload: unknown, to: { readonly sessionKey: string }) => void;
}

const REPEAT_MS = 300_000;
const REPEATS_MAX = 1_000;

export function createCommandDesk(deps: CommandDeskDeps): CommandDesk {
  const { clock, broadcast } = deps;
  const recent = new Map<string, { readonly atMs: number; readonly answer: Promise<Interpreted | undefined> }>();

  /** What a gateway before this one answered is not answered anew. */
  const obey = async (runId: string, said: Said, signal: AbortSignal): Promise<Interpreted | undefined> => {
    const { interpretCommand } = await import("./interpret-command.ts");
    const { key, agent, principal, text } = said;
    const kept = await deps.sessions.commandKept(key, runId);
    if (kept !== undefined) return { do: "reply", text: kept };
    const found = await interpretCommand(said, deps, signal);
    if (found?.do !== "reply") return found;
    const command = { runId, said: found.kept ?? text, answer: found.text };
    await deps.sessions.keepCommand(key, agent.id, command, principal);
    return found;
  };

  return {
    take: (runId, said, signal) => {
      if (!said.text.trimStart().startsWith("/")) return Promise.resolve(undefined);
      const id = `${said.key}\0${runId}`;
      const known = recent.get(id);
      if (known !== undefined && clock.monotonic() - known.atMs < REPEAT_MS) return known.answer;
      const answer = obey(runId, said, signal);
      recent.delete(id);
      recent.set(id, { atMs: clock.monotonic(), answer });
      answer.catch(() => recent.delete(id));
      for (const old of recent.keys()) {
        if (recent.size <= REPEATS_MAX) break;
        recent.delete(old);
      }
      return answer;
    },
    show: (runId, sessionKey, agentId, text) => {
      const message = { role: "assistant", content: [{ type: "text", text }], timestamp: clock.now(), stopReason: "stop" };
      broadcast("chat", { runId, sessionKey, agentId, seq: 1, state: "final", message, stopReason: "stop" }, { sessionKey });
    },
  };
}

/** What whoever calls says to an agent in a session. */
export function saidBy({ client }: MethodContext, text: string, key: string, agent: Said["agent"]): Said {
  return { text, key, agent, principal: client.principal, isAdmin: grantsScope(client.scopes, "operator.admin") };
}

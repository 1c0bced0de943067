/** A world whose model answers when it is told to, so that a test decides what comes while a turn runs. */
import type { TestContext } from "node:test";
import type { ModelEvent, ModelRequest } from "@openclaw/sdk";
import type { VirtualClock } from "@openclaw/testkit/virtual-clock";
import type { RunOutcome } from "../../fabric/journal.ts";
import { setUpWorld, type World, type WorldOptions, type WorldOfTest } from "./world.testing.ts";

/** A call that waits: what it was shown, and the two ways to let it go. */
export interface AskedCall {
  /** The person's messages, oldest first. */
  readonly users: readonly string[];
  answer(text: string): void;
  /** Uses the tool `act`. */
  call(what: string): void;
}

export interface GatedWorld extends Omit<WorldOfTest, "engine"> {
  /** All calls so far, in order. */
  readonly asked: readonly AskedCall[];
  readonly world: World;
}

export async function openGated(t: TestContext, options: Partial<WorldOptions> = {}): Promise<GatedWorld> {
  const { clock, outside, open } = await setUpWorld(t);
  const { asked, model } = gatedModel();
  return { clock, outside, open, asked, world: await open({ model, ...options }) };
}

function gatedModel() {
  const asked: AskedCall[] = [];
  async function* model(request: Omit<ModelRequest, "model">, signal: AbortSignal): AsyncGenerator<ModelEvent> {
    const gate = Promise.withResolvers<readonly ModelEvent[]>();
    const usage = { inputTokens: 1, outputTokens: 1 };
    const users = request.messages.flatMap(({ role, text }) => (role === "user" ? [text] : []));
    asked.push({
      users,
      answer: (text) => gate.resolve([{ type: "text", delta: text }, { type: "end", finish: "stop", calls: [], usage }]),
      call: (what) => gate.resolve([
        { type: "end", finish: "tools", calls: [{ id: "c1", name: "act", arguments: JSON.stringify({ what }) }], usage },
      ]),
    });
    signal.addEventListener("abort", () => gate.reject(signal.reason as Error), { once: true });
    yield* await gate.promise;
  }
  return { asked, model };
}

/** Millisecond by millisecond, so that nothing happens out of its order. */
export async function step(clock: VirtualClock, ms = 30): Promise<void> {
  for (let at = 0; at < ms; at++) await clock.advance(1);
}

export const never = new AbortController().signal;

export const answered = (world: World, runId: string): Promise<RunOutcome | undefined> => world.sessions.wait(runId, 1_000, never);

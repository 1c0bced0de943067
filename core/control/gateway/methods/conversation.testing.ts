/** The methods of a conversation over real sessions: each call's parameters and result are held against the documented shapes. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { OpenClawError } from "@openclaw/protocol";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { checkSchema } from "../../../base/schema.ts";
import { openMemoryEngine } from "../../../fabric/engine.ts";
import { OWNER } from "../../../fabric/identity.ts";
import { createAgents } from "../../agents.ts";
import { createIntake } from "../../channels.ts";
import { makeKeyDir, openWorld, type World, type WorldOptions } from "../../sessions/world.testing.ts";
import type { MethodContext } from "../method.ts";
import { methodSpec } from "../wire.ts";
import { agentMethods } from "./agent.ts";
import { chatMethods } from "./chat.ts";
import { sessionContextMethods } from "./session-context.ts";
import { sessionMethods } from "./sessions.ts";

export interface Conversation {
  readonly clock: VirtualClock;
  readonly world: World;
  readonly watched: string[];
  /** First answers of calls that answer twice. */
  readonly responded: Readonly<Record<string, unknown>>[];
  call(method: string, params?: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<Readonly<Record<string, unknown>>>;
  /** Calls, and lets everything that can happen now happen before it asks for the answer. */
  settled(method: string, params?: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>>;
  settle(): Promise<void>;
}

export async function openConversation(t: TestContext, options: Partial<WorldOptions> = {}): Promise<Conversation> {
  const clock = new VirtualClock();
  const engine = await openMemoryEngine({ clock });
  const keys = await makeKeyDir();
  t.after(async () => {
    await engine[Symbol.asyncDispose]();
    await keys.remove();
  });
  const world = await openWorld({ engine, clock, keyDir: keys.dir, ...options });
  const { sessions } = world;
  const agents = createAgents(() => ({ defaults: { name: "Clawd", model: "test/test" }, entries: { helper: { name: "Helper" } } }), "/w");
  const intake = createIntake({ agents, sessions });
  const now = (): number => clock.now();
  const checkModel = async (ref: string): Promise<void> => {
    if (!["test/test", "openai/gpt"].includes(ref)) throw new OpenClawError("MODEL_NOT_CONFIGURED", { why: `No ${ref}.` });
  };
  const handlers = {
    ...chatMethods({ sessions, intake, agents, models: { list: async () => [{ ref: "test/test" }] } }),
    ...agentMethods({ sessions, intake, agents, now, labelOf: async (ref) => `Label of ${ref}` }),
    ...sessionMethods({ sessions, intake, agents, now, checkModel }),
    ...sessionContextMethods({ sessions, agents }),
  };
  const watched: string[] = [];
  const responded: Readonly<Record<string, unknown>>[] = [];

  const settle = async (): Promise<void> => {
    for (let step = 0; step < 20; step++) await clock.advance(5);
  };
  const call: Conversation["call"] = async (method, params = {}, signal = new AbortController().signal) => {
    const spec = methodSpec(method);
    assert.ok(spec !== undefined, `${method} is documented`);
    assertFits(spec.params ?? {}, params, `the parameters of ${method}`);
    const ctx = {
      client: { principal: OWNER, mode: "cli" }, signal,
      watch: (key: string) => watched.push(key), unwatch: (key: string) => watched.push(`not ${key}`),
      watchAll: (events: readonly string[]) => watched.push(...events),
      respond: (payload: Readonly<Record<string, unknown>>) => responded.push(payload),
    } as unknown as MethodContext;
    const result: unknown = await handlers[method]?.(params, ctx);
    assertFits(spec.result ?? {}, result, `the result of ${method}`);
    return result as Readonly<Record<string, unknown>>;
  };
  return {
    clock, world, watched, responded, call, settle,
    settled: async (method, params) => {
      const calling = call(method, params);
      calling.catch(() => undefined);
      await settle();
      return await calling;
    },
  };
}

function assertFits(schema: object, value: unknown, what: string): void {
  const checked = checkSchema(schema, value);
  assert.ok(checked.ok, `${what}: ${checked.ok ? "" : checked.text}`);
}

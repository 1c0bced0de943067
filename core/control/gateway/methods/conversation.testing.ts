/** The methods of a conversation over real sessions: each call's parameters and result are held against the documented shapes. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { OpenClawError } from "@openclaw/protocol";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { checkSchema } from "../../../base/schema.ts";
import { openMemoryEngine } from "../../../fabric/engine.ts";
import { OWNER } from "../../../fabric/identity.ts";
import { artifactMethods, createFiles, createReadFiles } from "../rare-methods.ts";
import { createAgents } from "../../agents.ts";
import { createIntake } from "../../channels.ts";
import { makeKeyDir, openWorld, type World, type WorldOptions } from "../../sessions/world.testing.ts";
import type { MethodContext } from "../method.ts";
import { methodSpec } from "@openclaw/protocol/methods";
import type { ListedModel, ResolvedModel } from "../../../cognition/models.ts";
import { openSkills, type SkillPlace } from "../../../execution/skills.ts";
import { createBroadcaster } from "../broadcast.ts";
import { createCommandDesk } from "../commands/command-desk.ts";
import { listCommands } from "../commands/list-commands.ts";
import { agentMethods } from "./agent.ts";
import { chatMethods } from "./chat.ts";
import { createListModels, describeDefaults } from "./models.ts";
import { sessionContextMethods } from "./session-context.ts";
import { sessionPastMethods } from "./session-past.ts";
import { sessionMethods } from "./sessions.ts";

export interface Conversation {
  readonly clock: VirtualClock;
  readonly world: World;
  readonly watched: string[];
  /** Answers to commands, as chats are shown them. */
  readonly shown: unknown[];
  /** What `/config` finds, and what it changed. */
  readonly configuration: { allowed: boolean; shown: unknown; readonly patched: object[] };
  /** First answers of calls that answer twice. */
  readonly responded: Readonly<Record<string, unknown>>[];
  call(method: string, params?: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<Readonly<Record<string, unknown>>>;
  /** Calls, and lets everything that can happen now happen before it asks for the answer. */
  settled(method: string, params?: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>>;
  settle(): Promise<void>;
}

export interface ConversationOptions extends Partial<WorldOptions> { readonly skillPlaces?: readonly SkillPlace[] }

export async function openConversation(t: TestContext, { skillPlaces = [], ...options }: ConversationOptions = {}): Promise<Conversation> {
  const clock = new VirtualClock();
  const engine = await openMemoryEngine({ clock });
  const keys = await makeKeyDir();
  t.after(async () => {
    await engine[Symbol.asyncDispose]();
    await keys.remove();
  });
  const broadcaster = createBroadcaster({
    broadcast: () => undefined, isWatched: () => true, eachReader: () => undefined, clock, rowOf: () => null,
  });
  const world = await openWorld({ engine, clock, keyDir: keys.dir, onEvent: broadcaster.live, ...options });
  const { sessions } = world;
  const agents = createAgents(() => ({ defaults: { name: "Clawd", model: "test/test" }, entries: { helper: { name: "Helper" } } }), "/w");
  const intake = createIntake({ agents, sessions });
  const now = (): number => clock.now();
  const checkModel = async (ref: string): Promise<void> => {
    if (!["test/test", "openai/gpt"].includes(ref)) throw new OpenClawError("MODEL_NOT_CONFIGURED", { why: `No ${ref}.` });
  };
  const models = async (): Promise<readonly ListedModel[]> =>
    [{ ref: "test/test", provider: "test", id: "test", name: "Test", label: "Test", contextTokens: 8_000 }];
  const skills = openSkills({
    places: () => skillPlaces, config: () => ({}), allowedOf: () => undefined, isConfigured: () => false, environment: {},
    platform: "linux", clock, onChanged: () => undefined,
  });
  const shown: unknown[] = [];
  const configuration = { allowed: false, shown: {} as unknown, patched: [] as object[] };
  const commands = createCommandDesk({
    sessions, models, checkModel, skillsOf: (agentId) => skills.refresh(agentId), toolsOf: async () => ["exec"], version: "1", clock,
    costs: async () => ({ session: "s", today: "t", month: "m" }),
    config: {
      allowed: () => configuration.allowed, show: async () => configuration.shown,
      patch: async (change) => void configuration.patched.push(change),
    },
    broadcast: (_, payload) => shown.push(payload),
  });
  const listModels = createListModels({
    agents, models: { list: models, resolveModel: () => Promise.reject(new Error("nobody has it")) }, configured: () => ["test"],
  });
  const resolveModel = async (): Promise<ResolvedModel> =>
    ({ info: { id: "test", name: "Test", contextTokens: 8_000, thinkingLevels: ["low"] } }) as unknown as ResolvedModel;
  const defaultsOf = (agentId: string): Promise<object> => describeDefaults({ agents, models: { resolveModel } }, agentId);
  const readFiles = createReadFiles(() => ({}));
  const handlers = {
    ...artifactMethods({ sessions, agents, files: createFiles({ clock, sessions, limits: () => ({}) }) }),
    ...chatMethods({
      sessions, intake, agents, listModels, commands, readFiles, textSoFar: broadcaster.textSoFar, defaultsOf,
      listCommands: async (agentId) => listCommands({}, await skills.refresh(agentId)),
    }),
    ...agentMethods({ sessions, intake, agents, now, commands, readFiles, labelOf: async (ref) => `Label of ${ref}` }),
    ...sessionMethods({
      sessions, intake, agents, now, readFiles, checkModel, defaultsOf, contextTokensOf: async () => 8_000,
    }),
    ...sessionPastMethods({ sessions, agents, newId: () => "new" }),
    ...sessionContextMethods({ sessions, agents, onCompacted: () => undefined }),
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
      client: { principal: OWNER, mode: "cli", connId: "here", scopes: ["operator.admin"] }, signal,
      watch: (key: string) => watched.push(key), unwatch: (key: string) => watched.push(`not ${key}`),
      watchAll: (events: readonly string[]) => watched.push(...events),
      respond: (payload: Readonly<Record<string, unknown>>) => responded.push(payload),
    } as unknown as MethodContext;
    const result: unknown = await handlers[method]?.(params, ctx);
    assertFits(spec.result ?? {}, result, `the result of ${method}`);
    return result as Readonly<Record<string, unknown>>;
  };
  return {
    clock, world, watched, responded, shown, configuration, call, settle,
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

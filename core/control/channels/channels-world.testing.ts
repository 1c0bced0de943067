/** A messenger of the tests' own in this very process, and the room around it, with everything that it asks of others in sight. */
import { OpenClawError, type ErrorCode } from "@openclaw/protocol";
import type { Channel, ChannelContext, ChannelEnd, ChannelMessage, ChannelTarget, Engine } from "@openclaw/sdk";
import { seededIds } from "@openclaw/testkit/seeded-ids";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { openMemoryEngine } from "../../fabric/engine.ts";
import { createAgents } from "../agents.ts";
import { routeInbound } from "../routing.ts";
import type { Delivery } from "../sessions.ts";
import type { ChannelsConfig } from "./config.ts";
import { openChannels, type Channels, type ChannelsDeps } from "./open-channels.ts";
import type { Inbound } from "./receive.ts";

/** What becomes of a call: `dies` takes the whole gateway with it, before or after it took effect. */
export type FakeFate = Extract<ChannelEnd, { ok: false }> | "dies-before" | "dies-after" | "takes-and-is-unsure";

export interface Shown {
  readonly id: string;
  text: string;
  readonly replyToId?: string;
}

interface Call { readonly kind: "send" | "edit" | "typing"; readonly to: string; readonly text: string; readonly atMs: number }

/** The far side: it outlives every gateway. */
export class FakeMessenger {
  readonly clock: VirtualClock;
  readonly calls: Call[] = [];
  readonly fates: FakeFate[] = [];
  canEdit = true;
  /** Set while a gateway listens. */
  listener: { readonly ctx: ChannelContext; readonly end: (error: Error) => void } | undefined;
  opened = 0;
  /** What listening does at once. */
  onListen: (ctx: ChannelContext) => void = (ctx) => ctx.report({ state: "up", as: "@claw" });
  onDeath: () => void = () => undefined;
  neverCloses = false;
  #made = 0;
  readonly #conversations = new Map<string, Shown[]>();

  constructor(clock: VirtualClock) {
    this.clock = clock;
  }

  shown(to: string): readonly string[] {
    return (this.#conversations.get(to) ?? []).map(({ text }) => text);
  }

  messages(to: string): readonly Shown[] {
    return this.#conversations.get(to) ?? [];
  }

  async #meet(call: Omit<Call, "atMs">, act: () => ChannelEnd, signal: AbortSignal): Promise<ChannelEnd> {
    this.calls.push({ ...call, atMs: this.clock.now() });
    const fate = this.fates.shift();
    if (fate === undefined) return act();
    if (typeof fate === "object") return fate;
    const end = fate === "dies-before" ? undefined : act();
    if (fate === "takes-and-is-unsure") return { ok: false, outcome: "unsure", why: "no answer" };
    this.onDeath();
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    return end ?? { ok: false, outcome: "unsure", why: "cut" };
  }

  channel(): Channel {
    const send = (at: ChannelTarget, text: string, replyToId: string | undefined): ChannelEnd => {
      const id = String((this.#made += 1));
      const all = this.#conversations.get(at.to) ?? [];
      this.#conversations.set(at.to, all);
      all.push({ id, text, ...(replyToId === undefined ? {} : { replyToId }) });
      return { ok: true, messageId: id };
    };
    const edit = (at: ChannelTarget, id: string, text: string): ChannelEnd => {
      const found = this.#conversations.get(at.to)?.find((one) => one.id === id);
      if (found === undefined) return { ok: false, outcome: "refused", why: "there is no such message" };
      found.text = text;
      return { ok: true, messageId: id };
    };
    return {
      id: "fake", label: "Fake", credentialVariable: "FAKE_TOKEN", config: { type: "object", properties: { where: { type: "string" } } },
      limits: {
        textMax: 300, sendsPerSecond: 20, conversationPerSecond: 1, editEveryMs: this.canEdit ? 2_000 : null, typingMs: 5_000,
        fileBytesMax: 1_000,
      },
      render: (markdown) => markdown.match(/[^]{1,300}/g) ?? [],
      open: (ctx) => {
        this.opened += 1;
        return {
          listen: (signal) => new Promise<void>((resolve, reject) => {
            this.listener = { ctx, end: reject };
            if (!this.neverCloses) signal.addEventListener("abort", () => resolve(), { once: true });
            this.onListen(ctx);
          }),
          send: (at, text, { replyToId }, signal) =>
            this.#meet({ kind: "send", to: at.to, text }, () => send(at, text, replyToId), signal),
          ...(this.canEdit ? {
            edit: (at: ChannelTarget, id: string, text: string, signal: AbortSignal) =>
              this.#meet({ kind: "edit", to: at.to, text }, () => edit(at, id, text), signal),
          } : {}),
          typing: async ({ to }) => void this.calls.push({ kind: "typing", to, text: "", atMs: this.clock.now() }),
          fetch: async ({ id }) => ({ ok: true, bytes: Buffer.from(`bytes of ${id}`) }),
          [Symbol.asyncDispose]: async () => undefined,
        };
      },
    };
  }
}

export const CANARY = "canary-0123456789abcdef";

export interface RoomOfTest {
  readonly clock: VirtualClock;
  readonly engine: Engine;
  readonly messenger: FakeMessenger;
  /** Everything that was offered, in order. */
  readonly offered: Inbound[];
  readonly commands: string[];
  readonly approvals: string[];
  readonly log: string[];
  config: ChannelsConfig;
  owners: string[];
  /** The next offers fail like this. */
  readonly refusals: ErrorCode[];
  /** The room as it stands now: another one after each death. */
  readonly room: Channels;
  /** Begins where the last one died, with nothing but what was durable. */
  reopen(): Promise<void>;
  /** A person's message, brought as the messenger would. */
  say(words: Partial<ChannelMessage> & { readonly text: string }): Promise<void>;
  deliver(text: string, more?: Partial<Delivery> & { readonly to?: string }): Promise<void>;
  close(): Promise<void>;
}

export const ADA = { id: "1", name: "Ada", username: "ada", isBot: false } as const;
export const EVE = { id: "2", name: "Eve", isBot: false } as const;

export async function openRoom(config: ChannelsConfig[string] = {}, more: { readonly canEdit?: boolean } = {}): Promise<RoomOfTest> {
  const clock = new VirtualClock();
  const engine = await openMemoryEngine({ clock });
  const messenger = new FakeMessenger(clock);
  messenger.canEdit = more.canEdit ?? true;
  const agents = createAgents(() => ({ entries: {} }), "/w");
  let room: Channels;
  let alive: { dead: boolean } = { dead: false };
  let said = 0;
  const seen = new Set<string>();

  const open = async (): Promise<void> => {
    const life: { dead: boolean } = (alive = { dead: false });
    /** A gateway that died writes nothing any more. */
    const living = <T>(act: () => Promise<T>): Promise<T> => (life.dead ? new Promise<T>(() => undefined) : act());
    messenger.onDeath = () => void (life.dead = true);
    const deps: ChannelsDeps = {
      clock, ids: seededIds(1), config: () => world.config, owners: () => world.owners,
      records: {
        get: (...args) => living(() => engine.records.get(...args)), list: (...args) => living(() => engine.records.list(...args)),
        write: (...args) => living(() => engine.records.write(...args)),
      },
      seal: (_, plain) => plain, unseal: (_, sealed) => sealed,
      intake: {
        placeOf: ({ sender }) => {
          const { agentId, session } = routeInbound({ sender }, agents);
          return { agentId, sessionKey: session.key };
        },
        receiveInbound: async (inbound) => {
          const refusal = world.refusals.shift();
          if (refusal !== undefined) throw new OpenClawError(refusal);
          if (!seen.has(inbound.idempotencyKey)) world.offered.push(inbound);
          seen.add(inbound.idempotencyKey);
          return { runId: inbound.idempotencyKey, sessionKey: "", agentId: "main", outcome: { status: "started" } };
        },
      },
      find: async (id) => (id === "fake" ? messenger.channel() : undefined), available: async () => [{ id: "fake", label: "Fake" }],
      lend: {
        http: async () => ({ ok: false, code: "ACTUATOR_FAILED", why: "there is no network", sent: false }),
        fetchBytes: async () => ({ ok: false, why: "there is no network" }),
        credential: async ({ values, path }) => {
          if (typeof values.botToken === "string") return values.botToken;
          throw new OpenClawError("SECRET_UNRESOLVED", { why: `${path} has neither botToken nor tokenFile.` });
        },
      },
      command: async ({ text, isAdmin }) => {
        world.commands.push(`${text}${isAdmin ? " as admin" : ""}`);
        return text === "/unknown" ? undefined : { reply: `obeyed ${text}` };
      },
      approve: async (id, decision, by) => {
        world.approvals.push(`${id} ${decision} ${by}`);
        return "Allowed.";
      },
      readFile: async ({ name = "x", bytes }) => [
        { kind: "file", mimeType: "application/octet-stream", name, bytes: bytes.length, content: Buffer.from(bytes) },
      ],
      onChanged: () => undefined,
      log: {
        info: (event, fields) => void world.log.push(`${event} ${JSON.stringify(fields)}`),
        warn: (event, fields) => void world.log.push(`${event} ${JSON.stringify(fields)}`),
      },
    };
    room = await openChannels(deps);
    await room.follow();
    await clock.advance(0);
  };

  const world: RoomOfTest = {
    clock, engine, messenger, offered: [], commands: [], approvals: [], log: [], refusals: [], owners: [],
    config: { fake: { botToken: CANARY, ...config } },
    get room() {
      return room;
    },
    reopen: async () => {
      alive.dead = true;
      await open();
    },
    say: async ({ peer = { kind: "direct", id: "1" }, sender = ADA, at, ...words }) => {
      const message: ChannelMessage = {
        id: `m${(said += 1)}`, peer, sender, at: at ?? { to: peer.id }, files: [],
        mentionsMe: peer.kind === "direct", sentAtMs: clock.now(), ...words,
      };
      const listener = messenger.listener;
      if (listener === undefined) throw new Error("nobody listens");
      await listener.ctx.receive([message]);
      await clock.advance(0);
    },
    deliver: async (text, { to = "1", ...delivery } = {}) => {
      const from = { sessionKey: "agent:main:main", agentId: "main", runId: "r1" };
      const whole: Delivery = { id: "d", from, status: "ok", text, label: "agent", ...delivery };
      await room.deliver({ kind: "channel", channel: "fake", to }, whole, new AbortController().signal);
    },
    close: async () => {
      const closing = room[Symbol.asyncDispose]();
      await clock.advance(10_000);
      await closing;
    },
  };
  await open();
  return world;
}

/** Channels, loaded where one is configured or asked for: a gateway without a messenger pays nothing for them. */
import { OpenClawError } from "@openclaw/protocol";
import type { LiveEvent } from "../../cognition/runtime.ts";
import type { ChannelDeliverer } from "../sessions.ts";
import type { ChannelsConfig } from "./config.ts";
import type { Channels } from "./open-channels.ts";

export interface LateChannels extends AsyncDisposable {
  /** By the messenger's name: what brings outcomes out. Follows the configuration. */
  readonly deliverers: ReadonlyMap<string, ChannelDeliverer>;
  /** From now on messages are taken. */
  start(): void;
  configChanged(): void;
  live(event: LiveEvent): void;
  whole(): Promise<Channels>;
  /** What is open; undefined while nothing is. */
  readonly loaded: Channels | undefined;
}

export interface LateChannelsDeps {
  readonly config: () => ChannelsConfig | undefined;
  readonly open: () => Promise<Channels>;
  readonly log: { warn(event: string, fields: Readonly<Record<string, unknown>>): void };
}

export function openChannelsLate({ config, open, log }: LateChannelsDeps): LateChannels {
  const deliverers = new Map<string, ChannelDeliverer>();
  const started = Promise.withResolvers<void>();
  let isStarted = false;
  let closed = false;
  let loaded: Channels | undefined;
  let loading: Promise<Channels> | undefined;

  const whole = (): Promise<Channels> => (loading ??= open().then((channels) => (loaded = channels)).catch((error: unknown) => {
    loading = undefined; // whoever comes next tries again
    throw error;
  }));
  const untilStarted = async (signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    const stopped = Promise.withResolvers<void>();
    const stop = (): void => stopped.resolve();
    signal.addEventListener("abort", stop, { once: true });
    await Promise.race([started.promise, stopped.promise]);
    signal.removeEventListener("abort", stop);
    signal.throwIfAborted();
  };
  const deliverer: ChannelDeliverer = {
    deliver: async (to, delivery, signal) => {
      if (!isStarted) await untilStarted(signal);
      if (closed) throw new OpenClawError("CLOSED");
      await (await whole()).deliver(to, delivery, signal);
    },
  };
  /** At once, for who asks whether an address can be reached must be told at once. */
  const name = (): boolean => {
    const names = Object.keys(config() ?? {});
    for (const known of [...deliverers.keys()]) if (!names.includes(known)) deliverers.delete(known);
    for (const each of names) deliverers.set(each, deliverer);
    return names.length > 0;
  };
  const follow = (): void => {
    if (!name() && loading === undefined) return;
    if (isStarted) void whole().then((channels) => channels.follow()).catch((error: unknown) => log.warn("channels.failed", { error }));
  };
  name();
  return {
    deliverers, whole,
    get loaded() {
      return loaded;
    },
    start: () => {
      if (isStarted) return;
      isStarted = true;
      follow();
      started.resolve();
    },
    configChanged: follow,
    live: (event) => loaded?.live(event),
    [Symbol.asyncDispose]: async () => {
      closed = true;
      started.resolve();
      await (await loading?.catch(() => undefined))?.[Symbol.asyncDispose]();
    },
  };
}

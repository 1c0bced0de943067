/** The members of `channels.status` that tell of channels. */
import { DEFAULT_ACCOUNT, type AccountStatus, type Channels } from "../../channels.ts";

type Shown = Readonly<Record<string, unknown>>;

const LOOK_EVERY_MS = 50;

/** Until every account has said how it stands, or the time is over. */
export async function waitUntilSaid(channels: Channels, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  while (!patience.aborted && channels.status().some(({ phase }) => phase === "starting")) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

export async function presentChannels(channels: Channels, only: string | undefined): Promise<Shown> {
  const available = await channels.available();
  const accounts = channels.status();
  const labels = new Map(accounts.map(({ channel, label }) => [channel, label]));
  for (const { id, label } of available) labels.set(id, label);
  const order = [...labels.keys()].filter((id) => only === undefined || id === only).sort();
  const of = <T>(make: (own: readonly AccountStatus[], channel: string) => T | undefined): Readonly<Record<string, T>> =>
    Object.fromEntries(order.flatMap((channel) => {
      const made = make(accounts.filter((one) => one.channel === channel), channel);
      return made === undefined ? [] : [[channel, made]];
    }));
  const shownLabels = of((_, channel) => labels.get(channel) ?? channel);
  const variables = new Map(available.map(({ id, credentialVariable }) => [id, credentialVariable]));
  return {
    channelOrder: order, channelLabels: shownLabels, channelDetailLabels: shownLabels, channelSystemImages: {},
    channelMeta: order.map((id) => {
      const credentialVariable = variables.get(id);
      return { id, label: labels.get(id) ?? id, ...(credentialVariable === undefined ? {} : { credentialVariable }) };
    }),
    channels: of((own) => summaryOf(own)),
    channelAccounts: of((own) => own.map((one) => presentAccount(one, channels))),
    channelDefaultAccountId: of((own) => own.find(({ accountId }) => accountId === DEFAULT_ACCOUNT)?.accountId
      ?? own[0]?.accountId ?? DEFAULT_ACCOUNT),
    statusIssues: channels.issues().filter(({ channel }) => only === undefined || channel === only),
  };
}

function summaryOf(accounts: readonly AccountStatus[]): Shown {
  const why = accounts.find((one) => one.why !== undefined)?.why;
  return {
    configured: accounts.length > 0, running: accounts.some(isRunning), connected: accounts.some(({ phase }) => phase === "up"),
    ...(why === undefined ? {} : { lastError: why }),
  };
}

function isRunning({ phase, final }: AccountStatus): boolean {
  return phase === "up" || phase === "degraded" || phase === "starting" || (phase === "down" && !final);
}

function presentAccount(status: AccountStatus, channels: Channels): Shown {
  const { channel, accountId, name, phase, sinceMs, as, why, fix, final, hasSecret, dmPolicy, restarts } = status;
  const { lastSignMs, lastInboundMs, lastOutboundMs } = status;
  return {
    accountId, enabled: phase !== "off" || hasSecret === false, configured: hasSecret !== false, running: isRunning(status),
    connected: phase === "up", linked: as !== undefined, state: phase, sinceMs, final, dmPolicy, restarts,
    waiting: channels.waiting(status).length, owed: channels.owed(channel, accountId),
    unsure: channels.outbox.held().filter((one) => one.channel === channel && one.accountId === accountId).length,
    ...(name === undefined ? {} : { name }), ...(as === undefined ? {} : { as }), ...(why === undefined ? {} : { why, lastError: why }),
    ...(fix === undefined ? {} : { next: fix }), ...(lastSignMs === undefined ? {} : { lastSignAt: lastSignMs }),
    ...(lastInboundMs === undefined ? {} : { lastInboundAt: lastInboundMs }),
    ...(lastOutboundMs === undefined ? {} : { lastOutboundAt: lastOutboundMs }),
  };
}

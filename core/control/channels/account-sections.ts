/** Which accounts the configuration names, and what holds for each. Pure. */
import { DEFAULT_ACCOUNT, type ChannelsConfig, type ChannelSection } from "./config.ts";

export interface AccountSection {
  readonly channel: string;
  readonly accountId: string;
  /** The key it stands under, for messages to people. */
  readonly path: string;
  readonly enabled: boolean;
  /** The account's own, then its messenger's, then `channels.defaults`. */
  readonly values: ChannelSection & Readonly<Record<string, unknown>>;
  /** No account has a name: a variable of the environment may hold its secret. */
  readonly isUsual: boolean;
}

export const ACCOUNTS_MAX = 32;
const NOT_CHANNELS: ReadonlySet<string> = new Set(["defaults", "modelByChannel"]);
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** Sorted, at most ACCOUNTS_MAX; those whose names no key can hold are left out, and told by `onBad`. */
export function listAccounts(
  config: ChannelsConfig, onBad: (path: string, why: string) => void = () => undefined,
): readonly AccountSection[] {
  const found: AccountSection[] = [];
  const shared = config["defaults"] ?? {};
  for (const [channel, { accounts, ...own }] of Object.entries(config).sort(byName)) {
    if (NOT_CHANNELS.has(channel)) continue;
    if (!NAME.test(channel)) {
      onBad(`channels.${channel}`, "is no name of a messenger");
      continue;
    }
    const path = `channels.${channel}`;
    const named = Object.entries(accounts ?? {}).sort(byName);
    const isOn = own.enabled !== false;
    const hasOwn = own.botToken !== undefined || own.token !== undefined || own.tokenFile !== undefined;
    if (named.length === 0 || (hasOwn && accounts?.[DEFAULT_ACCOUNT] === undefined)) {
      const values = { ...shared, ...own };
      found.push({ channel, accountId: DEFAULT_ACCOUNT, path, enabled: isOn, values, isUsual: named.length === 0 });
    }
    for (const [accountId, account] of named) {
      const at = `${path}.accounts.${accountId}`;
      if (!NAME.test(accountId)) onBad(at, "is no name of an account");
      else {
        // A secret of the messenger is not every account's.
        const { botToken: _, token: __, tokenFile: ___, ...others } = own;
        const values = { ...shared, ...(accountId === DEFAULT_ACCOUNT ? own : others), ...account };
        found.push({ channel, accountId, path: at, enabled: isOn && account.enabled !== false, values, isUsual: false });
      }
    }
  }
  for (const { path } of found.slice(ACCOUNTS_MAX)) onBad(path, `is more than the ${ACCOUNTS_MAX} accounts there may be`);
  return found.slice(0, ACCOUNTS_MAX);
}

/** Is any messenger configured at all? */
export function hasAccounts(config: ChannelsConfig | undefined): boolean {
  return config !== undefined && Object.entries(config).some(([name, { enabled }]) => !NOT_CHANNELS.has(name) && enabled !== false);
}

function byName([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

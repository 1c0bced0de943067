/**
 * What a node may be asked: declared ∩ approved ∩ allowed.
 *
 * The commands of our own node host become allowed through approval. Others are dropped from a node's surface before
 * anybody is asked, unless the configuration allows them by name; what it denies stays denied.
 */
import { DEVICE_COMMANDS, NODE_COMMANDS, NODE_JOURNAL_CAP, devicePlatformOf, type DevicePlatform } from "@openclaw/protocol";
import type { NodeHello } from "./node-link.ts";

export interface CommandPolicy { readonly allow: readonly string[]; readonly deny: readonly string[] }

export interface Surface {
  readonly caps: readonly string[];
  readonly commands: readonly string[];
  readonly permissions: Readonly<Record<string, boolean>>;
}

const LIMITS = { caps: 64, commands: 256, tags: 64, permissions: 64, nameChars: 128 } as const;

export function isCommandAllowed(command: string, policy: CommandPolicy, platform: DevicePlatform): boolean {
  if (policy.deny.includes(command)) return false;
  if (policy.allow.includes(command) || Object.hasOwn(NODE_COMMANDS, command)) return true;
  const device = Object.hasOwn(DEVICE_COMMANDS, command) ? DEVICE_COMMANDS[command] : undefined;
  if (device === undefined || device.optIn === true) return false;
  return device.allowedOn === "host" || device.allowedOn.includes(platform);
}

/** What the person who approves these commands has to be allowed: the reach of a node is the reach of whoever let it in. */
export function requiredApproveScopes(commands: readonly string[]): readonly string[] {
  if (commands.some((command) => ADMIN_COMMANDS.has(command))) return ["operator.pairing", "operator.admin"];
  return commands.length === 0 ? ["operator.pairing"] : ["operator.pairing", "operator.write"];
}

const ADMIN_COMMANDS = new Set([
  "system.run", "system.run.prepare", "system.which", "system.execApprovals.get", "system.execApprovals.set", "browser.proxy",
  "browser.proxy.upload.v1", "fs.listDir", "job.start",
]);

/** The surface a hello declares, bounded and without what policy forbids; and what was dropped, for the log. */
export function declareSurface(hello: NodeHello, policy: CommandPolicy): {
  readonly surface: Surface; readonly dropped: readonly string[];
} {
  const declared = boundNames(hello.commands, LIMITS.commands);
  // Commands on files by our names and another program's meaning: what they take and give is not what the table says.
  const isForeign = hello.caps.includes("file") && !hello.caps.includes(NODE_JOURNAL_CAP);
  const isWithheld = (command: string): boolean => isForeign && /^(file|dir)\./.test(command) && !policy.allow.includes(command);
  const allowed = (command: string): boolean => !isWithheld(command) && isCommandAllowed(command, policy, platform);
  const platform = devicePlatformOf(hello.platform, hello.deviceFamily);
  return {
    surface: {
      caps: boundNames(hello.caps, LIMITS.caps),
      commands: declared.filter(allowed),
      permissions: Object.fromEntries(Object.entries(hello.permissions ?? {}).filter(([, given]) => given).slice(0, LIMITS.permissions)),
    },
    dropped: declared.filter((command) => !allowed(command)),
  };
}

/** Does `wanted` hold anything that was not approved? */
export function isWider(wanted: Surface, approved: Surface | null): boolean {
  if (approved === null) return true;
  return wanted.commands.some((command) => !approved.commands.includes(command))
    || wanted.caps.some((cap) => !approved.caps.includes(cap))
    || Object.keys(wanted.permissions).some((name) => approved.permissions[name] !== true);
}

export function sameSurface(a: Surface, b: Surface): boolean {
  return !isWider(a, b) && !isWider(b, a);
}

/** What may be used now. What policy denies is denied at once, whatever was approved before. */
export function usableCommands(declared: Surface, approved: Surface | null, { deny }: CommandPolicy): ReadonlySet<string> {
  const commands = approved === null ? [] : declared.commands.filter((command) => approved.commands.includes(command));
  return new Set(commands.filter((command) => !deny.includes(command)));
}

export function boundTags(tags: readonly string[]): readonly string[] {
  return boundNames(tags, LIMITS.tags);
}

function boundNames(names: readonly string[], max: number): readonly string[] {
  return [...new Set(names.filter((name) => name !== "" && name.length <= LIMITS.nameChars))].slice(0, max);
}

/**
 * Finds the drop-ins: one folder each below `extensions/<kind>/`, imported when it is first needed. No list is kept
 * anywhere, so adding or deleting a folder changes nothing else.
 */
import { readdir } from "node:fs/promises";
import { extname } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import type { Actuator, Channel, Provider, Tokenizer, Tool } from "@openclaw/sdk";

const ROOT = new URL("../../extensions/", import.meta.url);
/** As this file's own: a clone has TypeScript, an installed program JavaScript. */
const ENTRY = `index${extname(import.meta.filename)}`;

/** Providers by folder name. Nothing is imported before it is called. */
export async function discoverProviders(): Promise<ReadonlyMap<string, () => Promise<Provider>>> {
  return new Map((await foldersOf("providers")).map((name) => [name, () => load<Provider>("providers", name, ["id", "stream"])]));
}

/** Every tool, imported: a model has to be shown them all. One that cannot be imported is told of and left out. */
export async function discoverTools(onBroken: (name: string, error: unknown) => void, root: URL = ROOT): Promise<readonly Tool[]> {
  const found = await Promise.all((await foldersOf("tools", root)).map(async (name) => {
    try {
      return await load<Tool>("tools", name, ["name", "summary", "args", "effect"], root);
    } catch (error) {
      onBroken(name, error);
      return undefined;
    }
  }));
  return found.filter((tool) => tool !== undefined);
}

/** An actuator by its folder's name. Throws ACTUATOR_UNKNOWN. */
export async function discoverActuator(name: string): Promise<Actuator> {
  const names = await foldersOf("actuators");
  if (!names.includes(name)) throw new OpenClawError("ACTUATOR_UNKNOWN", { why: `${name} is none of ${names.join(", ")}.` });
  return await load<Actuator>("actuators", name, ["id", "tool", "params", "judge", "open"]);
}

const CHANNEL_MEMBERS = ["id", "label", "config", "limits", "render", "open"];

/** A messenger by its folder's name; undefined where there is none. Throws where it cannot be imported. */
export async function discoverChannel(name: string): Promise<Channel | undefined> {
  const names = await foldersOf("channels").catch((): readonly string[] => []);
  return names.includes(name) ? await load<Channel>("channels", name, CHANNEL_MEMBERS) : undefined;
}

/** Every messenger, imported: a person chooses among them by what they are called. */
export async function discoverChannels(): Promise<readonly Channel[]> {
  const names = await foldersOf("channels").catch((): readonly string[] => []);
  return await Promise.all(names.map((name) => load<Channel>("channels", name, CHANNEL_MEMBERS)));
}

/** What runs a tokenizer in a thread of its own. */
export const TOKENIZER_THREAD = new URL("./tokenizer-thread.ts", import.meta.url);

/** Tokenizers with where a thread of its own finds them. One whose dependency is not installed is not there. */
export async function discoverTokenizers(): Promise<readonly { readonly tokenizer: Tokenizer; readonly file: string }[]> {
  return await Promise.all((await foldersOf("tokenizers")).map(async (name) => ({
    tokenizer: await load<Tokenizer>("tokenizers", name, ["id", "encodings", "open"]), file: fileOf("tokenizers", name),
  })));
}

async function foldersOf(kind: string, root: URL = ROOT): Promise<readonly string[]> {
  const entries = await readdir(new URL(`${kind}/`, root), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
}

async function load<T extends object>(kind: string, name: string, members: readonly string[], root: URL = ROOT): Promise<T> {
  const module = (await import(fileOf(kind, name, root))) as { readonly default?: unknown };
  const found = module.default;
  if (typeof found !== "object" || found === null || members.some((member) => !(member in found))) {
    throw new OpenClawError("INTERNAL", { why: `The drop-in ${kind}/${name} has no default export with ${members.join(", ")}.` });
  }
  return found as T;
}

function fileOf(kind: string, name: string, root: URL = ROOT): string {
  return new URL(`${kind}/${name}/${ENTRY}`, root).href;
}

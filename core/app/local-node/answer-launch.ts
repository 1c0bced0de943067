import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { proveConfinement, type ConfinementClaim } from "./prove-confinement.ts";

/** Everything the node needs to know, handed over a pipe: neither arguments nor environment ever hold a secret. */
export interface LaunchMaterial {
  readonly url: string;
  /** Buys the node its device token at the first connection. */
  readonly token?: string;
  /** Files by name that make up its identity; the node puts them into its own directory. Without them it makes its own. */
  readonly identityFiles?: Readonly<Record<string, string>>;
  readonly displayName: string;
  readonly version: string;
  readonly tags: readonly string[];
  /** The node's own directory: identity, journal, log. */
  readonly nodeDir: string;
  readonly workspace: string;
  readonly allowedDirs: readonly string[];
  readonly endAfterAloneMs: number;
}

/** The gateway's first line. No claim means that no confinement was tried. */
export interface LaunchClaim { readonly claim: ConfinementClaim | null }
/** The node's first line. No findings means confined. */
export interface LaunchProof { readonly proof: { readonly findings: readonly string[] } }
export interface LaunchReady { readonly ready: true; readonly nodeId: string }

export interface NodeLaunch {
  readonly material: LaunchMaterial;
  readonly confined: boolean;
  /** Tells the gateway that the node serves, and under which id. */
  ready(nodeId: string): void;
}

/**
 * The node's side of its own start: proves or disproves its confinement, and only then receives the material. Throws when the
 * gateway goes away first.
 */
export async function answerLaunch(input: Readable, output: Writable): Promise<NodeLaunch> {
  output.on("error", () => {}); // a gateway that was killed reads no more; the node goes on without it
  const lines = createInterface({ input, crlfDelay: Infinity })[Symbol.asyncIterator]();
  const { claim } = await nextLine<LaunchClaim>(lines);
  const findings = claim === null ? ["no confinement was tried"] : await proveConfinement(claim);
  say(output, { proof: { findings } } satisfies LaunchProof);
  const { material } = await nextLine<{ readonly material: LaunchMaterial }>(lines);
  input.destroy();
  return { material, confined: findings.length === 0, ready: (nodeId) => say(output, { ready: true, nodeId } satisfies LaunchReady) };
}

async function nextLine<T>(lines: AsyncIterator<string>): Promise<T> {
  const line = await lines.next();
  if (line.done === true) throw new Error("the gateway went away before the node was started");
  return JSON.parse(line.value) as T;
}

function say(output: Writable, line: object): void {
  output.write(`${JSON.stringify(line)}\n`);
}

/**
 * What of a configuration may be in force without the rest of it. What was left out may have been a limit, and nobody knows which
 * one was meant: so the part that is left is held to less than it says itself.
 */
import type { ConfigValues } from "../fabric/config-start.ts";

/** Left out, it lets nobody in and nothing be done. */
const HARMLESS = ["logging", "session", "models", "context", "cron", "discovery", "skills", "agents.defaults.model", "gateway.port"];
/** What may be spent: no start without it. */
const ESSENTIAL = ["ledger"];

/** Undefined where nothing may be in force. */
export function guardConfig(kept: ConfigValues, leftOut: readonly string[]): ConfigValues | undefined {
  if (leftOut.some((path) => ESSENTIAL.some((key) => isWithin(path, key)))) return undefined;
  const grave = leftOut.filter((path) => !HARMLESS.some((key) => isWithin(path, key)));
  if (grave.length === 0) return kept;
  const reach = grave.some((path) => path === "" || isWithin(path, "gateway")) ? { bind: "loopback" } : {};
  const { exec: _, ...tools } = objectAt(kept, "tools");
  return {
    ...kept, gateway: { ...objectAt(kept, "gateway"), ...reach },
    tools: { ...tools, profile: "minimal", exec: { mode: "deny" } },
  };
}

/** What a person is told of it. */
export function describeGuard(leftOut: readonly string[]): string {
  const grave = leftOut.some((path) => !HARMLESS.some((key) => isWithin(path, key)));
  return grave ? "It is left out; until it is mended agents have the fewest tools and run no programs." : "It is left out.";
}

function objectAt(values: ConfigValues, key: string): Readonly<Record<string, unknown>> {
  const value = values[key];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value as Readonly<Record<string, unknown>> : {};
}

function isWithin(path: string, key: string): boolean {
  return path === key || path.startsWith(`${key}.`) || path.startsWith(`${key}[`);
}

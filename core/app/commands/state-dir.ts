/** Where a gateway, and a node, keep what they must not lose. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { resolveStateDir } from "../../fabric/engine.ts";
import { UsageError } from "../terminal/usage-error.ts";
import type { CommandContext } from "./command.ts";

type Said = Pick<CommandContext, "given" | "environment">;

/** `OPENCLAW_STATE_DIR`, else `~/.openclaw`, with the profile's name appended. Throws UsageError where both are said. */
export function stateDirOf(said: Said): string {
  refuseBoth(said, "OPENCLAW_STATE_DIR");
  return resolveStateDir({ env: said.environment, profile: profileOf(said), home: homeOf(said) });
}

/** `OPENCLAW_NODE_DIR`, else `~/.openclaw-node`, with the profile's name appended. Throws UsageError where both are said. */
export function nodeDirOf(said: Said): string {
  const set = said.environment["OPENCLAW_NODE_DIR"] ?? "";
  refuseBoth(said, "OPENCLAW_NODE_DIR");
  if (set !== "") return resolve(set);
  const profile = profileOf(said);
  return join(homeOf(said), profile === undefined ? ".openclaw-node" : `.openclaw-node-${profile}`);
}

/** Throws UsageError for a name that could lead elsewhere than beside the usual directory. */
export function profileOf(said: Said): string | undefined {
  const profile = said.given.text("profile");
  if (profile !== undefined && !/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(profile)) {
    throw new UsageError(`"${profile}" cannot be a profile's name.`, "Use letters, digits, dashes and underscores, at most 64.");
  }
  return profile;
}

/** One of the two would be ignored, and a command meant for one gateway would reach another. */
function refuseBoth(said: Said, variable: "OPENCLAW_STATE_DIR" | "OPENCLAW_NODE_DIR"): void {
  const [profile, dir] = [profileOf(said), (said.environment[variable] ?? "").trim()];
  if (profile === undefined || dir === "") return;
  throw new UsageError(
    `--profile ${profile} and ${variable}=${dir} name two places.`, `Leave out --profile, or unset ${variable}.`,
  );
}

/** As a person writes it: what is at home begins with `~`. */
export function showPath(said: Said, path: string): string {
  const home = homeOf(said);
  return path === home || path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}

function homeOf({ environment }: Said): string {
  return environment["HOME"] || homedir();
}

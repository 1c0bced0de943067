import { isAbsolute, join, resolve } from "node:path";
import { OpenClawError } from "@openclaw/protocol";

export interface StateDirChoice {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The value of `--profile`. */
  readonly profile?: string | undefined;
  /** The person's home directory. */
  readonly home: string;
}

const PROFILE = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/**
 * Where the state lives: `OPENCLAW_STATE_DIR`, else `~/.openclaw-<profile>`, else `~/.openclaw`. Always absolute; reads
 * nothing. Throws CONFIG_INVALID for a profile that is not one word.
 */
export function resolveStateDir({ env, profile, home }: StateDirChoice): string {
  if (profile !== undefined && !PROFILE.test(profile)) {
    throw new OpenClawError("CONFIG_INVALID", {
      why: `${JSON.stringify(profile)} is not a profile name.`,
      next: "Use letters, digits, - and _ for --profile.",
      detail: { profile },
    });
  }
  const named = env["OPENCLAW_STATE_DIR"]?.trim();
  if (named !== undefined && named !== "") return expand(named, home);
  return join(home, profile === undefined || profile === "default" ? ".openclaw" : `.openclaw-${profile}`);
}

function expand(path: string, home: string): string {
  if (path === "~") return home;
  if (path.startsWith("~/")) return join(home, path.slice(2));
  return isAbsolute(path) ? path : resolve(path);
}

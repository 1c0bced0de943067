/** Where a unit stands and how systemd calls it. */
import { join } from "node:path";

export interface ServicePlace {
  readonly scope: "user" | "system";
  /** `openclaw.service`, or with the profile's name. */
  readonly name: string;
  readonly file: string;
}

export function placeOfService(
  scope: "user" | "system", profile: string | undefined, environment: Readonly<Record<string, string | undefined>>, home: string,
): ServicePlace {
  const name = profile === undefined ? "openclaw.service" : `openclaw-${profile}.service`;
  const folder = scope === "system"
    ? "/etc/systemd/system" : join(environment["XDG_CONFIG_HOME"] || join(environment["HOME"] || home, ".config"), "systemd", "user");
  return { scope, name, file: join(folder, name) };
}

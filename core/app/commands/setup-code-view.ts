/** Asking the gateway for a setup code, and showing it: as text, or as a picture for a camera. */
import { askGateway } from "../connect.ts";
import { UsageError } from "../terminal/usage-error.ts";
import { cleanLine } from "../terminal/text.ts";
import type { CommandContext, OptionSpec } from "./command.ts";
import { asPayload, textAt, type Payload } from "./payload.ts";

export const SETUP_OPTIONS: readonly OptionSpec[] = [
  { name: "for", value: "PROFILE", summary: "node: a machine that works. limited: a phone (usual). full: everything, administration too" },
  { name: "public-url", value: "URL", summary: "Where the device is to find the gateway, if not where it listens" },
];

export interface MadeSetupCode {
  readonly code: string;
  readonly payload: Payload;
}

/** Throws UsageError for a profile there is none of, and what the gateway refuses with. */
export async function makeSetupCode(ctx: CommandContext): Promise<MadeSetupCode> {
  const profile = ctx.given.text("for") ?? "limited";
  if (!["node", "limited", "full"].includes(profile)) throw new UsageError(
    `There is no profile "${profile}".`, "Say --for node, limited or full.",
  );
  const publicUrl = ctx.given.text("public-url");
  const payload = asPayload(await askGateway(ctx, ["operator.admin"], "device.pair.setupCode", {
    ...(profile === "full" ? {} : { bootstrapProfile: profile }), ...(publicUrl === undefined ? {} : { publicUrl }),
  }));
  return { payload, code: textAt(payload, "setupCode") ?? "" };
}

export function showSetupCode(ctx: CommandContext, { code, payload }: MadeSetupCode): void {
  const { terminal } = ctx;
  const access = textAt(payload, "access") ?? "?";
  terminal.line(code);
  terminal.line();
  terminal.facts([
    ["Leads to", cleanLine(textAt(payload, "gatewayUrl") ?? "?")],
    ["Gives", payload["accessDowngraded"] === true ? `${access}: the way there is not encrypted, so not everything` : access],
    ["Good for", "one device, ten minutes"],
  ]);
  if (textAt(payload, "urlSource") === "loopback") terminal.note(
    "This gateway listens on this machine only: from elsewhere the code works through a tunnel to the same port.",
  );
  terminal.suggest(access === "node" ? "openclaw node run --pair CODE" : "openclaw connect CODE --operator");
}

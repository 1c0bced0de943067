/** Using a gateway elsewhere from this machine: a setup code makes it a device, and the configuration here leads there. */
import { access } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { hasCode, OpenClawError } from "@openclaw/protocol";
import { Secret } from "../../base/secret.ts";
import { editText } from "../../fabric/config.ts";
import { openGateway } from "../connect.ts";
import { readRemote } from "../gateway-address.ts";
import { gatewayTokenPath } from "../gateway-token.ts";
import { deviceHello, keepOperatorToken, makeOperatorIdentity } from "../operator-device.ts";
import type { SetupCode } from "../setup-code.ts";
import { UsageError } from "../terminal/usage-error.ts";
import type { CommandContext } from "./command.ts";
import { changeConfig } from "./config-change.ts";
import { stateDirOf } from "./state-dir.ts";

export interface Joined {
  readonly url: string;
  readonly deviceId: string;
  readonly tlsFingerprint?: string;
}

/**
 * Spends the code. Throws UsageError where this state directory has a gateway of its own or follows another, and then the code is
 * not used up; else what the last address that was tried refused with.
 */
export async function joinAsOperator(ctx: CommandContext, code: SetupCode): Promise<Joined> {
  await refuseTaken(ctx, code);
  const identity = await makeOperatorIdentity(ctx);
  const { bootstrapToken, tlsFingerprint } = code;
  const pinned = tlsFingerprint === undefined ? {} : { fingerprint: tlsFingerprint };
  const hello = deviceHello(ctx, identity, { bootstrapToken }, { scopes: ["operator.read"], name: ctx.given.text("name") ?? hostname() });
  let trouble: unknown;
  for (const url of code.urls) {
    try {
      const gateway = await openGateway(ctx, { scopes: [], url, ...pinned, hello });
      gateway.close();
      const { deviceToken } = gateway.hello.auth;
      if (deviceToken === undefined) throw new OpenClawError(
        "PAIRING_REQUIRED", { why: "The gateway gave this machine no token of its own." },
      );
      await keepOperatorToken(ctx, url, new Secret(deviceToken));
      await changeConfig(ctx, async (text) => await editText(text, [
        { at: ["gateway", "mode"], value: "remote" }, { at: ["gateway", "remote", "url"], value: url },
        { at: ["gateway", "remote", "tlsFingerprint"], value: tlsFingerprint },
      ]) ?? text);
      return { url, deviceId: identity.deviceId, ...(tlsFingerprint === undefined ? {} : { tlsFingerprint }) };
    } catch (error) {
      trouble = error;
      if (!hasCode(error, "GATEWAY_UNREACHABLE")) throw error;
    }
  }
  throw trouble;
}

async function refuseTaken(ctx: CommandContext, { urls }: SetupCode): Promise<void> {
  const next = "Give it a place of its own: openclaw --profile NAME connect CODE --operator";
  const hasGateway = await access(gatewayTokenPath(join(stateDirOf(ctx), "credentials"))).then(() => true, () => false);
  if (hasGateway) throw new UsageError("This state directory has a gateway of its own, and commands here mean that one.", next);
  const remote = await readRemote(ctx);
  if (remote !== undefined && !urls.some((url) => new URL(url).host === URL.parse(remote.url)?.host)) {
    throw new UsageError(`Commands here mean the gateway at ${remote.url} already.`, next);
  }
}

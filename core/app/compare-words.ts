/** Where nobody vouches for a certificate, a person does: the same five words on both machines, or somebody sits in between. */
import { OpenClawError } from "@openclaw/protocol";
import { fingerprintWords } from "../fabric/certificate.ts";
import type { CommandContext } from "./commands/command.ts";
import { stateDirOf } from "./commands/state-dir.ts";
import { rememberGateway } from "./known-gateways.ts";
import { readPeerFingerprint } from "./pinned-socket.ts";

/** The fingerprint, once a person has said that the words agree; remembered for this address. Throws CERTIFICATE_UNKNOWN. */
export async function compareWords(ctx: CommandContext, url: string): Promise<string> {
  const fingerprint = await readPeerFingerprint(url, ctx.signal);
  const words = fingerprintWords(fingerprint).join(" ");
  const { host } = new URL(url);
  const unknown = (why: string): OpenClawError => new OpenClawError("CERTIFICATE_UNKNOWN", {
    why, detail: { url, fingerprint, words },
    next: `On the gateway's machine: openclaw gateway tls. If it shows the same: --tls-fingerprint ${fingerprint}`,
  });
  if (!ctx.terminal.interactive) throw unknown(`The words of ${host}: ${words}`);
  ctx.terminal.note(`Nobody vouches for the certificate of ${host}. On the gateway's machine run: openclaw gateway tls`);
  if (
    !await ctx.terminal.confirm(`Does it show the words "${words}"?`, ctx.signal)
  ) throw unknown(`You said that ${host} has other words.`);
  await rememberGateway(stateDirOf(ctx), url, fingerprint);
  return fingerprint;
}

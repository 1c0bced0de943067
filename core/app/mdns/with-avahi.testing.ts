// Advertises beside a running avahi and tells what each finds of the other. Started by with-avahi.testing.sh.
import { spawnSync } from "node:child_process";
import { systemClock } from "../../base/clock.ts";
import { advertiseGateway } from "./advertise.ts";
import { browseGateways } from "./browse.ts";
import { gatewayService } from "./gateway-service.ts";

const service = gatewayService({
  displayName: "OpenClaw. on desk", host: "desk", port: 18_789, tlsFingerprint: "ab".repeat(32), directlyReachable: true,
});
const avahiFinds = (): readonly string[] => spawnSync("avahi-browse", ["-rtp", "_openclaw-gw._tcp"], { encoding: "utf8", timeout: 8_000 })
  .stdout.split("\n").filter((line) => line.startsWith("=") && line.includes("desk"));

const advertisement = await advertiseGateway({ service, clock: systemClock });
await systemClock.wait(1_500, AbortSignal.timeout(10_000));
process.stdout.write(`avahi found: ${avahiFinds().join(" | ")}\n`);
process.stdout.write(
  `we found: ${JSON.stringify(await browseGateways({ clock: systemClock, waitMs: 1_500 }, AbortSignal.timeout(8_000)))}\n`,
);
await advertisement[Symbol.asyncDispose]();
await systemClock.wait(2_000, AbortSignal.timeout(10_000));
process.stdout.write(`avahi finds after goodbye: ${avahiFinds().join(" | ") || "nothing of ours"}\n`);

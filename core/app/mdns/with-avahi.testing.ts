// Advertises beside a running avahi and tells what each finds of the other. Started by with-avahi.testing.sh.
import { spawnSync } from "node:child_process";
import { systemClock } from "../../base/clock.ts";
import { advertiseGateway } from "./advertise.ts";
import { browseGateways } from "./browse.ts";

const FACTS = {
  displayName: "OpenClaw. on desk", host: "desk", port: 18_789, tlsFingerprint: "ab".repeat(32), directlyReachable: true,
};
const avahiFinds = (): readonly string[] => spawnSync("avahi-browse", ["-rtp", "_openclaw-gw._tcp"], { encoding: "utf8", timeout: 8_000 })
  .stdout.split("\n").filter((line) => line.startsWith("=") && line.includes("desk"));

const advertisement = await advertiseGateway({ facts: FACTS, clock: systemClock }, AbortSignal.timeout(10_000));
await systemClock.wait(1_500, AbortSignal.timeout(10_000));
for (const line of avahiFinds()) process.stdout.write(`avahi found: ${line}\n`);
const { stdout: six } = spawnSync("avahi-resolve-host-name", ["-6", "desk.local"], { encoding: "utf8", timeout: 8_000 });
process.stdout.write(`avahi resolves: ${six.trim()}\n`);
process.stdout.write(
  `we found: ${JSON.stringify(await browseGateways({ clock: systemClock, waitMs: 1_500 }, AbortSignal.timeout(8_000)))}\n`,
);
const late = await advertiseGateway(
  { facts: { ...FACTS, displayName: "Somebody's", port: 4_321 }, clock: systemClock }, AbortSignal.timeout(10_000),
);
process.stdout.write(`beside avahi's own "Somebody's" we are: ${late.service.name}\n`);
await late[Symbol.asyncDispose]();
await advertisement[Symbol.asyncDispose]();
await systemClock.wait(2_000, AbortSignal.timeout(10_000));
process.stdout.write(`avahi finds after goodbye: ${avahiFinds().join(" | ") || "nothing of ours"}\n`);

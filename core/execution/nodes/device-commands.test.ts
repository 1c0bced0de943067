import assert from "node:assert/strict";
import { test } from "node:test";
import { devicePlatformOf, MEDIA_LIMITS, NODE_COMMANDS } from "@openclaw/protocol";
import { parseResult } from "./parse-result.ts";
import { declareSurface, isCommandAllowed, requiredApproveScopes } from "./surface.ts";
import type { NodeHello } from "./node-link.ts";

const none = { allow: [], deny: [] };

test("what a device may be asked is its platform's, the host's, or named by the owner; deny wins (S4.15, S4.16, S4.17)", () => {
  const allowed = (command: string, platform: Parameters<typeof isCommandAllowed>[2], policy = none): boolean =>
    isCommandAllowed(command, policy, platform);
  for (const command of [...Object.keys(NODE_COMMANDS), "screen.snapshot", "desktop.stream", "browser.proxy", "mcp.tools.call.v1"]) {
    assert.equal(allowed(command, "linux"), true, command);
  }
  const onEach = (command: string): readonly boolean[] => (["linux", "windows", "macos", "ios", "android", "unknown"] as const).map(
    (platform) => allowed(command, platform),
  );
  assert.deepEqual(onEach("location.get"), [false, true, true, true, true, false]);
  assert.deepEqual(onEach("canvas.present"), [false, false, true, true, true, false]);
  assert.deepEqual(onEach("computer.act"), [true, true, true, false, false, false]);
  for (const command of [
    "camera.snap", "camera.clip", "camera.ptz.control", "screen.record", "contacts.add", "calendar.add", "reminders.add", "health.summary",
    "sms.send", "sms.search",
  ]) {
    assert.deepEqual(onEach(command), [false, false, false, false, false, false], command);
    assert.equal(allowed(command, "ios", { ...none, allow: [command] } as never), true);
    assert.equal(allowed(command, "ios", { allow: [command], deny: [command] } as never), false);
  }
  assert.equal(allowed("workspace.memory", "linux"), false, "what nobody knows is withheld");
});

test("a platform is told from what the device says of itself", () => {
  const cases = {
    "iOS 18.1": "ios", darwin: "macos", macos: "macos", Android: "android", win32: "windows", linux: "linux", amiga: "unknown",
  };
  for (const [said, platform] of Object.entries(cases)) assert.equal(devicePlatformOf(said), platform, said);
  assert.equal(devicePlatformOf("darwin", "iPhone"), "ios");
});

test("a phone's surface holds what its platform may, and says what was dropped", () => {
  const hello: NodeHello = {
    platform: "ios", version: "1", clientId: "openclaw-ios", clientMode: "node", caps: ["camera"], tags: [], local: false,
    commands: ["camera.list", "camera.snap", "location.get", "system.run", "sms.send"],
  };
  const { surface, dropped } = declareSurface(hello, { allow: ["camera.snap"], deny: [] });
  assert.deepEqual(surface.commands, ["camera.list", "camera.snap", "location.get", "system.run"]);
  assert.deepEqual(dropped, ["sms.send"]);
});

test("whoever lets programs in has to be allowed to run them (5.2)", () => {
  assert.deepEqual(requiredApproveScopes([]), ["operator.pairing"]);
  assert.deepEqual(requiredApproveScopes(["camera.list"]), ["operator.pairing", "operator.write"]);
  assert.deepEqual(requiredApproveScopes(["camera.list", "system.run"]), ["operator.pairing", "operator.admin"]);
});

test("a picture is one by its form and its size, or it is no result", () => {
  const snap = (payload: unknown): string => {
    const parsed = parseResult("camera.snap", { id: "i", nodeId: "n", ok: true, payloadJSON: JSON.stringify(payload) });
    return parsed.ok ? "ok" : parsed.code;
  };
  assert.equal(snap({ format: "jpg", base64: "AAAA", width: 1, height: 1 }), "ok");
  const others = [
    null, {}, { format: "jpg" }, { format: "exe", base64: "AAAA" }, { format: "jpg", base64: "../../etc" }, { format: "jpg", base64: "" },
  ];
  for (const wrong of others) {
    assert.equal(snap(wrong), "NODE_REPLY_INVALID", JSON.stringify(wrong));
  }
  assert.equal(snap({ format: "jpg", base64: "A".repeat(MEDIA_LIMITS.snapChars) }), "ok");
  assert.equal(snap({ format: "jpg", base64: "A".repeat(MEDIA_LIMITS.snapChars + 4) }), "TOO_LARGE");
  const place = parseResult("location.get", { id: "i", nodeId: "n", ok: true, payloadJSON: '{"lat":"here"}' });
  assert.equal(place.ok ? "ok" : place.code, "NODE_REPLY_INVALID");
  const long = parseResult("device.info", { id: "i", nodeId: "n", ok: true, payloadJSON: JSON.stringify("x".repeat(5_000_000)) });
  assert.equal(long.ok ? "ok" : long.code, "NODE_REPLY_INVALID", "what brings no picture brings no megabytes");
});

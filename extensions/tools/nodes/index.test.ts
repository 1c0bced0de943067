import assert from "node:assert/strict";
import { test } from "node:test";
import nodes from "./index.ts";

test("an action becomes its device's command, with what the command needs where nothing was said (S4.16, S4.17)", () => {
  const intent = nodes.propose({ action: "camera_snap", node: "phone", params: { facing: "back" } });
  assert.deepEqual(intent, {
    actuator: "node", effect: "unsafe", command: "camera.snap", target: { command: "camera.snap", node: "phone" }, timeoutMs: 60_000,
    params: { format: "jpg", maxWidth: 1_600, facing: "back" }, summary: 'camera.snap on phone {"facing":"back"}',
  });
  assert.equal(nodes.propose({ action: "camera_list", node: "phone" }).effect, "read");
  assert.equal(nodes.propose({ action: "location_get", node: "phone" }).effect, "unsafe", "where a person is, is asked for");
});

test("what a model reads of a picture is its form and size: its bytes were taken out before", () => {
  const { text, isError } = nodes.present({ format: "jpg", bytes: 3, width: 4, height: 5 });
  assert.deepEqual([text, isError], ["It brought a file: jpg, 3 bytes, width 4, height 5.", false]);
  assert.equal(nodes.present({ lat: 1, lon: 2 }).text, '{"lat":1,"lon":2}');
});

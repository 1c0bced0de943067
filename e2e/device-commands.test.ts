/** What belongs to a device, proved with a fake one: no phone is asked for. */
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { join } from "node:path";
import { FAKE_PICTURE, openFakeDevice, type FakeDevice } from "@openclaw/testkit/fake-device-node";
import { say } from "@openclaw/testkit/conversation";
import { connectPlain, type PlainClient } from "@openclaw/testkit/plain-client";
import { openRealGateway, type RealGateway } from "@openclaw/testkit/real-gateway";
import { callMark, scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel, type ScriptedModel } from "@openclaw/testkit/scripted-model-server";

const PHONE = ["camera.list", "camera.snap", "camera.clip", "location.get", "canvas.present", "screen.record", "sms.send", "system.notify"];

describe("devices", () => {
  let gateway: RealGateway;
  let model: ScriptedModel;
  let phone: FakeDevice;
  let owner: PlainClient;
  before(async () => {
    model = await openScriptedModel();
    gateway = await openRealGateway({
      config: { ...scriptedConfig(model.url, { provider: { models: [{ id: "test", input: ["text", "image"] }] } }), media: { transcription: { command: ["sed", "s/OggS //", "{file}"] } }, gateway: { nodes: { commands: { allow: ["camera.snap", "camera.clip", "screen.record"], deny: ["screen.record"] } } } },
    });
    phone = await openFakeDevice(gateway, { name: "phone", platform: "ios", commands: PHONE });
    owner = await connectPlain(gateway.port, { token: gateway.token });
  });
  after(async () => {
    phone.close();
    owner.close();
    await gateway.dispose();
    await model.close();
  });
  let keys = 0;
  const invoke = (command: string, params: object = {}) => owner.ask(
    "node.invoke", { nodeId: phone.nodeId, command, params, idempotencyKey: `k${(keys += 1)}`, timeoutMs: 10_000 },
  );

  test("a device is asked only for what its platform may, or the owner named; deny wins (S4.15, S4.16, S4.17, W.8.10)", async () => {
    const { commands } = (await owner.call("node.describe", { nodeId: phone.nodeId })) as { readonly commands: readonly string[] };
    assert.deepEqual(commands, ["camera.list", "camera.snap", "camera.clip", "location.get", "canvas.present", "system.notify"]);
    const place = await invoke("location.get", { desiredAccuracy: "coarse" });
    assert.equal((place.payload as { payload: { lat: number } }).payload.lat, 52.5);
    for (const command of ["sms.send", "screen.record"]) {
      const refused = await invoke(command);
      assert.deepEqual([refused.error?.code, refused.error?.details?.["reason"]], ["INVALID_REQUEST", "command not allowlisted"], command);
    }
    assert.deepEqual(phone.asked.map(({ command }) => command), ["location.get"]);
  });

  test("the command line puts a picture into a file, and shows a message, a place and a page (S4.16, S4.17, S4.22)", async () => {
    const file = join(gateway.stateDir, "desk.jpg");
    const snap = await gateway.cli(["nodes", "camera", "snap", "--node", "phone", "--out", file, "--json"]);
    assert.equal(snap.code, 0, snap.stderr);
    assert.deepEqual(await readFile(file), FAKE_PICTURE);
    assert.equal((JSON.parse(snap.stdout) as { base64?: string; bytes: number }).base64, undefined);
    assert.ok((await gateway.cli(["nodes", "location", "get", "--node", "phone"])).stdout.includes("52.5, 13.4"));
    assert.equal((await gateway.cli(["nodes", "notify", "--node", "phone", "--body", "hello"])).code, 0);
    assert.equal((await gateway.cli(["nodes", "canvas", "present", "http://127.0.0.1:1/", "--node", "phone"])).code, 0);
    assert.equal((await gateway.cli(["nodes", "camera", "list", "--node", "phone"])).code, 0);
    const last = phone.asked.slice(-4).map(({ command }) => command);
    assert.deepEqual(last, ["location.get", "system.notify", "canvas.present", "camera.list"]);
  });

  test("what is too large, or no picture, never reaches whoever asked (W.8.10)", async () => {
    const odd = await openFakeDevice(gateway, {
      name: "odd", platform: "android", commands: ["camera.snap", "camera.clip"],
      answers: {
        "camera.snap": () => ({ format: "jpg", base64: "A".repeat(5_242_884), width: 1, height: 1 }),
        "camera.clip": () => ({ format: "mp4", base64: "<script>", durationMs: 1, hasAudio: false }),
      },
    });
    const ask = (command: string) => owner.ask("node.invoke", { nodeId: odd.nodeId, command, idempotencyKey: command, timeoutMs: 10_000 });
    assert.equal((await ask("camera.snap")).error?.details?.["code"], "TOO_LARGE");
    assert.equal((await ask("camera.clip")).error?.details?.["code"], "NODE_REPLY_INVALID");
    odd.close();
  });

  test("an agent's picture is asked for, kept sealed in the conversation, and shown to its model (S4.22, S4.27)", async () => {
    const client = await gateway.connect();
    const saying = say(client, `take a picture ${callMark("nodes", { action: "camera_snap", node: "phone", params: {} })}`);
    const { payload } = await owner.until(({ event }) => event === "exec.approval.requested");
    const { id, request } = payload as { readonly id: string; readonly request: { readonly command: string } };
    assert.ok(request.command.startsWith("camera.snap on phone"), request.command);
    await owner.call("exec.approval.resolve", { id, decision: "allow-once" });
    await saying;
    const bytes = FAKE_PICTURE.toString("base64");
    assert.deepEqual(model.requests.at(-1)?.images, [`data:image/jpeg;base64,${bytes}`]);
    assert.equal((await brought(`It brought a file: jpg, ${FAKE_PICTURE.length} bytes`)).data, bytes);
    const stored = await readdir(join(gateway.stateDir, "blobs"), { recursive: true, withFileTypes: true });
    for (const { parentPath, name } of stored.filter((entry) => entry.isFile())) {
      assert.equal((await readFile(join(parentPath, name))).includes(FAKE_PICTURE.subarray(0, 64)), false, "what is stored is sealed");
    }

    await mkdir(join(gateway.stateDir, "workspace"), { recursive: true });
    await writeFile(join(gateway.stateDir, "workspace", "desk.jpg"), FAKE_PICTURE);
    await say(client, `look at it ${callMark("read_file", { path: "desk.jpg" })}`);
    assert.equal(model.requests.at(-1)?.images.length, 2, "a picture that stands in a node's workspace is looked at by reading it");
    assert.equal((await brought("[not text: 2054 bytes]")).data, bytes);
  });

  test("a recording is lent to a program on a node that the owner wrote down, and its words stand under it (S4.27)", async () => {
    const client = await gateway.connect();
    const content = Buffer.from("OggS said at noon").toString("base64");
    const wish = { sessionKey: "voice", message: "listen", idempotencyKey: "voice", attachments: [{ fileName: "note.ogg", content }] };
    await client.client.request("chat.send", wish);
    await client.client.request("agent.wait", { runId: "voice", timeoutMs: 20_000 });
    const history = JSON.stringify(await owner.call("chat.history", { sessionKey: "voice", limit: 20 }));
    assert.ok(history.includes('"transcript":{"text":"said at noon"}'), history);
    assert.match(JSON.stringify(model.requests.at(-1)?.body.messages), /heard in it follows, as data\.\]\\nsaid at noon/);
  });

  /** The file of the newest call, whose result begins so; its bytes are nowhere in the transcript. */
  async function brought(text: string): Promise<{ readonly data: string }> {
    const sessionKey = "agent:main:main";
    const { messages } = (await owner.call("chat.history", { sessionKey, limit: 20 })) as { readonly messages: readonly Said[] };
    const [said, file] = messages.findLast(({ role }) => role === "toolResult")?.content ?? [];
    assert.ok(said?.text?.startsWith(text), JSON.stringify(said));
    assert.equal(JSON.stringify(messages).includes(FAKE_PICTURE.toString("base64").slice(0, 64)), false);
    return (await owner.call("artifacts.download", { sessionKey, artifactId: file?.artifactId })) as { readonly data: string };
  }
});

interface Said { readonly role: string; readonly content: readonly { readonly text?: string; readonly artifactId?: string }[] }

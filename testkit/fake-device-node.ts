/**
 * A fake: a device that nobody holds, over the real wire. It says that it is a phone or a desktop, answers the commands of
 * one, and what it calls a picture or a recording are bytes made here.
 */
import { connectPlain, makeDevice, type PlainClient } from "./plain-client.ts";
import type { RealGateway } from "./real-gateway.ts";

export interface FakeDeviceOptions {
  readonly name: string;
  /** `ios`, `android`, `macos`, `windows`, `linux`. */
  readonly platform: string;
  readonly commands: readonly string[];
  /** In place of the usual answers: the whole result. */
  readonly answers?: Readonly<Record<string, (params: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>>>;
}

export interface FakeDevice {
  readonly nodeId: string;
  readonly wire: PlainClient;
  /** Command and parameters of every request so far. */
  readonly asked: readonly { readonly command: string; readonly params: Readonly<Record<string, unknown>> }[];
  close(): void;
}

/** A JPEG by its first bytes and its last; nothing can be seen on it. */
export const FAKE_PICTURE = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(2_048, 7), Buffer.from([0xff, 0xd9])]);

const USUAL: NonNullable<FakeDeviceOptions["answers"]> = {
  "camera.list": () => ({ devices: [{ id: "cam-0", name: "Back", position: "back" }] }),
  "camera.snap": () => ({ format: "jpg", base64: FAKE_PICTURE.toString("base64"), width: 4, height: 3 }),
  "camera.clip": ({ durationMs = 3_000 }) => ({ format: "mp4", base64: FAKE_PICTURE.toString("base64"), durationMs, hasAudio: false }),
  "screen.record": ({ durationMs, fps, screenIndex }) => (
    { format: "mp4", base64: FAKE_PICTURE.toString("base64"), durationMs, fps, screenIndex, hasAudio: false }
  ),
  "location.get": () => ({ lat: 52.5, lon: 13.4, accuracyMeters: 12, timestamp: "2026-01-01T00:00:00Z", isPrecise: true, source: "gps" }),
  "system.notify": () => ({}),
  "canvas.present": () => ({}),
  "canvas.navigate": () => ({}),
  "canvas.hide": () => ({}),
};

/** Pairs, has its commands approved and connects. */
export async function openFakeDevice(gateway: RealGateway, options: FakeDeviceOptions): Promise<FakeDevice> {
  const device = makeDevice();
  const client = { id: "node-host", mode: "node", platform: options.platform, displayName: options.name };
  const wire = await connectPlain(gateway.port, {
    role: "node", device, caps: ["camera", "canvas"], commands: options.commands, client, token: gateway.token,
  });
  const operator = await connectPlain(gateway.port, { token: gateway.token });
  const { pending } = (await operator.call("node.pair.list")) as {
    readonly pending: readonly { readonly nodeId: string; readonly requestId: string }[],
  };
  const requestId = pending.find(({ nodeId }) => nodeId === device.id)?.requestId;
  if (requestId !== undefined) await operator.call("node.pair.approve", { requestId });
  operator.close();
  const asked: { command: string; params: Readonly<Record<string, unknown>> }[] = [];
  const answer = async (): Promise<void> => {
    for (const taken = new Set<string>(); ; ) {
      const { payload } = await wire.until(
        ({ event, payload: one }) => event === "node.invoke.request" && !taken.has((one as { readonly id: string }).id),
      );
      const { id, command, paramsJSON = "{}" } = payload as { readonly id: string; readonly command: string; readonly paramsJSON?: string };
      taken.add(id);
      const params = JSON.parse(paramsJSON) as Readonly<Record<string, unknown>>;
      asked.push({ command, params });
      const own = options.answers?.[command] ?? USUAL[command];
      const result = own === undefined
        ? { ok: false, error: { code: "INVALID_REQUEST", message: "unknown command" } }
        : { ok: true, payloadJSON: JSON.stringify(own(params)) };
      await wire.call("node.invoke.result", { id, nodeId: device.id, ...result });
    }
  };
  answer().catch(() => undefined); // ends with the connection
  return { nodeId: device.id, wire, asked, close: () => wire.close() };
}

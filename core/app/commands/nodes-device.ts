/** What belongs to a device, by name: its camera, screen, place, canvas and messages. Pictures and recordings go into a file. */
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import type { GatewayClient } from "@openclaw/protocol/client";
import { withGateway } from "../connect.ts";
import { cleanLine, cleanText } from "../terminal/text.ts";
import { UsageError } from "../terminal/usage-error.ts";
import type { CommandContext, CommandSpec, OptionSpec } from "./command.ts";
import type { Named } from "./find-named.ts";
import { asPayload, at, numberAt, textAt } from "./payload.ts";

/** Looks a node up as every command of the group does. */
type ResolveNode = (ctx: CommandContext, gateway: GatewayClient, said: string) => Promise<Named>;

const NODE: OptionSpec = { name: "node", value: "NODE", required: true, summary: "Name, id, or the beginning of an id" };
const OUT: OptionSpec = { name: "out", value: "FILE", summary: "Where to put it; a new file here otherwise" };
const ANSWER_GRACE_MS = 10_000;
const DEVICE_MS = 30_000;

type Fields = Readonly<Record<string, unknown>>;

/** The verbs of `openclaw nodes` that speak to a device. */
export function deviceVerbs(resolveNode: ResolveNode): Readonly<Record<string, CommandSpec>> {
  const ask = (ctx: CommandContext, command: string, params: Fields, timeoutMs = DEVICE_MS): Promise<unknown> =>
    withGateway(ctx, { scopes: ["operator.write"] }, async (gateway) => {
      const { systemIds } = await import("../../base/ids.ts");
      const node = await resolveNode(ctx, gateway, ctx.given.need("node"));
      using _ = ctx.terminal.progress(`${command} on ${node.name ?? node.id}`);
      const request = { nodeId: node.id, command, params, timeoutMs, idempotencyKey: systemIds.uuid() };
      const answer = await gateway.request("node.invoke", request, { signal: ctx.signal, timeoutMs: timeoutMs + ANSWER_GRACE_MS });
      return at(answer, "payload");
    });
  const show = (ctx: CommandContext, payload: unknown, said: string): number => {
    ctx.terminal.answer(payload ?? {}, () => ctx.terminal.line(said === "" ? cleanText(JSON.stringify(payload ?? {}, null, 2)) : said));
    return 0;
  };
  return {
    camera: {
      summary: "A device's cameras: list, snap, clip",
      words: [{ name: "ACTION", required: true }],
      options: [
        NODE, OUT, { name: "facing", value: "SIDE", summary: "front or back" },
        { name: "duration", value: "MS", kind: "integer", min: 1, summary: "Of a clip (3000)" },
        { name: "max-width", value: "PX", kind: "integer", min: 1, summary: "Of a picture (1600)" },
      ],
      examples: [
        { line: "openclaw nodes camera list --node phone", about: "which there are" },
        { line: "openclaw nodes camera snap --node phone --out desk.jpg", about: "a picture, into a file" },
        { line: "openclaw nodes camera clip --node phone --duration 5000", about: "five seconds" },
      ],
      notes: ["camera.snap and camera.clip have to be named in gateway.nodes.commands.allow."],
      run: async (ctx) => {
        const action = oneOf(ctx.given.need("ACTION"), ["list", "snap", "clip"]);
        if (action === "list") return show(ctx, await ask(ctx, "camera.list", {}), "");
        const facing = ctx.given.text("facing");
        const side = facing === undefined ? {} : { facing: oneOf(facing, ["front", "back"]) };
        if (action === "snap") {
          const params = { format: "jpg", maxWidth: ctx.given.integer("max-width") ?? 1_600, ...side };
          return await keep(ctx, await ask(ctx, "camera.snap", params, 60_000), "camera-snap");
        }
        const durationMs = ctx.given.integer("duration") ?? 3_000;
        return await keep(ctx, await ask(ctx, "camera.clip", { format: "mp4", durationMs, ...side }, durationMs + 60_000), "camera-clip");
      },
    },
    screen: {
      summary: "Record a device's screen: record",
      words: [{ name: "ACTION", required: true }],
      options: [
        NODE, OUT, { name: "duration", value: "MS", kind: "integer", min: 1, summary: "How long (10000)" },
        { name: "fps", value: "N", kind: "integer", min: 1, summary: "Pictures a second (10)" },
        { name: "screen", value: "N", kind: "integer", min: 0, summary: "Which screen (0)" },
      ],
      examples: [{ line: "openclaw nodes screen record --node mac --duration 5000 --out it.mp4", about: "five seconds, into a file" }],
      notes: ["screen.record has to be named in gateway.nodes.commands.allow."],
      run: async (ctx) => {
        oneOf(ctx.given.need("ACTION"), ["record"]);
        const durationMs = ctx.given.integer("duration") ?? 10_000;
        const params = {
          format: "mp4", durationMs, includeAudio: false,
          fps: ctx.given.integer("fps") ?? 10, screenIndex: ctx.given.integer("screen") ?? 0,
        };
        return await keep(ctx, await ask(ctx, "screen.record", params, durationMs + 60_000), "screen-record");
      },
    },
    location: {
      summary: "Where a device is: get",
      words: [{ name: "ACTION", required: true }],
      options: [NODE, { name: "accuracy", value: "KIND", summary: "coarse, balanced or precise (balanced)" }],
      examples: [{ line: "openclaw nodes location get --node phone", about: "latitude and longitude" }],
      run: async (ctx) => {
        oneOf(ctx.given.need("ACTION"), ["get"]);
        const desiredAccuracy = oneOf(ctx.given.text("accuracy") ?? "balanced", ["coarse", "balanced", "precise"]);
        const place = await ask(ctx, "location.get", { timeoutMs: 10_000, maxAgeMs: 60_000, desiredAccuracy });
        const accuracy = numberAt(place, "accuracyMeters");
        const near = accuracy === undefined ? "" : `  ±${Math.round(accuracy)} m`;
        return show(ctx, place, `${numberAt(place, "lat") ?? "?"}, ${numberAt(place, "lon") ?? "?"}${near}`);
      },
    },
    canvas: {
      summary: "A device's canvas: present, navigate, hide",
      words: [{ name: "ACTION", required: true }, { name: "URL" }],
      options: [NODE],
      examples: [
        { line: "openclaw nodes canvas present http://127.0.0.1:8080/ --node mac", about: "show it" },
        { line: "openclaw nodes canvas hide --node mac", about: "put it away" },
      ],
      run: async (ctx) => {
        const action = oneOf(ctx.given.need("ACTION"), ["present", "navigate", "hide"]);
        const url = ctx.given.word("URL");
        if (action === "navigate" && url === undefined) throw new UsageError("Where to?", "openclaw nodes canvas navigate URL --node NODE");
        const payload = await ask(ctx, `canvas.${action}`, url === undefined || action === "hide" ? {} : { url });
        return show(ctx, payload, "Done.");
      },
    },
    notify: {
      summary: "Show a message on a device",
      options: [
        NODE, { name: "title", value: "TEXT", summary: "The first line (OpenClaw)" },
        { name: "body", value: "TEXT", required: true, summary: "The message" },
        { name: "priority", value: "KIND", summary: "passive, active or timeSensitive" },
      ],
      examples: [{ line: `openclaw nodes notify --node laptop --body "The build is done"`, about: "on its screen" }],
      run: async (ctx) => {
        const priority = ctx.given.text("priority");
        const params = {
          title: ctx.given.text("title") ?? "OpenClaw", body: ctx.given.need("body"),
          ...(priority === undefined ? {} : { priority: oneOf(priority, ["passive", "active", "timeSensitive"]) }),
        };
        return show(ctx, await ask(ctx, "system.notify", params), "Shown.");
      },
    },
  };
}

function oneOf<const T extends string>(said: string, known: readonly T[]): T {
  const found = known.find((each) => each === said);
  if (found === undefined) throw new UsageError(`"${cleanLine(said)}" is none of ${known.join(", ")}.`, `One of: ${known.join(", ")}`);
  return found;
}

/** Puts what came into a file of this machine, and says where. */
async function keep(ctx: CommandContext, payload: unknown, name: string): Promise<number> {
  const format = /^[a-z0-9]{1,8}$/.exec(textAt(payload, "format") ?? "")?.[0] ?? "bin";
  const base64 = textAt(payload, "base64");
  if (base64 === undefined) throw new OpenClawError("NODE_REPLY_INVALID", { why: "Nothing came with the answer." });
  const bytes = Buffer.from(base64, "base64");
  const stamp = new Date(ctx.clock.now()).toISOString().replaceAll(/[:.]/g, "-");
  const said = ctx.given.text("out");
  const path = resolve(said ?? `${name}-${stamp}.${format}`);
  // A file that is there already is replaced only where it was named.
  await writeFile(path, bytes, { mode: 0o600, flag: said === undefined ? "wx" : "w" });
  const { base64: _, ...facts } = asPayload(payload);
  ctx.terminal.answer({ ...facts, path, bytes: bytes.length }, () => ctx.terminal.done(`${cleanLine(path)}  ${bytes.length} bytes`));
  return 0;
}

/** Devices: who may connect at all. A node is a device too; what it may be asked for is approved under `nodes`. */
import type { Scope } from "@openclaw/protocol";
import { askGateway } from "../connect.ts";
import { fingerprintWords } from "../../fabric/certificate.ts";
import { makeSetupCode, SETUP_OPTIONS, showSetupCode } from "./setup-code-view.ts";
import { formatAgo } from "../terminal/quantities.ts";
import { cleanLine, shortenId } from "../terminal/text.ts";
import type { CommandContext, CommandGroup, CommandSpec, OptionSpec, WordSpec } from "./command.ts";
import { findNamed, type Named } from "./find-named.ts";
import { listAt, numberAt, textAt, textsAt, type Payload } from "./payload.ts";

const REQUEST: WordSpec = { name: "REQUEST", required: true };
/** Without it a caller sees only its own device. */
const SEE_ALL: readonly Scope[] = ["operator.pairing", "operator.admin"];
/** Nobody rotates what is stronger than they are. */
const ALL_SCOPES: readonly Scope[] = [
  ...SEE_ALL, "operator.read", "operator.write", "operator.approvals", "operator.questions", "operator.talk", "operator.talk.secrets",
];

const list: CommandSpec = {
  summary: "Devices that may connect, and those that ask",
  examples: [{ line: "openclaw devices list", about: "both" }, { line: "openclaw devices list --json", about: "for a script" }],
  run: async (ctx) => {
    const payload = await askGateway(ctx, SEE_ALL, "device.pair.list", {});
    ctx.terminal.answer(payload, () => show(ctx, listAt(payload, "pending"), listAt(payload, "paired")));
    return 0;
  },
};

function show(ctx: CommandContext, pending: readonly Payload[], paired: readonly Payload[]): void {
  const { terminal } = ctx;
  const { style } = terminal;
  const now = ctx.clock.now();
  const rows = [
    ...pending.map((row) => [
      `${style.mark.live} asks`, nameOf(row), textsAt(row, "roles").join(", ") || textAt(row, "role"),
      textsAt(row, "scopes").join(", "), formatAgo(numberAt(row, "ts") ?? now, now), textAt(row, "requestId"),
    ]),
    ...paired.map((row) => {
      const seen = numberAt(row, "lastSeenAtMs");
      const id = textAt(row, "deviceId") ?? "";
      return [
        row["connected"] === true ? `${style.mark.good} online` : `${style.mark.quiet} paired`, nameOf(row),
        textsAt(row, "roles").join(", ") || textAt(row, "role"),
        textsAt(row, "scopes").join(", "), row["connected"] === true ? "now" : seen === undefined ? undefined : formatAgo(seen, now),
        terminal.width === 0 ? id : shortenId(id, style.mark.ellipsis),
      ];
    }),
  ];
  terminal.table([
    {
      title: "STATE",
      paint: (padded, cell) => (
        cell.endsWith("asks") ? style.attention(padded) : cell.endsWith("online") ? style.good(padded) : style.dim(padded)
      ),
    },
    { title: "NAME" }, { title: "ROLE" }, { title: "MAY", shrinks: true }, { title: "SEEN" },
    { title: "ID", paint: (padded) => style.dim(padded) },
  ], rows, "No device is paired. The command line on this machine needs none.");
  for (const row of pending) terminal.note(`${nameOf(row)} shows the words: ${wordsOf(row)}`);
  const first = pending[0];
  if (first !== undefined) terminal.suggest(
    `openclaw devices approve ${cleanLine(textAt(first, "requestId") ?? "")}`,
  );
}

const approve: CommandSpec = {
  summary: "Let a device in",
  words: [REQUEST],
  examples: [{ line: "openclaw devices approve 4k2m…", about: "the request's id, from devices list" }],
  run: async (ctx) => {
    const request = await resolve(ctx, "pending", "requestId", "REQUEST");
    const scopes = [...SEE_ALL, ...textsAt(request.row, "scopes")] as Scope[];
    const payload = await askGateway(ctx, [...new Set(scopes)], "device.pair.approve", { requestId: request.id });
    ctx.terminal.answer(
      payload,
      () => ctx.terminal.done(
        `${cleanLine(request.name ?? request.id)} (${wordsOf(request.row)}) may connect${describeScopes(request.row)}.`,
      ),
    );
    return 0;
  },
};

const reject: CommandSpec = {
  summary: "Refuse a device",
  words: [REQUEST],
  examples: [{ line: "openclaw devices reject 4k2m…", about: "the request's id, from devices list" }],
  run: async (ctx) => {
    const request = await resolve(ctx, "pending", "requestId", "REQUEST");
    const payload = await askGateway(ctx, ["operator.pairing"], "device.pair.reject", { requestId: request.id });
    ctx.terminal.answer(payload, () => ctx.terminal.line(`Refused: ${cleanLine(request.name ?? request.id)}.`));
    return 0;
  },
};

const remove: CommandSpec = {
  summary: "Forget a device; its token stops working at once",
  words: [{ name: "DEVICE", required: true }],
  examples: [{ line: "openclaw devices remove old-laptop", about: "asks first; --yes does not" }],
  run: async (ctx) => {
    const device = await resolve(ctx, "paired", "deviceId", "DEVICE");
    const { agreed } = await import("./agreed.ts");
    await agreed(ctx, `Forget ${device.name ?? device.id}? It has to be paired again to come back.`);
    const payload = await askGateway(ctx, SEE_ALL, "device.pair.remove", { deviceId: device.id });
    ctx.terminal.answer(payload, () => ctx.terminal.line(`Forgotten: ${cleanLine(device.name ?? device.id)}.`));
    return 0;
  },
};

const ROLE_OPTIONS: readonly OptionSpec[] = [
  { name: "device", value: "DEVICE", required: true, summary: "Its id or name" },
  { name: "role", value: "ROLE", required: true, summary: "operator or node" },
];

const rotate: CommandSpec = {
  summary: "Give a device a new token; the one it has stops working at once",
  options: [...ROLE_OPTIONS, { name: "scope", value: "SCOPE", many: true, summary: "Fewer scopes than it has" }],
  examples: [{ line: "openclaw devices rotate --device laptop --role operator", about: "it has to be paired again to learn the new one" }],
  run: async (ctx) => {
    const device = await resolve(ctx, "paired", "deviceId", "device");
    const scopes = ctx.given.list("scope");
    const payload = await askGateway(ctx, ALL_SCOPES, "device.token.rotate", {
      deviceId: device.id, role: ctx.given.need("role"), ...(scopes.length === 0 ? {} : { scopes }),
    });
    ctx.terminal.answer(payload, () => ctx.terminal.done(`${cleanLine(device.name ?? device.id)} has a new token.`));
    return 0;
  },
};

const revoke: CommandSpec = {
  summary: "End a device's token for one role, on live connections too",
  options: ROLE_OPTIONS,
  examples: [{ line: "openclaw devices revoke --device laptop --role operator", about: "at once" }],
  run: async (ctx) => {
    const device = await resolve(ctx, "paired", "deviceId", "device");
    const payload = await askGateway(ctx, SEE_ALL, "device.token.revoke", { deviceId: device.id, role: ctx.given.need("role") });
    ctx.terminal.answer(payload, () => ctx.terminal.line(`Revoked: ${cleanLine(device.name ?? device.id)}.`));
    return 0;
  },
};

const rename: CommandSpec = {
  summary: "Call a device something else",
  words: [{ name: "DEVICE", required: true }, { name: "LABEL", required: true }],
  examples: [{ line: 'openclaw devices rename 4k2m… "Kitchen tablet"', about: "at most 64 characters" }],
  run: async (ctx) => {
    const device = await resolve(ctx, "paired", "deviceId", "DEVICE");
    const label = ctx.given.need("LABEL");
    const payload = await askGateway(ctx, SEE_ALL, "device.pair.rename", { deviceId: device.id, label });
    ctx.terminal.answer(payload, () => ctx.terminal.done(`${cleanLine(device.name ?? device.id)} is now ${cleanLine(label)}.`));
    return 0;
  },
};

const joinCode: CommandSpec = {
  summary: "A code that lets one device in, once, within ten minutes",
  options: SETUP_OPTIONS,
  examples: [{ line: "openclaw devices join-code --for node", about: "then there: openclaw node run --pair CODE" }],
  run: async (ctx) => {
    const made = await makeSetupCode(ctx);
    ctx.terminal.answer(made.payload, () => showSetupCode(ctx, made));
    return 0;
  },
};

export const devices: CommandGroup = {
  summary: "Who may connect to the gateway",
  usual: "list",
  examples: [
    { line: "openclaw devices", about: "who may, who asks" },
    { line: "openclaw devices approve REQUEST", about: "let one in" },
    { line: "openclaw devices remove NAME", about: "shut one out" },
  ],
  verbs: { list, approve, reject, remove, rename, rotate, revoke, "join-code": joinCode },
  aliases: { ls: "list", rm: "remove" },
};

async function resolve(
  ctx: CommandContext,
  part: "pending" | "paired",
  idField: string,
  word: string,
): Promise<Named & { readonly row: Payload }> {
  const rows = listAt(await askGateway(ctx, SEE_ALL, "device.pair.list", {}), part);
  const known = rows.flatMap((row) => {
    const id = textAt(row, idField);
    return id === undefined ? [] : [{ id, name: nameOf(row), row }];
  });
  return findNamed(ctx.given.need(word), known, "NOT_FOUND", part === "pending" ? "waiting requests" : "devices");
}

function nameOf(row: Payload): string {
  return textAt(row, "displayName") ?? textAt(row, "clientId") ?? textAt(row, "deviceId") ?? "?";
}

/** Of the device's own key; a browser that asks shows the same. */
function wordsOf(row: Payload): string {
  const id = textAt(row, "deviceId") ?? "";
  return /^[0-9a-f]{64}$/.test(id) ? fingerprintWords(id).join(" ") : "?";
}

function describeScopes(row: Payload): string {
  const scopes = textsAt(row, "scopes");
  return scopes.length === 0 ? "" : ` with ${cleanLine(scopes.join(", "))}`;
}

/** `openclaw model list`, `test` and `remove`: what the configuration holds, asked of the gateway where one runs. */
import { rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { codeOf, hasCode, OpenClawError } from "@openclaw/protocol";
import { askGateway, requestOptions, withGateway } from "../connect.ts";
import { changeForRemoval } from "../model.ts";
import { cleanLine } from "../terminal/text.ts";
import type { Tried } from "../../cognition/models.ts";
import { agreed } from "./agreed.ts";
import type { CommandContext } from "./command.ts";
import { changeConfig } from "./config-change.ts";
import { showTried } from "./model-add.ts";
import { asPayload, at, listAt, numberAt, textAt, textsAt, type Payload } from "./payload.ts";
import { stateDirOf } from "./state-dir.ts";

export async function listModels(ctx: CommandContext): Promise<number> {
  const [listed, agents] = await withGateway(ctx, { scopes: ["operator.read"] }, (gateway) => Promise.all([
    gateway.request("models.list", { view: "all" }, requestOptions(ctx)), gateway.request("agents.list", {}, requestOptions(ctx)),
  ]));
  const models = listAt(listed, "models");
  const usual = usualOf(agents);
  const refOf = (row: Payload): string => `${textAt(row, "provider") ?? "?"}/${textAt(row, "id") ?? "?"}`;
  // A provider without a list of its own takes any name: what is used of it is known by its use alone.
  const rows = models.some((row) => refOf(row) === usual) || usual === undefined ? models
    : [{ provider: usual.slice(0, usual.indexOf("/")), id: usual.slice(usual.indexOf("/") + 1), tags: ["default"] }, ...models];
  ctx.terminal.answer({ default: usual ?? null, models: rows }, () => {
    const { style } = ctx.terminal;
    ctx.terminal.table([
      { title: "USED", paint: (padded, cell) => (cell.startsWith(style.mark.live) ? style.accent(padded) : style.dim(padded)) },
      { title: "MODEL" }, { title: "READS", align: "right" }, { title: "THINKS" },
    ], rows.map((row) => [
      refOf(row) === usual ? `${style.mark.live} default` : textsAt(row, "tags").some((tag) => tag.startsWith("fallback"))
        ? `${style.mark.quiet} stands in` : `${style.mark.quiet}`,
      refOf(row), numberAt(row, "contextWindow"), row["reasoning"] === true ? "yes" : undefined,
    ]), "No model can be used.");
    if (usual === undefined || usual.startsWith("demo/")) ctx.terminal.suggest("openclaw model add");
  });
  return 0;
}

function usualOf(agents: unknown): string | undefined {
  const id = textAt(agents, "defaultId");
  const agent = listAt(agents, "agents").find((row) => textAt(row, "id") === id);
  return textAt(agent, "model", "primary") ?? textAt(agent, "model");
}

export async function testModel(ctx: CommandContext): Promise<number> {
  const ref = ctx.given.word("MODEL");
  using _ = ctx.terminal.progress(`Asking ${cleanLine(ref ?? "the model that agents use")}: one short chat, one tool call`);
  const asking = askGateway(ctx, ["operator.write"], "models.test", ref === undefined ? {} : { model: ref });
  const tried = asPayload(await asking.catch((error: unknown) => {
    if (hasCode(error, "GATEWAY_UNREACHABLE")) throw new OpenClawError("GATEWAY_UNREACHABLE", {
      why: "The gateway asks its models itself, and none answers.", next: "openclaw gateway run", cause: error,
    });
    throw error;
  }));
  if (tried["ok"] !== true) throw new OpenClawError(codeOf({ code: textAt(tried, "error", "code") }) ?? "MODEL_UNAVAILABLE", {
    why: `${textAt(tried, "model") ?? "The model"}: ${textAt(tried, "error", "why") ?? "it did not answer."}`,
    ...(textAt(tried, "error", "next") === undefined ? {} : { next: textAt(tried, "error", "next") ?? "" }),
  });
  ctx.terminal.answer(tried, () => showTried(ctx, tried as unknown as Tried));
  return 0;
}

export async function removeModel(ctx: CommandContext): Promise<number> {
  const what = ctx.given.need("MODEL");
  await agreed(ctx, `Take ${what} out of the configuration?`);
  const change = changeForRemoval({ what });
  let keys: readonly string[] = [];
  const { through } = await changeConfig(ctx, async (text, source) => {
    const changed = await change(text, source);
    keys = keysOf(source, what.split("/", 1)[0] ?? "").filter((id) => !changed.includes(`"${id}"`) && !changed.includes(`'${id}'`));
    return changed;
  });
  for (const id of keys) await rm(join(stateDirOf(ctx), "credentials", "store", basename(id)), { force: true });
  ctx.terminal.answer({ removed: what, keysRemoved: keys, through }, () => {
    ctx.terminal.done(`${cleanLine(what)} is gone${keys.length === 0 ? "" : ", and its key with it"}`);
  });
  return 0;
}

/** Keys in the vault's store that only this provider was given, by the name that adding gives them. */
function keysOf(source: unknown, provider: string): readonly string[] {
  const key = at(source, "models", "providers", provider, "apiKey");
  const id = textAt(key, "id");
  return textAt(key, "source") === "store" && id?.startsWith(`models-providers-${provider}-`) === true ? [id] : [];
}

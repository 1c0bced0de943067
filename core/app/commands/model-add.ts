/** `openclaw model add`: from what is there, or what was said, to a model that has answered. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import { Secret } from "../../base/secret.ts";
import { systemIds } from "../../base/ids.ts";
import type { Tried } from "../../cognition/models.ts";
import {
  candidateAt, changeForCandidate, changeForRemoval, detectModels, isLocal, MODEL_PLACES, placeNamed, readOffers, tryCandidate,
  type Candidate, type DetectedModel, type ModelPlace, type Offer,
} from "../model.ts";
import { keepSecret } from "../secrets.ts";
import { ask, choose } from "../terminal/prompts.ts";
import { formatDuration } from "../terminal/quantities.ts";
import { cleanLine, cleanText } from "../terminal/text.ts";
import { UsageError } from "../terminal/usage-error.ts";
import type { CommandContext } from "./command.ts";
import { changeConfig } from "./config-change.ts";
import { stateDirOf } from "./state-dir.ts";

const KEY_BYTES_MAX = 16_384;
const UNDO_MS = 15_000;

export interface Chosen {
  readonly candidate: Candidate;
  readonly key: Secret | undefined;
}

export interface Added {
  readonly ref: string;
  readonly tried: Tried | undefined;
  /** Takes everything back that was written; goes on though the person interrupted. Throws what keeps it from that. */
  undo(): Promise<void>;
}

export async function addModel(ctx: CommandContext): Promise<number> {
  const chosen = await chooseModel(ctx, ctx.given.word("WHERE"));
  const { ref, tried } = await tryAndKeep(ctx, chosen, {
    isDefault: !ctx.given.flag("keep-default"), untested: ctx.given.flag("untested"),
  });
  ctx.terminal.answer({ model: ref, default: !ctx.given.flag("keep-default"), test: tried ?? null }, () => {
    if (tried !== undefined) showTried(ctx, tried);
    const what = ctx.given.flag("keep-default") ? "added" : "what your agents use from the next message on";
    ctx.terminal.done(`${cleanLine(ref)} is ${what}`);
    ctx.terminal.suggest('openclaw agent --message "How busy is this machine?"');
  });
  return 0;
}

export async function showDetected(ctx: CommandContext): Promise<number> {
  const found = await detect(ctx);
  ctx.terminal.answer({
    detected: found.map(({ place: { name, baseUrl }, keyFrom, offers }) => ({ name, baseUrl, keyFrom: keyFrom ?? null, models: offers })),
  }, () => {
    ctx.terminal.table([{ title: "WHAT" }, { title: "WHERE" }, { title: "BY" }, { title: "OFFERS", shrinks: true }], found.map((one) => [
      one.place.title, one.place.baseUrl, one.keyFrom ?? "no key", one.offers.map(({ id }) => id).join(", ") || undefined,
    ]), "No key stands in the environment, and no model server answers on this machine.");
    if (found.length > 0) ctx.terminal.suggest(`openclaw model add ${found[0]?.place.name ?? ""}`);
    else ctx.terminal.suggest("openclaw model add URL -m MODEL");
  });
  return 0;
}

async function detect(ctx: CommandContext): Promise<readonly DetectedModel[]> {
  using _ = ctx.terminal.progress("Looking for keys and for servers on this machine");
  return await detectModels({ environment: ctx.environment }, ctx.signal);
}

/** By the words of the command line; what they leave open is asked, or taken where only one thing is possible. Throws UsageError. */
export async function chooseModel(ctx: CommandContext, where: string | undefined): Promise<Chosen> {
  const said = where === undefined ? undefined : placeSaid(where, ctx);
  const found = said === undefined ? await choosePlace(ctx) : { place: said, offers: [] };
  const { place } = found;
  const api = ctx.given.text("api") ?? place.api;
  const key = await readKey(ctx, place, "keyFrom" in found ? found.keyFrom : undefined);
  const offers = found.offers.length > 0 ? found.offers
    : await readOffers(api === undefined ? place : { ...place, api }, key, ctx.signal);
  const model = await chooseOffer(ctx, place, offers ?? []);
  const contextTokens = ctx.given.integer("context") ?? model.contextTokens;
  const name = ctx.given.text("name") ?? (place.name === "" ? undefined : place.name);
  const at = { baseUrl: place.baseUrl, name, ...(api === undefined ? {} : { api }) };
  return { candidate: candidateAt(at, model.id, contextTokens), key };
}

function placeSaid(where: string, ctx: CommandContext): ModelPlace {
  const named = placeNamed(where, ctx.environment);
  if (named !== undefined) return named;
  if (/^https?:\/\//i.test(where)) return { name: "", title: where, baseUrl: where, keys: [] };
  throw new UsageError(
    `"${where}" is neither an address nor one of ${MODEL_PLACES.map(({ name }) => name).join(", ")}.`,
    "openclaw model add http://127.0.0.1:8080/v1 -m MODEL",
  );
}

async function choosePlace(ctx: CommandContext): Promise<DetectedModel> {
  const found = await detect(ctx);
  const [only, second] = found;
  if (!ctx.terminal.interactive) {
    if (only !== undefined && second === undefined) return only;
    throw new UsageError(
      only === undefined ? "No key stands in the environment, and no model server answers on this machine."
        : `There is more than one: ${found.map(({ place }) => place.name).join(", ")}.`,
      `openclaw model add ${only?.place.name ?? "URL"} -m MODEL`,
    );
  }
  const ways = [
    ...found.map((one) => ({
      value: one, label: one.place.title, about: one.keyFrom ?? `${one.place.baseUrl}  ${one.offers.length} models`,
    })),
    ...MODEL_PLACES.filter(({ keys, name }) => keys.length > 0 && !found.some(({ place }) => place.name === name)).map((place) => ({
      value: { place, offers: [] } as DetectedModel, label: place.title, about: "asks for a key",
    })),
    { value: undefined, label: "Another address", about: "any server of the usual interface" },
  ];
  const chosen = await choose(ctx.terminal, "Where is the model?", ways, ctx.signal);
  if (chosen !== undefined) return chosen;
  const url = await ask(ctx.terminal, "Where does its API begin?", ctx.signal, {
    initial: "http://127.0.0.1:8080/v1",
    check: (text) => (/^https?:\/\/[^\s@]+$/.test(text) ? undefined : "Write it as http://HOST:PORT/v1"),
  });
  return { place: placeSaid(url ?? "", ctx), offers: [] };
}

/** From the variable or file that was named, else the usual variable, else asked. Never from the command line itself. */
async function readKey(ctx: CommandContext, place: ModelPlace, keyFrom: string | undefined): Promise<Secret | undefined> {
  const variable = ctx.given.text("key-from-env") ?? keyFrom ?? place.keys.find((name) => (ctx.environment[name] ?? "").trim() !== "");
  const file = ctx.given.text("key-file");
  if (file !== undefined) {
    const text = await readFile(file, "utf8").catch(() => {
      throw new UsageError(`${file} cannot be read.`, "Check the path of the file.");
    });
    const isKey = text.length <= KEY_BYTES_MAX && text.trim() !== "";
    if (!isKey) throw new UsageError(`${file} holds no key.`, "Write only the key into the file.");
    return new Secret(text.trim());
  }
  if (variable !== undefined) {
    const value = (ctx.environment[variable] ?? "").trim();
    if (value === "") throw new UsageError(
      `The variable ${variable} is not set.`, `Set ${variable} for this command, or say --key-file FILE.`,
    );
    return new Secret(value);
  }
  if (place.keys.length === 0) {
    if (place.name !== "" || isLocal(URL.parse(place.baseUrl)?.hostname ?? "")) return undefined;
    const key = await ask(ctx.terminal, "Its key, if it wants one", ctx.signal, { secret: true });
    return key === undefined || key === "" ? undefined : new Secret(key);
  }
  const typed = await ask(ctx.terminal, `Key for ${place.title}`, ctx.signal, {
    secret: true, check: (text) => (text === "" ? "It is empty" : /\s/.test(text) ? "A key has no spaces" : undefined),
  });
  if (typed === undefined) throw new UsageError(
    `${place.title} wants a key, and none of ${place.keys.join(", ")} is set.`, `openclaw model add ${place.name} --key-from-env NAME`,
  );
  return new Secret(typed);
}

async function chooseOffer(ctx: CommandContext, place: ModelPlace, offers: readonly Offer[]): Promise<Offer> {
  const said = ctx.given.text("model");
  if (said !== undefined) return offers.find(({ id }) => id === said) ?? { id: said };
  const [only, second] = offers;
  if (only !== undefined && second === undefined) return only;
  if (offers.length > 0) {
    const chosen = await choose(ctx.terminal, "Which model?", offers.map((offer) => ({
      value: offer, label: cleanLine(offer.id), ...(offer.contextTokens === undefined ? {} : { about: `${offer.contextTokens} tokens` }),
    })), ctx.signal);
    if (chosen !== undefined) return chosen;
  }
  const typed = await ask(ctx.terminal, "What does its server call the model?", ctx.signal, {
    check: (text) => (/^\S{1,256}$/.test(text) ? undefined : "A name without spaces"),
  });
  if (typed !== undefined) return { id: typed };
  const names = offers.slice(0, 8).map(({ id }) => id).join(", ");
  throw new UsageError(
    `Which model of ${cleanText(place.title)}?${names === "" ? "" : ` It offers ${cleanText(names)}.`}`, "Say it with --model ID.",
  );
}

/**
 * Tries it, then puts the key into the vault and the model into the configuration. Throws why it did not answer, and then nothing was
 * written; what fails while writing takes back what was written before it.
 */
export async function tryAndKeep(
  ctx: CommandContext, { candidate, key }: Chosen, how: { readonly isDefault: boolean; readonly untested: boolean },
): Promise<Added> {
  const ref = `${candidate.provider}/${candidate.model}`;
  const tried = how.untested ? undefined : await tryIt(ctx, candidate, key);
  if (tried !== undefined && !tried.ok) {
    const { code, why } = tried.error ?? { code: "MODEL_UNAVAILABLE", why: "It did not answer." };
    throw new OpenClawError(code, {
      why: `${ref} at ${candidate.baseUrl}: ${why}`,
      next: code === "MODEL_AUTH" ? "Check the key: --key-from-env NAME" : "Check the address and the name, or add it as it is: --untested",
    });
  }
  const credentialsDir = join(stateDirOf(ctx), "credentials");
  const keyId = key === undefined ? undefined
    : await keepSecret(credentialsDir, `models-providers-${candidate.provider}-apiKey`, key.reveal(), systemIds);
  const forgetKey = async (): Promise<void> => {
    if (keyId !== undefined) await rm(join(credentialsDir, "store", keyId), { force: true });
  };
  let written: { readonly before: string; readonly after: string } | undefined;
  /** Also for a person who interrupts: what they no longer wait for is waited for here. */
  const undo = async (): Promise<void> => {
    if (written !== undefined) await changeConfig({ ...ctx, signal: AbortSignal.timeout(UNDO_MS) }, async (text, source) => {
      if (text === written?.after) return written.before;
      return await changeForRemoval({ what: ref })(text, source).catch(() => text);
    });
    await forgetKey();
  };
  try {
    const change = changeForCandidate(candidate, { keyId, isDefault: how.isDefault });
    await changeConfig(ctx, async (text, source) => {
      const after = await change(text, source);
      written = { before: text, after };
      return after;
    });
  } catch (error) {
    await undo().catch(forgetKey);
    throw error;
  }
  return { ref, tried, undo };
}

async function tryIt(ctx: CommandContext, candidate: Candidate, key: Secret | undefined): Promise<Tried> {
  using _ = ctx.terminal.progress(`Asking ${cleanLine(candidate.model)}: one short chat, one tool call`);
  return await tryCandidate(candidate, key, ctx.clock, ctx.signal);
}

export function showTried(ctx: CommandContext, tried: Tried): void {
  const { style } = ctx.terminal;
  const parts = [
    tried.firstMs === undefined ? undefined : `first word after ${formatDuration(tried.firstMs)}`,
    `answered in ${formatDuration(tried.tookMs)}`,
    tried.contextTokens === undefined ? undefined : `reads ${tried.contextTokens} tokens`,
  ].filter((part) => part !== undefined);
  const [mark, what] = tried.tools === true ? [style.good(style.mark.good), "answers and calls tools"]
    : [style.attention(style.mark.quiet), "answers, and did not call the tool it was asked to call: it can talk, not work"];
  ctx.terminal.line(`${mark} ${cleanLine(tried.model)} ${what}`);
  ctx.terminal.line(style.dim(`  ${parts.join("  ")}`));
}

/**
 * `provider/model` → provider, configuration, key, stream.
 *
 * A drop-in is loaded at its first use and kept; after that nothing stands between a call and its provider but a lookup. The
 * configuration is asked for each time, so that a reload holds from the next call; it is checked once per revision.
 */
import { hash } from "node:crypto";
import { OpenClawError } from "@openclaw/protocol";
import type { ModelEvent, ModelInfo, ModelMessage, ModelRequest, Provider, ProviderContext } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import { checkSchema } from "../../base/schema.ts";
import type { Secret } from "../../base/secret.ts";
import type { Charge, Ledger, Price } from "../../fabric/ledger.ts";
import type { Logger } from "../../fabric/telemetry.ts";
import { createChooseDropIn } from "./choose-drop-in.ts";
import { createBreakers, type Resting, type Target } from "./breakers.ts";
import { streamCall, type CallEvent, type Candidate } from "./call-stream.ts";
import { MODELS_DEFAULTS, type ModelsConfig } from "./config.ts";
import { isKeyReference, refuseInlineKey } from "./load-key.ts";
import { createPriceTable } from "./prices.ts";
import { readSection } from "./read-section.ts";
import { streamBounded } from "./stream-bounded.ts";

export interface ModelsDeps {
  /** Drop-ins by id, each imported when it is first asked for. */
  readonly providers: ReadonlyMap<string, () => Promise<Provider>>;
  /** The configuration in force now. The same object until it changes. */
  readonly config: () => ModelsConfig;
  /** The key that a provider's section names. Asked once for each call; compose binds it to `loadKey`. */
  readonly secrets: (providerId: string, config: unknown) => Promise<Secret | null>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Pick<Logger, "warn">;
  readonly ledger: Pick<Ledger, "reserve">;
  /** What a model without a price counts as; the worst configured price where it is undefined. */
  readonly unknownPrice?: () => Price | undefined;
}

/** What is asked, and on what terms. */
export interface ModelCall extends Omit<ModelRequest, "model"> {
  readonly terms: CallTerms;
}

export interface CallTerms {
  /** Who pays, and for what. */
  readonly charge: Charge;
  /** Models that may answer in its place, in order. */
  readonly fallbacks?: readonly string[];
  /** Another credential is tried before another model: its failures come back at once. */
  readonly rotates?: boolean;
  /** The credential to use with a fallback's provider. */
  readonly profileOf?: (provider: string) => string | undefined;
  /** As counted by whoever made the prompt; estimated where it is not given. */
  readonly inputTokens?: number;
}

export interface ResolvedModel {
  readonly provider: Provider;
  /** The model's name at its provider. */
  readonly model: string;
  readonly info: ModelInfo;
  /** What a person reads wherever the model is named. */
  readonly label: string;
}

export interface ListedModel {
  /** `provider/model`. */
  readonly ref: string;
  readonly provider: string;
  readonly id: string;
  readonly name: string;
  readonly label: string;
  readonly contextTokens: number;
  readonly outputTokens?: number;
  /** How much it can be told to think; it cannot unless given. */
  readonly thinkingLevels?: readonly string[];
}

export interface Models {
  /** Throws MODEL_NOT_CONFIGURED, saying what is missing; CONFIG_SECRET_INLINE for a key in the configuration. */
  resolveModel(ref: string): Promise<ResolvedModel>;
  /**
   * One call, the only way to make one: reserved before it is sent, settled after, made with a fallback where the model fails
   * before it has said anything. Never throws; exactly one `end` or `error`, last. Stopping to read closes the call.
   */
  streamModel(ref: string, call: ModelCall, signal: AbortSignal): AsyncIterable<CallEvent>;
  /** What is given a rest after failures, the soonest try first. */
  resting(): readonly Resting[];
  /** Every model that can be called under the configuration in force, without asking the network. */
  list(): Promise<readonly ListedModel[]>;
  /** Names of the credentials that the model's provider has under `profiles`, in the order of the configuration. */
  profilesOf(ref: string): readonly string[];
}

/** Assumed for a model its provider's configuration does not list. */
const CONTEXT_TOKENS_ASSUMED = 32_768;

/** Owns nothing that must be closed. */
export function createModels(deps: ModelsDeps): Models {
  const loaded = new Map<string, Provider>();
  const checked = new WeakMap<object, Entry>();
  const breakers = createBreakers(deps.clock);
  const dropIns = createChooseDropIn(deps.providers);
  const prices = createPriceTable(deps.config, deps.unknownPrice ?? (() => undefined));
  /** Of the key each credential was last refused with, so that a new one is tried at once. */
  const refusedKeys = new Map<string, string>();

  async function load(ref: ModelRef): Promise<Provider> {
    const id = await dropIns.find(ref.provider, deps.config());
    const open = deps.providers.get(id);
    if (open === undefined) throw unknownProvider(ref, id, deps);
    const provider = await open();
    loaded.set(id, provider);
    return provider;
  }

  /** The part of a call that needs no waiting; undefined while the drop-in is not loaded yet. */
  function find(ref: ModelRef): Found | undefined {
    const config = deps.config();
    const provider = loaded.get(dropIns.known(ref.provider, config) ?? "");
    if (provider === undefined) return undefined;
    const section = sectionOf(ref.provider, provider, config);
    const known = checked.get(section);
    // Two entries may share one section object only as the empty default, which is checked for each provider anew.
    const entry = known !== undefined && known.provider === provider ? known : checkEntry(ref.provider, provider, section);
    checked.set(section, entry);
    return { ...entry, info: findModel(ref, entry) };
  }

  async function resolve(ref: ModelRef): Promise<Found> {
    const found = find(ref);
    if (found !== undefined) return found;
    await load(ref);
    const now = find(ref);
    if (now === undefined) throw unknownProvider(ref, ref.provider, deps); // the configuration changed while it was loading
    return now;
  }

  function contextOf(name: string, config: unknown, profile: string | undefined): ProviderContext {
    const key = keySourceOf(name, config, profile, deps.config());
    return {
      config,
      apiKey: async () => (await deps.secrets(key.name, key.section))?.reveal() ?? null,
      now: () => deps.clock.now(),
      wait: (ms, signal) => deps.clock.wait(ms, signal),
      random: () => deps.ids.random(),
    };
  }

  function candidateOf(text: string, call: ModelCall, profile: string | undefined): Candidate | Promise<Candidate> {
    const ref = parseRef(text);
    const found = find(ref);
    return found === undefined ? resolve(ref).then((late) => candidate(text, ref, late, call, profile))
      : candidate(text, ref, found, call, profile);
  }

  function candidate(text: string, ref: ModelRef, found: Found, call: ModelCall, profile: string | undefined): Candidate {
    const { info, config: section, provider } = found;
    const { terms: _, profile: __, ...request } = call;
    const credential = credentialOf(ref.provider, profile, deps.config());
    const outputTokensMax = call.outputTokensMax ?? info.outputTokens;
    const named = credential === ref.provider ? {} : { profile: credential.slice(ref.provider.length + 1) };
    return {
      ref: text, target: { credential, model: text, section }, ...prices.priceOf(info), contextTokens: info.contextTokens, ...named,
      ...(outputTokensMax === undefined ? {} : { outputTokensMax }),
      stream: (limits, signal) => bounded(text, call, {
        open: (stop) => {
          const messages = fitImages(request.messages, takesImages(info, provider));
          const asked = { ...request, messages, ...(profile === undefined ? {} : { profile }), ...limits, model: ref.model };
          return provider.stream(asked, contextOf(ref.provider, section, profile), stop);
        },
        onError: (code) => {
          if (code === "MODEL_AUTH") void rememberKey({ credential, model: text, section });
        },
      }, signal),
    };
  }

  interface Asking {
    open(stop: AbortSignal): AsyncIterable<ModelEvent>;
    onError(code: string): void;
  }

  function bounded(text: string, call: ModelCall, { open, onError }: Asking, signal: AbortSignal): AsyncIterable<ModelEvent> {
    const config = deps.config();
    return streamBounded({
      open, clock: deps.clock,
      timeoutMs: config.callTimeoutMs ?? MODELS_DEFAULTS.callTimeoutMs,
      outputBytesMax: config.outputBytesMax ?? MODELS_DEFAULTS.outputBytesMax,
      inputTokensEstimated: () => Math.ceil(call.messages.reduce((chars, message) => chars + message.text.length, 0) / 4),
      watch: (event) => {
        // Codes only: a provider's own words may quote what the person wrote.
        if (event.type === "retry") {
          deps.log.warn("model.retried", { model: text, attempt: event.attempt, waitMs: event.waitMs, code: event.code });
        }
        if (event.type !== "error" || event.detail?.["aborted"] === true) return;
        deps.log.warn("model.failed", { model: text, code: event.code });
        onError(event.code);
      },
    }, signal);
  }

  async function keyDigest({ credential, section }: Target): Promise<string> {
    const [provider = "", ...profile] = credential.split("/");
    const source = keySourceOf(provider, section, profile.length === 0 ? undefined : profile.join("/"), deps.config());
    const key = await deps.secrets(source.name, source.section).catch(() => null);
    return key === null ? "" : hash("sha256", key.reveal(), "hex");
  }

  async function rememberKey(target: Target): Promise<void> {
    refusedKeys.set(target.credential, await keyDigest(target).catch(() => ""));
  }

  async function keyChanged(target: Target): Promise<boolean> {
    const refused = refusedKeys.get(target.credential);
    return refused !== undefined && refused !== (await keyDigest(target).catch(() => refused));
  }

  return {
    resolveModel: async (text) => {
      const ref = parseRef(text);
      const { provider, info } = await resolve(ref);
      return { provider, model: ref.model, info, label: provider.label };
    },

    streamModel: (text, call, signal) => streamCall({
      chain: [text, ...(call.terms.fallbacks ?? []).filter((ref, index, all) => ref !== text && all.indexOf(ref) === index)],
      find: (ref, index) => candidateOf(ref, call, index === 0 ? call.profile : profileFor(ref, text, call)),
      id: call.idempotencyKey, charge: call.terms.charge, inputTokens: call.terms.inputTokens ?? estimateTokens(call),
      rotates: call.terms.rotates ?? false, ledger: deps.ledger, breakers, keyChanged,
      onFallback: (from, to, code) => deps.log.warn("model.replaced", { model: from, by: to, code }),
    }, signal),

    resting: () => breakers.list(),

    profilesOf: (text) => Object.keys(profilesIn(text.slice(0, Math.max(text.indexOf("/"), 0)), deps.config())),

    list: async () => {
      const config = deps.config();
      const names = new Set([...deps.providers.keys(), ...Object.keys(config.providers ?? {})]);
      const listed: ListedModel[] = [];
      for (const name of names) {
        const provider = await load({ provider: name, model: "" }).catch(() => undefined);
        if (provider === undefined) continue;
        const section = sectionOf(name, provider, config);
        if (!checkSchema(provider.config, section).ok) continue; // not configured, or not rightly: it cannot be called
        for (const info of provider.models(section)) listed.push(listModel(name, provider, info));
      }
      return listed;
    },
  };
}

interface ModelRef { readonly provider: string; readonly model: string }
interface Entry { readonly provider: Provider; readonly config: object; readonly models: readonly ModelInfo[] }
interface Found extends Entry { readonly info: ModelInfo }

/** The first slash divides: names of models may hold more. */
function parseRef(text: string): ModelRef {
  const slash = text.indexOf("/");
  if (slash <= 0 || slash === text.length - 1) {
    throw new OpenClawError("MODEL_NOT_CONFIGURED", { why: `'${text.slice(0, 100)}' is not of the form provider/model.` });
  }
  return { provider: text.slice(0, slash), model: text.slice(slash + 1) };
}

const EMPTY_SECTION = {};
const sections = new WeakMap<object, object>();

type Profiles = Readonly<Record<string, object>>;

function profilesIn(name: string, config: ModelsConfig): Profiles {
  return config.providers?.[name]?.profiles ?? {};
}

/** Where the key of one call is found: under the profile's name, the first of several where none is named. */
function keySourceOf(
  name: string, section: unknown, profile: string | undefined, config: ModelsConfig,
): { readonly name: string; readonly section: unknown } {
  const profiles = profilesIn(name, config);
  const wanted = profile ?? Object.keys(profiles)[0];
  if (wanted === undefined) return { name, section: withReference(name, section, config) };
  if (!Object.hasOwn(profiles, wanted)) {
    const why = `models.providers.${name}.profiles has no '${wanted}'.`;
    throw new OpenClawError("MODEL_NOT_CONFIGURED", { why, detail: { provider: name } });
  }
  return { name: `${name}.profiles.${wanted}`, section: profiles[wanted] };
}

/** Where the key is stands in the configuration's own section, which a provider is not shown whole. */
function withReference(name: string, section: unknown, config: ModelsConfig): unknown {
  const apiKey = config.providers?.[name]?.["apiKey"];
  return isKeyReference("apiKey", apiKey) ? { ...(section as object), apiKey } : section;
}

/** What a key belongs to: a provider, or one of its profiles. */
function credentialOf(name: string, profile: string | undefined, config: ModelsConfig): string {
  const wanted = profile ?? Object.keys(profilesIn(name, config))[0];
  return wanted === undefined ? name : `${name}/${wanted}`;
}

function profileFor(ref: string, first: string, { profile, terms: { profileOf } }: ModelCall): string | undefined {
  const [provider, before] = [ref, first].map((text) => text.slice(0, Math.max(text.indexOf("/"), 0)));
  return provider === before ? profile : profileOf?.(provider ?? "");
}

/** On the safe side for English and code, where nobody counted. */
const CHARS_PER_TOKEN = 3;
const MESSAGE_TOKENS = 6;
const faceChars = new WeakMap<object, number>();

function estimateTokens({ messages, tools }: ModelCall): number {
  let chars = faceChars.get(tools);
  if (chars === undefined) faceChars.set(tools, (chars = JSON.stringify(tools).length));
  for (const message of messages) {
    chars += message.text.length + MESSAGE_TOKENS * CHARS_PER_TOKEN;
    if (message.role !== "assistant") continue;
    for (const call of message.calls ?? []) chars += call.name.length + call.arguments.length;
  }
  return Math.ceil(chars / CHARS_PER_TOKEN);
}

/** As the drop-in reads it; the same object for the same section. */
function sectionOf(name: string, provider: Provider, config: ModelsConfig): object {
  const section: object | undefined = config.providers?.[name];
  if (section === undefined) return EMPTY_SECTION;
  let read = sections.get(section);
  if (read === undefined) sections.set(section, (read = readSection(section, knownOfModels(provider))));
  return read;
}

function knownOfModels({ config }: Provider): ReadonlySet<string> {
  return new Set(Object.keys(config.properties?.["models"]?.items?.properties ?? {}));
}

function checkEntry(name: string, provider: Provider, section: object): Entry {
  refuseInlineKey(name, section);
  const check = checkSchema(provider.config, section);
  if (check.ok) return { provider, config: section, models: provider.models(section) };
  throw new OpenClawError("MODEL_NOT_CONFIGURED", {
    why: `models.providers.${name} does not fit: ${check.text}.`,
    next: `Set what is missing: openclaw config set models.providers.${name}.KEY VALUE`,
    detail: { provider: name },
  });
}

/** A provider that lists nothing takes any name: its server knows. */
function findModel(ref: ModelRef, { models }: Entry): ModelInfo {
  const info = models.find((model) => model.id === ref.model);
  if (info !== undefined) return info;
  if (models.length === 0) return { id: ref.model, name: ref.model, contextTokens: CONTEXT_TOKENS_ASSUMED };
  throw new OpenClawError("MODEL_NOT_CONFIGURED", {
    why: `${ref.provider} has no model '${ref.model.slice(0, 100)}'; it has ${models.slice(0, 8).map((model) => model.id).join(", ")}.`,
    detail: { provider: ref.provider, model: ref.model.slice(0, 100) },
  });
}

function unknownProvider(ref: ModelRef, id: string, deps: ModelsDeps): OpenClawError {
  return new OpenClawError("MODEL_NOT_CONFIGURED", {
    why: `There is no provider '${id.slice(0, 100)}'; there is ${[...deps.providers.keys()].slice(0, 16).join(", ")}.`,
    detail: { provider: ref.provider },
  });
}

function listModel(name: string, provider: Provider, info: ModelInfo): ListedModel {
  return {
    ref: `${name}/${info.id}`, provider: name, id: info.id, name: info.name, label: provider.label, contextTokens: info.contextTokens,
    ...(info.outputTokens === undefined ? {} : { outputTokens: info.outputTokens }),
    ...(info.thinkingLevels === undefined ? {} : { thinkingLevels: info.thinkingLevels }),
  };
}

function takesImages(info: Pick<ModelInfo, "input">, provider: Pick<Provider, "input">): boolean {
  return (info.input ?? provider.input ?? []).includes("image");
}

const UNSEEN = "[The model that answers takes no pictures: it knows only what is written here of them.]";
const GONE = "[A picture could not be read any more.]";

/** Pictures only for a model that takes them, and only those that were read; whatever is missing is said. */
function fitImages(messages: readonly ModelMessage[], takes: boolean): readonly ModelMessage[] {
  if (!messages.some((message) => "images" in message)) return messages;
  return messages.map((message) => {
    if (!("images" in message) || message.images === undefined) return message;
    const { images, ...rest } = message;
    if (!takes) return { ...rest, text: `${rest.text}\n${UNSEEN}` };
    const read = images.filter(({ base64 }) => base64 !== "");
    const said = read.length === images.length ? rest : { ...rest, text: `${rest.text}\n${GONE}` };
    return read.length === 0 ? said : { ...said, images: read };
  });
}

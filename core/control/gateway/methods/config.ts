/**
 * The configuration over the wire: read with its secrets hidden, described, and changed by whoever saw the newest state of it.
 *
 * A write names the hash of what its author saw; where the file says something else by now, nothing is written. The marker that
 * stands for a secret, written back, keeps the stored one.
 */
import type { ErrorCode, JsonSchema } from "@openclaw/protocol";
import { OpenClawError } from "@openclaw/protocol";
import {
  editText, listChanges, parseJson5, planPatch, redactConfig, restoreSecrets, restoreValue, type LoadedConfig, type RunningConfig,
} from "../../../fabric/config.ts";
import type { MethodHandlers } from "../method.ts";
import { refusal } from "../refuse.ts";

export interface ConfigMethodDeps {
  readonly now: () => number;
  readonly running: RunningConfig;
  readonly schema: JsonSchema;
  /** The result of `config.get`. */
  readonly show: () => Promise<unknown>;
  /** Names a text of the file; opaque to clients. */
  readonly hash: (text: string) => string;
  /** The result of `config.schema`. */
  readonly describe: () => Promise<unknown>;
  /** The result of `config.schema.lookup`; undefined for a path that nothing is known of. */
  readonly lookUp: (path: string) => Promise<unknown>;
  /** Does a change of this key take effect only at the next start? */
  readonly needsRestart: (path: string) => Promise<boolean>;
  /** `gateway.reload.mode` in force; hybrid unless told. */
  readonly reloadMode?: () => string;
  /** Puts a secret where only the gateway finds it; answers with the name it has there. */
  readonly keepSecret: (path: string, value: string) => Promise<string>;
  /** The result of `models.connect`. */
  readonly connectModel?: (wish: ModelWish, signal: AbortSignal) => Promise<unknown>;
  /** Starts the gateway anew, if it can. */
  readonly restart?: (delayMs: number, reason: string) => void;
}

export interface ModelWish {
  readonly name: string;
  readonly api: string;
  readonly url: string;
  readonly model: string;
  readonly key?: string;
  readonly untested?: boolean;
}

interface WriteParams {
  readonly raw: string;
  readonly baseHash?: string;
  readonly replacePaths?: readonly string[];
  readonly note?: string;
  readonly sessionKey?: string;
  readonly restartDelayMs?: number;
}

const STALE = "config changed since last load; re-run config.get and retry";
const RESTART_DELAY_MS = 2_000;

export function configMethods(deps: ConfigMethodDeps): MethodHandlers {
  return {
    "config.get": () => deps.show(),
    "config.schema": () => deps.describe(),
    "config.schema.lookup": async (params) => {
      const found = await deps.lookUp((params as { readonly path: string }).path);
      if (found === undefined) throw invalid("config schema path not found", { reason: "path-unknown" });
      return found;
    },
    "config.set": (params) => replaceAll(deps, params as WriteParams, "config.set"),
    "config.apply": (params) => replaceAll(deps, params as WriteParams, "config.apply"),
    "config.patch": (params) => patch(deps, params as WriteParams),
    "config.secret.keep": async (params) => {
      const { path, value } = params as { readonly path: string; readonly value: string };
      return { ref: { source: "store", provider: "default", id: await deps.keepSecret(path, value) } };
    },
    "models.connect": (params, { signal }) => deps.connectModel?.(params as ModelWish, signal).catch((error: unknown) => {
      throw inWords(error);
    }),
  };
}

/** The whole file. */
async function replaceAll(deps: ConfigMethodDeps, params: WriteParams, method: string): Promise<unknown> {
  return write(deps, params, method, async (file) => {
    requireBase(deps, params, file, `config base hash required; re-run config.get and retry`);
    await requireJson5(params.raw);
    return await restoreSecrets(params.raw, file.own) ?? params.raw;
  });
}

async function patch(deps: ConfigMethodDeps, params: WriteParams): Promise<unknown> {
  return write(deps, params, "config.patch", async (file) => {
    if (params.baseHash !== undefined) requireBase(deps, params, file, STALE);
    const wanted = await requireJson5(params.raw);
    if (!isObject(wanted)) throw invalid("config.patch raw must be an object");
    const { edits, refused } = planPatch(file.source, restoreValue(wanted, file.source) as typeof wanted, params.replacePaths ?? []);
    if (edits.length > 0 || refused.length > 0) {
      requireBase(deps, params, file, `config base hash required for ${file.path}; re-run config.get and retry`);
    }
    if (refused.length > 0) throw invalid(
      `config.patch would remove array entries at ${refused.join(", ")}; name the path in replacePaths to replace it`,
      { paths: refused },
    );
    return await editText(file.exists ? file.text : "{}\n", edits) ?? file.text;
  });
}

type Change = (file: LoadedConfig) => Promise<string>;

async function write(deps: ConfigMethodDeps, params: WriteParams, method: string, change: Change): Promise<unknown> {
  const { running, schema } = deps;
  const seen: { before?: LoadedConfig } = {};
  const file = await running.write((before) => {
    seen.before = before;
    return change(before);
  }).catch((error: unknown) => {
    throw inWords(error);
  });
  const changedPaths = listChanges(seen.before?.source ?? {}, file.source);
  const { path } = file;
  if (changedPaths.length === 0 && seen.before?.text === file.text) {
    return { ok: true, noop: true, changedPaths, path, config: redactConfig(running.written, schema) };
  }
  const requiresRestart = (await Promise.all(changedPaths.map(deps.needsRestart))).includes(true);
  const mode = deps.reloadMode?.() ?? "hybrid";
  const wanted = mode === "restart" || (mode === "hybrid" && requiresRestart);
  const restarts = wanted && method !== "config.set" && deps.restart !== undefined;
  const delayMs = params.restartDelayMs ?? RESTART_DELAY_MS;
  if (restarts) deps.restart?.(delayMs, method);
  return {
    ok: true, path, hash: deps.hash(file.whole), config: redactConfig(file.source, schema), changedPaths,
    ...(restarts ? { restart: { ok: true, delayMs, reason: method } } : {}),
    sentinel: {
      persisted: true,
      payload: {
        kind: method.replace(".", "-"), status: "ok", ts: deps.now(), message: params.note ?? null,
        ...(params.sessionKey === undefined ? {} : { sessionKey: params.sessionKey }),
        stats: { mode: method, root: path, requiresRestart },
      },
    },
  };
}

/** A first write, where there is no file, needs no hash. */
function requireBase({ hash }: ConfigMethodDeps, { baseHash }: WriteParams, file: LoadedConfig, missing: string): void {
  if (!file.exists) return;
  if (baseHash === undefined) throw invalid(missing, { reason: "base-hash-missing" });
  if (baseHash !== hash(file.whole)) throw invalid(STALE, { reason: "base-hash-stale" });
}

async function requireJson5(raw: string): Promise<unknown> {
  const parsed = await parseJson5(raw);
  if (parsed.ok) return parsed.value;
  const { place: { line, column }, message } = parsed;
  throw invalid(`SyntaxError: JSON5: ${message.replace(/\.$/, "")} at ${line}:${column}`, { line, column });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const OWN_CODES: ReadonlySet<string> = new Set<ErrorCode>(["CONFIG_INVALID", "CONFIG_KEY_UNKNOWN"]);

/** What does not fit, as the wire says it: `invalid config: gateway.port: must be …`, and every issue with its path. */
function inWords(error: unknown): unknown {
  if (!(error instanceof OpenClawError) || !OWN_CODES.has(error.code)) return error;
  const given = error.detail["issues"];
  if (!Array.isArray(given) || given.length === 0) return error;
  const issues = (given as readonly { readonly path: string; readonly message: string }[]).map(({ path, message }) => ({ path, message }));
  const [first] = issues;
  return refusal(error.code, `invalid config: ${first?.path === "" ? "<root>" : first?.path}: ${first?.message}`, { issues });
}

function invalid(message: string, detail: Readonly<Record<string, unknown>> = {}): OpenClawError {
  return refusal("PARAMS_INVALID", message, detail);
}

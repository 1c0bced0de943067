/**
 * The world outside all nodes: a server that is never struck, which counts what actuators ask of it and under which keys; and
 * the configuration under which the gateway knows it.
 */
import { FILES, INBOX, ROWS } from "./errand.ts";
import { openWitnessServer, type Witnessed } from "../../testkit/witness-server.ts";

export interface Receiver extends AsyncDisposable {
  readonly url: string;
  /** Slices `actuators` and `listeners`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** How often each effect was asked for. */
  asked(): ReadonlyMap<string, number>;
  /** Under how many keys. */
  keys(): ReadonlyMap<string, number>;
  /** Outcomes of webhooks that the listener told of, each counted once. */
  heard(): number;
}

/** Long enough for a kill to fall between request and answer. */
const ANSWER_AFTER_MS = 40;
const PER_MINUTE = 100_000;
/** A job that is interrupted again and again is still tried. */
const ATTEMPTS = 100;
const EFFECT_PATHS = ["/hook", "/post", "/later", "/wall"];

export async function openReceiver(): Promise<Receiver> {
  const server = await openWitnessServer();
  server.answer("/hook", { delayMs: ANSWER_AFTER_MS });
  server.answer("/post", (seen) => ({ body: `did-${idOf(seen)}`, delayMs: ANSWER_AFTER_MS }));
  // Busy at first, so that each job is put back once.
  server.answer("/later", (seen) =>
    (server.at("/later").filter((other) => idOf(other) === idOf(seen)).length === 1 ? { status: 503 } : { delayMs: ANSWER_AFTER_MS }));
  server.answer("/wall", { status: 410 });
  const limits = { perMinute: PER_MINUTE, attemptsMax: ATTEMPTS };
  const hook = (path: string) =>
    ({ use: "webhook", url: `${server.url}${path}`, allowPrivate: true, idempotent: true, unasked: true, limits });
  const effects = (): readonly Witnessed[] => server.seen.filter(({ path }) => EFFECT_PATHS.includes(path));
  return {
    url: server.url,
    config: {
      actuators: {
        hook: hook("/hook"), later: hook("/later"), wall: hook("/wall"), heard: hook("/heard"),
        rows: { use: "sql", kind: "sqlite", file: ROWS, write: true, unasked: true, limits },
        files: { use: "file", folder: FILES, unasked: true, limits },
        inbox: { use: "message", sessions: [INBOX], unasked: true, limits },
        web: { use: "http-request", unasked: true, limits, hosts: { [server.host]: { allowPrivate: true } } },
      },
      listeners: {
        audit: {
          topics: ["outcome.webhook"], to: "actuator", actuator: "heard", params: { body: "$event" }, perMinute: PER_MINUTE,
          attemptsMax: ATTEMPTS,
        },
      },
    },
    asked: () => new Map([...Map.groupBy(effects(), idOf)].map(([id, all]) => [id, all.length])),
    keys: () => new Map([...Map.groupBy(effects(), idOf)].map(([id, all]) =>
      [id, new Set(all.map(({ headers }) => headers["idempotency-key"])).size])),
    heard: () => new Set(server.at("/heard").map(idOf)).size,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function idOf({ path, body }: Witnessed): string {
  return path === "/post" ? body : (JSON.parse(body) as { readonly id: string }).id;
}

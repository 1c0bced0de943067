/**
 * One question to a program that knows secrets: names on its standard input, values on its standard output, no shell between.
 *
 * It is run only where nobody else can have put something in its place: an absolute path, a plain file of this person or of root that
 * nobody else may write. It gets no variable it was not promised, and it is bounded in time and in what it may say.
 */
import { spawn } from "node:child_process";
import { lstat, realpath } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import { Secret } from "../../base/secret.ts";
import type { SecretsConfig } from "../../fabric/vault.ts";

type Resolver = NonNullable<NonNullable<SecretsConfig["providers"]>[string]>;

export interface ResolverQuestion {
  readonly name: string;
  readonly resolver: Resolver;
  readonly ids: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
}

const TIMEOUT_MS = 5_000;
const OUTPUT_BYTES_MAX = 262_144;
const IDS_MAX = 256;
const ID = /^[A-Za-z0-9][A-Za-z0-9._:/#-]{0,255}$/;

/** Every id, in order. Throws SECRET_UNRESOLVED, which holds nothing the program said. */
export async function askResolver(question: ResolverQuestion, signal: AbortSignal): Promise<ReadonlyMap<string, Secret>> {
  const { name, resolver, ids } = question;
  const isName = (id: string): boolean => ID.test(id) && !id.split("/").some((part) => part === "." || part === "..");
  if (!ids.every(isName)) throw failed(name, "an id is no name");
  if (ids.length > IDS_MAX) throw failed(name, `it is asked for more than ${IDS_MAX} values`);
  const program = await allow(question);
  // A program that answers with the plain value can be asked for one at a time.
  if (resolver.jsonOnly !== false) return readAnswer(name, ids, await run(question, program, ids, signal));
  const values = new Map<string, Secret>();
  for (const id of ids) {
    const said = await run(question, program, [id], signal);
    const isJson = said.trimStart().startsWith("{");
    for (const [key, value] of isJson ? readAnswer(name, [id], said) : [[id, plain(name, said)] as const]) values.set(key, value);
  }
  return values;
}

async function allow({ name, resolver, home }: ResolverQuestion): Promise<string> {
  const command = resolver.command?.startsWith("~/") === true ? join(home, resolver.command.slice(2)) : resolver.command ?? "";
  if (!isAbsolute(command)) throw failed(name, "its command is no absolute path");
  const look = async (path: string) => await lstat(path).catch(() => {
    throw failed(name, `${path} is not there`);
  });
  const isLink = (await look(command)).isSymbolicLink();
  if (isLink && resolver.allowSymlinkCommand !== true) {
    throw failed(name, `${command} is a link; name what it means, or allowSymlinkCommand`);
  }
  const program = isLink ? await realpath(command).catch(() => command) : command;
  const { mode, uid, ...file } = await look(program).then((found) => ({ mode: found.mode, uid: found.uid, plain: found.isFile() }));
  if (!file.plain) throw failed(name, `${program} is no file`);
  if ((mode & 0o022) !== 0 || (uid !== 0 && uid !== process.getuid?.())) throw failed(name, `others can change ${program}`);
  const trusted = resolver.trustedDirs?.map((dir) => (dir.startsWith("~/") ? join(home, dir.slice(2)) : dir));
  if (trusted !== undefined && !trusted.some((dir) => isAbsolute(dir) && isInside(program, dir))) {
    throw failed(name, `${program} lies in none of its trustedDirs`);
  }
  return program;
}

function isInside(path: string, dir: string): boolean {
  const way = relative(dir, path);
  return way !== "" && way !== ".." && !way.startsWith("../") && !isAbsolute(way);
}

function run(
  { name, resolver, environment }: ResolverQuestion, program: string, ids: readonly string[], signal: AbortSignal,
): Promise<string> {
  const { args = [], passEnv = [], env = {}, timeoutMs = TIMEOUT_MS, noOutputTimeoutMs = timeoutMs } = resolver;
  const bytesMax = resolver.maxOutputBytes ?? OUTPUT_BYTES_MAX;
  const passed = passEnv.flatMap((key) => (environment[key] === undefined ? [] : [[key, environment[key]] as const]));
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...Object.fromEntries(passed), ...env }, stdio: ["pipe", "pipe", "ignore"], detached: true,
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    const end = (why: string): void => {
      kill(child.pid);
      finish(() => reject(failed(name, why)));
    };
    const timers = [setTimeout(() => end(`it took longer than ${timeoutMs} ms`), timeoutMs)];
    const silence = setTimeout(() => end(`it said nothing for ${noOutputTimeoutMs} ms`), noOutputTimeoutMs);
    timers.push(silence);
    const onAbort = (): void => end("it was interrupted");
    const finish = (settle: () => void): void => {
      for (const timer of timers) clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      settle();
    };
    signal.addEventListener("abort", onAbort, { once: true });
    child.stdout.on("data", (chunk: Buffer) => {
      silence.refresh();
      if ((bytes += chunk.length) > bytesMax) end(`it says more than ${bytesMax} bytes`);
      else chunks.push(chunk);
    });
    child.stdin.on("error", () => undefined); // it need not read the question
    child.once("error", () => end("it cannot be run"));
    child.once("close", (code) => {
      if (code === 0) finish(() => resolve(Buffer.concat(chunks).toString("utf8")));
      else end(`it failed with ${code ?? "a signal"}`);
    });
    child.stdin.end(JSON.stringify({ protocolVersion: 1, provider: name, ids }));
  });
}

/** With all that it started. */
function kill(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // it has ended already
  }
}

function readAnswer(name: string, ids: readonly string[], said: string): ReadonlyMap<string, Secret> {
  let answer: { readonly protocolVersion?: unknown; readonly values?: unknown };
  try {
    answer = JSON.parse(said) as typeof answer;
  } catch {
    throw failed(name, "its answer is not JSON");
  }
  if (answer?.protocolVersion !== 1) throw failed(name, "its answer is of another protocolVersion than 1");
  return new Map(ids.map((id) => {
    const values = new Map(Object.entries((answer.values ?? {}) as Readonly<Record<string, unknown>>));
    const value = values.get(id);
    if (typeof value !== "string" || value.trim() === "") throw failed(name, `it has no value for ${id}`);
    return [id, new Secret(value)];
  }));
}

function plain(name: string, said: string): Secret {
  const value = said.trim();
  if (value === "") throw failed(name, "its answer is empty");
  return new Secret(value);
}

function failed(name: string, why: string): OpenClawError {
  const next = "Mend it, then run: openclaw secrets fetch";
  return new OpenClawError("SECRET_UNRESOLVED", { why: `secrets.providers.${name}: ${why}.`, next });
}

/** Debian's PostgreSQL on a free port and a folder of its own, run by nobody in particular, ended by its pid. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endChild, endWithUs } from "./end-with-us.ts";
import { freePort } from "./real-gateway.ts";
import { findPostgres } from "./skip.ts";

const NOBODY = 65_534;
const READY_MS = 20_000;

export const POSTGRES_USER = "tester";
export const POSTGRES_PASSWORD = "a-password-for-tests";

export interface PostgresServer extends AsyncDisposable {
  readonly port: number;
  /** Ends it without a chance to say goodbye. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export async function openPostgresServer(): Promise<PostgresServer> {
  const bin = findPostgres();
  if (bin === undefined) throw new Error("PostgreSQL is not installed");
  const home = mkdtempSync(join(tmpdir(), "postgres-"));
  const who = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  if (who.uid !== undefined) chownSync(home, who.uid, who.gid);
  const [data, secret] = [join(home, "data"), join(home, "password")];
  writeFileSync(secret, POSTGRES_PASSWORD);
  if (who.uid !== undefined) chownSync(secret, who.uid, who.gid);
  const made = spawnSync(join(bin, "initdb"), [
    "-D", data, "-U", POSTGRES_USER, "--auth=scram-sha-256", `--pwfile=${secret}`, "--no-sync", "-E", "UTF8", "--locale=C",
  ], { ...who, encoding: "utf8", env: { PATH: process.env["PATH"] ?? "", TZ: "UTC" } });
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  const port = await freePort();
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    child = spawn(join(bin, "postgres"), [
      "-D", data, "-p", String(port), "-k", home, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=20",
    ], { ...who, stdio: "ignore", env: { PATH: process.env["PATH"] ?? "", TZ: "UTC" } });
    endWithUs(child);
    for (const began = Date.now(); !isReady(data, child.pid); ) {
      if (Date.now() - began > READY_MS || child.exitCode !== null) throw new Error("PostgreSQL did not start");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  await start();
  return {
    port, start,
    kill: async () => void (await endChild(child, "SIGKILL")),
    [Symbol.asyncDispose]: async () => {
      await endChild(child, "SIGQUIT");
      rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

/** Its port is open before it lets anybody in: it says so itself, in the last line of the file that has its pid as the first. */
function isReady(data: string, pid: number | undefined): boolean {
  try {
    const lines = readFileSync(join(data, "postmaster.pid"), "utf8").split("\n");
    return lines[0] === String(pid) && lines[7]?.trim() === "ready";
  } catch {
    return false;
  }
}

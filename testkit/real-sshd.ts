import { spawn, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endChild, endWithUs } from "./end-with-us.ts";
import { freePort } from "./real-gateway.ts";

export interface TestSshd {
  readonly port: number;
  /** Files: the key that gets in, and its host's key as ssh remembers it. */
  readonly identity: string;
  readonly knownHosts: string;
  dropConnections(): void;
  dispose(): Promise<void>;
}

const READY_MS = 20_000;

/** Debian's own sshd, for this user and one key, on a free port of loopback: it listens when this resolves. */
export async function startSshd(): Promise<TestSshd> {
  const dir = await mkdtemp(join(tmpdir(), "openclaw-sshd-"));
  const file = (name: string): string => join(dir, name);
  for (const name of ["host", "identity"]) spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file(name)]);
  const port = await freePort();
  await writeFile(file("authorized"), await readFile(file("identity.pub")), { mode: 0o600 });
  await writeFile(file("known"), `[127.0.0.1]:${port} ${(await readFile(file("host.pub"), "utf8")).split(" ").slice(0, 2).join(" ")}\n`);
  if (process.getuid?.() === 0) await mkdir("/run/sshd", { recursive: true });
  const options = [
    `HostKey=${file("host")}`, `AuthorizedKeysFile=${file("authorized")}`, "PidFile=none", "StrictModes=no", "UsePAM=no",
    "PasswordAuthentication=no", "PermitRootLogin=prohibit-password", "ListenAddress=127.0.0.1",
    "SetEnv=SHLVL=2", // a shell that is no one's first reads no file of its user's
  ];
  const child = spawn(
    "/usr/sbin/sshd", ["-D", "-e", "-f", "/dev/null", "-p", String(port), ...options.flatMap((one) => ["-o", one])],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  endWithUs(child);
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-20_000)));
  for (const began = Date.now(); !said.includes(`Server listening on 127.0.0.1 port ${port}.`); ) {
    if (child.exitCode !== null || Date.now() - began > READY_MS) throw new Error(`sshd does not listen:\n${said}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    port, identity: file("identity"), knownHosts: file("known"),
    dropConnections: () => {
      const { stdout } = spawnSync("pgrep", ["-P", String(child.pid)], { encoding: "utf8" });
      for (const pid of stdout.split("\n").filter((line) => line !== "")) {
        try {
          process.kill(Number(pid), "SIGTERM");
        } catch {
          // it ended by itself just now
        }
      }
    },
    dispose: async () => {
      await endChild(child, "SIGTERM");
      await rm(dir, { recursive: true, force: true });
    },
  };
}

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endWithUs } from "./end-with-us.ts";
import { freePort } from "./real-gateway.ts";

export interface TestSshd {
  readonly port: number;
  /** Files: the key that gets in, and its host's key as ssh remembers it. */
  readonly identity: string;
  readonly knownHosts: string;
  dropConnections(): void;
  dispose(): Promise<void>;
}

/** Debian's own sshd, for this user and one key, on a free port of loopback. */
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
    "/usr/sbin/sshd", ["-D", "-e", "-f", "/dev/null", "-p", String(port), ...options.flatMap((one) => ["-o", one])], { stdio: "ignore" },
  );
  endWithUs(child);
  return {
    port, identity: file("identity"), knownHosts: file("known"),
    dropConnections: () => {
      const { stdout } = spawnSync("pgrep", ["-P", String(child.pid)], { encoding: "utf8" });
      for (const pid of stdout.split("\n").filter((line) => line !== "")) process.kill(Number(pid), "SIGTERM");
    },
    dispose: async () => {
      const ended = once(child, "close");
      child.kill("SIGTERM");
      await ended;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/**
 * A live systemd of the test's own: this machine copied on write, in namespaces of its own, without a network but loopback. Nothing in it
 * reaches a file or a process outside. Needs root and a cgroup2 somewhere: `needs("systemd-box")`.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { endChild, endWithUs } from "./end-with-us.ts";
import { cgroup2Mount } from "./skip.ts";

const SCRIPT = join(import.meta.dirname, "systemd-box.sh");
const STEP_MS = 120_000;
const POLL_MS = 50;

export interface SystemdBox {
  /** Runs a command line of a shell as root, or as a user whose session manager runs. Throws with what it printed on another code. */
  run(line: string, options?: { readonly as?: string; readonly code?: number }): string;
  /** Adds a user with a home and starts their session manager. */
  addUser(name: string): void;
  dispose(): Promise<void>;
}

/** Resolves when systemd has started. `program` stands in it at /srv/openclaw, read-only. */
export async function openSystemdBox(program: string): Promise<SystemdBox> {
  const place = mkdtempSync(join(tmpdir(), "systemd-box-"));
  const group = cgroup2Mount() ?? "";
  const child = spawn("bash", [SCRIPT, program, place, group], { stdio: ["ignore", "pipe", "pipe"] });
  endWithUs(child);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said = (said + String(chunk)).slice(-4_000)));
  const dispose = async (): Promise<void> => {
    await endChild(child, "SIGKILL");
    const left = join(group, `openclaw-box-${child.pid}`);
    for (const began = Date.now(); !removeGroups(left) && Date.now() - began < STEP_MS; ) await pause();
    rmSync(place, { recursive: true, force: true });
  };
  const enter = (line: string, as = "root"): ReturnType<typeof spawnSync> => {
    const [, , uid = "", gid = "", , home = ""] = String(inside(["getent", "passwd", as]).stdout).trim().split(":");
    const environment = [
      `HOME=${home}`, `XDG_RUNTIME_DIR=/run/user/${uid}`, `DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/${uid}/bus`, "NO_COLOR=1",
      "LC_ALL=C.UTF-8", "PATH=/srv/openclaw/core/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ];
    const user = ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--init-groups"];
    return inside([...user, "env", "-i", "-C", home, ...environment, "sh", "-c", line]);
  };
  const inside = (command: readonly string[]): ReturnType<typeof spawnSync> =>
    spawnSync("nsenter", ["-t", String(firstProcess(child.pid)), "-m", "-u", "-i", "-n", "-p", "-C", "--wd=/", ...command], {
      encoding: "utf8", timeout: STEP_MS, stdio: ["ignore", "pipe", "pipe"],
    });
  const run: SystemdBox["run"] = (line, { as, code = 0 } = {}) => {
    const { status, stdout, stderr } = enter(line, as);
    if (status !== code) throw new Error(`${line}\nended with ${status}, not ${code}:\n${String(stdout)}${String(stderr)}`);
    return String(stdout);
  };
  const isUp = (): boolean => isSystemd(child.pid) && enter("systemctl is-system-running").stdout === "running\n";
  for (const began = Date.now(); !isUp(); await pause()) {
    if (child.exitCode === null && Date.now() - began < STEP_MS) continue;
    const { stdout = "", stderr = "" } = isSystemd(child.pid) ? enter("systemctl --failed; journalctl -n 30 --no-pager") : {};
    await dispose();
    throw new Error(`systemd did not start:\n${said}${String(stdout)}${String(stderr)}`);
  }
  // A node makes a /proc of its own only where the whole one is seen.
  run("umount -l /proc/sys");
  return {
    run, dispose,
    addUser: (name) => void run(`useradd -m ${name} && loginctl enable-linger ${name} && systemctl start user@$(id -u ${name})`),
  };
}

/** Before that its script still lays the mounts, among which nobody is to look around. */
function isSystemd(parent: number | undefined): boolean {
  try {
    return readFileSync(`/proc/${firstProcess(parent)}/comm`, "utf8") === "systemd\n";
  } catch {
    return false;
  }
}

/** `unshare` waits in its own namespaces for the one it started in new ones. */
function firstProcess(parent: number | undefined): number {
  const [first = ""] = readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").split(" ");
  return Number(first);
}

/** Whether none is left; those at the bottom first. Never touches a process: they have ended, or it says no. */
function removeGroups(folder: string): boolean {
  try {
    const below = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) => entry.isDirectory());
    const paths = below.map((entry) => join(entry.parentPath, entry.name)).sort((a, b) => b.length - a.length);
    for (const path of [...paths, folder]) if (path.startsWith(dirname(folder))) rmdirSync(path);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ENOENT";
  }
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, POLL_MS));

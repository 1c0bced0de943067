/**
 * The one way to skip a test: say what it needs. What is skipped stands on the list that `npm test` prints at its end,
 * with the reason and the command that enables it; a silent skip would look like a proof.
 *
 *   test("a confined node cannot read the state directory (S0.15)", needs("bubblewrap"), async () => { … });
 */
import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";

/** What a run leaves out: a line of the file that OPENCLAW_TEST_SKIPS names. */
export interface Skip {
  readonly what: string;
  readonly why: string;
  /** One command, or one thing to do. */
  readonly enable: string;
}

interface Requirement {
  readonly what: string;
  /** Why it is not met here, or null. Asked once in a process. */
  readonly lacking: () => string | null;
  readonly enable: string;
}

const withSystem = "OPENCLAW_TEST_SYSTEM=1 npm test";

const requirements = {
  bubblewrap: {
    what: "confinement by bubblewrap",
    lacking: () => lacksCommand("bubblewrap", ["bwrap", "--ro-bind", "/", "/", "--unshare-user", "--unshare-pid", "true"]),
    enable: withSystem,
  },
  postgresql: {
    what: "SQL on a PostgreSQL server",
    lacking: () => (findPostgres() === undefined ? "PostgreSQL is not installed" : null),
    enable: withSystem,
  },
  sshd: {
    what: "a tunnel through a real SSH server",
    lacking: () => (existsSync("/usr/sbin/sshd") ? null : "openssh-server is not installed"),
    enable: withSystem,
  },
  avahi: {
    what: "discovery as Debian's avahi sees it",
    lacking: () => (existsSync("/usr/sbin/avahi-daemon") && existsSync("/usr/bin/avahi-browse") ? null : "avahi is not installed"),
    enable: withSystem,
  },
  chromium: {
    what: "the page in a real browser",
    lacking: () => (existsSync("/usr/bin/chromium") ? null : "Chromium is not installed"),
    enable: withSystem,
  },
  "systemd-analyze": {
    what: "the service as systemd judges it",
    lacking: () => lacksCommand("systemd-analyze", ["systemd-analyze", "--version"]),
    enable: "install systemd",
  },
  "systemd-box": {
    what: "the service under a live systemd",
    lacking: lacksSystemdBox,
    enable: `sudo ${withSystem}`,
  },
  tmux: {
    what: "the conversation in a real terminal",
    lacking: () => lacksCommand("tmux", ["tmux", "-V"]),
    enable: withSystem,
  },
  "own-network": {
    what: "a network of the test's own",
    lacking: () => lacksCommand("unshare", ["unshare", "-nm", "ip", "link", "add", "veth0", "type", "veth", "peer", "name", "veth1"]),
    enable: "sudo npm test",
  },
  "address-beside-loopback": {
    what: "listening beyond loopback",
    lacking: () => (hasOutsideAddress() ? null : "this machine has no other address"),
    enable: "run npm test on a machine in a network",
  },
  strace: {
    what: "system calls as strace sees them",
    lacking: () => lacksCommand("strace", ["strace", "-o", "/dev/null", "true"]),
    enable: withSystem,
  },
  "user-namespaces": {
    what: "confinement by namespaces",
    lacking: () => lacksCommand("unshare", ["unshare", "--user", "--map-root-user", "--pid", "--mount", "--fork", "true"]),
    enable: "sudo sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000",
  },
  root: { what: "what only root can do", lacking: () => (process.getuid?.() === 0 ? null : "the tests do not run as root"), enable: "sudo npm test" },
  "not-root": {
    what: "what root cannot be refused",
    lacking: () => (process.getuid?.() === 0 ? "the tests run as root" : null),
    enable: "run npm test as an ordinary user",
  },
  linux: { what: "what only Linux has", lacking: () => (process.platform === "linux" ? null : "this is not Linux"), enable: "run npm test on Linux" },
} as const satisfies Record<string, Requirement>;

function hasOutsideAddress(): boolean {
  return Object.values(networkInterfaces()).some((faces) => faces?.some(({ family, internal }) => family === "IPv4" && !internal));
}

/** It is copied on write as one file system, and everything in it needs root. */
function lacksSystemdBox(): string | null {
  if (process.env["OPENCLAW_TEST_SYSTEM"] !== "1") return "it starts a second systemd";
  if (process.getuid?.() !== 0) return "the tests do not run as root";
  const wanted = ["/lib/systemd/systemd", "/usr/bin/dbus-daemon", "/usr/bin/bwrap"];
  if (!wanted.every((file) => existsSync(file))) return `it wants ${wanted.join(", ")}`;
  if (new Set(["/", "/usr", "/etc", "/var"].map((place) => statSync(place).dev)).size > 1) return "this machine has several disks";
  if (cgroup2Mount() === undefined) return "there is no cgroup2 to write to";
  return lacksCommand("unshare", ["unshare", "--mount", "--uts", "--ipc", "--net", "--pid", "--fork", "--cgroup", "true"]);
}

export type Need = keyof typeof requirements;

const answers = new Map<Need, string | null>();

/** Options for `test()`: skipped, and listed, where the machine lacks it. `what` says what goes unproved. */
export function needs(need: Need, what: string = requirements[need].what): { readonly skip: string | false } {
  let why = answers.get(need);
  if (why === undefined) {
    why = requirements[need].lacking();
    answers.set(need, why);
  }
  return why === null ? { skip: false } : skipped({ what, why, enable: requirements[need].enable });
}

/** For a reason that only this test knows. Nothing is skipped while `met`. */
export function needsThat(met: boolean, otherwise: Skip): { readonly skip: string | false } {
  return met ? { skip: false } : skipped(otherwise);
}

function skipped(skip: Skip): { readonly skip: string } {
  const list = process.env["OPENCLAW_TEST_SKIPS"];
  if (list !== undefined) appendFileSync(list, `${JSON.stringify(skip)}\n`);
  return { skip: skip.why };
}

/** Runs it: a program may be installed and yet not be allowed to do its work here. */
function lacksCommand(name: string, [command, ...args]: readonly [string, ...string[]]): string | null {
  const run = spawnSync(command, args, { encoding: "utf8", timeout: 10_000 });
  if (run.status === 0) return null;
  if (run.error !== undefined && "code" in run.error && run.error.code === "ENOENT") return `${name} is not installed`;
  const said = (run.stderr ?? "").trim().split("\n")[0] ?? "";
  return `${name} does not work here${said === "" ? "" : `: ${said.slice(0, 120)}`}`;
}

const DEBIAN_POSTGRES = "/usr/lib/postgresql";

/** The folder of its programs, or undefined where it is not installed. */
export function findPostgres(): string | undefined {
  if (!existsSync(DEBIAN_POSTGRES)) return undefined;
  const folders = readdirSync(DEBIAN_POSTGRES).map((version) => join(DEBIAN_POSTGRES, version, "bin"));
  return folders.findLast((bin) => existsSync(join(bin, "initdb")));
}

/** Undefined where there is none that a test may write to. */
export function cgroup2Mount(): string | undefined {
  const line = readFileSync("/proc/self/mountinfo", "utf8").split("\n").find((each) => / - cgroup2 .*\brw\b/.test(each));
  return line?.split(" ")[4];
}

/** The text of the unit. Pure: the same wishes give the same text. */
export const UNIT_MARK = "# OpenClaw's own: written by `openclaw service install`, removed by `openclaw service uninstall`.";

export interface UnitOptions {
  /** `system`: of the machine, run as its `owner`. */
  readonly scope: "user" | "system";
  /** Of a system unit: whose gateway it is. */
  readonly owner?: { readonly name: string; readonly uid: number; readonly gid: number; readonly home: string };
  /** The command line's own file. */
  readonly command: string;
  /** What comes after `gateway run`. */
  readonly args: readonly string[];
  /** Where Node is found. */
  readonly path: string;
  readonly stateDir: string;
  /** Further directories that may be written: backups, workspaces elsewhere. One that is not there is passed over. */
  readonly writable: readonly string[];
}

/**
 * What the confined local node needs is left open, and nothing else: namespaces of five kinds and the calls that mount in them. For
 * a /proc of its own the kernel wants to see the whole one, so kernel tunables and logs are closed by rights alone.
 *
 * A gateway that crashes leaves its node running, for the next one takes it up with what runs there: `KillMode=process`. Memory
 * that is written is run too, for that is what compiles JavaScript.
 */
export function formatUnit(options: UnitOptions): string {
  const { scope, owner, command, args, path, stateDir, writable } = options;
  const isSystem = scope === "system";
  const run = [command, ...args].map(quote).join(" ");
  const lines = [
    UNIT_MARK,
    "[Unit]",
    "Description=OpenClaw gateway",
    ...(isSystem ? ["Wants=network-online.target", "After=network-online.target"] : []),
    "StartLimitIntervalSec=300",
    "StartLimitBurst=10",
    "",
    "[Service]",
    "Type=notify",
    // The message is sent by a program of systemd's own, which the gateway starts.
    "NotifyAccess=all",
    `ExecStart=${run}`,
    ...(owner === undefined ? [] : [`User=${owner.name}`]),
    `Environment=${quote(`PATH=${path}`)} ${quote("NODE_COMPILE_CACHE=%C/openclaw/compile")} ${quote(`OPENCLAW_STATE_DIR=${stateDir}`)}`,
    "CacheDirectory=openclaw",
    "UMask=0077",
    "Restart=on-failure",
    "RestartSec=2",
    // A configuration that does not start, a directory that is held: starting again changes nothing.
    "RestartPreventExitStatus=5 78",
    "TimeoutStartSec=300",
    "TimeoutStopSec=60",
    "WatchdogSec=60",
    "KillMode=process",
    "OOMPolicy=continue",
    "TasksMax=4096",
    "LimitNOFILE=65536",
    "LimitCORE=0",
    "",
    "# What it may not do",
    "NoNewPrivileges=yes",
    "CapabilityBoundingSet=",
    ...(isSystem ? ["AmbientCapabilities=", "RemoveIPC=yes"] : ["PrivateUsers=yes"]),
    "ProtectSystem=strict",
    "ProtectHome=read-only",
    `ReadWritePaths=${[quote(stateDir), ...writable.map((place) => `-${quote(place)}`)].join(" ")}`,
    "PrivateTmp=yes",
    "PrivateMounts=yes",
    "PrivateDevices=yes",
    "ProtectClock=yes",
    "ProtectHostname=yes",
    "ProtectProc=invisible",
    "ProtectControlGroups=yes",
    "ProtectKernelModules=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "LockPersonality=yes",
    "KeyringMode=private",
    "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK",
    "RestrictNamespaces=user mnt pid ipc uts",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service @mount",
    "SystemCallFilter=~@resources",
    "SystemCallErrorNumber=EPERM",
    "",
    "[Install]",
    `WantedBy=${isSystem ? "multi-user.target" : "default.target"}`,
    "",
  ];
  return lines.join("\n");
}

/** As systemd reads words: quoted where it would part them, specifiers and variables as they are written. */
function quote(word: string): string {
  const escaped = word.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replace(/%(?!C\/)/g, "%%").replaceAll("$", "$$$$");
  return /[\s"'\\;=]/.test(word) ? `"${escaped}"` : escaped;
}

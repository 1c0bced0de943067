/** The configuration as clients see and change it, wired to the file that is in force. */
import type { Clock } from "../base/clock.ts";
import { systemIds } from "../base/ids.ts";
import {
  configMethods, doctorMethods, type BackupDesk, type ChannelSetup, type MethodContext, type MethodHandlers,
} from "../control/gateway.ts";
import type { RunningConfig } from "../fabric/config-start.ts";
import { readSecret, type SecretPlaces, type Vault } from "../fabric/vault.ts";
import type { Sessions } from "../control/sessions.ts";
import { configSchema, type Config } from "./config-schema.ts";
import type { DescribedConfig } from "./describe-config.ts";
import { createConfigHashes } from "./config-hashes.ts";

export interface ComposeConfigDeps {
  readonly running: RunningConfig;
  readonly vault: Pick<Vault, "derive">;
  readonly clock: Clock;
  readonly version: string;
  readonly stateDir: string;
  readonly credentialsDir: string;
  readonly restart: (delayMs: number, reason: string) => void;
  readonly reloadMode: () => string;
  readonly sessions: Pick<Sessions, "rows" | "verify" | "count">;
  readonly backup: () => Config["backup"];
  readonly secretPlaces: () => SecretPlaces;
}

export interface ConfigDesk {
  readonly handlers: MethodHandlers;
  /** Names a text of the file, as `config.get` does. */
  readonly hash: (text: string) => string;
  /** Names what is in force. */
  readonly appliedHash: () => string;
  /** What is in force, its secrets hidden. */
  readonly show: () => Promise<unknown>;
  readonly channels: ChannelSetup;
  /** As `config.patch`, from the newest state of the file. */
  readonly patch: (change: object) => Promise<void>;
}

export function composeConfig(deps: ComposeConfigDeps): ConfigDesk {
  const { running, vault, clock, version, stateDir, credentialsDir, restart, reloadMode } = deps;
  const hashes = createConfigHashes(vault.derive("config-hash"));
  // Asked for by forms only: it is loaded when one asks.
  let described: Promise<DescribedConfig> | undefined;
  const description = (): Promise<DescribedConfig> => (described ??= import("./describe-config.ts").then(
    ({ createConfigDescription }) => createConfigDescription(configSchema, version, () => clock.now()),
  ));
  const handlers = configMethods({
    now: () => clock.now(), running, schema: configSchema, hash: hashes.text,
    show: async () => (await import("./show-config.ts")).showConfig(running, configSchema, hashes),
    describe: async () => (await description()).describe(), lookUp: async (path) => (await description()).lookUp(path),
    needsRestart: async (path) => (await import("./describe-config.ts")).needsRestart(path), restart, reloadMode,
    keepSecret: async (path, value) => (await import("./secrets.ts")).keepSecret(credentialsDir, path, value, systemIds),
    connectModel: async (wish, signal) => {
      const { connectModel } = await import("./model/connect-model.ts");
      return await connectModel({ running, credentialsDir, clock, ids: systemIds }, wish, signal);
    },
  });
  const channels = async (): Promise<ChannelSetup> => (
    (await import("./channel-account.ts")).channelSetup({ running, credentialsDir, ids: systemIds })
  );
  let backups: Promise<BackupDesk> | undefined;
  const repairs = doctorMethods({
    examine: async ({ deep, all = false }, signal) => {
      const patient = {
        stateDir, configPath: running.file.path, credentialsDir, environment: process.env,
        sessions: deep ? deps.sessions : undefined, allSessions: all,
      };
      return await (await import("./doctor.ts")).examineRunning(patient, signal);
    },
    backups: () => (backups ??= import("./backup/backup-desk.ts").then(({ createBackupDesk }) => createBackupDesk({
      stateDir, configPath: running.file.path, version, clock, wish: deps.backup,
      passphrase: () => readSecret(deps.backup()?.passphrase, deps.secretPlaces(), "backup.passphrase"),
    }))),
  });
  const call = async (method: "config.get" | "config.patch", params: object): Promise<Readonly<Record<string, unknown>>> =>
    (await handlers[method]?.(params, NOBODY)) as Readonly<Record<string, unknown>>;
  return {
    handlers: { ...handlers, ...repairs }, hash: hashes.text,
    channels: { connect: async (wish) => await (await channels()).connect(wish), forget: async (place) => await (await channels()).forget(place) },
    appliedHash: () => hashes.values(running.written),
    show: async () => (await call("config.get", {}))["config"],
    patch: async (change) => {
      const { hash } = await call("config.get", {});
      await call("config.patch", { raw: JSON.stringify(change), baseHash: hash });
    },
  };
}

/** The methods of the configuration ask nothing of who calls. */
const NOBODY = {} as MethodContext;

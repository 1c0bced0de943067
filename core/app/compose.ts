/**
 * The one place that wires modules: what each is given is written here and nowhere else.
 *
 * Opened bottom up, closed top down. The gateway listens as soon as everything below it is open; the local node starts
 * beside it, and sessions with unfinished work are taken up again while clients already connect.
 */
import { fileURLToPath } from "node:url";
import { homedir } from "node:os";
import { join } from "node:path";
import { hash } from "node:crypto";
import { OpenClawError } from "@openclaw/protocol";
import { systemClock } from "../base/clock.ts";
import { systemIds } from "../base/ids.ts";
import { createMemory } from "../cognition/memory.ts";
import { createModels, loadKey } from "../cognition/models.ts";
import { CONTEXT_DEFAULTS, openTokenizers } from "../cognition/context-start.ts";
import type { LiveEvent, RuntimeDeps, Transcriber } from "../cognition/runtime.ts";
import { createAgents } from "../control/agents.ts";
import { openAlerts } from "../control/alerts.ts";
import { createIntake, openChannels, type Intake } from "../control/channels.ts";
import { actForAgent, HOOKS_DEFAULTS, openScheduler, type Scheduler } from "../control/schedule-start.ts";
import { attachmentsPolicy, TRANSCRIPTION_DEFAULTS } from "../control/media/config.ts";
import { createBroadcaster, createFiles, createReadFiles, openGateway, openVoiceWake, type Gateway } from "../control/gateway.ts";
import { openPlacement, type Placement } from "../control/placement.ts";
import {
  createSearchIndex, createSessionIndex, FILES_BYTES_MAX, formatMainKey, openSessions, SESSIONS_DEFAULTS, type Sessions,
} from "../control/sessions.ts";
import { createIntents, createOperatorInvoker, OPERATOR_DESK } from "../execution/intents.ts";
import { createGate, openApprovals, type Approvals, type CommandPlace } from "../execution/policy.ts";
import { openTools } from "../execution/tools.ts";
import { checkFormats } from "../fabric/formats.ts";
import { createLiveTopic } from "../fabric/bus.ts";
import { variablesOf } from "../fabric/config-start.ts";
import { HOME_TENANT, openIdentity, OWNER } from "../fabric/identity.ts";
import { createJournal } from "../fabric/journal.ts";
import { createLoopWatch } from "../fabric/telemetry.ts";
import { openVault, readSecret, resolveSecret, type SecretPlaces } from "../fabric/vault.ts";
import type { ComposeOptions, Composition } from "./composition.ts";
import { composeActuators } from "./compose-actuators.ts";
import { agentDesk, composeAgents, greetWithModels } from "./compose-agents.ts";
import { composeExec, composeNodes } from "./compose-exec.ts";
import { composeFanOut, type QueueDesk } from "./compose-fan-out.ts";
import { composeConfig } from "./compose-config.ts";
import { composeHttp } from "./compose-http.ts";
import { composeLedger, supervisorFor } from "./compose-ledger.ts";
import { gatewayAddresses } from "./compose-reach.ts";
import { discoverProviders, discoverTokenizers, discoverTools, TOKENIZER_THREAD } from "./discover.ts";
import { gatewayMethods } from "./gateway-methods.ts";
import { openHooks } from "./open-hooks.ts";

const LOCAL_NODE_WAIT_MS = 5_000;
/** Notes of what an earlier program kept unsealed. */
const UNSEALED = "media-kept";
/** One object, so that what was learned of an absent configuration is not learned anew at each call. */
const NO_MODELS = {};
const NO_ALERTS = {};
const NO_AGENTS = {};
const NO_FALLBACKS: readonly string[] = [];

export async function composeGateway(options: ComposeOptions): Promise<Composition> {
  const { engine, config, logger, reach, version, startedAtMs } = options;
  const clock = options.clock ?? systemClock;
  const ids = systemIds;
  const { records } = engine;
  await using opening = new AsyncDisposableStack();
  await checkFormats(records, version);

  const [vault, providers] = await Promise.all([
    openVault({ records, keyFile: join(options.credentialsDir, "key-encryption-key"), ids }),
    discoverProviders(),
  ]);
  const tenantKey = await vault.tenantKey(HOME_TENANT);
  const seal = (belongsTo: string, plain: Uint8Array): Uint8Array => tenantKey.seal(belongsTo, plain);
  const unseal = (belongsTo: string, sealed: Uint8Array): Uint8Array => tenantKey.unseal(belongsTo, sealed);
  const beside: { queues?: QueueDesk } = {};
  const keptFrom = (slot: number): number => beside.queues?.fanOut.keptFrom(slot) ?? Number.MAX_SAFE_INTEGER;
  const journal = createJournal({ engine, vault, clock, ids, keptFrom });
  const live = createLiveTopic<LiveEvent>(engine.bus, "live");

  const reattachWaitMs = config().gateway?.nodes?.reattachWaitMs ?? 60_000;
  const progress = { recovered: false };
  const recovered = Promise.withResolvers<void>();
  const late: { gateway?: Gateway; placement?: Placement; sessions?: Sessions; intake?: Intake; scheduler?: Scheduler } = {};
  const tell = (event: string, payload: unknown): void => void late.gateway?.broadcast(event, payload);
  const intakeNow = (): Intake => {
    if (late.intake === undefined) throw new OpenClawError("GATEWAY_STARTING");
    return late.intake;
  };

  const [identity, nodes] = await Promise.all([
    openIdentity({
      records, clock, ids, tokenKey: vault.derive("device-tokens"), seal: { seal, unseal },
      autoApproveLocal: reach.autoApproveLocal, onProblem: (event, fields) => logger.warn(event, fields),
    }),
    composeNodes({
      records, blobs: engine.blobs, clock, ids, log: logger, config, reattachWaitMs, tell,
      execOf: (agentId) => agents.find(agentId)?.tools.exec,
      note: (sessionKey, text, id) => late.sessions?.note(sessionKey, text, id),
    }),
  ]);
  opening.use(identity);
  opening.use(nodes);

  // A message may come before the local node has: what is asked of a node then waits for it, for a moment.
  const nodesReady = Promise.withResolvers<void>();
  const patience = clock.after(LOCAL_NODE_WAIT_MS, nodesReady.resolve);
  // Connected alone is not enough: until it is known how it is confined, the gate would ask where nobody has to be asked.
  const localNode = { attached: false };
  const noteLocalNode = (): void => {
    if (localNode.attached && options.confinement().sentence !== undefined) nodesReady.resolve();
  };
  opening.defer(() => patience.close());
  const placeOf = (nodeId: string): CommandPlace => {
    if (nodeId !== options.localNodeId) return { allowedDirs: [] };
    const { workspace } = options.confinement();
    return { allowedDirs: [workspace], cwd: workspace };
  };
  const gate = createGate({
    localNodeConfined: () => options.confinement().confined,
    yesLocal: () => config().tools?.exec?.yesLocal ?? false,
  });
  const waiting: { approvals?: Approvals } = {};
  const approvalsOf = (): Approvals => {
    if (waiting.approvals === undefined) throw new Error("approvals are not open yet");
    return waiting.approvals;
  };
  const exec = composeExec({
    nodes, approvals: approvalsOf, clock, ids, log: logger, localNodeId: options.localNodeId,
    tell: (event, payload, to) => void late.gateway?.broadcast(event, payload, to),
  });
  const operator = createOperatorInvoker({
    nodes, gate, approvals: approvalsOf, placeOf, clientApprovals: exec.clientApprovals, clock, ids,
  });

  const actuators = opening.use(await composeActuators({
    engine, config, seal, unseal, clock, ids, log: logger, nodes: () => nodes, nodesReady: () => nodesReady.promise,
    localNodeId: options.localNodeId,
    intake: intakeNow,
  }));

  const owner = `${HOME_TENANT}-${hash("sha256", options.stateDir, "hex").slice(0, 12)}`;
  const ledger = opening.use(await composeLedger({ records, clock, sealing: { seal, unseal }, owner, config, log: logger }));
  const secretPlaces = (): SecretPlaces => ({
    config: config().secrets, environment: variablesOf(config(), process.env), credentialsDir: options.credentialsDir, home: homedir(),
  });
  const agents = createAgents(() => config().agents ?? NO_AGENTS, options.workspace, () => config().models?.fallbacks ?? NO_FALLBACKS);
  let found: Awaited<ReturnType<typeof discoverTools>> = [];
  const parts = composeAgents({
    records, seal, unseal, clock, log: logger, config, stateDir: options.stateDir, workspace: options.workspace,
    localNodeId: options.localNodeId, agents, tell, nodes, builtIn: () => found,
  });
  const tools = openTools(async () => {
    found = await discoverTools((name, error) => logger.error("tool.broken", { name, error }));
    return [...found, ...actuators.tools, parts.tool];
  });
  const memory = createMemory({ records, vault, clock });
  const models = createModels({
    providers, clock, ids, log: logger, config: () => config().models ?? NO_MODELS,
    ledger, unknownPrice: () => config().ledger?.unknownPrice,
    secrets: (providerId, section) => loadKey(
      providerId, section, secretPlaces().environment, (ref, what) => resolveSecret(ref, secretPlaces(), what),
    ),
  });
  const intents = parts.watched(createIntents({
    nodes, reattachWaitMs,
    actuators: {
      outside: actuators.carryOut,
      schedule: (order) => {
        if (late.scheduler === undefined) throw new Error("the schedule is not open yet");
        return actForAgent(late.scheduler, agents, order);
      },
      sessions: (order, signal) => {
        if (late.sessions === undefined) throw new Error("sessions are not open yet");
        return late.sessions.act(order, signal);
      },
      memory: async (order) => await (await import("./remember.ts")).remember(memory, agents.defaultId, order),
    },
  }));

  const transcriber = (): Transcriber | undefined => {
    const { transcription } = config().media ?? {};
    if (transcription === undefined) return undefined;
    const apiKey = async (): Promise<string | null> =>
      (await loadKey("transcription", transcription, secretPlaces().environment))?.reveal() ?? null;
    return {
      bytesMax: transcription.maxBytes ?? TRANSCRIPTION_DEFAULTS.maxBytes,
      transcribe: async (file, signal) =>
        await (await import("../control/media.ts")).transcribe({ clock, ids, nodes, config: transcription, apiKey }, file, signal),
    };
  };
  const filesBytesMax = (): number => config().media?.sessionBytesMax ?? FILES_BYTES_MAX;
  const tokenizers = opening.use(openTokenizers({ find: discoverTokenizers, clock, thread: TOKENIZER_THREAD }));
  const runtime: RuntimeDeps = {
    tokenizers, files: { read: createReadFiles(() => config().media ?? {}), bytesMax: filesBytesMax }, transcriber,
    clock, ids, models, tools, intents, nodes, gate, placeOf, nodesReady: () => nodesReady.promise,
    get approvals() {
      return approvalsOf();
    },
    agentOf: parts.agentOf,
    prepareAgent: async (agentId) => {
      await tools.ready(); // which of them are of use is part of what is prepared
      await parts.prepareAgent(agentId);
    },
    supervisor: supervisorFor(config),
    profilesOf: models.profilesOf,
    context: () => ({ ...CONTEXT_DEFAULTS, ...config().context }),
    revisionOf: async (agentId) => ({
      program: version, config: options.configRevision(), ...(await parts.revisionOf(agentId, tools)),
      memory: await memory.revision(agentId),
    }),
  };
  const channels = openChannels({
    config: () => config().channels, log: logger,
    open: async () => (await import("./compose-channels.ts")).composeChannels({
      engine, config, seal, unseal, clock, ids, log: logger, agents, secretPlaces, approvals: approvalsOf, tell,
      commands: () => desk.commands, sessions: () => sessions,
      intake: intakeNow,
    }),
  });
  const isSearchOn = (): boolean => config().session?.search ?? true;
  const words = createSearchIndex({ records, vault, journal, clock, log: logger, isOn: isSearchOn });
  if (!isSearchOn()) words.purge().catch((error: unknown) => logger.warn("search.unpurged", { error }));
  const index = createSessionIndex({ records, vault, clock, log: logger });
  const sessions = late.sessions = openSessions({
    journal, records, index, words, runtime, clock, ids, logger, recovered: () => recovered.promise,
    placement: () => {
      if (late.placement === undefined) throw new Error("placement is not open yet");
      return late.placement;
    },
    config: () => ({ ...SESSIONS_DEFAULTS, ...config().session }),
    // A session may outlive the agent it was opened for.
    modelOf: (agentId) => (agents.find(agentId) ?? agents.get(agents.defaultId)).model,
    delegation: {
      agents, limits: () => agents.subagents, allowAgents: () => agents.subagents.allowAgents,
      visibility: () => config().tools?.sessions?.visibility ?? "agent",
    },
    channels: channels.deliverers,
    publish: (address, event) => live.publish(address.token, event),
    ...(options.onRest === undefined ? {} : { onRest: options.onRest }),
    onChanged: (row) => broadcaster.changed(row),
    filesBytesMax,
    onDeleted: async (sessionKey) => {
      await approvalsOf().forget(sessionKey);
      broadcaster.deleted(sessionKey);
    },
  });
  waiting.approvals = opening.use(await openApprovals({
    records, clock, ids, seal, unseal, onChanged: exec.onChanged, log: logger,
    deliver: async (answer) => {
      if (answer.desk === "client") return await exec.answered(answer);
      if (answer.sessionKey === OPERATOR_DESK) return operator.receiveAnswer(answer);
      await sessions.answer(answer.sessionKey, { approvalId: answer.id, decision: answer.decision ?? "expired", by: answer.by }, OWNER);
    },
  }));
  const queues = beside.queues = opening.use(composeFanOut({
    engine, config, seal, unseal, clock, log: logger, journal, sessions, actuators, agents, tell,
    intake: intakeNow,
  }));
  const placement = (late.placement = openPlacement({
    // A name of its own for each start: whoever claims next can tell whether this one let its slots go.
    engine, owner: `${owner}-${ids.sortable(clock.now())}`, clock, ids, log: logger, peek: journal.peek,
    onOwnEvent: (entry) => {
      sessions.onOwnEvent(entry);
      queues.fanOut.touched(entry.slot);
    },
    onWork: sessions.onWork, onLost: sessions.onLost, onDamaged: sessions.onDamaged, onTouched: sessions.onTouched,
    derived: sessions.derived,
  }));
  opening.use(placement);
  opening.use(sessions);

  const alerts = opening.use(openAlerts({
    records, tenant: HOME_TENANT, seal, unseal, clock, ids, log: logger, config: () => config().alerts ?? NO_ALERTS, tell,
    ways: async () => (await import("./compose-alerts.ts")).composeAlerts({
      config, stateDir: options.stateDir, certificate: reach.listen.tls?.certificate, gateway: () => late.gateway, nodes, queues, models,
      ledger, agents, identity, actuators, intake, log: logger, channels: () => channels.loaded,
    }),
  }));
  const broadcaster = createBroadcaster({
    broadcast: (event, payload, to) => void late.gateway?.broadcast(event, payload, to),
    isWatched: (event, sessionKey) => late.gateway?.isWatched(event, sessionKey) ?? false,
    eachReader: (sessionKey, visit) => late.gateway?.eachReader(sessionKey, visit),
    clock, rowOf: sessions.peek,
  });
  const watching = live.subscribe((event, json) => {
    broadcaster.live(event, json);
    alerts.live(event);
    channels.live(event);
  }, (count) => logger.warn("live.dropped", { count }));
  opening.defer(() => {
    watching.close();
    broadcaster.close();
  });

  const intake = late.intake = createIntake({
    agents, sessions, rules: () => ({ bindings: config().bindings ?? [], scopes: config().session ?? {} }),
  });
  opening.use(channels);
  const scheduler = late.scheduler = openScheduler({
    records, sealer: { seal, unseal }, clock, ids, logger, agents, intake, sessions,
    tell: (event, payload) => {
      tell(event, payload);
      alerts.told(event, payload);
    },
    config: () => ({ enabled: true, ...config().cron }),
  });
  opening.use(scheduler);
  const startSchedule = (): void => void scheduler.start().catch(() => undefined); // logged where it failed
  const removeUnsealed = async (): Promise<void> => {
    if ((await records.list(UNSEALED, "", { limit: 1 })).length === 0) return;
    await (await import("./prune-unsealed.ts")).pruneUnsealed({ bucket: UNSEALED, records, blobs: engine.blobs, log: logger });
  };
  const loop = createLoopWatch(clock);
  opening.defer(() => loop.close());
  const hooks = openHooks({
    scheduler, intake, sessions, clock, ids, logger, credentialsDir: options.credentialsDir,
    readToken: () => readSecret(config().hooks?.token, secretPlaces(), "hooks.token"),
    relaysMax: () => config().session?.relaysMax ?? SESSIONS_DEFAULTS.relaysMax,
    config: () => ({ ...HOOKS_DEFAULTS, ...config().hooks }),
  });
  const voice = await openVoiceWake({ records, seal, unseal, tenant: HOME_TENANT, tell });
  const configDesk = composeConfig({
    running: options.runningConfig, vault, clock, version, stateDir: options.stateDir, credentialsDir: options.credentialsDir,
    restart: options.restart,
    reloadMode: () => config().gateway?.reload?.mode ?? "hybrid", sessions, secretPlaces, backup: () => config().backup,
  });
  const desk = agentDesk({
    agents, parts, tools, sessions, models, nodes, intents, gate, placeOf, clock, ids, config, tell, version,
    setConfig: options.runningConfig.set, configDesk, ledger, tokenOf: (key) => journal.address(key).token,
    broadcast: (event, payload, to) => void late.gateway?.broadcast(event, payload, to),
  });
  const files = createFiles({ clock, sessions, limits: () => config().media ?? {} });
  const methods = gatewayMethods({
    desk,
    sessions, intake, agents, models, identity, nodes, operator, exec, approvals: waiting.approvals, scheduler, queues, clock,
    loop, voice, tell, addresses: () => gatewayAddresses(reach, config(), late.gateway?.port), authMode: () => reach.access().mode,
    store: join(options.stateDir, "state", "openclaw.sqlite"), config: configDesk.handlers, restart: options.restart,
    channelSetup: configDesk.channels, logsDir: options.logsDir, mediaLimits: () => config().media ?? {}, files,
    ledger, tokenOf: (key) => journal.address(key).token, broadcaster, alerts: alerts.whole, channels,
  });
  const gateway = (late.gateway = await openGateway({
    clock, ids, log: logger, version, identity, startedAtMs, methods: methods.handlers, hooks,
    ...composeHttp({ config, agents, intake, sessions, models, live, files, invokeTool: desk.invokeTool }), eventLoop: () => loop.read(),
    ...(options.openedPort === undefined ? {} : { opened: options.openedPort }),
    listen: reach.listen, hosts: reach.hosts, origins: config().gateway?.controlUi?.allowedOrigins ?? [],
    auth: { token: () => reach.secret, access: reach.access, rate: reach.rate, isNodeNetwork: reach.isNodeNetwork },
    isLocalNode: (deviceId) => deviceId === options.localNodeId, failing: () => (progress.recovered ? [] : ["recovery"]),
    nodes: {
      attach: (link, hello) => {
        const session = voice.greet(link, nodes.attach(link, hello));
        if (hello.local) localNode.attached = true;
        noteLocalNode();
        return session;
      },
    },
    builtPageDir: fileURLToPath(new URL("../../ui/dist", import.meta.url)),
    greet: greetWithModels(desk.listModels, logger),
    snapshot: () => ({
      health: methods.health(), stateDir: options.stateDir, configPath: options.runningConfig.file.path,
      appliedConfigHash: configDesk.appliedHash(), attachments: attachmentsPolicy(config().media),
      sessionDefaults: {
        defaultAgentId: agents.defaultId, mainKey: "main", mainSessionKey: formatMainKey(agents.defaultId), scope: "per-sender",
        modelConfigured: true, ownership: "sole", selectionRequired: false,
      },
    }),
  }));
  opening.use(gateway);

  let policy = reach.policy();
  const stack = opening.move();
  return {
    gateway,
    modelLabel: agents.get(agents.defaultId).model,
    admitLocalNode: async (publicKey) => {
      const admission = await identity.admit({
        deviceId: options.localNodeId, publicKey, role: "node", scopes: [], credential: "shared-secret", local: true,
        face: { clientId: "node-host", clientMode: "node", platform: process.platform, displayName: "local" },
      });
      if (admission.kind !== "admitted") throw new Error("the local node was not admitted");
      return admission.token;
    },
    sessionsInUse: () => sessions.live,
    localNodeStarted: noteLocalNode,
    configChanged: ({ path, whole }) => {
      const written = configDesk.hash(whole);
      logger.info("config.changed", { path, hash: written });
      nodes.policyChanged();
      if (reach.policy() !== policy) gateway.policyChanged();
      policy = reach.policy();
      tell("config.changed", { path, hash: written, ts: clock.now() });
      tell("chat.metadata.changed", {});
      channels.configChanged();
      if (progress.recovered) startSchedule();
    },
    recover: () => queues.fanOut.start().then(() => placement.recover()).finally(() => {
      progress.recovered = true;
      startSchedule();
      alerts.start();
      channels.start();
      recovered.resolve();
      index.prepare().catch((error: unknown) => logger.warn("session.list.failed", { error }));
      removeUnsealed().catch((error: unknown) => logger.warn("media.unsealed_kept", { error }));
    }),
    [Symbol.asyncDispose]: async () => {
      await gateway.drain("gateway stopping");
      await placement.checkpoint().catch((error: unknown) => logger.warn("checkpoint.failed", { error }));
      await stack.disposeAsync();
    },
  };
}

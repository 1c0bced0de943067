/**
 * Keys of the well-known program's configuration that are taken here though nothing acts on them (yet): a file of that program
 * starts this gateway as it is. Each is named in a warning when it stands in a file, and in docs/config.md.
 *
 * The moment a room lists one of these keys in its own slice, the room's description holds and the one here is void.
 */
import type { JsonSchema } from "@openclaw/protocol";

/** `own`, and beside it what only `accepted` knows, marked as inert. */
export function withAccepted(own: JsonSchema, accepted: JsonSchema): JsonSchema {
  if (own.type === "object" && accepted.type === "array") {
    return { anyOf: [own, { ...accepted, inert: true }], ...(own.description === undefined ? {} : { description: own.description }) };
  }
  const properties: Record<string, JsonSchema> = { ...own.properties };
  for (const [name, schema] of Object.entries(accepted.properties ?? {})) {
    const known = properties[name];
    properties[name] = known === undefined ? { ...schema, inert: true } : withAccepted(known, schema);
  }
  const others = typeof own.additionalProperties === "object" && typeof accepted.additionalProperties === "object"
    ? { additionalProperties: withAccepted(own.additionalProperties, accepted.additionalProperties) } : {};
  const items = own.items !== undefined && accepted.items !== undefined ? { items: withAccepted(own.items, accepted.items) } : {};
  return own.properties === undefined && Object.keys(properties).length === 0
    ? { ...own, ...others, ...items } : { ...own, ...others, ...items, properties };
}

const keyed = (properties: Readonly<Record<string, JsonSchema>>): JsonSchema => (
  { type: "object", additionalProperties: false, properties }
);
const text = (description: string): JsonSchema => ({ type: "string", maxLength: 20_000, description });
const flag = (description: string): JsonSchema => ({ type: "boolean", description });
const count = (description: string): JsonSchema => ({ type: "number", minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description });
const list = (description: string): JsonSchema => ({ type: "array", maxItems: 10_000, description });
/** An object of theirs, whatever stands in it. */
const theirs = (description: string): JsonSchema => (
  { type: "object", maxProperties: 10_000, additionalProperties: true, description }
);
const oneOf = (description: string, ...options: readonly string[]): JsonSchema => ({ enum: options, description });
const any = (description: string): JsonSchema => ({ description });

const endpoint: Readonly<Record<string, JsonSchema>> = {
  maxBodyBytes: count("Largest body."), maxImageParts: count("Most images."), maxTotalImageBytes: count("Largest images together."),
  maxUrlParts: count("Most addresses."), images: theirs("Images in a request."), files: theirs("Files in a request."),
};

const resets = oneOf("When a session begins anew.", "none", "daily", "idle");

/** Of running programs; how they are governed is acted on. */
const exec = keyed({
  host: text("Where programs run."), node: text("Node programs run on."), timeoutSeconds: count("Longest a program runs."),
  timeoutSec: count("Older name."), backgroundMs: count("When a program goes to the background."), safeBins: list("Safe programs."),
  pathPrepend: list("Directories before PATH."), notifyOnExit: flag("Tell of the end."), applyPatch: theirs("Patches."),
  commandHighlighting: flag("Colours."), cleanupMs: count("How long ended programs are kept."),
  approvalRunningNoticeMs: count("When a notice comes."),
});

/** What an agent may say of its own, and `agents.defaults` of all. */
const agent: Readonly<Record<string, JsonSchema>> = {
  name: text("Display name."), agentDir: text("Directory of the agent's own state."), identity: theirs("Name, emoji, theme, avatar."),
  models: theirs("Models by reference, with aliases."), skills: any("Skills the agent may use; all unless listed."),
  tools: keyed({
    exec, elevated: theirs("Elevated programs."), sandbox: theirs("Rules in a sandbox."), fs: theirs("Files."),
    loopDetection: theirs("Loops."), message: theirs("Messages."), toolsBySender: theirs("Rules by sender."),
  }),
  sandbox: theirs("Sandbox of the agent's programs."),
  subagents: theirs("Sub-agents of the agent."), memory: theirs("Memory search."), memorySearch: theirs("Memory search."),
  groupChat: theirs("Mentions in groups."), runtime: theirs("Which runtime carries the agent."),
  params: theirs("Parameters of model calls."), default: flag("The agent messages go to unless a binding says otherwise."),
  cwd: text("Directory programs start in."), utilityModel: any("Model for small work."), imageModel: any("Model for images."),
  thinkingDefault: text("Thinking level of new sessions."), verboseDefault: text("Verbose level of new sessions."),
  reasoningDefault: text("Whether reasoning is shown."), fastModeDefault: any("Fast mode of new sessions."),
  heartbeat: keyed({
    model: any("Model of the heartbeat."), activeHours: theirs("When the heartbeat runs."), session: text("Session of the heartbeat."),
    includeReasoning: flag("Send the reasoning too."), lightContext: flag("With little context."), isolatedSession: flag("Alone."),
    to: text("Whom it is sent to."), accountId: text("Account it is sent by."), directPolicy: text("Whether it goes to direct chats."),
  }),
};

export const ACCEPTED: JsonSchema = keyed({
  $schema: text("Schema of the file, for editors."),
  meta: theirs("What the well-known program notes of itself."), wizard: theirs("Past runs of its setup."),
  diagnostics: theirs("Tracing and flags."), update: theirs("Update channel and checks."),
  telemetry: theirs("Statistics."), browser: theirs("Browser control."), ui: theirs("Looks of the dashboard."),
  auth: theirs("Auth profiles of model providers."), accessGroups: theirs("Groups of senders."), acp: theirs("Agent client protocol."),
  nodeHost: theirs("Settings of a node host."), security: theirs("Security policies."), bindings: list("Which agent answers whom."),
  broadcast: theirs("Messages to several agents."), attachments: theirs("Attachments."), messages: theirs("Messages, queues, reactions."),
  tts: theirs("Speech."), approvals: theirs("Where approvals are forwarded."),
  transcripts: theirs("Transcripts."),
  discovery: keyed({ wideArea: theirs("Finding gateways beyond the network.") }),
  talk: theirs("Conversation by voice."), cloudWorkers: theirs("Workers elsewhere."), desktop: theirs("Desktop."),
  memory: theirs("Memory."), mcp: theirs("Servers of the model context protocol."), 
  skills: keyed({
    install: theirs("How skills are installed."), limits: theirs("How much of skills is shown."), workshop: theirs("Skills agents write."),
    load: keyed({ watch: flag("Look out for changes: done at each use."), watchDebounceMs: count("How long to wait.") }),
  }),
  plugins: theirs("Plugins."), surfaces: theirs("Surfaces."), proxy: theirs("Outbound proxy."), audio: theirs("Audio."),
  web: theirs("Web chat."), worktreeRoot: text("Where worktrees are made."),
  worktreeAcceleration: any("How worktrees are made."), canvasHost: theirs("Canvas host."),
  gateway: keyed({
    customBindHost: text("Address of bind custom."), publicOrigin: text("Address people use."), trustedProxies: list("Proxies before it."),
    allowRealIpFallback: flag("Believe x-real-ip."),
    tailscale: keyed({ resetOnExit: flag("Undo it at the end."), preserveFunnel: flag("Leave a funnel."), serviceName: text("Its name.") }),
    tls: theirs("TLS on the same port."),
    tools: theirs("Tools over HTTP."), http: keyed({
      endpoints: keyed({ chatCompletions: keyed(endpoint), responses: keyed(endpoint) }), securityHeaders: theirs("Headers of answers."),
    }), push: theirs("Push messages."), portals: theirs("Portals."),
    cliAgents: theirs("Agents of command lines."), terminal: theirs("Terminal in the dashboard."), roles: theirs("Roles."),
    handshakeTimeoutMs: count("Longest a handshake may take."),
    channelHealthCheckMinutes: count("How often channels are looked at."),
    auth: keyed({
      password: text("Shared password."), allowTailscale: flag("Identity of tailnet users."), rateLimit: theirs("Failed attempts."),
      trustedProxy: theirs("Identity by a proxy."), identityScopes: theirs("Scopes by identity."),
    }),
    controlUi: keyed({
      enabled: flag("Serve the dashboard."), basePath: text("Path of the dashboard."),
      dangerouslyDisableDeviceAuth: flag("No device identity; not done here."),
      dangerouslyAllowHostHeaderOriginFallback: flag("Believe the Host header; not done here."), allowInsecureAuth: flag("Not done here."),
      environment: theirs("Label of the dashboard."), embedSandbox: text("How embedded pages are confined."),
      experimental: theirs("Experiments."), github: theirs("GitHub."), communityInvite: flag("Show an invitation."),
      sessionObserver: flag("Observers of sessions."), allowExternalEmbedUrls: flag("Embed other pages."),
      automaticallyFetchFavicons: flag("Fetch icons."),
    }),
    nodes: keyed({
      pairing: theirs("Which nodes are approved unasked."), pluginTools: theirs("Tools of nodes."), allowSkills: flag("Skills of nodes."),
      browser: theirs("Browser of a node."), allowCommands: list("Older name of commands.allow."),
      denyCommands: list("Older name of commands.deny."),
    }),
  }),
  agents: keyed({
    defaults: keyed({
      ...agent, repoRoot: text("Root of the repository."), skipBootstrap: flag("Make no workspace files."),
      contextInjection: text("When workspace files are shown."), bootstrapMaxChars: count("Longest workspace file shown."),
      bootstrapTotalMaxChars: count("Longest workspace files together."), mediaMaxMb: count("Largest media."),
      compaction: theirs("Compaction."), contextPruning: theirs("Pruning of tool results."), maxConcurrent: count("Runs at once."),
      userTimezone: text("Time zone of the person."), timeFormat: text("How times are shown."), envelopeTimezone: text("Time zone."),
      envelopeTimestamp: text("Times in messages."), envelopeElapsed: text("Elapsed time in messages."),
      elevatedDefault: text("Elevation."),
      blockStreamingDefault: text("Answers in blocks."), blockStreamingBreak: text("Where blocks end."),
      blockStreamingChunk: theirs("Size of blocks."), blockStreamingCoalesce: theirs("Merging of blocks."),
      humanDelay: theirs("Pauses."), typingMode: text("When typing is shown."), typingIntervalSeconds: count("How often."),
      imageMaxDimensionPx: count("Largest image."), pdfModel: any("Model for PDF."), embeddedHarness: theirs("Runtime."),
      contextTokens: count("Tokens of context."), cliBackends: theirs("Command lines as models."), skillsLimits: theirs("Skills."),
      llm: theirs("Model calls."), imageGenerationModel: any("Model for images."), videoGenerationModel: any("Model for video."),
      musicGenerationModel: any("Model for music."), systemPromptOverride: text("Other instructions."),
      promptOverlays: theirs("Instructions."),
      permissionMode: text("How much may be done unasked."),
    }),
    entries: { type: "object", additionalProperties: keyed(agent) },
    list: { type: "array", items: keyed(agent) },
  }),
  session: keyed({
    scope: oneOf("Whose session a direct message is.", "per-sender", "global"), dmScope: text("Sessions of direct messages."),
    groupScope: text("Sessions of groups."), identityLinks: theirs("Names of one person."), resetTriggers: list("Words that begin anew."),
    reset: keyed({ mode: resets, atHour: count("Hour of the day."), idleMinutes: count("Minutes without a message.") }),
    resetByType: theirs("The same by kind of session."), resetByChannel: theirs("The same by channel."), idleMinutes: count("Older name."),
    maintenance: theirs("What is kept."), sendPolicy: theirs("What is sent."), store: text("Path of the store."),
    mainKey: text("Name of the main session."), threadBindings: theirs("Threads."), sharing: theirs("Sharing."),
    notifyOnCreate: flag("Tell of new sessions."), agentToAgent: theirs("Turns between agents."), typingMode: text("When typing is shown."),
    typingIntervalSeconds: count("How often."),
  }),
  tools: keyed({
    profile: text("Tool profile."), allow: list("Tools allowed."), alsoAllow: list("Tools allowed beside."), deny: list("Tools denied."),
    byProvider: theirs("Rules by provider."), elevated: theirs("Elevated programs."), sandbox: theirs("Rules in a sandbox."),
    subagents: theirs("Rules of sub-agents."), web: theirs("Web tools."), media: theirs("Media tools."), message: theirs("Messages."),
    agentToAgent: theirs("Messages between agents."), fs: theirs("Files."), loopDetection: theirs("Loops."), links: theirs("Links."),
    codeMode: any("Code mode."), sessionsSpawn: theirs("Sub-agents."), github: theirs("GitHub."), toolSearch: any("Tool search."),
    exec,
  }),
  models: keyed({
    mode: oneOf("Beside the built-in providers, or instead of them.", "merge", "replace"), pricing: theirs("Prices."),
    bedrockDiscovery: theirs("Discovery."),
  }),
  cron: keyed({
    skipMissedJobs: flag("Missed jobs stay missed."), triggers: theirs("Triggers."), webhookToken: text("Token of webhooks."),
    webhookSsrfPolicy: theirs("Where webhooks may go."), sessionRetention: any("How long runs are kept."), store: text("Path."),
    failureAlert: theirs("Who hears of failures."), maxConcurrentRuns: count("Runs at once."), retry: theirs("Retries."),
    failureDestination: theirs("Who hears of failures."), runLog: theirs("Log of runs."),
  }),
  hooks: keyed({
    path: text("Path of the webhooks."), defaultSessionKey: text("Session of a webhook."),
    allowRequestSessionKey: flag("Chosen by callers."),
    allowedSessionKeyPrefixes: list("Sessions callers may choose."), allowedAgentIds: list("Agents callers may choose."),
    presets: list("Ready-made mappings."), transformsDir: text("Directory of transforms."), mappings: list("Mappings."),
    gmail: theirs("Mail."), internal: theirs("Hooks inside."), maxBodyBytes: count("Largest body."),
  }),
  logging: keyed({
    file: text("Path of the log."), maxFileBytes: count("Largest log."), consoleLevel: text("What the console shows."),
    consoleStyle: text("How the console shows it."), redactPatterns: list("What is hidden."), redactSensitive: text("What is hidden."),
    audit: theirs("Audit."),
  }),
});

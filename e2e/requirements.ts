/**
 * Every promise of the mission, row by row, and how far it is kept. Tests cite the ids in their names; requirements.test.ts
 * holds the two together: a row that is called proved is cited by a test, and one that is cited is not called later.
 *
 * `partly`: what is built of it holds and is tested, more of it is promised. `proofs` are the tests that a doubter should read
 * first: they show the row on the real program.
 */
export interface Requirement {
  readonly id: string;
  readonly text: string;
  readonly state: "proved" | "partly" | "later";
  readonly proofs?: readonly string[];
}

export const REQUIREMENTS: readonly Requirement[] = [
  {
    id: "S0.1", state: "proved", proofs: ["e2e/confinement.test.ts", "e2e/seed-walk.test.ts"],
    text: "Strict split: Gateway = control plane, Nodes = execution; Gateway itself runs no heavy or dangerous tool",
  },
  { id: "S0.2", state: "partly", text: "Gateway holds the state of active sessions (incl. complex multi-agent state)" },
  {
    id: "S0.3", state: "proved", proofs: ["e2e/long-context.test.ts"],
    text: "Gateway manages memory and context windows",
  },
  {
    id: "S0.4", state: "proved", proofs: ["e2e/canary.test.ts", "e2e/bad-frames.test.ts", "e2e/hostile/authority.test.ts"],
    text: "Gateway handles user authentication and holds user credentials",
  },
  {
    id: "S0.5", state: "partly", proofs: ["e2e/budgets.test.ts", "core/app/model-faults.test.ts", "e2e/anthropic.test.ts"],
    text: "Gateway talks to LLMs: external APIs (OpenAI, Anthropic) or locally run models",
  },
  {
    id: "S0.6", state: "proved", proofs: ["e2e/gate.test.ts"],
    text: "Gateway interprets the intent of a call and decides where and how it executes",
  },
  {
    id: "S0.7", state: "partly", proofs: ["e2e/start.test.ts"],
    text: "Gateway stays light: a modest VPS or low-power home server is enough",
  },
  { id: "S0.8", state: "proved", text: "Node = paired worker that stands by to receive instructions", proofs: ["e2e/seed-walk.test.ts"] },
  {
    id: "S0.9", state: "later",
    text: "Specialised fleet: multi-GPU vision/image node, Fargate-like sandbox for Python, headless browser at the edge",
  },
  { id: "S0.10", state: "partly", text: "Routing by requested tool AND current load" },
  { id: "S0.11", state: "later", text: "Mixed cheap-cloud and on-prem hardware under one orchestration layer" },
  {
    id: "S0.12", state: "proved", proofs: ["e2e/seed-walk.test.ts"],
    text: "Standardised tool call is intercepted and looked up in a routing table",
  },
  { id: "S0.13", state: "partly", text: "Serialised dispatch over a secure bidirectional channel (WebSocket or gRPC stream)" },
  { id: "S0.14", state: "partly", text: "Routing decision in milliseconds" },
  { id: "S0.15", state: "proved", text: "stdout and stderr streamed back in real time", proofs: ["e2e/seed-walk.test.ts"] },
  {
    id: "S0.16", state: "proved",
    proofs: ["e2e/work-and-files.test.ts", "e2e/survive-kill.test.ts", "e2e/chaos/kills.slow.test.ts", "e2e/chaos/power.slow.test.ts"],
    text: "Minutes-long jobs neither block nor time out; background execution with progress while the agent does other work",
  },
  {
    id: "S0.17", state: "proved", proofs: ["e2e/work-and-files.test.ts"],
    text: "Final output, exit code and artifacts (images, data files) returned securely",
  },
  { id: "S0.18", state: "proved", text: "Result formatted and injected back into the agent's context", proofs: ["e2e/seed-walk.test.ts"] },
  {
    id: "S0.19", state: "proved",
    proofs: ["e2e/confinement.test.ts", "e2e/bad-node.test.ts", "e2e/survive-kill.test.ts", "e2e/chaos/kills.slow.test.ts"],
    text: "Node failure or malware cannot bring down the Gateway or corrupt core state",
  },
  {
    id: "S0.20", state: "proved", proofs: ["e2e/survive-node.test.ts", "e2e/bad-model.test.ts", "e2e/chaos/kills.slow.test.ts"],
    text: "Node crash, timeout or endless loop: cut the link, start a fresh Node, tell the agent, let it change strategy",
  },
  {
    id: "S0.21", state: "proved", proofs: ["e2e/confinement.test.ts", "e2e/canary.test.ts"],
    text: "\"Air gap\" between brain and hands: session data, credentials, memory never on the executor",
  },
  { id: "S0.22", state: "later", text: "Security and ephemerality level chosen by the trust of the task" },
  {
    id: "S0.23", state: "later",
    text: "Ephemeral nodes (Firecracker microVM or Docker): new per task, no internal network, destroyed afterwards",
  },
  { id: "S0.24", state: "later", text: "Per-node read-only directories" },
  { id: "S0.25", state: "later", text: "Per-node outbound domain allowlist" },
  { id: "S0.26", state: "later", text: "Per-node system-call denial" },
  {
    id: "S0.27", state: "partly",
    text: "Defence in depth; zero-trust integration; security team can audit and control agent capabilities",
  },
  { id: "S0.28", state: "partly", text: "Routing by hardware requirement over a heterogeneous fleet" },
  { id: "S0.29", state: "later", text: "Always-on cheap ARM nodes for bash, light scraping, files" },
  { id: "S0.30", state: "later", text: "GPU nodes scale to zero: start, pair, run, stop on demand" },
  { id: "S0.31", state: "later", text: "Edge/IoT reach: home Raspberry Pi (smart home), office workstation, laptop behind one Gateway" },
  {
    id: "S0.32", state: "partly", proofs: ["e2e/install.slow.test.ts"],
    text: "CLI: install the tool globally through npm (`npm install -g openclaw`)",
  },
  {
    id: "S0.33", state: "proved", proofs: ["e2e/seed-walk.test.ts"],
    text: "CLI: `openclaw gateway start` starts the Gateway and creates a unique pairing token",
  },
  { id: "S0.34", state: "proved", text: "CLI: `openclaw config get gatewayToken`", proofs: ["e2e/seed-walk.test.ts"] },
  { id: "S0.35", state: "partly", text: "CLI: `openclaw node pair --url http://<GATEWAY_IP>:3000 --token <TOKEN>` (port 3000)" },
  {
    id: "S0.36", state: "proved", proofs: ["e2e/seed-walk.test.ts"],
    text: "CLI: `openclaw node start --tags=\"gpu,heavy-compute\"`; labels/capabilities steer routing",
  },
  {
    id: "S0.37", state: "proved", proofs: ["e2e/seed-walk.test.ts"],
    text: "Node keeps a persistent WebSocket and reports status \"Online\"",
  },
  {
    id: "S0.38", state: "proved", proofs: ["e2e/seed-walk.test.ts"],
    text: "Agent runs a command on a node named by tag (\"system check on heavy-compute\") and hardware telemetry streams into the chat",
  },
  { id: "S0.39", state: "partly", text: "Node daemon light enough for Raspberry Pi and old laptops" },
  {
    id: "S0.40", state: "proved", proofs: ["e2e/survive-kill.test.ts", "e2e/bad-input.test.ts"],
    text: "State central at the Gateway; nodes largely stateless",
  },
  { id: "S0.41", state: "proved", text: "File transfer Gateway-node through read/write tools", proofs: ["e2e/work-and-files.test.ts"] },
  { id: "S0.42", state: "later", text: "Shared drives (NFS, S3) mountable by nodes for artifacts" },
  {
    id: "S0.43", state: "proved", proofs: ["e2e/reach.test.ts", "e2e/tls-clients.test.ts", "core/control/gateway/secure-port.test.ts"],
    text: "Node channel authenticated and encrypted",
  },
  {
    id: "S0.44", state: "proved", proofs: ["e2e/survive-node.test.ts"],
    text: "Node daemon limits: allowed shell binaries, working directories, timeouts",
  },
  { id: "S0.45", state: "later", text: "Hardened node profiles: ephemeral Docker, AppArmor, SELinux" },
  { id: "S0.46", state: "later", text: "Nodes deployable as Kubernetes pods (autoscale, health), complementary to K8s" },
  { id: "S0.47", state: "later", text: "Routing to one specific attached browser tab" },
  {
    id: "S0.48", state: "proved", proofs: ["e2e/seed-walk.test.ts"],
    text: "Pairing token is the cryptographic key for joining; must be kept secret",
  },
  { id: "S0.49", state: "later", text: "Horizontal scalability and fault isolation like microservices" },
  {
    id: "S0.50", state: "partly",
    text: "Built-in actions named: web search, compile code, screenshot a web app, browse, manipulate local files",
  },
  { id: "S1.1", state: "later", text: "Agents are logical entities that move between cluster nodes and keep continuity" },
  { id: "S1.2", state: "later", text: "New nodes find the cluster by multicast and DNS-based service discovery" },
  { id: "S1.3", state: "later", text: "Join secured by mutual TLS" },
  { id: "S1.4", state: "later", text: "Dynamic load balancing over CPU, memory, network latency and past performance" },
  {
    id: "S1.5", state: "partly", proofs: ["e2e/page-operator.test.ts"],
    text: "Continuous monitoring of node health, utilisation and agent performance",
  },
  { id: "S1.6", state: "partly", text: "Self-healing: work of a dead node redistributed, state kept, conversations and workflows continue" },
  { id: "S1.7", state: "partly", text: "Channel abstraction with one API: WhatsApp, Telegram, e-mail, Slack, Discord",
    proofs: ["e2e/channel-telegram.test.ts", "core/control/channels/receive-messages.test.ts",
      "core/app/channel-account.test.ts", "core/app/commands/channels.test.ts", "extensions/channels/telegram/index.test.ts"] },
  { id: "S1.8", state: "partly", text: "Per-channel optimisation: rate limits, message formatting, delivery confirmation",
    proofs: ["e2e/channel-telegram.test.ts", "core/control/channels/outbox.test.ts",
      "extensions/channels/telegram/index.test.ts", "extensions/channels/telegram/render.test.ts"] },
  { id: "S1.9", state: "later", text: "Inbound messages routed to the best node by proximity, load and channel needs" },
  { id: "S1.10", state: "partly", text: "Ordering guarantees kept through routing",
    proofs: ["e2e/queue-modes.test.ts", "e2e/chaos/kills.slow.test.ts", "e2e/chaos/power.slow.test.ts"] },
  { id: "S1.11", state: "later", text: "Raft for critical state: agent configuration, workflow definitions, security policies" },
  { id: "S1.12", state: "later", text: "System keeps operating while a minority of nodes is away" },
  { id: "S1.13", state: "later", text: "Eventual consistency for conversation history and analytics; work goes on during partitions" },
  { id: "S1.14", state: "later", text: "Consistency chosen per data type (financial strong, analytics eventual)" },
  { id: "S1.15", state: "later", text: "Horizontal partitioning by agent ID, customer organisation or region" },
  { id: "S1.16", state: "later", text: "Scales to millions of agents with steady query performance" },
  { id: "S1.17", state: "later", text: "Automatic rebalancing without interruption, consistency kept" },
  { id: "S1.18", state: "later", text: "Multi-level cache: in-memory per node plus distributed shared cache, coherent" },
  { id: "S1.19", state: "later", text: "Predictive caching by ML on access history; pre-warm the node that will need data" },
  {
    id: "S1.20", state: "proved", proofs: ["e2e/actuators.test.ts", "e2e/chaos/kills.slow.test.ts"],
    text: "Background queues for analytics, reports, clean-up without hurting real-time work",
  },
  { id: "S1.21", state: "later", text: "Bulk work (training, analysis) parallelised over nodes" },
  { id: "S1.22", state: "later", text: "Federated identity with existing identity providers, consistent on all nodes" },
  { id: "S1.23", state: "later", text: "RBAC for users and agents enforced the same on every node" },
  { id: "S1.24", state: "later", text: "Immutable audit trails replicated over several nodes, tamper-proof" },
  { id: "S1.25", state: "later", text: "Inter-node traffic on TLS 1.3 with perfect forward secrecy (data sync and control plane)" },
  { id: "S1.26", state: "partly", text: "AES-256 at rest, keys in HSM or cloud KMS" },
  { id: "S1.27", state: "later", text: "Regular key rotation" },
  { id: "S1.28", state: "later", text: "End-to-end encryption of channels (WhatsApp, Signal) kept: infrastructure cannot decrypt" },
  { id: "S1.29", state: "later", text: "Automatic failover \"within seconds\", no human, state from replicas" },
  { id: "S1.30", state: "later", text: "Split-brain prevention" },
  { id: "S1.31", state: "later", text: "Multi-region deployment as one logical system; disaster recovery, lower latency" },
  { id: "S1.32", state: "later", text: "Data residency: given data types stay inside given borders" },
  { id: "S1.33", state: "partly", text: "One management interface for the whole cluster", proofs: ["e2e/page-operator.test.ts"] },
  {
    id: "S1.34", state: "partly", proofs: ["core/app/update/update.test.ts", "e2e/install.slow.test.ts"],
    text: "Automated operations: add node, update software, change configuration",
  },
  {
    id: "S1.35", state: "partly", proofs: ["core/control/alerts/alerts.test.ts", "e2e/alerts.test.ts"],
    text: "Alerting on business-relevant matters: agent performance, security, capacity",
  },
  { id: "S1.36", state: "later", text: "Elastic scaling up in peaks and down in quiet times" },
  { id: "S1.37", state: "later", text: "Rolling updates without loss of service" },
  { id: "S1.38", state: "later", text: "FIGURE doubling nodes gives 80-90 % more capacity" },
  { id: "S1.39", state: "partly", text: "FIGURE 1,000-5,000 concurrent agents per node" },
  { id: "S1.40", state: "later", text: "FIGURE ten nodes carry 10,000-50,000 agents" },
  { id: "S1.41", state: "partly", text: "FIGURE millions of messages a day, peaks above 100,000 messages/hour" },
  { id: "S1.42", state: "later", text: "FIGURE uptime 99.9 %, 99.99 % multi-region" },
  { id: "S1.43", state: "later", text: "FIGURE automatic failover in 30-60 s" },
  { id: "S1.44", state: "later", text: "FIGURE full recovery from a major failure in 15-30 min" },
  { id: "S1.45", state: "partly", text: "FIGURE response under 2 s complex, under 500 ms simple" },
  { id: "S1.46", state: "partly", text: "FIGURE 70-80 % of CPU and memory used for productive work" },
  { id: "S1.47", state: "later", text: "Commodity/cloud hardware; lower cost per unit of capacity; grow by adding nodes" },
  { id: "S1.48", state: "later", text: "Distributed storage and replication of agent state" },
  { id: "S1.49", state: "later", text: "Workflows and workflow definitions as first-class, surviving failures" },
  { id: "S1.50", state: "later", text: "Edge deployment, compliance evidence (residency plus audit) for regulated users" },
  { id: "S1.51", state: "later", text: "Analytics (conversation analytics, aggregation) as a data class of its own" },
  { id: "S1.52", state: "later", text: "Hides distribution: administrator sees one system" },
  { id: "S2.1", state: "later", text: "Inference decoupled from state management and from execution orchestrators" },
  { id: "S2.2", state: "later", text: "LLM work spread over a mesh of local worker nodes, no external API round trip" },
  { id: "S2.3", state: "later", text: "Neural Bus: low-latency high-throughput binary messaging instead of JSON/REST/gRPC" },
  { id: "S2.4", state: "later", text: "Bus can carry raw tensors, activations, attention matrices" },
  { id: "S2.5", state: "later", text: "FIGURE sub-millisecond context hand-off between micro-agents" },
  { id: "S2.6", state: "later", text: "Complex task split, run in parallel by different specialised models, merged without loss" },
  { id: "S2.7", state: "later", text: "Leaderless dynamic DAG consensus" },
  { id: "S2.8", state: "later", text: "Ingress controller weighs semantic weight, token density and needed context window" },
  { id: "S2.9", state: "later", text: "Sub-task goes to the cheapest fit: quantised local edge model or large cloud model" },
  {
    id: "S2.10", state: "proved",
    proofs: [
      "core/cognition/runtime/replay-session.test.ts", "core/control/sessions/simulation/simulation.test.ts", "e2e/session-past.test.ts",
    ],
    text: "Cognitive Runtime: deterministic execution of non-deterministic AI processes",
  },
  {
    id: "S2.11", state: "partly", proofs: ["core/cognition/supervisor/watch-turn.test.ts", "e2e/bad-model.test.ts"],
    text: "Tolerance of logical faults: hallucination, recursive reasoning loops, catastrophic forgetting",
  },
  { id: "S2.12", state: "later", text: "Supervisor Daemon watches entropy, perplexity, token confidence of live streams" },
  { id: "S2.13", state: "later", text: "Degradation (attention-variance spike) halts the thread pre-emptively" },
  { id: "S2.14", state: "later", text: "Synthetic grounding prompt from persistent memory recalibrates and resumes the agent" },
  { id: "S2.15", state: "partly", text: "Dynamic context resizing by token pressure and semantic relevance" },
  { id: "S2.16", state: "later", text: "Speculative decoding: fast draft model, asynchronous check by the main model" },
  { id: "S2.17", state: "later", text: "Adversarial multi-agent threads cross-validate before the answer is final" },
  { id: "S2.18", state: "later", text: "Memory tiers: short-term buffer, semantic working memory, long-term archival graph" },
  { id: "S2.19", state: "later", text: "Snapshot of entities, objectives, derived facts without conversational scaffolding" },
  { id: "S2.20", state: "later", text: "New agent inherits the snapshot: instant sync, no re-reading of logs" },
  {
    id: "S2.21", state: "later",
    text: "Key-Value Memory Graph as sidecar of every node (concept/fact/directive nodes; semantic and causal edges)",
  },
  { id: "S2.22", state: "later", text: "Similarity search injects only the local sub-graph that matters now" },
  { id: "S2.23", state: "later", text: "Local-first: private data never leaves; works air-gapped" },
  { id: "S2.24", state: "later", text: "Vector Manifolds: immutable, version-controlled embedding indices at the edge" },
  { id: "S2.25", state: "later", text: "Documents ingested and embedded on premise" },
  { id: "S2.26", state: "later", text: "Queries with zero external round trips, very fast retrieval" },
  { id: "S2.27", state: "later", text: "Federated delta-sync sends only shifts of the semantic index, never text, shards or vectors" },
  { id: "S2.28", state: "later", text: "Mathematically verifiable privacy guarantee of the sync" },
  { id: "S2.29", state: "partly", text: "Security Enclave, zero trust: each generated action is treated as hostile" },
  { id: "S2.30", state: "later", text: "Execution tier cut off from cognitive tier (memory, virtualisation)" },
  { id: "S2.31", state: "later", text: "Single-use micro-VM sandbox in milliseconds" },
  { id: "S2.32", state: "later", text: "No egress unless allowed by multi-signature cryptographic approval of humans" },
  { id: "S2.33", state: "later", text: "Overlay file system only in RAM, wiped on end or failure" },
  {
    id: "S2.34", state: "later",
    text: "Ephemeral tokens: JWT minted at the moment of execution, granular, time-bound, scoped; agents own no static keys",
  },
  { id: "S2.35", state: "later", text: "Policy shape exactly `{ \"role\": \"ephemeral_agent\", \"ttl\": 300 }`" },
  { id: "S2.36", state: "later", text: "Out-of-scope call: reject, cut the connection, send immutable audit trace to the SIEM" },
  { id: "S2.37", state: "partly", text: "Every state change, interaction, memory mutation and API response is an event on the bus" },
  {
    id: "S2.38", state: "proved", proofs: ["e2e/actuators.test.ts", "e2e/chaos/kills.slow.test.ts"],
    text: "Actuators: small services for side effects (DB write, webhook, cloud change) subscribed to typed topics",
  },
  {
    id: "S2.39", state: "proved", proofs: ["e2e/actuators.test.ts"],
    text: "The model only emits a strongly typed intention, never executes",
  },
  {
    id: "S2.40", state: "proved", proofs: ["e2e/actuators.test.ts"],
    text: "Actuator checks schema independently, applies rate limits, executes asynchronously",
  },
  {
    id: "S2.41", state: "proved", proofs: ["e2e/actuators.test.ts", "e2e/chaos/kills.slow.test.ts"],
    text: "Queue absorbs back-pressure in spikes; inference nodes do not crash",
  },
  {
    id: "S2.42", state: "proved", proofs: ["e2e/actuators.test.ts", "e2e/chaos/kills.slow.test.ts"],
    text: "Choreography: one intention cascades to logging, compliance audit, downstream agents",
  },
  { id: "S2.43", state: "partly", proofs: ["e2e/sub-agents.test.ts"], text: "Dozens to thousands of autonomous agents at once" },
  { id: "S2.44", state: "later", text: "Blast radius precisely bounded per action; lateral movement prevented" },
  {
    id: "S3.1", state: "proved", proofs: ["e2e/seed-walk.test.ts"],
    text: "Capability orchestrator: \"how things get done\", not where; no Kubernetes/Airflow replacement",
  },
  { id: "S3.2", state: "partly", text: "Agent online 24/7, keeps context, calls tools, works across systems" },
  { id: "S3.3", state: "partly", text: "Gateway task 1: session and identity (connections, context borders, permissions)" },
  { id: "S3.4", state: "partly", text: "Gateway task 2: intent recognition, choice of agent and of skills" },
  { id: "S3.5", state: "proved", text: "Gateway task 3: aggregate results and answer", proofs: ["e2e/work-and-files.test.ts"] },
  {
    id: "S3.6", state: "proved", proofs: ["e2e/seed-walk.test.ts"],
    text: "Gateway does not execute, does not split tasks, does no load balancing",
  },
  {
    id: "S3.7", state: "later",
    text: "Agents are capability nodes with bounded roles (files+shell+scripts / browser+web / IM+e-mail+notifications / ERP+CRM APIs)",
  },
  {
    id: "S3.8", state: "partly", proofs: ["e2e/sub-agents.test.ts"],
    text: "Stable, always-on division of labour; several agents = roles, not parallel compute",
  },
  { id: "S3.9", state: "later", text: "Skill = capability contract: declared inputs, outputs, side effects" },
  { id: "S3.10", state: "later", text: "Skills are the integration layer over systems, machines and tools" },
  { id: "S3.11", state: "proved", text: "Continuous, interactive, mainly sequential work", proofs: ["e2e/survive-kill.test.ts"] },
  { id: "S3.12", state: "later", text: "No load balancing, no auto-scaling as product features" },
  {
    id: "S3.13", state: "proved",
    proofs: [
      "e2e/one-owner.test.ts", "e2e/bad-config.test.ts", "e2e/install.slow.test.ts", "e2e/page-settings.test.ts", "e2e/backup.test.ts",
    ],
    text: "Works locally, reliably, continuously, under the user's control",
  },
  {
    id: "S4.1", state: "proved", proofs: ["e2e/seed-walk.test.ts"],
    text: "Gateway coordinates sessions, channels, tools, events; \"the product is the assistant\"",
  },
  {
    id: "S4.2", state: "proved",
    proofs: [
      "e2e/well-known-client.test.ts", "e2e/recorded-clients.test.ts", "e2e/wire-methods.test.ts", "e2e/hostile/authority.test.ts",
    ],
    text: "One WebSocket control plane for clients, tools and events",
  },
  { id: "S4.3", state: "proved", text: "Default bind `ws://127.0.0.1:18789`", proofs: ["e2e/one-owner.test.ts"] },
  {
    id: "S4.4", state: "partly", text: "Clients: macOS app, CLI, WebChat, iOS/Android nodes",
    proofs: ["e2e/terminal.test.ts", "e2e/first-five-minutes.test.ts"],
  },
  {
    id: "S4.5", state: "partly", proofs: ["e2e/channel-telegram.test.ts"],
    text: "Channels: WhatsApp, Telegram, Slack, Discord, Google Chat, Signal, iMessage, Microsoft Teams, more",
  },
  { id: "S4.6", state: "partly", text: "Tools: browser, canvas, nodes, cron, sessions, Discord/Slack actions" },
  {
    id: "S4.7", state: "proved", proofs: ["e2e/well-known-client.test.ts", "e2e/recorded-clients.test.ts"],
    text: "Session `main` = canonical direct-chat key",
  },
  {
    id: "S4.8", state: "proved", proofs: ["e2e/channel-telegram.test.ts"],
    text: "Group/channel sessions isolated by channel + peer/group ID",
  },
  {
    id: "S4.9", state: "partly", proofs: ["e2e/session-settings.test.ts"],
    text: "Per session: transcript, model override, thinking level, verbose level, send policy, group activation",
  },
  {
    id: "S4.10", state: "proved", proofs: ["e2e/session-settings.test.ts"],
    text: "Stickiness: auth profile pinned per session to keep provider caches warm",
  },
  { id: "S4.11", state: "proved", text: "Agent ID = logical routing target, default `main`", proofs: ["e2e/seed-walk.test.ts"] },
  {
    id: "S4.12", state: "proved", proofs: ["e2e/work-and-files.test.ts"],
    text: "Workspace `~/.openclaw/workspace`, key `agents.defaults.workspace`",
  },
  {
    id: "S4.13", state: "partly", proofs: ["e2e/agents.test.ts"],
    text: "Multi-agent routing of channels/accounts/peers to isolated agents (own workspace and sessions)",
  },
  { id: "S4.14", state: "partly", proofs: ["e2e/agents.test.ts"], text: "Overrides `agents.list[].model`, `.sandbox`, `.tools`" },
  {
    id: "S4.15", state: "proved", proofs: ["e2e/seed-walk.test.ts", "e2e/device-commands.test.ts"],
    text: "Nodes are peripherals exposing device-local actions",
  },
  {
    id: "S4.16", state: "partly", proofs: ["e2e/device-commands.test.ts"],
    text: "macOS node: `system.run`, `system.notify`, canvas, camera, screen recording",
  },
  {
    id: "S4.17", state: "partly", proofs: ["e2e/device-commands.test.ts"],
    text: "iOS/Android nodes: canvas, camera, screen recording, location",
  },
  {
    id: "S4.18", state: "proved",
    proofs: ["core/control/gateway/access.test.ts", "core/app/mdns/mdns.test.ts", "e2e/connect-operator.test.ts"],
    text: "Pairing: Bonjour/mDNS discovery plus pairing-code approval",
  },
  {
    id: "S4.19", state: "proved",
    proofs: ["e2e/well-known-client.test.ts", "e2e/recorded-clients.test.ts", "e2e/exec-approvals.test.ts"],
    text: "Invocation `node.invoke` and `node.*` RPC over the Gateway WebSocket",
  },
  {
    id: "S4.20", state: "proved", proofs: ["e2e/one-owner.test.ts"],
    text: "Nodes do not run the gateway; one gateway per host unless isolated profiles",
  },
  {
    id: "S4.21", state: "proved", proofs: ["e2e/seed-walk.test.ts"],
    text: "Exec tool and channel connections run on the gateway host by default",
  },
  {
    id: "S4.22", state: "proved", proofs: ["e2e/seed-walk.test.ts", "e2e/exec-approvals.test.ts", "e2e/device-commands.test.ts"],
    text: "Device actions run where the device lives",
  },
  { id: "S4.23", state: "later", text: "Sandboxed sessions in Docker, optional, `agents.defaults.sandbox.mode`" },
  {
    id: "S4.24", state: "proved", proofs: ["e2e/channel-telegram.test.ts"],
    text: "Flow Telegram -> Gateway -> agent -> node over WS -> Gateway -> Telegram",
  },
  {
    id: "S4.25", state: "proved", proofs: ["e2e/well-known-client.test.ts", "e2e/recorded-clients.test.ts"],
    text: "Agent runtime in RPC mode with tool streaming and block streaming",
  },
  {
    id: "S4.26", state: "proved",
    proofs: ["e2e/queue-modes.test.ts", "e2e/stop-turn.test.ts", "e2e/channel-telegram.test.ts", "core/control/sessions/group-activation.test.ts"],
    text: "Activation modes, queue modes, reply-back",
  },
  {
    id: "S4.27", state: "proved",
    proofs: [
      "e2e/media.test.ts", "e2e/device-commands.test.ts", "e2e/survive-node.test.ts", "core/control/media/read-attachments.test.ts",
      "core/fabric/journal/session-attachments.test.ts",
    ],
    text: "Media pipeline: images/audio/video, transcription hooks, size caps, temp-file lifecycle",
  },
  {
    id: "S4.28", state: "proved",
    proofs: [
      "core/control/gateway/page/answer-page.test.ts", "e2e/page-conversation.test.ts", "e2e/page-whole.test.ts", "e2e/page-shell.test.ts",
      "e2e/page-operator.test.ts", "e2e/page-work.test.ts",
    ],
    text: "Control UI served by the Gateway itself, no second port",
  },
  {
    id: "S4.29", state: "proved",
    proofs: ["e2e/page.test.ts", "e2e/page-conversation.test.ts", "e2e/page-settings.test.ts", "e2e/page-chat.test.ts"],
    text: "WebChat connects straight to the Gateway WebSocket (SwiftUI client in the seed)",
  },
  {
    id: "S4.30", state: "proved",
    proofs: ["core/control/gateway/http/answer-api.test.ts", "core/control/gateway/http/answer-file.test.ts"],
    text: "Dashboard at `http://127.0.0.1:18789/` or `gateway.controlUi.basePath`",
  },
  {
    id: "S4.31", state: "proved", proofs: ["e2e/auth-modes.test.ts", "core/control/gateway/access.test.ts"],
    text: "`gateway.auth.token` / `OPENCLAW_GATEWAY_TOKEN`",
  },
  {
    id: "S4.32", state: "proved", proofs: ["e2e/auth-modes.test.ts", "core/control/gateway/access.test.ts"],
    text: "`gateway.auth.password` / `OPENCLAW_GATEWAY_PASSWORD`",
  },
  {
    id: "S4.33", state: "proved", proofs: ["e2e/reach.test.ts", "core/control/gateway/access.test.ts"],
    text: "Tailscale identity headers when `gateway.tailscale.mode=\"serve\"` and `gateway.auth.allowTailscale=true`",
  },
  {
    id: "S4.34", state: "partly", proofs: ["e2e/configured-ways.test.ts", "e2e/reach.test.ts"],
    text: "Tailscale Serve (tailnet only) for dashboard and WS",
  },
  {
    id: "S4.35", state: "partly", proofs: ["e2e/configured-ways.test.ts", "e2e/reach.test.ts"],
    text: "Tailscale Funnel (public HTTPS) only with shared password",
  },
  {
    id: "S4.36", state: "proved", proofs: ["core/control/gateway/plan-listening.test.ts", "e2e/reach.test.ts"],
    text: "`gateway.bind=\"tailnet\"` direct tailnet bind",
  },
  {
    id: "S4.37", state: "partly", proofs: ["e2e/configured-ways.test.ts", "e2e/reach.test.ts"],
    text: "Remote pattern 1: always-on gateway in the tailnet; `gateway.bind=\"loopback\"` + Serve; SSH tunnel as fallback",
  },
  {
    id: "S4.38", state: "proved", proofs: ["e2e/configured-ways.test.ts", "e2e/reach.test.ts"],
    text: "Remote pattern 2: home desktop is gateway, laptop uses \"Remote over SSH\" (client opens and manages the tunnel)",
  },
  {
    id: "S4.39", state: "proved", proofs: ["e2e/reach.test.ts"],
    text: "Remote pattern 3: laptop is gateway, others reach it by SSH tunnel or Serve",
  },
  {
    id: "S4.40", state: "proved", proofs: ["e2e/one-owner.test.ts", "e2e/bad-frames.test.ts", "e2e/hostile/pages.test.ts"],
    text: "Rule: loopback-only unless sure",
  },
  {
    id: "S4.41", state: "proved",
    proofs: ["core/control/gateway/plan-listening.test.ts", "e2e/reach.test.ts", "e2e/auth-modes.test.ts"],
    text: "Rule: non-loopback binds (`lan`/`tailnet`/`custom`, or `auto` without loopback) need token or password",
  },
  {
    id: "S4.42", state: "proved", proofs: ["core/control/gateway/access.test.ts"],
    text: "Rule: browser control = operator access; tailnet only, deliberate pairing",
  },
  {
    id: "S4.43", state: "proved", proofs: ["e2e/reach.test.ts", "core/app/mdns/mdns.test.ts"],
    text: "Health checks that \"just work\" through the tunnel; discovery + status of nodes",
  },
  {
    id: "S4.44", state: "proved", proofs: ["e2e/schedule.test.ts", "core/control/schedule/crash.test.ts"],
    text: "Cron and event tools as part of the control plane",
  },
];

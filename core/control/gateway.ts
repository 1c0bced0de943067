/**
 * The wire: one port on loopback, WebSocket and HTTP.
 *
 * The room knows who is connected, what each may call and see, and keeps one client from troubling another: frames, queues,
 * buffers and handshakes are bounded, requests are served connection by connection, and an event reaches only those who
 * watch. Authority is the server's: what a client says about itself narrows what was approved and never widens it, and a
 * revoked token ends its live connections. The room never runs a turn, never touches a node or a store itself: handlers are
 * handed in.
 */
import { late } from "../base/late.ts";

export { openGateway, type Gateway } from "./gateway/open-gateway.ts";
export type { Listen, OpenPort } from "./gateway/listen-on.ts";
export type { Lobby, LobbyDeps } from "./gateway/open-lobby.ts";
export const openLobby = late(() => import("./gateway/open-lobby.ts"), "openLobby");
export type { GatewayDeps } from "./gateway/gateway-deps.ts";
export { GATEWAY_LIMITS, type GatewayLimits } from "./gateway/limits.ts";
export { createNetworkMatch, isPrivateAddress, isTailnetAddress } from "./gateway/networks.ts";
export { ownAddresses, planListening, type AuthMode, type BindMode, type ListenPlan } from "./gateway/plan-listening.ts";
export type { AccessRules } from "./gateway/vouch.ts";
export type { AuthRate } from "./gateway/auth-limiter.ts";
export type { ArtifactMethodDeps } from "./gateway/methods/artifacts.ts";
export type { GatewayAddresses, SetupMethodDeps } from "./gateway/methods/setup.ts";
export type { GatewaySnapshot } from "./gateway/hello.ts";
export type { BroadcastOptions } from "./gateway/connections.ts";
export type { HookDoor, HookRules } from "./gateway/hooks-surface.ts";
export type { HttpDoor, HttpSettings, ToolAnswer, ToolOverHttp } from "./gateway/http/http-door.ts";
export type { NodeDoor, NodeHello, NodeLink, NodeSession } from "./gateway/node-link.ts";
export type {
  ClientView, GatewayCounters, GatewayLog, GatewayView, MethodContext, MethodHandler, MethodHandlers,
} from "./gateway/method.ts";
export { systemMethods, readHealth, type SystemDeps } from "./gateway/methods/system.ts";
export type { DeviceMethodDeps } from "./gateway/methods/devices.ts";
export { nodeMethods, type NodeDirectory, type NodeInvokeRequest, type NodeMethodDeps } from "./gateway/methods/nodes.ts";
export type { ApprovalDesk, ApprovalMethodDeps, ApprovalVerdict } from "./gateway/methods/approvals.ts";
export type { QueueMethodDeps } from "./gateway/methods/queues.ts";
export { createSessionApprovals, type SessionApprovals } from "./gateway/session-approvals.ts";
export { listMethods, type ListMethodDeps } from "./gateway/methods/lists.ts";
export type { ScheduleMethodDeps } from "./gateway/methods/schedule.ts";
export { agentMethods, type AgentDeps } from "./gateway/methods/agent.ts";
export type { AgentListMethodDeps } from "./gateway/methods/agents.ts";
export type { ListModels, ModelQuery } from "./gateway/methods/models.ts";
export type { SkillMethodDeps } from "./gateway/methods/skills.ts";
export { deniedTools } from "./gateway/denied-tools.ts";
export type { ToolMethodDeps } from "./gateway/methods/tools.ts";
export { createCommandDesk, type CommandDesk, type CommandDeskDeps } from "./gateway/commands/command-desk.ts";
export type { CommandQuery } from "./gateway/commands/list-commands.ts";
export type { ChannelMethodDeps, ChannelSetup } from "./gateway/methods/channels.ts";
export type { TaskMethodDeps } from "./gateway/methods/tasks.ts";
export type { VoiceMethodDeps } from "./gateway/methods/voice.ts";
export type { ConfigMethodDeps, ModelWish } from "./gateway/methods/config.ts";
export type { BackupDesk, DoctorMethodDeps, ExaminedFinding, Examination } from "./gateway/methods/doctor.ts";
export type { AlertMethodDeps } from "./gateway/methods/alerts.ts";
export type { RestartMethodDeps } from "./gateway/methods/restart.ts";
export { openVoiceWake, type VoiceWake } from "./gateway/voice-wake.ts";
export { chatMethods, type ChatDeps } from "./gateway/methods/chat.ts";
export { SESSION_EVENTS, sessionMethods, type SessionDeps } from "./gateway/methods/sessions.ts";
export type { UsageMethodDeps } from "./gateway/methods/usage.ts";
export { createBroadcaster, type Broadcaster, type BroadcastDeps } from "./gateway/broadcast.ts";
export {
  agentListMethods, alertMethods, approvalMethods, artifactMethods, channelMethods, configMethods, createDescribeDefaults, createInvokeTool,
  createFiles, createListModels, createReadFiles, createTestModel, deviceMethods, doctorMethods, listCommands, queueMethods,
  restartMethods,
  scheduleMethods, sessionContextMethods, sessionPastMethods, setupMethods, skillMethods, taskMethods, toolMethods, usageMethods,
  voiceMethods,
} from "./gateway/rare-methods.ts";

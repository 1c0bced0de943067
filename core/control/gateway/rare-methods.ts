/** What a start does not wait for: tables of methods, each loaded when one of its methods is called first, and what they list. */
import {
  AGENT_METHODS, ALERT_METHODS, APPROVAL_METHODS, ARTIFACT_METHODS, CHANNEL_METHODS, CHAT_METHODS, CONFIG_METHODS, DEVICE_METHODS,
  DOCTOR_METHODS, QUEUE_METHODS, RESTART_METHODS, SCHEDULE_METHODS, SESSION_METHODS, TASK_METHODS, USAGE_METHODS, VOICE_METHODS,
} from "@openclaw/protocol/methods";
import type { MethodSpec } from "@openclaw/protocol";
import type { AgentSkills } from "../../execution/skills.ts";
import type { CommandQuery } from "./commands/list-commands.ts";
import type { FileDesk, FileDeskDeps } from "./http/file-desk.ts";
import type { HttpDoor } from "./http/http-door.ts";
import { lateMethods } from "./late-methods.ts";
import type { MediaLimits } from "../media.ts";
import type { MethodHandlers, ReadFiles } from "./method.ts";
import type { AlertMethodDeps } from "./methods/alerts.ts";
import type { AgentListMethodDeps } from "./methods/agents.ts";
import type { ArtifactMethodDeps } from "./methods/artifacts.ts";
import type { ApprovalMethodDeps } from "./methods/approvals.ts";
import type { ChannelMethodDeps } from "./methods/channels.ts";
import type { ConfigMethodDeps } from "./methods/config.ts";
import type { DeviceMethodDeps } from "./methods/devices.ts";
import type { DoctorMethodDeps } from "./methods/doctor.ts";
import type { ListModels, ModelDefaultsDeps, ModelListDeps, ModelTestDeps, TestModel } from "./methods/models.ts";
import type { QueueMethodDeps } from "./methods/queues.ts";
import type { RestartMethodDeps } from "./methods/restart.ts";
import type { ScheduleMethodDeps } from "./methods/schedule.ts";
import type { SessionContextDeps } from "./methods/session-context.ts";
import type { SessionPastDeps } from "./methods/session-past.ts";
import type { SetupMethodDeps } from "./methods/setup.ts";
import type { SkillMethodDeps } from "./methods/skills.ts";
import type { TaskMethodDeps } from "./methods/tasks.ts";
import type { ToolMethodDeps } from "./methods/tools.ts";
import type { UsageMethodDeps } from "./methods/usage.ts";
import type { VoiceMethodDeps } from "./methods/voice.ts";

export function alertMethods(deps: AlertMethodDeps): MethodHandlers {
  return lateMethods(ALERT_METHODS, async () => (await import("./methods/alerts.ts")).alertMethods(deps));
}

export function approvalMethods(deps: ApprovalMethodDeps): MethodHandlers {
  return lateMethods(APPROVAL_METHODS, async () => (await import("./methods/approvals.ts")).approvalMethods(deps));
}

export function artifactMethods(deps: ArtifactMethodDeps): MethodHandlers {
  return lateMethods(ARTIFACT_METHODS, async () => (await import("./methods/artifacts.ts")).artifactMethods(deps));
}

export function channelMethods(deps: ChannelMethodDeps): MethodHandlers {
  return lateMethods(CHANNEL_METHODS, async () => (await import("./methods/channels.ts")).channelMethods(deps));
}

export function configMethods(deps: ConfigMethodDeps): MethodHandlers {
  return lateMethods(CONFIG_METHODS, async () => (await import("./methods/config.ts")).configMethods(deps));
}

export function restartMethods(deps: RestartMethodDeps): MethodHandlers {
  return lateMethods(RESTART_METHODS, async () => (await import("./methods/restart.ts")).restartMethods(deps));
}

export function deviceMethods(deps: DeviceMethodDeps): MethodHandlers {
  return lateMethods(DEVICE_METHODS, async () => (await import("./methods/devices.ts")).deviceMethods(deps));
}

export function doctorMethods(deps: DoctorMethodDeps): MethodHandlers {
  return lateMethods(DOCTOR_METHODS, async () => (await import("./methods/doctor.ts")).doctorMethods(deps));
}

export function queueMethods(deps: QueueMethodDeps): MethodHandlers {
  return lateMethods(QUEUE_METHODS, async () => (await import("./methods/queues.ts")).queueMethods(deps));
}

export function scheduleMethods(deps: ScheduleMethodDeps): MethodHandlers {
  return lateMethods(SCHEDULE_METHODS, async () => (await import("./methods/schedule.ts")).scheduleMethods(deps));
}

export function taskMethods(deps: TaskMethodDeps): MethodHandlers {
  return lateMethods(TASK_METHODS, async () => (await import("./methods/tasks.ts")).taskMethods(deps));
}

export function usageMethods(deps: UsageMethodDeps): MethodHandlers {
  return lateMethods(USAGE_METHODS, async () => (await import("./methods/usage.ts")).usageMethods(deps));
}

export function voiceMethods(deps: VoiceMethodDeps): MethodHandlers {
  return lateMethods(VOICE_METHODS, async () => (await import("./methods/voice.ts")).voiceMethods(deps));
}

const SETUP = {
  "device.pair.setupCode": DEVICE_METHODS["device.pair.setupCode"], "device.pair.setupStatus": DEVICE_METHODS["device.pair.setupStatus"],
};

export function setupMethods(deps: SetupMethodDeps): MethodHandlers {
  return lateMethods(SETUP, async () => (await import("./methods/setup.ts")).setupMethods(deps));
}

export function agentListMethods(deps: AgentListMethodDeps): MethodHandlers {
  const specs = { ...named("agents."), "agents.list": CHAT_METHODS["agents.list"] };
  return lateMethods(specs, async () => (await import("./methods/agents.ts")).agentListMethods(deps));
}

const CONTEXT = {
  "sessions.pins": SESSION_METHODS["sessions.pins"], "sessions.pin": SESSION_METHODS["sessions.pin"],
  "sessions.unpin": SESSION_METHODS["sessions.unpin"], "sessions.compact": SESSION_METHODS["sessions.compact"],
};
const PAST = {
  "sessions.replay": SESSION_METHODS["sessions.replay"], "sessions.fork": SESSION_METHODS["sessions.fork"],
  "sessions.steps": SESSION_METHODS["sessions.steps"], "sessions.output": SESSION_METHODS["sessions.output"],
};

export function sessionContextMethods(deps: SessionContextDeps): MethodHandlers {
  return lateMethods(CONTEXT, async () => (await import("./methods/session-context.ts")).sessionContextMethods(deps));
}

export function sessionPastMethods(deps: SessionPastDeps): MethodHandlers {
  return lateMethods(PAST, async () => (await import("./methods/session-past.ts")).sessionPastMethods(deps));
}

export function skillMethods(deps: SkillMethodDeps): MethodHandlers {
  return lateMethods(named("skills."), async () => (await import("./methods/skills.ts")).skillMethods(deps));
}

export function toolMethods(deps: ToolMethodDeps): MethodHandlers {
  return lateMethods(named("tools."), async () => (await import("./methods/tools.ts")).toolMethods(deps));
}

function named(prefix: string): Readonly<Record<string, MethodSpec>> {
  return Object.fromEntries(Object.entries(AGENT_METHODS).filter(([name]) => name.startsWith(prefix)));
}

export function createListModels(deps: ModelListDeps): ListModels {
  return async (query) => await (await import("./methods/models.ts")).createListModels(deps)(query);
}

export function createTestModel(deps: ModelTestDeps): TestModel {
  return async (query, signal) => await (await import("./methods/models.ts")).createTestModel(deps)(query, signal);
}

export function createDescribeDefaults(deps: ModelDefaultsDeps): (agentId: string) => Promise<object> {
  return async (agentId) => await (await import("./methods/models.ts")).describeDefaults(deps, agentId);
}

export function createInvokeTool(deps: ToolMethodDeps): NonNullable<HttpDoor["invokeTool"]> {
  return async (call, signal) => await (await import("./methods/tools.ts")).createInvokeTool(deps)(call, signal);
}

export async function listCommands(query: CommandQuery, skills: AgentSkills): Promise<readonly object[]> {
  return (await import("./commands/list-commands.ts")).listCommands(query, skills);
}

/** Loaded with the first file that goes over plain HTTP. */
export function createFiles(deps: FileDeskDeps): () => Promise<FileDesk> {
  let desk: Promise<FileDesk> | undefined;
  return () => (desk ??= import("./http/file-desk.ts").then(({ createFileDesk }) => createFileDesk(deps)));
}

/** Files that clients send are looked at with the first of them. */
export function createReadFiles(limits: () => Partial<MediaLimits>): ReadFiles {
  return async (given) => (given.length === 0 ? [] : (await import("../media.ts")).readAttachments(given, limits()));
}

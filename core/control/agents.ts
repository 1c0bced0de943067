/**
 * Agent definitions: who an agent is, which model it uses, where it works, what stands in its workspace.
 *
 * Definitions are read from the configuration at each use, so a changed one holds from the next turn on. Of a workspace's files
 * it knows whose words they are, and follows no link out of it.
 */
export type { AgentsConfig } from "./agents/config.ts";
export { createAgents, DEFAULT_AGENT, type Agent, type AgentIdentity, type Agents } from "./agents/define-agents.ts";
export { createAgentBook, type AgentBook } from "./agents/agent-book.ts";
export { createAuthorship, type Authorship } from "./agents/workspace/authorship.ts";
export { openWorkspacesLate as createWorkspaces } from "./agents/workspace/open-workspaces-late.ts";
export type { ShownFile, Workspaces } from "./agents/workspace/open-workspaces.ts";

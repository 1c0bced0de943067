/**
 * Agent definitions: who an agent is, which model it uses, where it works. Read from configuration at each use, so a
 * changed definition holds from the next turn on.
 */
export { agentsConfig, createAgents, type Agent, type Agents, type AgentsConfig } from "./agents/define-agents.ts";

import type { Workspaces, WorkspacesDeps } from "./open-workspaces.ts";

/** The same workspaces, loaded with the first turn or the first look. Until then nothing was looked at. */
export function openWorkspacesLate(deps: WorkspacesDeps): Workspaces {
  let opened: Workspaces | undefined;
  let opening: Promise<Workspaces> | undefined;
  const workspaces = (): Promise<Workspaces> =>
    (opening ??= import("./open-workspaces.ts").then(({ createWorkspaces }) => (opened = createWorkspaces(deps))));
  return {
    of: (agentId) => opened?.of(agentId) ?? { notes: [], revision: "none" },
    refresh: async (agent) => await (await workspaces()).refresh(agent),
    list: async (agent) => await (await workspaces()).list(agent),
    get: async (agent, name) => await (await workspaces()).get(agent, name),
    set: async (agent, name, content, expectedHash) => await (await workspaces()).set(agent, name, content, expectedHash),
    forget: async (agentId) => await (await workspaces()).forget(agentId),
  };
}

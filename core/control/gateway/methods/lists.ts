/** The lists a client asks for before it can show anything: models and commands. */
import type { Agents } from "../../agents.ts";
import type { CommandQuery } from "../commands/list-commands.ts";
import type { MethodHandlers } from "../method.ts";
import type { ListModels, ModelQuery, TestModel } from "./models.ts";

export interface ListMethodDeps {
  readonly agents: Agents;
  readonly listModels: ListModels;
  readonly testModel: TestModel;
  readonly listCommands: (agentId: string, query: CommandQuery) => Promise<readonly unknown[]>;
}

export function listMethods({ agents, listModels, testModel, listCommands }: ListMethodDeps): MethodHandlers {
  return {
    "models.list": (params) => listModels(params as ModelQuery),
    "models.test": (params, ctx) => testModel(params as Parameters<TestModel>[0], ctx.signal),
    "commands.list": async (params) => {
      const { agentId, ...query } = params as CommandQuery & { readonly agentId?: string };
      return { commands: await listCommands(agents.get(agentId ?? agents.defaultId).id, query) };
    },
  };
}

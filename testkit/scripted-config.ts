/** A configuration whose only model is a scripted server, so that a test decides what the model says. */
export interface ScriptedConfigOptions {
  /** Programs on the local node run unasked. */
  readonly yesLocal?: boolean;
  /** How long a command waits for a node that went away. */
  readonly reattachWaitMs?: number;
  /** Further settings of the provider. */
  readonly provider?: Readonly<Record<string, unknown>>;
}

/** `url` is the server's, as `openScriptedModel` gives it. */
export function scriptedConfig(
  url: string, { yesLocal = false, reattachWaitMs, provider = {} }: ScriptedConfigOptions = {},
): Readonly<Record<string, unknown>> {
  return {
    agents: { defaults: { model: "scripted/test" } },
    models: { providers: { scripted: { use: "openai-compatible", baseUrl: url, models: [{ id: "test" }], ...provider } } },
    ...(yesLocal ? { tools: { exec: { yesLocal: true } } } : {}),
    ...(reattachWaitMs === undefined ? {} : { gateway: { nodes: { reattachWaitMs } } }),
  };
}

/** The mark that makes the scripted model call a tool with these arguments. */
export function callMark(tool: string, args: unknown): string {
  return `[[call ${tool} ${JSON.stringify(args)}]]`;
}

/**
 * The wire contract: what any client, node or page needs to speak with a gateway. Runs in a browser as it does in Node;
 * imports nothing of the program.
 */
export * from "./errors.ts";
export * from "./frames.ts";
export * from "./labels.ts";
export type * from "./schema.ts";
export * from "./connect.ts";
export * from "./device.ts";
export * from "./method.ts";
export * from "./device-commands.ts";
export * from "./exec-approvals.ts";
export * from "./node.ts";
export * from "./session-settings.ts";

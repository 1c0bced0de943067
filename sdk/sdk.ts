/** The ports a drop-in implements: types only, erased at run time. */
export * from "./engine.ts";
export type * from "./actuator.ts";
export type * from "./channel.ts";
export type * from "./provider.ts";
export type * from "./tokenizer.ts";
export type * from "./tool.ts";

import type { Tokenizers, TokenizersDeps } from "./open-tokenizers.ts";

/** The same tokenizers, loaded when a model is asked for the first time. */
export function openTokenizersLate(deps: TokenizersDeps): Tokenizers {
  let opening: Promise<Tokenizers> | undefined;
  const opened = (): Promise<Tokenizers> => (opening ??= import("./open-tokenizers.ts").then(({ openTokenizers }) => openTokenizers(deps)));
  return {
    encodingOf: async (model, named) => await (await opened()).encodingOf(model, named),
    count: async (encoding, messages, tokens, signal) => await (await opened()).count(encoding, messages, tokens, signal),
    [Symbol.asyncDispose]: async () => {
      if (opening !== undefined) await (await opening)[Symbol.asyncDispose]();
    },
  };
}

import type { Tokenizer } from "@openclaw/sdk";
import { createByteCounter, type Ranks } from "./count-bytes.ts";

/** OpenAI's encodings. The tables of ranks are js-tiktoken's, loaded one at a time when they are needed. */
export default {
  id: "tiktoken",
  encodings: [
    { id: "o200k_base", models: "(^|/)(gpt-4o|gpt-4\\.[15]|gpt-[5-9]|chatgpt-|gpt-oss|o[1-9]($|-))" },
    { id: "cl100k_base", models: "(^|/)(gpt-4|gpt-3\\.5|text-embedding-(3|ada))" },
  ],
  async open(encoding) {
    switch (encoding) {
      case "o200k_base": return createByteCounter((await import("js-tiktoken/ranks/o200k_base")).default as Ranks);
      case "cl100k_base": return createByteCounter((await import("js-tiktoken/ranks/cl100k_base")).default as Ranks);
      default: throw new Error(`there is no encoding ${encoding}`);
    }
  },
} satisfies Tokenizer;

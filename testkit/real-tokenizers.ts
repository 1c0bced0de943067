/** Every encoding of every tokenizer that is there, found by its folder. */
import { readdirSync } from "node:fs";
import type { Tokenizer } from "@openclaw/sdk";

export interface RealTokenizer {
  readonly encoding: string;
  readonly count: (text: string) => number;
}

export async function realTokenizers(): Promise<readonly RealTokenizer[]> {
  const folder = new URL("../extensions/tokenizers/", import.meta.url);
  const all = await Promise.all(readdirSync(folder).map(async (name) => {
    const { default: tokenizer } = (await import(new URL(`${name}/index.ts`, folder).href)) as { readonly default: Tokenizer };
    return await Promise.all(tokenizer.encodings.map(async ({ id }) => ({ encoding: id, count: await tokenizer.open(id) })));
  }));
  return all.flat();
}

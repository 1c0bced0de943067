/** The other thread: one encoding of one tokenizer, asked for lists of texts. */
import { parentPort, workerData } from "node:worker_threads";
import type { Tokenizer } from "@openclaw/sdk";

const { file, encoding } = workerData as { readonly file: string; readonly encoding: string };
const { default: tokenizer } = (await import(file)) as { readonly default: Tokenizer };
const count = await tokenizer.open(encoding);

parentPort?.on("message", ({ id, texts }: { readonly id: number; readonly texts: readonly string[] }) => {
  parentPort?.postMessage({ id, tokens: texts.map((text) => count(text)) });
});

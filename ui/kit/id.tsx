import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { words } from "../words/en/kit.ts";
import { shortenId } from "./format.ts";

const SAID_MS = 1_500;

/** An id, shortened in the middle; pressing it copies the whole. */
export function Id({ id, charsMax }: { readonly id: string; readonly charsMax?: number }): VNode {
  const copied = useSignal(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(id);
    copied.value = true;
    setTimeout(() => {
      copied.value = false;
    }, SAID_MS);
  };
  return (
    <button type="button" class="id mono" title={id} onClick={() => void copy()}>
      <span class="unseen">{words.copyId} </span>
      {copied.value ? words.copied : shortenId(id, charsMax)}<span class="unseen" role="status">{copied.value ? words.copied : ""}</span>
    </button>
  );
}

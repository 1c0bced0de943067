/**
 * A file that came with a message. Small pictures are shown by themselves, whatever is larger says its size and waits to be asked for; what
 * no browser shows inertly is only ever saved. Its bytes are held while it is on the page.
 */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { words } from "../words/en/media.ts";
import { formatBytes } from "./format.ts";
import { Icon } from "./icon.tsx";

export interface MediaPart {
  readonly id: string;
  readonly kind: "image" | "audio" | "video" | "file";
  readonly mimeType: string;
  readonly name: string;
  readonly bytes: number;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
}

/** The file's bytes. Rejects where it is not kept any more. */
export type ReadMedia = (id: string) => Promise<Uint8Array<ArrayBuffer>>;

/** Pictures up to here are fetched without being asked for. */
const UNASKED_BYTES = 1_048_576;
/** What an address may be given as: anything else is bytes. SVG and HTML are programs. */
const SHOWN = /^(?:image\/(?:png|jpeg|gif|webp)|audio\/[a-z0-9.+-]+|video\/[a-z0-9.+-]+)$/;

export function MediaList({ parts, read }: { readonly parts: readonly MediaPart[]; readonly read: ReadMedia }): VNode {
  return (
    <ul class="media-list" aria-label={words.files}>{parts.map((part) => <li key={part.id}><Media part={part} read={read} /></li>)}</ul>
  );
}

function Media({ part, read }: { readonly part: MediaPart; readonly read: ReadMedia }): VNode {
  const { id, kind, name, bytes } = part;
  const address = useSignal<string | undefined>(undefined);
  const state = useSignal<"idle" | "loading" | "failed">("idle");
  const isShown = kind !== "file" && SHOWN.test(part.mimeType) && part.mimeType.startsWith(`${kind}/`);

  const load = async (): Promise<string | undefined> => {
    if (address.peek() !== undefined || state.peek() === "loading") return address.peek();
    state.value = "loading";
    try {
      address.value = URL.createObjectURL(new Blob([await read(id)], { type: isShown ? part.mimeType : "application/octet-stream" }));
      state.value = "idle";
    } catch {
      state.value = "failed";
    }
    return address.peek();
  };
  const save = async (): Promise<void> => {
    const href = await load();
    if (href === undefined) return;
    const link = document.createElement("a");
    link.href = href;
    link.download = name;
    link.click();
  };
  useEffect(() => {
    if (isShown && kind === "image" && bytes <= UNASKED_BYTES) void load();
    return () => {
      const href = address.peek();
      if (href !== undefined) URL.revokeObjectURL(href);
    };
  }, [id]);

  const size = formatBytes(bytes);
  const about = <figcaption class="soft small"><span class="media-name">{name}</span> <span>{size}</span></figcaption>;
  if (state.value === "failed") {
    return (
      <figure class="media">
        <p class="media-gone" role="status"><Icon name="alert" /><span>{words.gone(name)}</span></p>
        <button type="button" class="quiet" onClick={() => void load()}><Icon name="retry" /><span>{words.again}</span></button>
      </figure>
    );
  }
  if (!isShown) {
    return (
      <figure class="media">
        <button type="button" onClick={() => void save()} disabled={state.value === "loading"}>
          <Icon name="attach" /><span class="media-name">{words.save(name)}</span><span class="soft">{size}</span>
        </button>
      </figure>
    );
  }
  if (address.value === undefined) {
    const isComing = kind === "image" && bytes <= UNASKED_BYTES;
    return (
      <figure class="media">
        {isComing ? <div class="media-space" aria-hidden="true" /> : (
          <button type="button" onClick={() => void load()} disabled={state.value === "loading"}>
            <Icon name={kind === "image" ? "plus" : "play"} />
            <span class="media-name">{state.value === "loading" ? words.loading(name) : words.show[kind](name)}</span>
            <span class="soft">{size}</span>
          </button>
        )}
        {isComing ? about : null}
      </figure>
    );
  }
  return (
    <figure class="media">
      {kind === "image" ? <img src={address.value} alt={name} width={part.width} height={part.height} decoding="async" />
        : kind === "audio" ? <audio src={address.value} controls aria-label={name} />
          : <video src={address.value} controls aria-label={name} preload="metadata" />}
      {about}
    </figure>
  );
}

/**
 * A file that came with a message, or was brought by a call. A picture is shown small, by the thumbnail its sender made or by itself where
 * it is small, and fetched when it comes into view; whatever is larger says its size and waits to be asked for; what no browser shows
 * inertly is only ever saved. The browser reads it from an address of its own, films and sound in ranges.
 */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
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
  /** A small picture of it: another file of the same conversation. */
  readonly thumbnailId?: string | undefined;
  /** What a recording says, as a program heard it; or why nobody knows. */
  readonly heard?: { readonly text: string } | { readonly why: string; readonly code: string } | undefined;
}

/** Where the file is read. Rejects where it is not kept any more. */
export type MediaAddress = (id: string) => Promise<string>;

/** Pictures up to here are fetched without being asked for. */
const UNASKED_BYTES = 1_048_576;
/** What is shown or played: anything else is bytes. SVG and HTML are programs. */
const SHOWN = /^(?:image\/(?:png|jpeg|gif|webp)|audio\/[a-z0-9.+-]+|video\/[a-z0-9.+-]+)$/;

interface ListProps { readonly parts: readonly MediaPart[]; readonly address: MediaAddress }

export function MediaList({ parts, address }: ListProps): VNode {
  return (
    <ul class="media-list" aria-label={words.files}>
      {parts.map((part) => <li key={part.id}><Media part={part} address={address} /><Heard part={part} /></li>)}
    </ul>
  );
}

function Heard({ part: { heard, name } }: { readonly part: MediaPart }): VNode | null {
  if (heard === undefined) return null;
  if ("why" in heard) return <p class="media-gone small"><Icon name="alert" /><span>{heard.why} <code>{heard.code}</code></span></p>;
  return (
    <section class="media-heard" aria-label={words.heardIn(name)}>
      <p class="soft small">{words.heard}</p><p class="plain" dir="auto">{heard.text === "" ? words.silence : heard.text}</p>
    </section>
  );
}

function Media({ part, address }: { readonly part: MediaPart; readonly address: MediaAddress }): VNode {
  const { id, kind, name, bytes, thumbnailId } = part;
  const shown = useSignal<{ readonly id: string; readonly url: string } | undefined>(undefined);
  const state = useSignal<"idle" | "loading" | "failed">("idle");
  const failures = useRef(0);
  const isShown = kind !== "file" && SHOWN.test(part.mimeType) && part.mimeType.startsWith(`${kind}/`);
  const isUnasked = isShown && kind === "image" && (thumbnailId !== undefined || bytes <= UNASKED_BYTES);

  const show = async (one: string): Promise<void> => {
    if (state.peek() === "loading") return;
    state.value = "loading";
    try {
      shown.value = { id: one, url: await address(one) };
      state.value = "idle";
    } catch {
      state.value = "failed";
    }
  };
  /** An address ends with the connection it was made on: then another one is asked for, once. */
  const onError = (): void => {
    failures.current += 1;
    if (failures.current > 1) state.value = "failed";
    else void show(shown.peek()?.id ?? id);
  };
  const save = async (): Promise<void> => {
    state.value = "loading";
    try {
      const link = document.createElement("a");
      link.href = `${await address(id)}?save`;
      link.download = name;
      link.click();
      state.value = "idle";
    } catch {
      state.value = "failed";
    }
  };
  const again = (): void => {
    failures.current = 0;
    if (isShown) void show(shown.peek()?.id ?? thumbnailId ?? id);
    else void save();
  };
  useEffect(() => {
    if (isUnasked) void show(thumbnailId ?? id);
  }, [id]);

  const size = formatBytes(bytes);
  const about = <figcaption class="soft small"><span class="media-name">{name}</span> <span>{size}</span></figcaption>;
  if (state.value === "failed") {
    return (
      <figure class="media">
        <p class="media-gone" role="status"><Icon name="alert" /><span>{words.gone(name)}</span></p>
        <button type="button" class="quiet" onClick={again}><Icon name="retry" /><span>{words.again}</span></button>
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
  if (shown.value === undefined) {
    return (
      <figure class="media">
        {isUnasked ? <div class="media-space" aria-hidden="true" /> : (
          <button type="button" onClick={() => void show(id)} disabled={state.value === "loading"}>
            <Icon name={kind === "image" ? "plus" : "play"} />
            <span class="media-name">{state.value === "loading" ? words.loading(name) : words.show[kind](name)}</span>
            <span class="soft">{size}</span>
          </button>
        )}
        {isUnasked ? about : null}
      </figure>
    );
  }
  const { url } = shown.value;
  const played = { src: url, controls: true, "aria-label": name, preload: "metadata" as const, onError };
  if (kind === "audio") return <figure class="media"><audio {...played} />{about}</figure>;
  if (kind === "video") return <figure class="media"><video {...played} />{about}</figure>;
  const picture = (
    <img src={url} alt={name} width={part.width} height={part.height} loading="lazy" decoding="async" onError={onError} />
  );
  if (shown.value.id === id) return <figure class="media">{picture}{about}</figure>;
  return (
    <figure class="media">
      <button type="button" class="media-small" aria-label={words.show.image(name)} onClick={() => void show(id)}>{picture}</button>{about}
    </figure>
  );
}

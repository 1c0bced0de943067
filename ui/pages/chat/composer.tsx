/**
 * What stands around the box: files, commands, what becomes of a message during a turn, stop and send. The box itself is the page's own,
 * from its first byte on, so what is typed before this runs is kept; and its text outlives a reload, for each conversation.
 */
import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { render, type VNode } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { formatBytes } from "../../kit/format.ts";
import { Icon } from "../../kit/icon.tsx";
import type { Link } from "../../link.ts";
import { words } from "../../words/en/chat.ts";
import { ATTACHMENT_LIMITS, type Attachment } from "./attachments.ts";
import { openCommands } from "./commands.ts";
import type { QueueMode } from "./conversation.ts";
import { draft } from "./draft.ts";
import { openSession } from "./sessions.ts";

const MODES: readonly QueueMode[] = ["followup", "steer", "collect", "interrupt"];

export function Composer({ link }: { readonly link: Link }): VNode {
  const session = openSession(link);
  const written = useSignal("");
  const files = useSignal<readonly Attachment[]>([]);
  const problem = useSignal("");
  const pasted = useSignal("");
  const mode = useSignal<QueueMode | undefined>(undefined);
  const chosen = useSignal(0);
  const closed = useSignal("");
  const brought = useSignal("");
  /** Files on their way to the gateway, and whether the message waits for them. */
  const coming = useRef(0);
  const waits = useRef(false);
  const picker = useRef<HTMLInputElement>(null);
  const commands = useRef(openCommands(link)).current;
  const matches = useComputed(() => (closed.value === written.value ? [] : commands.matching(written.value)));
  const isDragged = useSignal(false);

  const put = (text: string): void => {
    const box = draftBox();
    box.value = text;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.focus();
  };
  const addFiles = async (added: readonly File[]): Promise<void> => {
    const { key } = session.peek();
    problem.value = "";
    coming.current += 1;
    try {
      const { bringFile } = await import("./upload.ts");
      for (const file of added) {
        if (files.peek().length >= ATTACHMENT_LIMITS.files) throw new Error(words.composer.tooMany(ATTACHMENT_LIMITS.files));
        const one = await bringFile(link, key, file, (part) => {
          brought.value = words.composer.coming(file.name, part);
        });
        if (session.peek().key !== key) return;
        files.value = [...files.peek(), one];
      }
    } catch (error) {
      problem.value = (error as Error).message;
      waits.current = false;
    } finally {
      brought.value = "";
      coming.current -= 1;
      if (coming.current === 0 && waits.current && session.peek().key === key) send();
    }
  };
  const send = (): void => {
    const box = draftBox();
    const text = box.value.trim();
    // What is still on its way goes along.
    waits.current = coming.current > 0;
    if (waits.current) return;
    if (text === "" && files.peek().length === 0) return;
    const isRunning = session.peek().live.peek() !== undefined;
    session.peek().send(text, { mode: isRunning ? mode.peek() : undefined, attachments: files.peek() });
    files.value = [];
    problem.value = pasted.value = "";
    sent.unshift(text);
    sent.splice(SENT_KEPT);
    box.value = "";
    box.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const complete = (index: number): void => {
    const match = matches.peek()[index];
    if (match !== undefined) put(`/${match.name} `);
  };

  useSignalEffect(() => {
    const { key } = session.value;
    const box = draftBox();
    if (box.value === "" || box.dataset["key"] !== undefined) box.value = draft.recall(key);
    box.dataset["key"] = key;
    written.value = box.value;
    files.value = [];
    fit(box);
  });
  const onInput = (): void => {
    const box = draftBox();
    written.value = box.value;
    chosen.value = 0;
    draft.keep(session.peek().key, box.value);
    fit(box);
  };
  // At once: a key that comes before the first frame is this one's too.
  useLayoutEffect(() => {
    const box = draftBox();
    const form = box.form;
    let back = -1;
    /** What was said before comes back with the arrow, as in a terminal, while the box holds nothing else. */
    const recall = (by: number): boolean => {
      const said = [...sent, ...session.peek().entries.peek().filter(({ role }) => role === "user").map(({ text }) => text).reverse()];
      const known = said.filter((text, at) => text !== "" && said.indexOf(text) === at);
      if (box.value !== "" && box.value !== known[back]) return false;
      const next = back + by;
      if (next < -1 || next >= known.length) return false;
      back = next;
      box.value = known[next] ?? "";
      onInput();
      box.setSelectionRange(box.value.length, box.value.length);
      return true;
    };
    const onKey = (event: KeyboardEvent): void => {
      if (event.isComposing || event.keyCode === 229) return;
      const open = matches.peek().length;
      if (open > 0 && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
        event.preventDefault();
        chosen.value = (chosen.peek() + (event.key === "ArrowDown" ? 1 : -1) + open) % open;
      } else if (open > 0 && (event.key === "Tab" || (event.key === "Enter"
        && matches.peek()[chosen.peek()]?.name !== box.value.slice(1)))) {
        event.preventDefault();
        complete(chosen.peek());
      } else if (open > 0 && event.key === "Escape") {
        event.preventDefault();
        closed.value = written.peek();
      } else if (event.key === "ArrowUp" && box.selectionStart === 0 && recall(1)) event.preventDefault();
      else if (event.key === "ArrowDown" && back >= 0 && box.selectionEnd === box.value.length && recall(-1)) event.preventDefault();
      else if (event.key === "Enter" && !event.shiftKey) {
        event.preventDefault();
        back = -1;
        send();
      }
    };
    const onSubmit = (event: Event): void => {
      event.preventDefault();
      send();
    };
    const onPaste = (event: ClipboardEvent): void => {
      const added = [...(event.clipboardData?.files ?? [])];
      const text = event.clipboardData?.getData("text/plain") ?? "";
      if (added.length > 0 && text === "") {
        event.preventDefault();
        void addFiles(added);
      } else if (text.length > ATTACHMENT_LIMITS.pasteChars) pasted.value = text;
    };
    const onResize = (): void => fit(box);
    const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") === true;
    const onDrag = (event: DragEvent): void => {
      if (!hasFiles(event) || document.documentElement.dataset["place"] !== "chat") return;
      event.preventDefault();
      isDragged.value = true;
    };
    const onDragEnd = (event: DragEvent): void => {
      if (event.type === "drop" || event.relatedTarget === null) isDragged.value = false;
      if (event.type !== "drop" || !hasFiles(event)) return;
      event.preventDefault();
      void addFiles([...(event.dataTransfer?.files ?? [])]);
    };
    box.addEventListener("input", onInput);
    box.addEventListener("keydown", onKey);
    box.addEventListener("paste", onPaste);
    form?.addEventListener("submit", onSubmit);
    addEventListener("resize", onResize);
    addEventListener("dragover", onDrag);
    addEventListener("dragleave", onDragEnd);
    addEventListener("drop", onDragEnd);
    return () => {
      box.removeEventListener("input", onInput);
      box.removeEventListener("keydown", onKey);
      box.removeEventListener("paste", onPaste);
      form?.removeEventListener("submit", onSubmit);
      removeEventListener("resize", onResize);
      removeEventListener("dragover", onDrag);
      removeEventListener("dragleave", onDragEnd);
      removeEventListener("drop", onDragEnd);
    };
  }, []);
  // What was typed before this ran; behind what was kept, which it would write over.
  useEffect(onInput, []);
  useSignalEffect(() => {
    const box = draftBox();
    const isOpen = matches.value.length > 0;
    if (isOpen) {
      box.setAttribute("aria-controls", LIST_ID);
      box.setAttribute("aria-activedescendant", `${LIST_ID}-${chosen.value}`);
    } else {
      box.removeAttribute("aria-controls");
      box.removeAttribute("aria-activedescendant");
    }
  });

  const isRunning = session.value.liveId.value !== undefined;
  const isEmpty = written.value.trim() === "" && files.value.length === 0;
  const above = (
    <>
      {matches.value.length === 0 ? null : (
        <ul class="completions" id={LIST_ID} role="listbox" aria-label={words.composer.commands}>
          {matches.value.map(({ name, description }, index) => (
            <li key={name} id={`${LIST_ID}-${index}`} role="option" aria-selected={index === chosen.value}
              onPointerDown={(event) => {
                event.preventDefault();
                complete(index);
              }}><code>/{name}</code><span class="soft small">{description}</span></li>
          ))}
        </ul>
      )}
      {isDragged.value ? <p class="bar">{words.composer.drop}</p> : null}
      {pasted.value === "" ? null : (
        <p class="bar" role="status">
          <span>{words.composer.asFile}</span>
          <button type="button" class="quiet" onClick={() => {
            const text = pasted.value;
            put(draftBox().value.replace(text.replaceAll("\r\n", "\n"), "").trim());
            pasted.value = "";
            void addFiles([new File([text], "pasted.txt", { type: "text/plain" })]);
          }}>{words.composer.yes}</button>
          <button type="button" class="quiet" onClick={() => {
            pasted.value = "";
          }}>{words.composer.no}</button>
        </p>
      )}
      {problem.value === "" ? null : <p class="bar problem" role="alert">{problem.value}</p>}
      {brought.value === "" ? null : <p class="bar" role="status">{brought.value}</p>}
      {files.value.length === 0 ? null : (
        <ul class="chips">{files.value.map((file, at) => (
          <li key={at}><span>{file.fileName}</span><span class="soft small">{formatBytes(file.sizeBytes)}</span>
            <button type="button" class="quiet" aria-label={words.composer.remove(file.fileName)} onClick={() => {
              files.value = files.value.filter((_, index) => index !== at);
            }}><Icon name="cross" /></button></li>
        ))}</ul>
      )}
      {isRunning && !isEmpty ? (
        <label class="queue-mode small"><span class="soft">{words.queue.title}</span>
          <select value={mode.value ?? session.value.row.value["queueMode"] as string ?? "followup"} onChange={(event) => {
            mode.value = event.currentTarget.value as QueueMode;
          }}>{MODES.map((one) => <option key={one} value={one}>{words.queue[one]}</option>)}</select>
        </label>
      ) : null}
    </>
  );
  // It stands in the form above the box, which is not ours to draw.
  useLayoutEffect(() => {
    const place = document.getElementById("composer-above");
    if (place !== null) render(above, place);
  });
  return (
    <>
      <input type="file" multiple hidden ref={picker} onChange={(event) => {
        void addFiles([...(event.currentTarget.files ?? [])]);
        event.currentTarget.value = "";
      }} />
      <button type="button" class="attach" aria-label={words.composer.attach} title={words.composer.attach}
        onClick={() => picker.current?.click()}><Icon name="attach" /></button>
      {isRunning ? (
        <button type="button" class="stop" onClick={() => session.peek().stop()}><Icon name="stop" /><span>{words.stop}</span></button>
      ) : null}
      <button type="submit" class="primary" disabled={isEmpty}><Icon name="send" /><span>{words.send}</span></button>
    </>
  );
}

const LIST_ID = "completions";
const SENT_KEPT = 50;
const sent: string[] = [];

function draftBox(): HTMLTextAreaElement {
  return document.getElementById("draft") as HTMLTextAreaElement;
}

/** As high as its text, up to a third of the window: the style sets the bounds. */
function fit(box: HTMLTextAreaElement): void {
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight}px`;
}

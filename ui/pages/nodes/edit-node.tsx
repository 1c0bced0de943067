/** Name and tags of a node, changed in place. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Link } from "../../link.ts";
import type { Nodes } from "../../stores/nodes.ts";
import type { NodeRow } from "../../stores/parse-node.ts";
import { words } from "../../words/en/nodes.ts";
import { act } from "./act.ts";
import { Tags } from "./node-table.tsx";

interface EditProps { readonly link: Link; readonly nodes: Nodes; readonly node: NodeRow }

export function EditName({ link, nodes, node, onEnd }: EditProps & { readonly onEnd: () => void }): VNode {
  const name = useSignal(node.name);
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => box.current?.select(), []);
  const save = async (): Promise<void> => {
    const wanted = name.value.trim();
    if (wanted === "" || wanted === node.name) return onEnd();
    if (await act(nodes, link.call("node.rename", { nodeId: node.id, displayName: wanted }), words.renamed(wanted))) onEnd();
  };
  return (
    <form class="line-form" onSubmit={(event) => {
      event.preventDefault();
      void save();
    }}>
      <label>{words.newName}
        <input ref={box} type="text" maxLength={64} required autocomplete="off" value={name.value} onInput={(event) => {
          name.value = event.currentTarget.value;
        }} />
      </label>
      <button type="submit" class="primary">{words.save}</button>
      <button type="button" onClick={onEnd}>{words.cancel}</button>
    </form>
  );
}

const TAGS = "\\s*[A-Za-z0-9][A-Za-z0-9._\\-]{0,63}(\\s*,\\s*[A-Za-z0-9][A-Za-z0-9._\\-]{0,63})*\\s*";

export function EditTags({ link, nodes, node }: EditProps): VNode {
  const isOpen = useSignal(false);
  const text = useSignal("");
  const send = async (tags: readonly string[] | null): Promise<void> => {
    const set = link.call("node.tags.set", { nodeId: node.id, tags: tags === null ? null : [...tags] });
    const said = set.then(({ tags: now }) => now.join(", "), () => "");
    if (await act(nodes, set, words.tagsSaved(await said === "" ? words.tagsNone : await said))) isOpen.value = false;
  };
  if (!isOpen.value) {
    return (
      <p class="acts">
        {node.tags.length === 0 ? <span class="soft">{words.tagsNone}</span> : <Tags tags={node.tags} />}
        <button type="button" class="quiet" onClick={() => {
          text.value = node.tags.join(", ");
          isOpen.value = true;
        }}>{words.editTags}</button>
      </p>
    );
  }
  return (
    <form class="line-form" onSubmit={(event) => {
      event.preventDefault();
      void send(text.value.split(",").map((tag) => tag.trim()).filter((tag) => tag !== ""));
    }}>
      <label>{words.tagsLabel}
        <input type="text" pattern={TAGS} autocomplete="off" spellcheck={false} value={text.value} onInput={(event) => {
          text.value = event.currentTarget.value;
        }} />
      </label>
      <button type="submit" class="primary">{words.save}</button>
      <button type="button" onClick={() => void send(null)}>{words.ownTags}</button>
      <button type="button" onClick={() => {
        isOpen.value = false;
      }}>{words.cancel}</button>
      <p class="soft small">{words.tagsHint}</p>
    </form>
  );
}

/**
 * Markdown as elements, never as HTML: what a model or a tool writes can become text, lists, tables and links, and nothing else.
 *
 * Raw HTML is shown as it is written. Pictures are shown as links: nothing is loaded from anywhere. A link says where it leads, and leads
 * only to the web or to an address for mail.
 */
import type { Token, Tokens } from "marked";
import type { ComponentChildren, VNode } from "preact";
import { useMemo, useRef } from "preact/hooks";
import { words } from "../words/en/kit.ts";
import { CodeBlock } from "./code-block.tsx";
import { memo } from "./memo.ts";
import { MARKDOWN_LIMITS, NOTHING, readMarkdown, safeAddress, type ReadText } from "./read-markdown.ts";

/** `live`: more is coming, so only the last block is read again. What is too much to be read in time is shown as it is written. */
export function Markdown({ text, live = false }: { readonly text: string; readonly live?: boolean }): VNode {
  const before = useRef<ReadText>(NOTHING);
  const read = useMemo(() => (before.current = readMarkdown(text, live ? before.current : NOTHING)), [text, live]);
  return (
    <div class="prose">{read.blocks.map((token, index) => (
      <Block key={index} token={token as MarkedToken} isOpen={live && index === read.blocks.length - 1} />
    ))}</div>
  );
}

/** Drawn again only when it was read again: what stands above costs nothing while text streams below. */
interface BlockProps { readonly token: MarkedToken; readonly isOpen: boolean }

const Block = memo(({ token, isOpen }: BlockProps): VNode => <>{drawBlock(token, 0, 0, isOpen)}</>);

function drawBlocks(tokens: readonly Token[], depth: number): ComponentChildren {
  return tokens.map((token, index) => drawBlock(token as MarkedToken, index, depth));
}

type MarkedToken =
  | Tokens.Heading | Tokens.Paragraph | Tokens.Text | Tokens.Code | Tokens.List | Tokens.Blockquote | Tokens.Table | Tokens.Hr
  | Tokens.HTML | Tokens.Space | Tokens.Strong | Tokens.Em | Tokens.Codespan | Tokens.Link | Tokens.Image | Tokens.Br | Tokens.Del
  | Tokens.Escape | Tokens.Checkbox;

function drawBlock(token: MarkedToken, key: number, depth: number, isOpen = false): ComponentChildren {
  if (depth > MARKDOWN_LIMITS.depth) return <p key={key} class="plain">{token.raw}</p>;
  switch (token.type) {
    case "heading": return drawHeading(token, key);
    case "paragraph": return <p key={key}>{drawInline(token.tokens)}</p>;
    case "text": return token.tokens === undefined ? token.text : drawInline(token.tokens);
    case "code": return <CodeBlock key={key} text={token.text} language={token.lang ?? ""} isOpen={isOpen} />;
    case "blockquote": return <blockquote key={key}>{drawBlocks(token.tokens, depth + 1)}</blockquote>;
    case "hr": return <hr key={key} />;
    case "list": return drawList(token, key, depth + 1);
    case "table": return drawTable(token, key);
    case "space": return null;
    case "html": return <p key={key} class="plain">{token.raw}</p>;
    default: return drawInline([token]);
  }
}

/** The page has its own first heading: those of a message stand below it. */
function drawHeading({ depth, tokens }: Tokens.Heading, key: number): VNode {
  const Level = (["h3", "h4", "h5", "h6", "h6", "h6"] as const)[depth - 1] ?? "h6";
  return <Level key={key}>{drawInline(tokens)}</Level>;
}

function drawList({ ordered, start, items }: Tokens.List, key: number, depth: number): VNode {
  const rows = items.map((item, index) => (
    <li key={index}>
      {item.task ? <input type="checkbox" checked={item.checked === true} disabled aria-label={words.task(item.checked === true)} /> : null}
      {drawBlocks(item.tokens.filter(({ type }) => type !== "checkbox"), depth)}
    </li>
  ));
  return ordered ? <ol key={key} start={start === "" ? 1 : Number(start)}>{rows}</ol> : <ul key={key}>{rows}</ul>;
}

function drawTable({ header, rows, align, raw }: Tokens.Table, key: number): VNode {
  if (header.length > MARKDOWN_LIMITS.columns || rows.length > MARKDOWN_LIMITS.rows) return <p key={key} class="plain">{raw}</p>;
  const side = (index: number): string => align[index] ?? "";
  return (
    <div key={key} class="table-scroll" tabIndex={0} role="region" aria-label={words.table}>
      <table>
        <thead><tr>{header.map((cell, index) => (
          <th key={index} class={side(index)} scope="col">{drawInline(cell.tokens)}</th>
        ))}</tr></thead>
        <tbody>{rows.map((row, at) => (
          <tr key={at}>{row.map((cell, index) => <td key={index} class={side(index)}>{drawInline(cell.tokens)}</td>)}</tr>
        ))}</tbody>
      </table>
    </div>
  );
}

function drawInline(tokens: readonly Token[] | undefined, depth = 0): ComponentChildren {
  return (tokens ?? []).map((each, key) => {
    const token = each as MarkedToken;
    if (depth > MARKDOWN_LIMITS.depth) return token.raw;
    switch (token.type) {
      case "strong": return <strong key={key}>{drawInline(token.tokens, depth + 1)}</strong>;
      case "em": return <em key={key}>{drawInline(token.tokens, depth + 1)}</em>;
      case "del": return <del key={key}>{drawInline(token.tokens, depth + 1)}</del>;
      case "codespan": return <code key={key}>{token.text}</code>;
      case "br": return <br key={key} />;
      case "link": return drawLink(token.href, drawInline(token.tokens, depth + 1), key);
      case "image": return drawLink(token.href, token.text === "" ? token.href : token.text, key);
      case "text": return token.tokens === undefined ? token.text : drawInline(token.tokens, depth + 1);
      case "escape": return token.text;
      default: return token.raw;
    }
  });
}

function drawLink(href: string, children: ComponentChildren, key: number): ComponentChildren {
  const safe = safeAddress(href);
  if (safe === undefined) return <span key={key}>{children}</span>;
  return <a key={key} href={safe} rel="noopener noreferrer nofollow" target="_blank" title={safe}>{children}</a>;
}

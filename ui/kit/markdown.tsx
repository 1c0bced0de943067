/**
 * Markdown as elements, never as HTML: what a model or a tool writes can become text, lists, tables and links, and nothing else.
 *
 * Raw HTML is shown as it is written. Pictures are shown as links: nothing is loaded from anywhere. A link says where it leads, and leads
 * only to the web or to an address for mail.
 */
import { lexer, type Token, type Tokens } from "marked";
import type { ComponentChildren, VNode } from "preact";
import { useMemo } from "preact/hooks";
import { words } from "../words/en/kit.ts";
import { CodeBlock } from "./code-block.tsx";

/** `live`: more is coming, so only the last block is read again. */
export function Markdown({ text }: { readonly text: string }): VNode {
  const blocks = useMemo(() => lexer(text, { gfm: true, breaks: false }), [text]);
  return <div class="prose">{drawBlocks(blocks)}</div>;
}

function drawBlocks(tokens: readonly Token[]): ComponentChildren {
  return tokens.map((token, index) => drawBlock(token as MarkedToken, index));
}

type MarkedToken =
  | Tokens.Heading | Tokens.Paragraph | Tokens.Text | Tokens.Code | Tokens.List | Tokens.Blockquote | Tokens.Table | Tokens.Hr
  | Tokens.HTML | Tokens.Space | Tokens.Strong | Tokens.Em | Tokens.Codespan | Tokens.Link | Tokens.Image | Tokens.Br | Tokens.Del
  | Tokens.Escape | Tokens.Checkbox;

function drawBlock(token: MarkedToken, key: number): ComponentChildren {
  switch (token.type) {
    case "heading": return drawHeading(token, key);
    case "paragraph": return <p key={key}>{drawInline(token.tokens)}</p>;
    case "text": return token.tokens === undefined ? token.text : drawInline(token.tokens);
    case "code": return <CodeBlock key={key} text={token.text} language={token.lang ?? ""} />;
    case "blockquote": return <blockquote key={key}>{drawBlocks(token.tokens)}</blockquote>;
    case "hr": return <hr key={key} />;
    case "list": return drawList(token, key);
    case "table": return drawTable(token, key);
    case "space": return null;
    case "html": return <p key={key}>{token.raw}</p>;
    default: return drawInline([token]);
  }
}

/** The page has its own first heading: those of a message stand below it. */
function drawHeading({ depth, tokens }: Tokens.Heading, key: number): VNode {
  const Level = (["h3", "h4", "h5", "h6", "h6", "h6"] as const)[depth - 1] ?? "h6";
  return <Level key={key}>{drawInline(tokens)}</Level>;
}

function drawList({ ordered, start, items }: Tokens.List, key: number): VNode {
  const rows = items.map((item, index) => (
    <li key={index}>
      {item.task ? <input type="checkbox" checked={item.checked === true} disabled aria-label={words.task(item.checked === true)} /> : null}
      {drawBlocks(item.tokens.filter(({ type }) => type !== "checkbox"))}
    </li>
  ));
  return ordered ? <ol key={key} start={start === "" ? 1 : Number(start)}>{rows}</ol> : <ul key={key}>{rows}</ul>;
}

function drawTable({ header, rows, align }: Tokens.Table, key: number): VNode {
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

function drawInline(tokens: readonly Token[] | undefined): ComponentChildren {
  return (tokens ?? []).map((each, key) => {
    const token = each as MarkedToken;
    switch (token.type) {
      case "strong": return <strong key={key}>{drawInline(token.tokens)}</strong>;
      case "em": return <em key={key}>{drawInline(token.tokens)}</em>;
      case "del": return <del key={key}>{drawInline(token.tokens)}</del>;
      case "codespan": return <code key={key}>{token.text}</code>;
      case "br": return <br key={key} />;
      case "link": return drawLink(token.href, drawInline(token.tokens), key);
      case "image": return drawLink(token.href, token.text === "" ? token.href : token.text, key);
      case "text": return token.tokens === undefined ? token.text : drawInline(token.tokens);
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

/** Undefined for whatever could run, and for what is no whole address. */
export function safeAddress(href: string): string | undefined {
  const url = URL.canParse(href) ? new URL(href) : undefined;
  return url !== undefined && ["https:", "http:", "mailto:"].includes(url.protocol) ? url.href : undefined;
}

/** One key of the configuration: its name, what it is for, its control, and what stands there now. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren, VNode } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { describe, type Ended } from "../../link.ts";
import { route } from "../../shell/route.ts";
import { words } from "../../words/en/settings.ts";
import { same, showValue, valueAt } from "./changes.ts";
import type { ConfigDesk } from "./config-desk.ts";
import { fieldsOf, type Field, type Scalar } from "./schema-fields.ts";
import { Trouble } from "./trouble.tsx";

export interface FieldViewProps { readonly desk: ConfigDesk; readonly field: Field }

interface ControlProps extends FieldViewProps {
  readonly id: string;
  readonly describedBy: string;
  readonly invalid: boolean;
  readonly value: unknown;
}

export function FieldView({ desk, field }: FieldViewProps): VNode {
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const { state } = desk;
  const value = valueAt(desk.values.value, field.path);
  const drafted = desk.draft.value.has(field.key);
  const issue = state.value.kind === "refused" ? state.value.issues.get(field.key) : undefined;
  const reset = field.usual === undefined ? words.config.leaveOut : words.config.useDefault(showValue(field.usual));
  const sought = route.value.query.get("key") === field.key;
  useEffect(() => {
    if (!sought) return;
    box.current?.scrollIntoView({ block: "center" });
    box.current?.querySelector<HTMLElement>("input, select, textarea, button")?.focus({ preventScroll: true });
  }, [sought]);
  const shared: ControlProps = { desk, field, id, describedBy: `${id}-help`, invalid: issue !== undefined, value };
  return (
    <div ref={box} class={`field ${drafted ? "drafted" : ""} ${sought ? "sought" : ""}`}>
      <div class="field-head">
        <label for={id}>{field.label}</label>
        <code class="soft">{field.key}</code>
        {field.restart ? <span class="mark-word">{words.config.needsRestart}</span> : null}
      </div>
      <p id={`${id}-help`} class="soft small">
        {field.help}
        {issue === undefined ? null : <strong class="wrong"> {words.config.issue(issue)}</strong>}
      </p>
      <div class="field-control">
        <ControlOf {...shared} />
        {field.unit === undefined ? null : <span class="soft small">{field.unit}</span>}
        {value === undefined || field.control.kind === "secret" ? null : (
          <button type="button" class="quiet" aria-label={words.config.ofField(reset, field.label)}
            onClick={() => desk.change(field.path, undefined)}>{reset}</button>
        )}
      </div>
    </div>
  );
}

function ControlOf(props: ControlProps): VNode {
  switch (props.field.control.kind) {
    case "switch": return <SwitchControl {...props} />;
    case "choice": return <ChoiceControl {...props} />;
    case "lines": return <LinesControl {...props} />;
    case "secret": return <SecretControl {...props} />;
    case "json": return <JsonControl {...props} />;
    default: return <TextControl {...props} />;
  }
}

/**
 * What was typed stands as it was typed for as long as it means what is set: `1.` on the way to `1.5`, an empty line on the way to the
 * next. Where the value changes from elsewhere it is shown, unless what stands there is not finished.
 */
function useTyped(value: unknown, show: (value: unknown) => string) {
  const typed = useSignal<{ readonly text: string; readonly meant: unknown; readonly unfinished: boolean } | undefined>(undefined);
  const now = typed.value;
  return {
    text: now !== undefined && (now.unfinished || same(now.meant, value)) ? now.text : show(value),
    type: (text: string, meant: unknown, unfinished = false): void => {
      typed.value = { text, meant, unfinished };
    },
  };
}

function TextControl({ desk, field, id, describedBy, invalid, value }: ControlProps): VNode {
  const { control } = field;
  const { text, type } = useTyped(value, (own) => (own === undefined ? "" : showValue(own)));
  const change = (typed: string): void => {
    // What is no number is sent as it is: the gateway says what is wrong with it.
    const isNumber = control.kind === "number" && Number.isFinite(Number(typed));
    const meant = typed === "" ? undefined : isNumber ? Number(typed) : typed;
    type(typed, meant);
    desk.change(field.path, meant);
  };
  const shared = {
    id, "aria-describedby": describedBy, "aria-invalid": invalid, spellcheck: false, autocomplete: "off" as const,
    value: text, placeholder: showValue(field.usual),
  };
  if (control.kind === "text" && control.long) {
    return <textarea {...shared} rows={4} onInput={(event) => change(event.currentTarget.value)} />;
  }
  return (
    <input {...shared} type="text" {...(control.kind === "number" ? { inputMode: "decimal" as const, class: "figure" } : {})}
      onInput={(event) => change(event.currentTarget.value)} />
  );
}

function SwitchControl({ desk, field, id, describedBy, value }: ControlProps): VNode {
  const on = (value ?? field.usual) === true;
  return (
    <span class="switch">
      <input type="checkbox" role="switch" id={id} aria-describedby={describedBy} checked={on}
        onChange={(event) => desk.change(field.path, event.currentTarget.checked)} />
      <span>{on ? words.config.on : words.config.off}{value === undefined ? ` · ${words.config.byDefault}` : ""}</span>
    </span>
  );
}

function ChoiceControl({ desk, field, id, describedBy, invalid, value }: ControlProps): VNode {
  const options: readonly Scalar[] = field.control.kind === "choice" ? field.control.options : [];
  const index = options.findIndex((option) => same(option, value));
  return (
    <select id={id} aria-describedby={describedBy} aria-invalid={invalid} value={index < 0 ? "" : String(index)}
      onChange={({ currentTarget: { value: at } }) => desk.change(field.path, at === "" ? undefined : options[Number(at)])}>
      <option value="">{field.usual === undefined ? words.config.notSet : words.config.defaultIs(showValue(field.usual))}</option>
      {options.map((option, at) => <option key={at} value={String(at)}>{showValue(option)}</option>)}
    </select>
  );
}

function LinesControl({ desk, field, id, describedBy, invalid, value }: ControlProps): VNode {
  const { text, type } = useTyped(value, (own) => (Array.isArray(own) ? own.map(String).join("\n") : ""));
  return (
    <textarea id={id} aria-describedby={describedBy} aria-invalid={invalid} rows={Math.min(8, Math.max(2, text.split("\n").length + 1))}
      spellcheck={false} placeholder={words.config.onePerLine} value={text}
      onInput={({ currentTarget: { value: typed } }) => {
        const wanted = typed.split("\n").map((line) => line.trim()).filter((line) => line !== "");
        const meant = wanted.length === 0 && value === undefined ? undefined : wanted;
        type(typed, meant);
        desk.change(field.path, meant);
      }} />
  );
}

function JsonControl({ desk, field, id, describedBy, invalid, value }: ControlProps): VNode {
  const wrong = useSignal("");
  const { text, type } = useTyped(value, (own) => (own === undefined ? "" : JSON.stringify(own, undefined, 2)));
  return (
    <>
      <textarea id={id} class="mono" aria-describedby={describedBy} aria-invalid={invalid || wrong.value !== ""} rows={3} spellcheck={false}
        value={text} placeholder={field.usual === undefined ? "" : JSON.stringify(field.usual)}
        onInput={(event) => type(event.currentTarget.value, undefined, true)}
        onChange={({ currentTarget: { value: typed } }) => {
          try {
            const meant = typed.trim() === "" ? undefined : (JSON.parse(typed) as unknown);
            type(typed, meant);
            desk.change(field.path, meant);
            wrong.value = "";
          } catch (error) {
            wrong.value = error instanceof Error ? error.message : String(error);
          }
        }} />
      <span class="wrong small" role="status">{wrong.value === "" ? "" : words.config.notJson(wrong.value)}</span>
    </>
  );
}

/** Can be put in and taken away, and is never shown: what was typed goes into the gateway's own store, the file says where it is. */
function SecretControl({ desk, field, id, describedBy, value }: ControlProps): VNode {
  const typed = useSignal("");
  const trouble = useSignal<Ended | undefined>(undefined);
  const keeps = field.control.kind === "secret" && field.control.keeps;
  const keep = async (): Promise<void> => {
    const wanted = typed.peek();
    try {
      desk.change(field.path, keeps ? await desk.keepSecret(field.key, wanted) : wanted);
      if (typed.peek() === wanted) typed.value = "";
      trouble.value = undefined;
    } catch (error) {
      trouble.value = describe(error);
    }
  };
  return (
    <form class="secret" onSubmit={(event) => {
      event.preventDefault();
      void keep();
    }}>
      <span class="soft">{stateOfSecret(value)}</span>
      <input type="password" id={id} aria-describedby={describedBy} autocomplete="new-password" value={typed.value}
        placeholder={value === undefined ? "" : words.config.replaceSecret} onInput={(event) => {
          typed.value = event.currentTarget.value;
        }} />
      <button type="submit" disabled={typed.value === ""}>{keeps ? words.config.keepSecret : words.config.useSecret}</button>
      {value === undefined ? null : (
        <button type="button" class="quiet" onClick={() => desk.change(field.path, undefined)}>{words.config.removeSecret}</button>
      )}
      {trouble.value === undefined ? null : <Trouble ended={trouble.value} />}
    </form>
  );
}

function stateOfSecret(value: unknown): ComponentChildren {
  if (value === undefined) return words.config.noSecret;
  const { source, id } = fieldsOf(value);
  return typeof source === "string" ? words.config.secretAt(source, String(id)) : words.config.secretSet;
}

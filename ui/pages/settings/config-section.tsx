/** A part of the configuration as a form, and below it what would change. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { Icon } from "../../kit/icon.tsx";
import { words } from "../../words/en/settings.ts";
import { valueAt } from "./changes.ts";
import type { ConfigDesk } from "./config-desk.ts";
import { FieldView } from "./field-view.tsx";
import { groupsOf, type Group, type Item, type MapItem, type OneOf } from "./schema-fields.ts";

export function ConfigSection({ desk, name }: { readonly desk: ConfigDesk; readonly name: string }): VNode | null {
  const known = desk.schema.value;
  if (known === undefined || desk.config.value === undefined) return null;
  const values = desk.values.value as Readonly<Record<string, unknown>>;
  const item = groupsOf(known.schema, known.hints, values).find(({ key }) => key === name);
  if (item === undefined) return <p class="soft">{words.config.nothing}</p>;
  return (
    <section class="settings-section" aria-labelledby="section-title">
      <h2 id="section-title">{item.label}</h2>
      <p class="soft">{item.help}</p>
      <div class="fields">{item.kind === "group" ? <Items desk={desk} items={item.items} /> : <ItemView desk={desk} item={item} />}</div>
    </section>
  );
}

function Items({ desk, items }: { readonly desk: ConfigDesk; readonly items: readonly Item[] }): VNode {
  // What is said in a line comes before what has parts.
  const ordered = [...items.filter(({ kind }) => kind === "field"), ...items.filter(({ kind }) => kind !== "field")];
  return <>{ordered.map((item) => <ItemView key={item.key} desk={desk} item={item} />)}</>;
}

function ItemView({ desk, item }: { readonly desk: ConfigDesk; readonly item: Item }): VNode {
  switch (item.kind) {
    case "field": return <FieldView desk={desk} field={item} />;
    case "group": return <GroupView desk={desk} group={item} />;
    case "map": return <MapView desk={desk} map={item} />;
    case "oneOf": return <OneOfView desk={desk} item={item} />;
  }
}

function GroupView({ desk, group }: { readonly desk: ConfigDesk; readonly group: Group }): VNode {
  return (
    <fieldset class="group">
      <legend>{group.label}</legend>
      <div class="group-head">
        <p class="soft small">{group.help}</p>
        {group.entry ? (
          <button type="button" class="quiet" aria-label={words.config.removeWhat(group.label)}
            onClick={() => desk.change(group.path, undefined)}>
            <Icon name="cross" />{words.config.remove}
          </button>
        ) : null}
      </div>
      <Items desk={desk} items={group.items} />
    </fieldset>
  );
}

function MapView({ desk, map }: { readonly desk: ConfigDesk; readonly map: MapItem }): VNode {
  const name = useSignal("");
  const taken = map.entries.some(({ label }) => label === name.value);
  return (
    <fieldset class="group">
      <legend>{map.label}</legend>
      <p class="soft small">{map.help}</p>
      {map.entries.length === 0 ? <p class="soft small">{words.config.noEntries}</p> : <Items desk={desk} items={map.entries} />}
      <form class="add" onSubmit={(event) => {
        event.preventDefault();
        if (name.value === "" || taken) return;
        desk.change([...map.path, name.value], {});
        name.value = "";
      }}>
        <label>{words.config.newEntry}
          <input type="text" value={name.value} autocomplete="off" spellcheck={false} onInput={(event) => {
            name.value = event.currentTarget.value.trim();
          }} />
        </label>
        <button type="submit" disabled={name.value === "" || taken}><Icon name="plus" />{words.config.add}</button>
      </form>
    </fieldset>
  );
}

const BLANK = { text: "", details: {}, list: [], value: undefined } as const;

function OneOfView({ desk, item }: { readonly desk: ConfigDesk; readonly item: OneOf }): VNode {
  const active = item.options[item.active];
  const isSet = valueAt(desk.values.value, item.path) !== undefined;
  return (
    <div class="one-of">
      {active === undefined ? null : <ItemView desk={desk} item={active.item} />}
      <label class="small soft">{words.config.shape}
        <select value={String(item.active)} onChange={(event) => {
          const chosen = item.options[Number(event.currentTarget.value)];
          if (chosen !== undefined) desk.change(item.path, BLANK[chosen.shape]);
        }}>
          {item.options.map(({ shape }, index) => <option key={index} value={String(index)}>{words.config.shapes[shape]}</option>)}
        </select>
      </label>
      {isSet && active?.item.kind === "group" ? (
        <button type="button" class="quiet" onClick={() => desk.change(item.path, undefined)}>{words.config.leaveOut}</button>
      ) : null}
    </div>
  );
}

/** The backups there are, whether the newest can be read, and one more. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { CopyButton } from "../../kit/copy-button.tsx";
import { formatBytes } from "../../kit/format.ts";
import { Icon } from "../../kit/icon.tsx";
import { StateMark } from "../../kit/state-mark.tsx";
import { Time } from "../../kit/time.tsx";
import { describe, type Ended, type Link } from "../../link.ts";
import { pathOf } from "../../shell/route.ts";
import { words } from "../../words/en/settings.ts";
import { parseBackups, type Backup, type Backups } from "./facts.ts";
import { Trouble } from "./trouble.tsx";

const say = words.backups;
/** Gigabytes are read, hashed and sealed. */
const WORK_MS = 3_600_000;

export function BackupsSection({ link }: { readonly link: Link }): VNode {
  const known = useSignal<Backups | undefined>(undefined);
  const trouble = useSignal<Ended | undefined>(undefined);
  /** The file that is read through, or "" while one is made. */
  const busy = useSignal<string | undefined>(undefined);
  const said = useSignal("");
  const ask = async (method: string, params: object, file: string | undefined): Promise<void> => {
    busy.value = file;
    said.value = "";
    try {
      known.value = parseBackups(await link.request(method, params, file === undefined ? {} : { timeoutMs: WORK_MS }));
      trouble.value = undefined;
      if (file === "") said.value = say.made;
    } catch (error) {
      trouble.value = describe(error);
    }
    busy.value = undefined;
  };
  useEffect(() => link.onUp(() => void ask("backup.status", {}, undefined)), []);
  const now = known.value;
  return (
    <section class="settings-section" aria-labelledby="section-title">
      <h2 id="section-title">{say.title}</h2>
      <p class="soft">{say.help}</p>
      {trouble.value === undefined ? null : <Trouble ended={trouble.value} />}
      {now === undefined ? null : (
        <>
          {now.newest.length === 0 ? <p><StateMark state="attention" word={say.none} /></p> : null}
          {now.canMake ? (
            <div class="row">
              <button type="button" class="primary" disabled={busy.value !== undefined} onClick={() => void ask("backup.create", {}, "")}>
                {say.make}
              </button>
              <span role="status" class="small soft">
                {busy.value === "" ? <StateMark state="live" word={say.making} /> : said.value}
              </span>
            </div>
          ) : (
            <>
              <p>{say.byHand}</p>
              <p class="command"><code>{now.command}</code><CopyButton text={now.command} what={say.command} /></p>
            </>
          )}
          <p class="soft">
            {now.everyHours === undefined ? say.never : say.every(now.everyHours)}{" "}
            <a href={pathOf("settings", "config", "backup")}>{say.whenAndHow}</a>
          </p>
          {now.newest.length === 0 ? null : (
            <ul class="things">{now.newest.map((backup) => (
              <BackupRow key={backup.file} backup={backup} busy={busy.value} canRead={now.canMake || !backup.sealed}
                verify={() => void ask("backup.verify", { file: backup.file }, backup.file)} />
            ))}</ul>
          )}
          <p class="small soft">{now.count === 0 ? say.goInto : say.count(now.count)} <code>{now.folder}</code></p>
        </>
      )}
    </section>
  );
}

interface RowProps {
  readonly backup: Backup;
  readonly busy: string | undefined;
  readonly canRead: boolean;
  readonly verify: () => void;
}

function BackupRow({ backup: { file, bytes, madeAtMs, sealed, verified }, busy, canRead, verify }: RowProps): VNode {
  return (
    <li class="thing">
      <div class="thing-head">
        <h3><Time atMs={madeAtMs} /></h3>
        <span role="status">
          {busy === file ? <StateMark state="live" word={say.verifying} />
            : verified === undefined ? <StateMark state="unknown" word={say.unread} />
              : verified.well ? <StateMark state="good" word={say.well} /> : <StateMark state="problem" word={say.broken} />}
        </span>
        {sealed ? null : <span class="mark-word">{say.plain}</span>}
      </div>
      <p class="small soft"><code>{file}</code> · {formatBytes(bytes)}</p>
      {verified === undefined || verified.well ? null : <Trouble ended={verified} />}
      {canRead ? (
        <div class="row">
          <button type="button" class="quiet" disabled={busy !== undefined} aria-label={say.verifyWhat(file)} onClick={verify}>
            <Icon name="search" />{say.verify}
          </button>
        </div>
      ) : null}
    </li>
  );
}

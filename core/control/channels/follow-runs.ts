/**
 * What a person in a channel sees of a turn before its answer: that it is being written, what there is of it, and that it waits.
 *
 * All of it may be lost: the answer itself is owed by the session's log and brought whole, whatever was shown here.
 */
import type { ChannelTarget } from "@openclaw/sdk";
import type { LiveEvent } from "../../cognition/runtime.ts";
import type { Clock } from "../../base/clock.ts";
import type { ChannelAccount, OpenedAccount } from "./open-account.ts";
import type { Outbox, OutboxOrder } from "./outbox.ts";

export interface FollowedRun {
  readonly sessionKey: string;
  readonly runId: string;
  readonly channel: string;
  readonly accountId: string;
  readonly at: ChannelTarget;
  readonly replyToId?: string;
  /** The owner, in a conversation with nobody else: what an approval is about may be said. */
  readonly isOwnersOwn: boolean;
}

export interface FollowRuns {
  begin(run: FollowedRun): void;
  live(event: LiveEvent): void;
  /** Its answer is brought now: nothing more is shown of it. */
  end(runId: string): void;
  close(): void;
}

export interface FollowDeps {
  readonly clock: Clock;
  readonly outbox: Pick<Outbox, "place" | "preview" | "put">;
  readonly accountOf: (channel: string, accountId: string) => ChannelAccount;
  /** The id under which the run's answer is brought. */
  readonly idOf: (run: FollowedRun) => string;
}

const RUNS_MAX = 2_000;
/** A quick answer comes whole. */
const PREVIEW_AFTER_MS = 700;
const TEXT_MAX = 100_000;
/** A sign of typing ends by itself should a run never end. */
const TYPING_MAX_MS = 1_800_000;

interface Followed {
  readonly run: FollowedRun;
  text: string;
  shown: string;
  /** The next piece begins a new text. */
  over: boolean;
  placed: boolean;
  preview: { close(): void } | undefined;
  typing: { close(): void } | undefined;
  typingSinceMs: number;
  /** When it was last shown, or tried to be; negative before. */
  lookedAtMs: number;
}

export function createFollowRuns({ clock, outbox, accountOf, idOf }: FollowDeps): FollowRuns {
  const runs = new Map<string, Followed>();
  const closing = new AbortController();

  const accountFor = ({ run }: Followed): OpenedAccount | undefined => {
    try {
      return accountOf(run.channel, run.accountId).opened();
    } catch {
      return undefined;
    }
  };
  const orderOf = ({ run: { channel, accountId, at, replyToId }, text }: Followed): OutboxOrder =>
    ({ channel, accountId, at, text, ...(replyToId === undefined ? {} : { replyToId }) });

  const type = (followed: Followed): void => {
    followed.typing?.close();
    followed.typing = undefined;
    const account = accountFor(followed);
    const everyMs = account?.channel.limits.typingMs;
    if (account?.open.typing === undefined || everyMs === undefined || everyMs === null || closing.signal.aborted) return;
    if (clock.monotonic() - followed.typingSinceMs > TYPING_MAX_MS) return;
    void account.open.typing(followed.run.at, closing.signal).catch(() => undefined);
    followed.typing = clock.after(Math.max(1_000, everyMs - 500), () => type(followed));
  };
  const stopTyping = (followed: Followed): void => {
    followed.typing?.close();
    followed.typing = undefined;
  };

  const showsPreview = (account: OpenedAccount | undefined): account is OpenedAccount => {
    if (account?.open.edit === undefined || account.channel.limits.editEveryMs === null) return false;
    const { streaming = "edit" } = account.section.values;
    if (typeof streaming === "object") return streaming["mode"] !== "off";
    return streaming !== "off" && streaming !== false;
  };
  const show = async (followed: Followed): Promise<void> => {
    const account = accountFor(followed);
    if (!showsPreview(account) || followed.text.trim() === "") return;
    const id = idOf(followed.run);
    if (!followed.placed) {
      await outbox.place(id, orderOf(followed));
      followed.placed = true;
    }
    const { text } = followed;
    if (text !== followed.shown && runs.has(followed.run.runId) && await outbox.preview(id, orderOf(followed))) followed.shown = text;
  };
  /** Shows what is new as soon as the messenger takes another change. */
  const arm = (followed: Followed): void => {
    if (followed.preview !== undefined || followed.text === followed.shown) return;
    const account = accountFor(followed);
    if (!showsPreview(account)) return;
    const waitedMs = clock.monotonic() - followed.lookedAtMs;
    const ms = followed.lookedAtMs < 0 ? PREVIEW_AFTER_MS : Math.max(0, (account.channel.limits.editEveryMs ?? 0) - waitedMs);
    followed.preview = clock.after(ms, () => {
      followed.lookedAtMs = clock.monotonic();
      void show(followed).catch(() => undefined).finally(() => {
        followed.preview = undefined;
        if (runs.has(followed.run.runId)) arm(followed);
      });
    });
  };
  const waits = (followed: Followed, data: LiveEvent["data"]): void => {
    stopTyping(followed);
    const { run } = followed;
    const id = typeof data["approvalId"] === "string" ? data["approvalId"] : "";
    const { channel, accountId, at } = run;
    const text = run.isOwnersOwn
      ? `⏳ This waits for your approval: ${String(data["title"] ?? "a side effect").slice(0, 300)}\n\n`
        + `Answer here with /approve ${id} allow-once or /approve ${id} deny, on the gateway's page, or with: openclaw approvals`
      : "⏳ This waits for the owner's approval, on the gateway's page or with: openclaw approvals";
    void outbox.put(`${channel}.${accountId}.ask-${id}`, { channel, accountId, at, text }).catch(() => undefined);
  };
  const drop = (followed: Followed): void => {
    stopTyping(followed);
    followed.preview?.close();
    followed.preview = undefined;
    runs.delete(followed.run.runId);
  };

  return {
    begin: (run) => {
      if (runs.has(run.runId)) return;
      for (const oldest of runs.values()) {
        if (runs.size < RUNS_MAX) break;
        drop(oldest);
      }
      runs.set(run.runId, {
        run, text: "", shown: "", over: false, placed: false, preview: undefined, typing: undefined, lookedAtMs: -1,
        typingSinceMs: clock.monotonic(),
      });
    },
    live: ({ runId, stream, data }) => {
      const followed = runs.get(runId);
      if (followed === undefined) return;
      if (stream === "assistant") {
        if (followed.over) followed.text = "";
        followed.over = false;
        if (followed.text.length < TEXT_MAX) followed.text += String(data["delta"] ?? "");
        arm(followed);
      } else if (stream === "tool" && data["phase"] === "start") followed.over = true;
      else if (stream === "approval" && data["phase"] === "pending") waits(followed, data);
      else if (stream === "approval") type(followed);
      else if (stream === "lifecycle" && data["phase"] === "start") {
        followed.typingSinceMs = clock.monotonic();
        type(followed);
      } else if (stream === "lifecycle" && data["phase"] === "resumed") followed.text = "";
      else if (stream === "lifecycle" && (data["phase"] === "end" || data["phase"] === "error")) {
        stopTyping(followed);
        // With no answer to bring there is nobody else to forget it.
        followed.preview?.close();
        followed.preview = undefined;
      }
    },
    end: (runId) => {
      const followed = runs.get(runId);
      if (followed !== undefined) drop(followed);
    },
    close: () => {
      closing.abort();
      for (const followed of [...runs.values()]) drop(followed);
    },
  };
}

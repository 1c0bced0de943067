/** Work that was given up: seen, tried again, or forgotten by a person. */
import { requestOptions, withGateway } from "../connect.ts";
import { formatOutline } from "../terminal/outline.ts";
import { formatAgo } from "../terminal/quantities.ts";
import { cleanLine } from "../terminal/text.ts";
import type { CommandContext, CommandGroup, CommandSpec, WordSpec } from "./command.ts";
import { findNamed } from "./find-named.ts";
import { asPayload, at, listAt, numberAt, textAt, type Payload } from "./payload.ts";

const ID: WordSpec = { name: "ID", required: true };
const ADMIN = { scopes: ["operator.admin"] } as const;
const LIMIT = 500;

const list: CommandSpec = {
  summary: "What was given up, and why",
  options: [{ name: "queue", value: "NAME", summary: "Of one queue, such as actuator-ci or listener-audit" }],
  examples: [
    { line: "openclaw deadletters list", about: "of all queues" },
    { line: "openclaw deadletters list --queue actuator-ci --json", about: "of one, for a script" },
  ],
  run: (ctx) => withGateway(ctx, { scopes: [...ADMIN.scopes] }, async (gateway) => {
    const queue = ctx.given.text("queue");
    const params = { limit: LIMIT, ...(queue === undefined ? {} : { queue }) };
    const answer = await gateway.request("queue.dead.list", params, requestOptions(ctx));
    ctx.terminal.answer(answer, () => {
      ctx.terminal.table(
        [
          { title: "ID" }, { title: "QUEUE" }, { title: "SINCE" }, { title: "TRIED", align: "right" }, { title: "CODE" },
          { title: "WHAT", shrinks: true },
        ],
        listAt(answer, "letters").map((letter) => [
          textAt(letter, "id"), textAt(letter, "queue"), formatAgo(numberAt(letter, "deadAtMs") ?? 0, ctx.clock.now()),
          numberAt(letter, "attempts"), textAt(letter, "code"), textAt(letter, "summary"),
        ]),
        "No dead letters.",
      );
      if (at(answer, "more") === true) ctx.terminal.line(ctx.terminal.style.dim("There are more; name a queue with --queue."));
    });
    return 0;
  }),
};

const show: CommandSpec = {
  summary: "One of them, with what was to be done",
  words: [ID],
  examples: [{ line: "openclaw deadletters show 0k3v…", about: "an id, or how it begins" }],
  run: (ctx) => onOne(ctx, async (gateway, letter) => {
    const answer = await gateway.request("queue.dead.show", letter, requestOptions(ctx));
    ctx.terminal.answer(answer, () => {
      ctx.terminal.facts([
        ["Id", textAt(answer, "id")], ["Queue", textAt(answer, "queue")], ["What", cleanLine(textAt(answer, "summary") ?? "")],
        ["Code", textAt(answer, "code")], ["Why", cleanLine(textAt(answer, "why") ?? "")],
        ["Tried", `${numberAt(answer, "attempts") ?? 0} times, last ${formatAgo(numberAt(answer, "deadAtMs") ?? 0, ctx.clock.now())}`],
      ]);
      ctx.terminal.line();
      const job = at(answer, "job");
      for (const line of formatOutline(job) ?? [cleanLine(JSON.stringify(job) ?? "")]) ctx.terminal.line(line);
    });
  }),
};

const retry: CommandSpec = {
  summary: "Try it again, under the same id",
  words: [ID],
  examples: [{ line: "openclaw deadletters retry 0k3v…", about: "when the cause is mended" }],
  notes: ["An intent whose outcome is unknown may have happened: trying it again may do it twice, unless the receiver knows its id."],
  run: (ctx) => onOne(ctx, async (gateway, letter) => {
    const answer = await gateway.request("queue.dead.retry", letter, requestOptions(ctx));
    const { style } = ctx.terminal;
    ctx.terminal.answer({ ...asPayload(answer), id: letter.id }, () => {
      ctx.terminal.line(`${style.good(style.mark.good)} It is tried again: ${letter.id}`);
    });
  }),
};

const discard: CommandSpec = {
  summary: "Forget it",
  words: [ID],
  examples: [{ line: "openclaw deadletters discard 0k3v…", about: "it will not be done" }],
  run: (ctx) => onOne(ctx, async (gateway, letter) => {
    const answer = await gateway.request("queue.dead.discard", letter, requestOptions(ctx));
    const { style } = ctx.terminal;
    ctx.terminal.answer({ ...asPayload(answer), id: letter.id }, () => {
      ctx.terminal.line(`${style.good(style.mark.good)} Discarded: ${letter.id}`);
    });
  }),
};

interface Requests { request(method: string, params: unknown, options: ReturnType<typeof requestOptions>): Promise<unknown> }
interface Meant { readonly id: string; readonly queue?: string }

/** An id that is not in the list is sent as it is: the list may be longer than what was shown. */
function onOne(ctx: CommandContext, act: (gateway: Requests, letter: Meant) => Promise<void>): Promise<number> {
  return withGateway(ctx, { scopes: [...ADMIN.scopes] }, async (gateway) => {
    const said = ctx.given.need("ID");
    const answer = await gateway.request("queue.dead.list", { limit: LIMIT }, requestOptions(ctx));
    const known = listAt(answer, "letters").flatMap((row: Payload) => {
      const [id, queue] = [textAt(row, "id"), textAt(row, "queue")];
      return id === undefined || queue === undefined ? [] : [{ id, queue }];
    });
    const meant: Meant = known.some(({ id }) => id.startsWith(said)) ? findNamed(said, known, "NOT_FOUND", "dead letters") : { id: said };
    await act(gateway, meant.queue === undefined ? { id: meant.id } : { id: meant.id, queue: meant.queue });
    return 0;
  });
}

export const deadletters: CommandGroup = {
  summary: "Work that was given up",
  usual: "list",
  examples: [
    { line: "openclaw deadletters", about: "what was given up" },
    { line: "openclaw deadletters retry ID", about: "try it again" },
    { line: "openclaw deadletters discard ID", about: "forget it" },
  ],
  verbs: { list, show, retry, discard },
  aliases: { ls: "list", get: "show", rm: "discard" },
};

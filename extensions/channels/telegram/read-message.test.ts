import assert from "node:assert/strict";
import { test } from "node:test";
import { readMessage } from "./read-message.ts";

const ME = { id: 7, username: "claw_bot" };
const FILE = { file_id: "f", file_unique_id: "u", file_size: 5, file_name: "a.txt", mime_type: "text/plain" };
const WHOLE = {
  message_id: 5, message_thread_id: 3, is_topic_message: true, date: 1_700_000_000,
  chat: { id: -100, type: "supergroup", title: "Kitchen", username: "kitchen" },
  from: { id: 9, is_bot: false, first_name: "Ann", last_name: "Example", username: "ann" },
  sender_chat: { id: -200, type: "channel", title: "News" },
  reply_to_message: { message_id: 4, date: 1, from: { id: 7, is_bot: true, first_name: "Claw" }, chat: { id: -100, type: "supergroup" } },
  text: "/new@claw_bot hello @claw_bot", caption: "below",
  entities: [{ type: "bot_command", offset: 0, length: 13 }, { type: "mention", offset: 20, length: 9 }],
  caption_entities: [{ type: "text_mention", offset: 0, length: 5, user: { id: 7 } }],
  photo: [{ ...FILE, width: 1, height: 1 }, { ...FILE, width: 9, height: 9 }], document: FILE, voice: FILE, audio: FILE, video: FILE,
  sticker: { emoji: "x" }, location: { latitude: 1, longitude: 2 }, contact: { first_name: "B", phone_number: "1" },
};
const ODD: readonly unknown[] = [
  null, undefined, 0, -1, 1.5, 2 ** 60, Number.NaN, "", "x", "constructor", "\ud800", "x".repeat(100_000), true, [], [null], [[[]]], {},
  { id: {} }, { length: -1 }, { toString: null },
];

/** Every place of a whole message is replaced by every odd value, alone and two at a time. */
test("whatever stands where in a message: it is read or left out, and what is read is what it says it is (S1.7)", () => {
  const places = placesIn(WHOLE);
  let [read, left] = [0, 0];
  places.forEach((place, index) => {
    for (const odd of ODD) {
      const once = replaced(WHOLE, place, odd);
      for (const raw of [once, replaced(once, places[(index * 7 + 3) % places.length]!, ODD[(index * 5 + 1) % ODD.length])]) {
        const message = readMessage(raw, ME, 1_000);
        if (message === undefined) {
          left += 1;
          continue;
        }
        read += 1;
        assert.match(message.id, /^-?\d+:\d+$/);
        assert.match(message.at.to, /^-?\d+$/);
        assert.match(message.at.threadId ?? "1", /^-?\d+$/);
        assert.ok(["direct", "group", "channel"].includes(message.peer.kind));
        assert.ok(/^-?\d+$/.test(message.sender.id) && message.sender.id !== "7");
        assert.ok(message.text.length <= 65_536 && message.text.isWellFormed());
        assert.ok(message.text !== "" || message.files.length > 0);
        for (const text of [message.peer.title, message.sender.name, message.sender.username, ...message.files.map(({ name }) => name)]) {
          assert.ok(text === undefined || (typeof text === "string" && text.length <= 256 && text.isWellFormed()));
        }
        for (const { id, sizeBytes } of message.files) assert.ok(id !== "" && (sizeBytes === undefined || sizeBytes >= 0));
        assert.ok(Number.isSafeInteger(message.sentAtMs) && message.sentAtMs >= 0);
      }
    }
  });
  assert.ok(read > 1_000 && left > 50, `${read} read, ${left} left out`);
});

test("forwarded words, another bot's and a contact's name are not the sender's own; the sender's answer to them is (S1.7)", () => {
  const plain = { message_id: 5, date: 1, chat: { id: 9, type: "private" }, from: WHOLE.from, text: "look" };
  const read = (more: object): unknown => readMessage({ ...plain, ...more }, ME, 1_000)?.passedOn;
  assert.deepEqual(read({ forward_origin: { type: "user", date: 1, sender_user: { id: 3, first_name: "Mal" } } }), { from: "Mal" });
  assert.deepEqual(read({ forward_origin: { type: "hidden_user", date: 1, sender_user_name: "Hidden" } }), { from: "Hidden" });
  assert.deepEqual(read({ forward_origin: { type: "channel", date: 1, chat: { id: -3, title: "News" } } }), { from: "News" });
  assert.deepEqual(read({ forward_date: 1 }), {});
  assert.deepEqual(read({ via_bot: { id: 8, is_bot: true, username: "gif" } }), { from: "gif" });
  assert.deepEqual(read({ text: undefined, contact: { first_name: "B", phone_number: "1" } }), {});
  assert.equal(read({}), undefined);
  assert.equal(read({ reply_to_message: { message_id: 4, forward_date: 1, text: "theirs" } }), undefined);
});

type Path = readonly (string | number)[];

function placesIn(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== "object" || value === null) return [path];
  return [...(path.length === 0 ? [] : [path]), ...Object.entries(value).flatMap(([key, each]) => placesIn(each, [...path, key]))];
}

function replaced(value: unknown, [first, ...rest]: Path, by: unknown): unknown {
  if (first === undefined) return by;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, each]) => [key, key === String(first) ? replaced(each, rest, by) : each]);
  return Array.isArray(value) ? entries.map(([, each]) => each) : Object.fromEntries(entries);
}

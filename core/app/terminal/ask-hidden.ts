/** Asks a person for something that nobody else is to read: nothing of it is shown. Only where a person watches. */
const CHARS_MAX = 1_024;

export function askHidden(question: string, signal: AbortSignal): Promise<string> {
  const { stdin, stderr } = process;
  return new Promise((resolve, reject) => {
    let typed = "";
    const end = (finish: () => void): void => {
      stdin.off("data", take);
      signal.removeEventListener("abort", abort);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write("\n");
      finish();
    };
    const abort = (): void => end(() => reject(signal.reason as Error));
    const take = (data: Buffer): void => {
      for (const key of data.toString("utf8")) {
        if (key === "\x03") {
          process.kill(process.pid, "SIGINT");
          return;
        }
        if (key === "\r" || key === "\n" || key === "\x04") return end(() => resolve(typed));
        if (key === "\x7f" || key === "\b") typed = typed.slice(0, -1);
        else if (key >= " " && typed.length < CHARS_MAX) typed += key;
      }
    };
    signal.addEventListener("abort", abort, { once: true });
    stdin.setRawMode(true); // before the question: whoever is quick would see what they type
    stdin.on("data", take);
    stdin.resume();
    stderr.write(question);
  });
}

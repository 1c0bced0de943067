/** A setup code for a camera. */
import type { CommandSpec } from "./command.ts";
import { makeSetupCode, SETUP_OPTIONS, showSetupCode } from "./setup-code-view.ts";

export const qr: CommandSpec = {
  summary: "Pair a phone: a code for its camera",
  options: [...SETUP_OPTIONS, { name: "svg", summary: "The picture as SVG on stdout, nothing else" }],
  examples: [
    { line: "openclaw qr", about: "a phone: it talks and works, and administers nothing" },
    { line: "openclaw qr --for node", about: "a machine that works" },
    { line: "openclaw qr --svg > code.svg", about: "as a picture" },
  ],
  notes: ["Whoever scans it within ten minutes is in, once. Show it to nobody else."],
  run: async (ctx) => {
    const made = await makeSetupCode(ctx);
    const { encodeQr, qrToSvg, qrToText } = await import("../../fabric/qr.ts");
    const picture = encodeQr(`oc-pair://${made.code}`);
    ctx.terminal.answer({ ...made.payload, qrSvg: qrToSvg(picture) }, () => {
      if (ctx.given.flag("svg")) return ctx.terminal.line(qrToSvg(picture));
      ctx.terminal.line(qrToText(picture));
      ctx.terminal.line();
      showSetupCode(ctx, made);
    });
    return 0;
  },
};

/** A screen that a test can read: obeys just what this program sends, and keeps what scrolled away. A named fake, for tests only. */
export interface FakeScreen {
  write(text: string): void;
  /** Everything there is, row by row, without paint. */
  rows(): readonly string[];
  readonly columns: number;
  /** Rows of the screen: the cursor cannot go above them. */
  readonly height: number;
}

export function createFakeScreen(columns: number, height: number): FakeScreen {
  const rows: string[][] = [[]];
  let [row, column] = [0, 0];
  const top = (): number => Math.max(0, rows.length - height);
  const obey = (parameter: string, command: string): void => {
    const count = Number(parameter === "" ? 1 : parameter);
    if (command === "A") row = Math.max(top(), row - count);
    else if (command === "C") column += count;
    else if (command === "K") rows[row] = [];
    else if (command === "J") {
      rows.splice(row + 1);
      rows[row]?.splice(column);
    } else if (!"hlm".includes(command)) throw new Error(`the screen knows no ${command}`);
  };
  return {
    columns, height,
    rows: () => rows.map((cells) => cells.join("").trimEnd()),
    write: (text) => {
      for (const part of text.match(/\x1b\[[0-9;?]*[A-Za-z]|\x1b\]8;;[^\x1b]*\x1b\\|[\s\S]/gu) ?? []) {
        const sequence = /^\x1b\[\??([0-9;]*)([A-Za-z])$/.exec(part);
        if (sequence !== null) obey(sequence[1] ?? "", sequence[2] ?? "");
        else if (part === "\r") column = 0;
        else if (part === "\n") {
          row += 1;
          if (row === rows.length) rows.push([]);
        } else if (part.length < 3) {
          const cells = (rows[row] ??= []);
          while (cells.length < column) cells.push(" ");
          cells[column] = part;
          column += 1;
          if (column > columns) throw new Error(`a row is wider than the screen: ${cells.join("")}`);
        }
      }
    },
  };
}

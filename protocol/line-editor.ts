/** What typing leads to, in order. */
export type Typed =
  /** To be shown where the cursor is. */
  | { kind: "echo"; text: string }
  /** A line with its end, or what stood on the line when Ctrl+D was pressed. `secret`: it was not shown. */
  | { kind: "input"; text: string; secret: boolean }
  /** Ctrl+D on an empty line. */
  | { kind: "end" }
  /** Ctrl+C. */
  | { kind: "interrupt" };

interface Character {
  text: string;
  /** Columns that its echo takes; 0 when it was not shown. */
  columns: number;
}

const TAB_COLUMNS = 4;
/** Two columns wide in terminals: East Asian wide and full-width forms, pictographs. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u;
/** Arrow and function keys, marks around pasted text: a line of this kind has no place for them. */
const KEY_SEQUENCE = /\x1b(?:\[[0-9:;<=>?]*[ -/]*[@-~]|O.|.)?/g;

/**
 * The line discipline of a terminal without one: echo, erasing (Backspace, Ctrl+U, Ctrl+W), lines, Ctrl+D and Ctrl+C. A line is handed on
 * when it is complete.
 */
export class LineEditor {
  private line: Character[] = [];
  private afterReturn = false;
  private readonly segmenter = new Intl.Segmenter();

  /** `hides` is asked at each key: true shows nothing of it. */
  constructor(private readonly hides: () => boolean) {}

  /** Takes what the terminal sent: keys, or pasted text. */
  type(data: string): Typed[] {
    const typed: Typed[] = [];
    const echo = (text: string) => {
      const last = typed.at(-1);
      if (last?.kind === "echo") last.text += text;
      else if (text) typed.push({ kind: "echo", text });
    };
    for (const { segment } of this.segmenter.segment(data.replace(KEY_SEQUENCE, "").replace(/\r\n/g, "\r"))) {
      const again = this.afterReturn && segment === "\n";
      this.afterReturn = segment === "\r";
      if (again) continue;
      if (segment === "\r" || segment === "\n") {
        echo("\r\n");
        typed.push(this.handOn("\n"));
      } else if (segment === "\x7f" || segment === "\b") echo(this.erase(1));
      else if (segment === "\x15") echo(this.erase(this.line.length));
      else if (segment === "\x17") echo(this.erase(this.lastWord()));
      else if (segment === "\x03") {
        this.line = [];
        typed.push({ kind: "interrupt" });
      } else if (segment === "\x04") typed.push(this.line.length > 0 ? this.handOn("") : { kind: "end" });
      else if (segment === "\t" || !/^[\x00-\x1f\x80-\x9f]/.test(segment)) echo(this.add(segment));
    }
    return typed;
  }

  /** Forgets a line that was begun. */
  clear(): void {
    this.line = [];
  }

  private add(text: string): string {
    const shown = text === "\t" ? " ".repeat(TAB_COLUMNS) : text;
    const hidden = this.hides();
    this.line.push({ text, columns: hidden ? 0 : text === "\t" ? TAB_COLUMNS : WIDE.test(text) ? 2 : 1 });
    return hidden ? "" : shown;
  }

  private erase(count: number): string {
    const gone = count > 0 ? this.line.splice(-count) : [];
    return "\b \b".repeat(gone.reduce((sum, { columns }) => sum + columns, 0));
  }

  /** Characters of the last word with the blanks behind it. */
  private lastWord(): number {
    const text = this.line.map(character => (/\s/.test(character.text) ? " " : "x")).join("");
    return /x* *$/.exec(text)![0].length;
  }

  private handOn(end: string): Typed {
    const secret = this.line.some(({ columns }) => columns === 0);
    const text = this.line.map(character => character.text).join("") + end;
    this.line = [];
    return { kind: "input", text, secret };
  }
}

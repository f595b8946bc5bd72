/** What typing into the terminal of a run means. */
export type Typed =
  | { kind: "echo"; text: string }
  | { kind: "line"; text: string }
  | { kind: "end" }
  | { kind: "interrupt" };

/**
 * The line discipline of the terminal: a command whose input is a pipe sees whole lines, so echo and backspace are done here. Ctrl+C
 * interrupts, Ctrl+D on an empty line ends the input.
 */
export class TypedInput {
  private line = "";

  take(data: string): Typed[] {
    const typed: Typed[] = [];
    // Keys such as the arrows come as escape sequences: nothing to edit with them.
    for (const char of data.replace(/\x1b(\[[0-9;?]*[ -/]*[@-~]|O.|.)?/g, "")) {
      if (char === "\x03") {
        this.line = "";
        typed.push({ kind: "interrupt" });
      } else if (char === "\x04") {
        if (this.line) this.send(typed, "");
        else typed.push({ kind: "end" });
      } else if (char === "\r" || char === "\n") {
        typed.push({ kind: "echo", text: "\r\n" });
        this.send(typed, "\n");
      } else if (char === "\x7f" || char === "\b") {
        const last = [...this.line].pop();
        if (last === undefined) continue;
        this.line = this.line.slice(0, -last.length);
        typed.push({ kind: "echo", text: "\b \b" });
      } else if (char >= " " || char === "\t") {
        this.line += char;
        typed.push({ kind: "echo", text: char });
      }
    }
    return typed;
  }

  private send(typed: Typed[], end: string): void {
    typed.push({ kind: "line", text: this.line + end });
    this.line = "";
  }
}

/** A place as editors count it: both numbers from zero, characters in UTF-16 units. */
export interface Position {
  line: number;
  character: number;
}

/** Lines of a text: offsets to positions and back. Lines end with `\n`, `\r\n` or a lone `\r`, as in the LSP. */
export class LineMap {
  /** Offsets of the line starts. */
  private readonly starts: number[] = [0];

  constructor(private readonly text: string) {
    // `indexOf` finds line ends faster than a walk over every character; lone `\r`s are rare.
    if (text.includes("\r")) this.readSlowly();
    else for (let i = text.indexOf("\n"); i !== -1; i = text.indexOf("\n", i + 1)) this.starts.push(i + 1);
  }

  private readSlowly(): void {
    const text = this.text;
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i);
      if (c === 13 && text.charCodeAt(i + 1) === 10) i++;
      if (c === 10 || c === 13) this.starts.push(i + 1);
    }
  }

  get lineCount(): number {
    return this.starts.length;
  }

  /** The position of an offset; offsets outside the text count as its nearest end. */
  positionAt(offset: number): Position {
    const at = Math.max(0, Math.min(offset, this.text.length));
    let low = 0;
    let high = this.starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.starts[middle]! <= at) low = middle;
      else high = middle;
    }
    return { line: low, character: at - this.starts[low]! };
  }

  /** The offset of a position; a character behind the end of its line counts as that end. */
  offsetAt(position: Position): number {
    if (position.line < 0) return 0;
    if (position.line >= this.starts.length) return this.text.length;
    const start = this.starts[position.line]!;
    const next = position.line + 1 < this.starts.length ? this.starts[position.line + 1]! : this.text.length + 1;
    return Math.max(start, Math.min(start + position.character, next - 1));
  }
}

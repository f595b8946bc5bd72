/** Sources with expectations in them: `⟦code⟧text⟦/⟧` says that `code` is reported at exactly `text`. */

export interface Expected {
  code: string;
  /** UTF-16 offsets in the unmarked source. */
  start: number;
  end: number;
}

const MARK = /⟦(\/|[a-z]+\/[a-z-]+)⟧/g;

export function unmark(marked: string): { source: string; expected: Expected[] } {
  const expected: Expected[] = [];
  const open: Expected[] = [];
  let source = "";
  let at = 0;
  for (const match of marked.matchAll(MARK)) {
    source += marked.slice(at, match.index);
    at = match.index + match[0].length;
    if (match[1] === "/") {
      const last = open.pop();
      if (!last) throw new Error(`unbalanced marks in ${marked}`);
      last.end = source.length;
    } else {
      const found = { code: match[1]!, start: source.length, end: -1 };
      expected.push(found);
      open.push(found);
    }
  }
  if (open.length > 0) throw new Error(`unbalanced marks in ${marked}`);
  return { source: source + marked.slice(at), expected };
}

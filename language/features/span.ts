/** A range in the text that a feature was asked about: UTF-16 offsets `[start, end)`. */
export interface Span {
  start: number;
  end: number;
}

export function overlaps(a: Span, b: Span): boolean {
  return a.start <= b.end && b.start <= a.end;
}

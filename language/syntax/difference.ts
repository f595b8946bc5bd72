/** The stretch in which two texts differ. */
export interface Difference {
  /** Where it begins in both. */
  start: number;
  /** Where it ends in the text before. */
  oldEnd: number;
  /** What is added to the offsets behind it. */
  shift: number;
}

/** Long texts are compared by so many characters at once, which the engine does faster than one by one. */
const STEP = 1024;

export function difference(before: string, after: string): Difference {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start + STEP <= most && before.slice(start, start + STEP) === after.slice(start, start + STEP)) start += STEP;
  while (start < most && before.charCodeAt(start) === after.charCodeAt(start)) start++;
  let end = 0;
  const room = most - start;
  while (end + STEP <= room && ending(before, end) === ending(after, end)) end += STEP;
  while (end < room && before.charCodeAt(before.length - 1 - end) === after.charCodeAt(after.length - 1 - end)) end++;
  return { start, oldEnd: before.length - end, shift: after.length - before.length };
}

/** The step before the last `end` characters. */
function ending(text: string, end: number): string {
  return text.slice(text.length - end - STEP, text.length - end);
}

/** How far the text of a result is read as a value. */
export type Inference =
  /** Nothing is read: the text stays text. */
  | "text"
  /** JSON objects and lists (an executable with a `cmd` body). */
  | "structures"
  /** Also numbers, booleans and `null` (a command that `var` assigns). */
  | "all";

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

/** The value that a text stands for; the text itself where it stands for none. */
export function infer(text: string, inference: Inference): unknown {
  if (inference === "text") return text;
  const trimmed = text.trim();
  const first = trimmed[0];
  if (first === "{" || first === "[") {
    try {
      return JSON.parse(trimmed);
    } catch {
      return text;
    }
  }
  if (inference === "structures") return text;
  if (trimmed === "true") return true;
  if (trimmed === "false") return false;
  if (trimmed === "null") return null;
  return NUMBER.test(trimmed) && Number.isSafeInteger(Math.trunc(Number(trimmed))) ? Number(trimmed) : text;
}

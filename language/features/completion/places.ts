/** What the text before the cursor says about the place. */
import type { Analysis } from "../../semantics";
import { type CursorContext, startOfLine } from "./context";
import { type Directive, ENV_TAILS, LABELS } from "./directives";

export const ENV_PLACE = /(^|[\s=>([])\/?(env|box)[ \t]+$/;
export const VALUE_PLACE = /((?<![=!<>~])=|=>|[(,[]|\breturn)\s*$/;
/** Behind an operator, or a word that takes a value. */
export const OPERAND_PLACE = new RegExp(
  [
    String.raw`(&&|\|\||\?\?|[=!<>~]=)\s*$`,
    String.raw`\s[-+*/%<>?]\s+$`,
    String.raw`(^|[\s(=])!$`,
    String.raw`\.\.\.$`,
    String.raw`\?[^?\n]*:\s*$`,
    String.raw`(^|[\s;/])(show|log|if|when|in|output|append|stream|until|bail|done|continue|sign|verify)[ \t]+$`,
  ].join("|"),
);

/** The head of a bracket that holds conditions, rather than statements. */
export function isChoice(head: string): boolean {
  return /\bwhen\b(?:(?!=>).)*$/s.test(head);
}

export const PARAMETER_TYPES = ["string", "number", "boolean", "array", "object"];

export function isParameter({ frames }: CursorContext): boolean {
  const frame = frames.at(-1);
  return frame?.open === "(" && /^\s*\/?exe\b[^=]*$/.test(frame.head);
}

/** A name that is being given, rather than used. */
export function definesName(context: CursorContext): boolean {
  return isParameter(context) || NEW_NAME.test(context.before) || NEW_MODULE.test(context.before);
}

const NEW_NAME =
  /(?:^|;)\s*\/?(?:(?:var|let|exe|policy|auth|guard|hook)\s+(?:[\w:-]+\s+)*|for\s+(?:parallel\S*\s+)?(?:@[\w-]+\s*,\s*)?)@$/;
const NEW_MODULE = /^\s*\/?import\b.*\bas\s+@$/;

/** What may follow the config of an `env`, a `new`, or their `with`. */
export function envTails(before: string): Directive[] {
  const block = ENV_TAILS.slice(1);
  if (/\bwith\s+$/.test(before)) return [{ word: "{ … }", snippet: "{ $1 }", doc: "What is narrowed.", at: "both" }];
  if (/(^|[\s=>([])\/?(env|box)\s+(\S+\s+)?with\s*\{\}\s+$/.test(before)) return block;
  if (/(^|[\s=>([])\/?(env|box)\s+[@{(][^\s]*\s+$/.test(before)) return ENV_TAILS;
  if (/(^|[\s=([])new\s+@\S+\s+$/.test(before)) return ENV_TAILS.slice(0, 1);
  return [];
}

/** Words that go on with what stands before the cursor in its directive. */
export function continuations(before: string, analysis: Analysis): string[] {
  const head = headOf(before);
  if (head === null) return [];
  if (/^import$/.test(head))
    return ["{", "module", "static", "live", "local", "cached", "templates", "policy", "tools"];
  if (/^import\b[^…]*\{\}$/.test(head)) return ["from"];
  if (/^(guard|hook)(\s+@[\w-]+)?$/.test(head))
    return head.startsWith("guard") ? ["before", "after", "always", "for"] : ["before", "after"];
  if (/^(guard|hook)\b.*\b(before|after|always|for)$/.test(head)) return ["op:", ...labelsOf(analysis)];
  if (/^guard\b.*=$/.test(head)) return ["when"];
  if (/^(output|append)\s+\S+$/.test(head)) return ["to"];
  if (/^output\b.*\bto$/.test(head)) return ["stdout", "stderr", "env"];
  if (/(^|=\s*|=>\s*)for(\s+parallel\S*)?\s+(@[\w-]+\s*,\s*)?@[\w.-]+$/.test(head)) return ["in"];
  if (/\}\s+using$/.test(head)) return ["auth:"];
  return [];
}

/** Words that may stand behind what is before the cursor, but need not. */
export function additions(before: string, analysis: Analysis): string[] {
  const head = headOf(before);
  if (head === null) return [];
  if (/^import\s+(\w+\s+)?(from\s+)?(…|@\S+)$/.test(head)) return ["as"];
  if (/^(.*=\s*)?for$/.test(head)) return ["parallel"];
  if (/\}$/.test(head) && /\b(cmd|sh|bash|run|js|node|py)\b/.test(head)) return ["using", "with"];
  if (/^(var|exe)(\s.*,)?$/.test(head)) return head === "var" ? ["tools", ...labelsOf(analysis)] : labelsOf(analysis);
  if (/^sign\s+@\S+(\s+by\s+…)?$/.test(head)) return head.includes(" by ") ? ["with sha256"] : ["by", "with sha256"];
  return [];
}

function headOf(before: string): string | null {
  return /[ \t]$/.test(before) ? before.trim().replace(/^\//, "") : null;
}

/** Labels that mlld knows, and those that the file gives. */
function labelsOf(analysis: Analysis): string[] {
  return [...new Set([...LABELS, ...analysis.symbols.flatMap(({ labels }) => labels)])];
}

export function isGuardAction(text: string, context: CursorContext): boolean {
  return (
    /^\s*\/?guard\b/.test(text.slice(context.statement.start, context.statement.end)) &&
    /=>[ \t]*$/.test(context.before)
  );
}

/** Only the word itself stands on the line, or in a block before it. */
export function startsStatement(text: string, context: CursorContext): boolean {
  const frame = context.frames.at(-1);
  const line = text.slice(startOfLine(text, context.word.start), context.word.start);
  if (!frame) return /^\/?$/.test(line) || (/^[ \t]*\/$/.test(line) && context.statement.start <= context.word.start);
  return frame.open === "[" && isBlock(text, context) && /(^|;)\s*\/?$/.test(context.before);
}

function isBlock(text: string, context: CursorContext): boolean {
  const frame = context.frames.at(-1)!;
  if (/:\s*$|[,(]\s*$/.test(frame.head)) return false;
  // `var @list = [` is an array; an executable, a condition and a loop have blocks.
  return !/^\s*\/?var\s+[^=]*=\s*$/.test(frame.head) || /^\s*(let|show|run|=>)\b/.test(text.slice(frame.start + 1));
}

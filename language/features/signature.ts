import type { Analysis, ExecutableSummary, MlldSymbol } from "../semantics";
import { contextIn } from "./completion/context";
import { commentAbove, documentationOf } from "./documentation";
import { parametersOf } from "./executables";

export interface Signature {
  label: string;
  parameters: string[];
  /** Index of the parameter at the cursor. */
  active: number;
  doc: string | null;
}

/** The call that the cursor stands in, with its parameters; null outside of calls and for what is not known. */
export function signatureAt(analysis: Analysis, offset: number): Signature | null {
  const call = callAt(analysis, offset);
  if (!call) return null;
  const [head, member] = call.callee.split(".");
  const symbol = analysis.visibleAt(offset).find(({ name }) => name === head);
  if (!symbol) return null;
  const parameters = member ? memberParameters(analysis, symbol, member) : parametersOf(analysis, symbol);
  if (!parameters) return null;
  const label = `@${call.callee}(${parameters.join(", ")})`;
  return {
    label,
    parameters,
    active: Math.min(call.index, Math.max(parameters.length - 1, 0)),
    doc: member ? memberDocumentation(analysis, symbol, member) : documentationOf(analysis, symbol),
  };
}

function callAt(analysis: Analysis, offset: number): { callee: string; index: number } | null {
  const { text, mode } = analysis.file;
  const context = contextIn(analysis.file, offset, mode === "markdown");
  if (context.comment || (context.code !== null && context.code !== "cmd")) return null;
  if (context.quote?.quote === "'") return null;
  // In a template and in a command the text of the call is all there is.
  const from = context.quote?.start ?? (context.code === "cmd" ? context.statement.start : offset);
  const inText = /@([\w-]+(?:\.[\w-]+)?)\(([^()\n]*)$/.exec(text.slice(from, offset));
  if (inText) return { callee: inText[1]!, index: inText[2]!.split(",").length - 1 };
  // An argument may be a list or an object that is still open.
  const frame = context.frames.findLast(({ open }) => open === "(");
  const callee = frame && /(\|\s*)?@([\w-]+(?:\.[\w-]+)?)$/.exec(frame.head);
  // The parentheses of a definition are no call.
  if (!frame || !callee || /^\s*\/?exe\b[^=]*$/.test(frame.head)) return null;
  // The first argument of a stage is what is piped into it.
  const piped = callee[1] !== undefined && !/\|\|\s*@\S+$/.test(frame.head);
  return { callee: callee[2]!, index: frame.index + (piped ? 1 : 0) };
}

function memberDocumentation(analysis: Analysis, symbol: MlldSymbol, member: string): string | null {
  const place = analysis.moduleOf(symbol)?.exports.get(member)?.place;
  return place ? commentAbove(analysis, place) : null;
}

function memberParameters(analysis: Analysis, symbol: MlldSymbol, member: string): string[] | null {
  const summary: ExecutableSummary | undefined =
    symbol.kind === "namespace" ? analysis.moduleOf(symbol)?.executables.get(member) : undefined;
  return summary ? (summary.parameters ?? []).map(({ name, type }) => (type ? `${name}: ${type}` : name)) : null;
}

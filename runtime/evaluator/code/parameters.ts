/** What code gets: its parameters, the functions of its shadow environment, and what `mx` shows. */
import type { Action } from "../../../language/syntax/tree";
import type { Context } from "../context";
import { Executable } from "../executable";
import { evaluate } from "../expressions";
import { plain, sourceTextOf, typeOf, Value } from "../value";
import { ambientFacts } from "../variables";
import type { CodeParameter } from "./process-code";

/** Names with their values. */
export type Parameters = { name: string; value: Value }[];

export async function parametersOf(nodes: Action[] | null, context: Context): Promise<Parameters> {
  const parameters: Parameters = [];
  for (const [index, node] of (nodes ?? []).entries()) {
    const name = node.kind === "VariableReference" ? node.name : `arg${index + 1}`;
    parameters.push({ name, value: await evaluate(node, context) });
  }
  return parameters;
}

/** Parameters, `let`s and loop variables around the code; module variables stay outside. */
export function localParameters(context: Context): Parameters {
  return [...context.scope.locals()]
    .filter(([, value]) => !(value.data instanceof Executable))
    .map(([name, value]) => ({ name, value }));
}

export function scriptParameter({ name, value }: Parameters[number]): { name: string; value: unknown; text?: string } {
  const { facts } = value;
  if (facts.kept) return { name: shellName(name), value: keptValue(value) };
  const text = facts.text ?? (facts.staged ? sourceTextOf(value) : undefined);
  return { name: shellName(name), value: plain(value), ...(text === undefined ? {} : { text }) };
}

export function knownOf(value: Value): NonNullable<CodeParameter["known"]> {
  const { labels, taint, sources } = value.security;
  return { type: typeOf(value), mx: { labels, taint, sources } };
}

/** `.keep`: the value with what is known about it. */
function keptValue(value: Value): unknown {
  const { security, facts } = value;
  const text = facts.file?.text ?? sourceTextOf(value);
  return {
    type: facts.file !== undefined && typeof value.data === "string" ? "text" : typeof value.data,
    text,
    data: plain(value),
    mx: {
      ...(facts.file === undefined
        ? {}
        : {
            filename: facts.file.filename,
            relative: facts.file.relative,
            absolute: facts.file.path,
            fm: facts.file.frontmatter,
          }),
      labels: security.labels,
      taint: security.taint,
      sources: security.sources,
    },
  };
}

export function shadowFunctions(language: string, context: Context) {
  const names = context.module.shadows.get(language) ?? new Set<string>();
  return [...names].flatMap(name => {
    const executable = context.module.scope.find(name)?.value.data;
    if (!(executable instanceof Executable) || executable.body.kind !== "program") return [];
    const { action } = executable.body;
    if (action.kind !== "CodeExpression") return [];
    return [{ name, parameters: [...executable.parameters].map(shellName), body: action.body.text }];
  });
}

export function plainFacts(context: Context): Record<string, unknown> {
  const { tools: _tools, ...facts } = ambientFacts(context);
  return JSON.parse(JSON.stringify(facts, (_key, item) => (item instanceof Value ? plain(item) : item))) as Record<
    string,
    unknown
  >;
}

/** Names with hyphens are no names in code and shells. */
export function shellName(name: string): string {
  return name.replaceAll("-", "_");
}

/** Code that stands indented in a block. */
export function dedent(body: string): string {
  const lines = body.replace(/^\s*\n/, "").split("\n");
  const indents = lines.filter(line => line.trim() !== "").map(line => /^[ \t]*/.exec(line)![0].length);
  const indent = Math.min(...indents, Number.MAX_SAFE_INTEGER);
  return indent === 0 || indent === Number.MAX_SAFE_INTEGER
    ? body
    : lines.map(line => line.slice(Math.min(indent, line.length))).join("\n");
}

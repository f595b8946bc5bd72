/** Uses of a name in the code of other languages: a parameter of an executable is a variable there. */
import type { Analysis, MlldSymbol } from "../../semantics";
import { walk } from "../../syntax";
import type { CodeBody, CodeExpression } from "../../syntax/tree";
import type { Span } from "../span";

/** A use that cannot be changed with certainty; the message is for the author. */
export class UnclearUse extends Error {}

/** Uses as far as they are certain. */
export function usesInCode(analysis: Analysis, symbol: MlldSymbol): Span[] {
  try {
    return codeUses(analysis, symbol, NO_NAME);
  } catch (error) {
    if (error instanceof UnclearUse) return [];
    throw error;
  }
}

/** Stands in no code. */
const NO_NAME = "\\0";

/** @throws UnclearUse where the name cannot be changed in code without knowing more of its language */
export function codeUses(analysis: Analysis, symbol: MlldSymbol, newName: string): Span[] {
  const uses: Span[] = [];
  walk(analysis.file, node => {
    if (node.kind === "ProseExpression" && node.body.kind === "CodeBody")
      uses.push(...inProse(analysis, symbol, node.body, newName));
    if (node.kind !== "CodeExpression" || !reaches(analysis, symbol, node)) return;
    const { body, language } = node;
    const find = language === "sh" || language === "bash" ? inShell : inProgram;
    // What is inside the braces.
    const start = body.start + 1;
    const found = find(analysis.file.text.slice(start, body.end - 1), symbol.name, newName, language);
    if (found.length > 0 && newName.includes("-"))
      throw new UnclearUse(`${newName} is no name in the ${language} code that uses it.`);
    for (const at of found) uses.push({ start: start + at, end: start + at + symbol.name.length });
  });
  return uses;
}

/** Code sees the parameters of its executable, and what its own arguments name. */
function reaches(analysis: Analysis, symbol: MlldSymbol, node: CodeExpression): boolean {
  if (symbol.kind === "parameter" && symbol.scope.start <= node.start && node.end <= symbol.scope.end) return true;
  return (node.arguments ?? []).some(argument => analysis.referenceOf(argument)?.symbol === symbol);
}

/** `@name` in prose, which is a template. */
function inProse(analysis: Analysis, symbol: MlldSymbol, body: CodeBody, newName: string): Span[] {
  const text = analysis.file.text.slice(body.start, body.end);
  const named = (name: string) => [...text.matchAll(new RegExp(`(?<![\\w\\\\@])@(${name})(?!-?\\w)`, "g"))];
  const uses = named(symbol.name);
  if (uses.length === 0 || !analysis.visibleAt(body.start).includes(symbol)) return [];
  if (named(newName).length > 0) throw taken(newName);
  return uses.map(({ index }) => {
    const start = body.start + index + 1;
    return { start, end: start + symbol.name.length };
  });
}

const word = (name: string): RegExp => new RegExp(`(?<![\\w$])${name}(?![\\w$])`, "g");

/** `$name` and `${name…}`. */
function inShell(code: string, name: string, newName: string): number[] {
  const uses = [...code.matchAll(new RegExp(`\\$\\{?#?(${name})(?!\\w)`, "g"))];
  if (uses.length > 0 && new RegExp(`\\$\\{?#?${newName}(?!\\w)`).test(code)) throw taken(newName);
  return uses.map(match => match.index + match[0].length - name.length);
}

/** Texts and comments; a template or an f-string holds code, too. */
const OPAQUE =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|(?<code>`(?:\\.|[^\\`])*`|[fF]"(?:\\.|[^\\"\n])*"|[fF]'(?:\\.|[^\\'\n])*')|"(?:\\.|[^\\"\n])*"|'(?:\\.|[^\\'\n])*'/g;

/** Every variable of that name in JavaScript or Python: all of them together mean the same after the change. */
function inProgram(code: string, name: string, newName: string, language: string): number[] {
  const python = language === "py";
  if (!word(name).test(code)) return [];
  if (word(newName).test(code)) throw taken(newName);
  const plain = code.replace(python ? new RegExp(`${OPAQUE.source}|#[^\\n]*`, "g") : OPAQUE, (text, ...rest) => {
    const groups = rest.at(-1) as { code?: string };
    if (groups.code !== undefined && word(name).test(text)) throw unclear(name, language);
    return " ".repeat(text.length);
  });
  const uses: number[] = [];
  for (const { index } of plain.matchAll(word(name))) {
    const before = plain.slice(0, index).trimEnd();
    const behind = plain.slice(index + name.length).trimStart();
    if (before.endsWith(".") && !before.endsWith("...")) continue;
    const inBraces = innermost(before) === "{" && /[{,]$/.test(before);
    if (inBraces && !python && behind.startsWith(":")) continue;
    // `{ name }` names a key, too; `f(name=1)` names a parameter of something else.
    if (inBraces && !python && /^[,}]/.test(behind)) throw unclear(name, language);
    if (python && innermost(before) === "(" && /^=(?!=)/.test(behind)) throw unclear(name, language);
    uses.push(index);
  }
  return uses;
}

function innermost(before: string): string | undefined {
  const open: string[] = [];
  for (const character of before) {
    if ("([{".includes(character)) open.push(character);
    else if (")]}".includes(character)) open.pop();
  }
  return open.at(-1);
}

function taken(newName: string): UnclearUse {
  return new UnclearUse(`The code that uses the name has a ${newName} already.`);
}

function unclear(name: string, language: string): UnclearUse {
  return new UnclearUse(`The ${language} code uses ${name} where it cannot be changed safely: change it there first.`);
}

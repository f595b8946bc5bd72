import {
  APOSTROPHE,
  AT,
  BACKTICK,
  CLOSE_BRACE,
  CLOSE_PAREN,
  COMMA,
  isIdentifierPart,
  isIdentifierStart,
  isSpace,
  LESS,
  NEWLINE,
  OPEN_BRACE,
  OPEN_PAREN,
  QUOTE,
  SLASH,
  STAR,
} from "./characters";
import { parseParameters } from "./declarations";
import { parseLabels } from "./effects";
import { parseFileReference } from "./file-references";
import { parseDuration } from "./literals";
import type { Parser } from "./parser";
import { parseWith } from "./tails";
import { Ends, parseTemplate } from "./templates";
import type {
  Binding,
  Duration,
  ExportStatement,
  ImportSource,
  ImportSpecifier,
  ImportStatement,
  Label,
  Parameter,
  WithClause,
} from "./tree";

type ImportType = NonNullable<ImportStatement["importType"]>;

const TYPES = new Set<string>(["module", "static", "live", "local", "cached", "templates", "policy", "tools", "mcp"]);

/** `import [type] [labels] [{ … } from] SOURCE [as @ns] [with { … }]`. */
export function parseImport(p: Parser): ImportStatement {
  const start = p.pos;
  p.pos += 6;
  p.skipWhitespace();
  let importType: ImportType | null = null;
  let sourceType: ImportStatement["sourceType"] = "module";
  let cachedFor: Duration | null = null;
  const word = p.text.slice(p.pos, p.wordEnd(p.pos));
  if (TYPES.has(word)) {
    p.pos += word.length;
    if (word === "mcp") sourceType = "mcp";
    else importType = word as ImportType;
    if (word === "cached" && p.peek() === OPEN_PAREN) cachedFor = parseCached(p);
    p.skipWhitespace();
  }
  let labels: Label[] = [];
  if (isIdentifierStart(p.peek()) && !p.atWord(p.pos, "from") && !p.atWord(p.pos, "mcp") && !p.atWord(p.pos, "node")) {
    labels = parseLabels(p);
    p.skipWhitespace();
    if (p.atWord(p.pos, "from")) bareNames(p, labels);
  }
  let specifiers: ImportSpecifier[] | null = null;
  let namespace: Binding | null = null;
  if (p.peek() === OPEN_BRACE) {
    specifiers = parseSpecifiers(p, true);
    takeFrom(p);
  } else if (importType === "policy" && p.peek() === AT) {
    namespace = parseAliasName(p);
    takeFrom(p);
  } else if (p.atWord(p.pos, "from")) {
    p.pos += 4;
    p.skipWhitespace();
  } else if (p.peek() === STAR) {
    wildcard(p, p.pos, p.pos + 1);
    p.pos++;
    p.skipWhitespace();
    if (p.atWord(p.pos, "from")) takeFrom(p);
  }
  if (p.atWord(p.pos, "mcp") || p.atWord(p.pos, "node")) {
    sourceType = p.atWord(p.pos, "mcp") ? "mcp" : "node";
    if (sourceType === "node" && specifiers === null)
      p.fail(
        "syntax/invalid-import",
        "Expected the names to import: `import { @name } from node @package`.",
        p.pos,
        p.pos + 4,
      );
    p.pos += sourceType.length;
    p.skipWhitespace();
  }
  const source = parseSource(p);
  let parameters: Parameter[] | null = null;
  const next = p.afterWhitespace(p.pos);
  if (p.atWord(next, "as")) {
    p.pos = p.afterSpaces(next + 2);
    namespace = parseAlias(p);
    if (importType === "templates" && p.peek() === OPEN_PAREN) parameters = parseParameters(p);
  }
  if (importType === "tools" && sourceType !== "mcp")
    p.fail(
      "syntax/invalid-import",
      'Tools are imported from a server: `import tools { @name } from mcp "command"`.',
      start,
      start + 6,
    );
  let withClause: WithClause | null = null;
  const behind = p.afterSpaces(p.pos);
  if (p.atWord(behind, "with") && p.at(p.afterWhitespace(behind + 4)) === OPEN_BRACE) {
    p.pos = behind;
    withClause = parseWith(p);
  }
  return {
    kind: "ImportStatement",
    start,
    end: p.pos,
    importType,
    cachedFor,
    labels,
    specifiers,
    namespace,
    parameters,
    source,
    sourceType,
    with: withClause,
  };
}

/** `import helper from "./x"`, as other languages have it. */
function bareNames(p: Parser, names: Label[]): void {
  const { start } = names[0]!;
  const { end } = names[names.length - 1]!;
  p.fail("syntax/invalid-import", "Names are imported in braces: `import { @name } from …`.", start, end, {
    title: "Put the names in braces",
    edits: [
      { start, end: start, newText: "{ " },
      { start: end, end, newText: " }" },
    ],
  });
}

function parseCached(p: Parser): Duration | null {
  const open = p.pos++;
  p.skipSpaces();
  const value = parseDuration(p);
  p.skipSpaces();
  if (p.peek() === CLOSE_PAREN) p.pos++;
  else p.fail("syntax/unclosed-parenthesis", "Expected `)`.", open, open + 1);
  return value.kind === "Duration" ? value : null;
}

function takeFrom(p: Parser): void {
  const at = p.pos;
  p.skipWhitespace();
  if (p.atWord(p.pos, "from")) {
    p.pos += 4;
    p.skipWhitespace();
    return;
  }
  const sameLine = p.pos < p.lineEnd(at);
  p.fail(
    "syntax/missing-keyword",
    "Expected `from` and what to import from.",
    at,
    at,
    sameLine ? { title: "Insert `from`", edits: [{ start: at, end: at, newText: " from" }] } : undefined,
  );
  if (!sameLine) p.pos = at;
}

function wildcard(p: Parser, start: number, end: number): void {
  p.fail("syntax/import-wildcard", 'Everything is imported under a name: `import "path" as @name`.', start, end);
}

/** `{ @a, b as @c }`; in an export `{ * }` and aliases without `@`. */
function parseSpecifiers(p: Parser, isImport: boolean): ImportSpecifier[] {
  const open = p.pos++;
  const specifiers: ImportSpecifier[] = [];
  p.skipTrivia();
  while (p.peek() !== CLOSE_BRACE) {
    const start = p.pos;
    const c = p.peek();
    if (c === STAR) p.pos++;
    else {
      const end = p.identifierEnd(c === AT ? start + 1 : start);
      if (end === start || end === start + 1 + (c === AT ? 0 : -1)) {
        if (c !== COMMA) break;
        p.fail("syntax/extra-comma", "Expected a name before the comma.", start, start + 1);
        p.pos++;
        p.skipTrivia();
        continue;
      }
      p.pos = end;
    }
    const nameEnd = p.pos;
    const name: Binding = {
      kind: "Binding",
      start,
      end: nameEnd,
      name: c === STAR ? "*" : p.text.slice(c === AT ? start + 1 : start, nameEnd),
    };
    let alias: Binding | null = null;
    const as = p.afterWhitespace(nameEnd);
    if (p.atWord(as, "as")) {
      p.pos = p.afterSpaces(as + 2);
      alias = isImport ? parseAlias(p) : parseExportAlias(p);
    } else if (c === STAR && isImport) wildcard(p, start, nameEnd);
    specifiers.push({ kind: "ImportSpecifier", start, end: p.pos, name, alias });
    const behind = p.pos;
    p.skipTrivia();
    if (p.peek() === COMMA) {
      const comma = p.pos++;
      p.skipTrivia();
      if (p.peek() === CLOSE_BRACE)
        p.fail("syntax/extra-comma", "Expected a name after the comma.", comma, comma + 1, {
          title: "Remove the comma",
          edits: [{ start: comma, end: comma + 1, newText: "" }],
        });
    } else if (p.peek() === AT || isIdentifierStart(p.peek())) {
      if (p.atWord(p.pos, "from")) break;
      p.fail("syntax/missing-comma", "Names are separated by commas.", behind, behind, {
        title: "Insert a comma",
        edits: [{ start: behind, end: behind, newText: "," }],
      });
    } else if (p.peek() !== CLOSE_BRACE) break;
  }
  if (p.peek() === CLOSE_BRACE) p.pos++;
  else if (p.peek() === -1 || p.atWord(p.pos, "from"))
    p.fail("syntax/unclosed-object", "Expected `}` to close the list of names.", open, open + 1);
  else {
    p.fail(isImport ? "syntax/invalid-import" : "syntax/invalid-export", "Expected a name or `}`.", p.pos, p.pos + 1);
    const close = p.findInLine("}", p.pos);
    if (close !== -1) p.pos = close + 1;
  }
  return specifiers;
}

/** `@name` behind `as`. */
function parseAlias(p: Parser): Binding {
  const start = p.pos;
  if (p.peek() === AT && isIdentifierStart(p.at(start + 1))) return parseAliasName(p);
  const end = p.identifierEnd(start);
  const name = p.text.slice(start, end);
  p.pos = end;
  if (name === "") p.fail("syntax/import-alias", "Expected `@name` after `as`.", start, start);
  else
    p.fail("syntax/import-alias", `A name needs \`@\`: \`as @${name}\`.`, start, end, {
      title: `Write \`@${name}\``,
      edits: [{ start, end: start, newText: "@" }],
    });
  return { kind: "Binding", start, end, name };
}

function parseAliasName(p: Parser): Binding {
  const start = p.pos;
  p.pos = p.identifierEnd(start + 1);
  return { kind: "Binding", start, end: p.pos, name: p.text.slice(start + 1, p.pos) };
}

function parseExportAlias(p: Parser): Binding {
  if (p.peek() === AT) return parseAliasName(p);
  const start = p.pos;
  p.pos = p.identifierEnd(start);
  if (p.pos === start) p.fail("syntax/import-alias", "Expected a name after `as`.", start, start);
  return { kind: "Binding", start, end: p.pos, name: p.text.slice(start, p.pos) };
}

function parseSource(p: Parser): ImportSource {
  const start = p.pos;
  const c = p.peek();
  if (c === QUOTE || c === APOSTROPHE || c === BACKTICK) return parseTemplate(p);
  if (c === LESS) return parseFileReference(p, Ends.File);
  let i = start;
  if (c === AT) {
    for (i = start + 1; ; i++) {
      const d = p.at(i);
      if (d === -1 || d === NEWLINE || isSpace(d) || d === OPEN_BRACE) break;
    }
    p.pos = i;
    const text = p.text.slice(start, i);
    if (i === start + 1 || !isIdentifierPart(p.at(start + 1)) || p.at(i - 1) === SLASH || text.includes("//"))
      p.fail("syntax/import-path", "Expected a module behind `@`: `@author/name`.", start, i);
    return { kind: "ModuleReference", start, end: i, text };
  }
  while (p.at(i) !== -1 && p.at(i) !== NEWLINE && !isSpace(p.at(i))) i++;
  if (i === start) {
    p.fail("syntax/import-path", 'Expected what to import from: `"path"`, `<path>` or `@author/module`.', start, start);
    return p.missing();
  }
  p.fail("syntax/import-path", "A path is quoted or stands in angle brackets.", start, i, {
    title: "Put the path in quotes",
    edits: [
      { start, end: start, newText: '"' },
      { start: i, end: i, newText: '"' },
    ],
  });
  p.pos = i;
  return { kind: "ModuleReference", start, end: i, text: p.text.slice(start, i) };
}

/** `export { @a, b }`, `export { * }`. */
export function parseExport(p: Parser): ExportStatement {
  const start = p.pos;
  p.pos += 6;
  p.skipWhitespace();
  if (p.peek() !== OPEN_BRACE) {
    const end = p.lineEnd(p.pos);
    const text = p.text.slice(p.pos, end).trim();
    p.fail(
      "syntax/invalid-export",
      "Expected the names in braces: `export { @name }`.",
      p.pos,
      p.pos,
      /^@?[A-Za-z_][\w-]*(\s*,\s*@?[A-Za-z_][\w-]*)*$/.test(text)
        ? {
            title: "Put the names in braces",
            edits: [
              { start: p.pos, end: p.pos, newText: "{ " },
              { start: p.pos + text.length, end: p.pos + text.length, newText: " }" },
            ],
          }
        : undefined,
    );
    p.pos = Math.max(start + 6, end);
    return { kind: "ExportStatement", start, end: p.pos, all: false, specifiers: [] };
  }
  const specifiers = parseSpecifiers(p, false);
  const all = specifiers.length === 1 && specifiers[0]!.name.name === "*";
  return { kind: "ExportStatement", start, end: p.pos, all, specifiers: all ? [] : specifiers };
}

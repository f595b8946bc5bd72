import { closest } from "../environment/spelling";
import { type Analysis, BUILTIN_NAMES, type MlldSymbol, type Reference, type Scope } from "../semantics";
import { environmentReports } from "./environments";
import type { Finding, Fix } from "./finding";
import { takenNames } from "./taken-names";

/** In a text shorter names are not told: too much looks like them. */
const SHORTEST_SLIP = 4;

/** For so many names a likely one is looked for: a file with more lacks an import rather than letters. */
const MOST_SLIPS = 40;

/** Names that nothing defines: variables, credentials, names that an imported file does not export, files that are not there. */
export function nameFindings(analysis: Analysis): Finding[] {
  // The names in a template file are the parameters of whoever uses it.
  if (analysis.file.mode === "att" || analysis.file.mode === "mtt") return [];
  return [...undefinedNames(analysis), ...undefinedAuth(analysis), ...imports(analysis), ...takenNames(analysis)];
}

function undefinedNames(analysis: Analysis): Finding[] {
  const unresolved = analysis.references.filter(
    ({ symbol, use, name, asked }) => !symbol && !asked && use !== "auth" && name !== "",
  );
  const own = new Set(analysis.symbols.map(({ name }) => name));
  const known = new Map<string, string | null>();
  return unresolved.flatMap(reference => {
    if (reference.inText && reference.name.length < SHORTEST_SLIP) return [];
    let near = known.get(reference.name);
    if (near === undefined || (near !== null && !isVisible(near, reference))) {
      near = known.size < MOST_SLIPS ? similarVisible(reference) : null;
      known.set(reference.name, near);
    }
    // In a text an undefined name stays as it is written (an address, a decorator): only a likely slip is told.
    if (reference.inText && !(near && near.length >= SHORTEST_SLIP && own.has(near))) return [];
    return [undefinedName(reference, near, analysis)];
  });
}

function undefinedName(reference: Reference, near: string | null, analysis: Analysis): Finding {
  const place = { uri: analysis.uri, start: reference.start, end: reference.end };
  const meant = near ? ` Did you mean @${near}?` : "";
  const text = analysis.file.text.slice(reference.start, reference.end);
  const fixes: Fix[] = near
    ? [
        {
          title: `Change to @${near}`,
          edits: [{ place, newText: text.replace(reference.name, near) }],
          preferred: true,
        },
      ]
    : [];
  const message =
    reference.use === "export"
      ? `@${reference.name} is exported, but not defined in this file.${meant}`
      : `@${reference.name} is not defined here.${meant}`;
  return { code: "name/undefined", severity: "warning", message, place, related: [], fixes };
}

function similarVisible(reference: Reference): string | null {
  const near = likeLetters(reference.name, BUILTIN_NAMES);
  for (let scope: Scope | null = reference.scope; scope; scope = scope.parent) {
    near.push(...likeLetters(reference.name, namesOf(scope)));
  }
  return closest(reference.name, near);
}

const NAMES = new WeakMap<Scope, string[]>();

/** The names of a scope as a list, which is quicker to go through again and again. */
function namesOf(scope: Scope): string[] {
  let names = NAMES.get(scope);
  if (!names) NAMES.set(scope, (names = [...scope.symbols.keys()]));
  return names;
}

function isVisible(name: string, { scope: from }: Reference): boolean {
  for (let scope: Scope | null = from; scope; scope = scope.parent) if (scope.symbols.has(name)) return true;
  return BUILTIN_NAMES.includes(name);
}

/** Credentials that `using auth:n` or a config names, and nothing declares. */
function undefinedAuth(analysis: Analysis): Finding[] {
  const { names, open } = analysis.auth;
  if (open) return [];
  const used: { name: string; start: number; end: number }[] = analysis.references.filter(({ use }) => use === "auth");
  for (const { credentials } of environmentReports(analysis))
    used.push(...credentials.map(({ name, place }) => ({ name, ...place })));
  return used.flatMap(({ name, start, end }) => {
    if (names.has(name)) return [];
    const place = { uri: analysis.uri, start, end };
    const near = similar(name, [...names.keys()]);
    const written = analysis.file.text.slice(start, end);
    const fixes: Fix[] = [];
    if (near) {
      fixes.push({
        title: `Change to ${near}`,
        edits: [{ place, newText: written.replace(name, near) }],
        preferred: true,
      });
    }
    if (/^[A-Za-z_][\w-]*$/.test(name)) fixes.push(declareAuth(name, analysis));
    const mend = near ? ` Did you mean ${near}?` : ` Declare it with \`auth @${name} = "NAME"\` or in a policy.`;
    const message = `The credential '${name}' is not declared.${mend}`;
    return [{ code: "auth/undefined", severity: "warning", message, place, related: [], fixes }];
  });
}

/** A declaration behind the imports, in the form that the file's mode asks for. */
function declareAuth(name: string, analysis: Analysis): Fix {
  const { file, uri } = analysis;
  const last = analysis.imports.at(-1)?.statement;
  const end = last ? file.text.indexOf("\n", last.end) : -1;
  const at = last ? (end < 0 ? file.text.length : end + 1) : (file.frontmatter?.end ?? 0);
  const slash = file.mode === "markdown" ? "/" : "";
  const variable = name.toUpperCase().replace(/[^A-Z0-9]+/g, "_") + "_API_KEY";
  const line = `${slash}auth @${name} = "${variable}"\n`;
  const newText = at > 0 && file.text[at - 1] !== "\n" ? `\n${line}` : line;
  return { title: `Declare auth @${name}`, edits: [{ place: { uri, start: at, end: at }, newText }] };
}

function imports(analysis: Analysis): Finding[] {
  const found: Finding[] = [];
  for (const { statement, state, specifier } of analysis.imports) {
    if (state !== "missing") continue;
    const { start, end } = statement.source;
    found.push({
      code: "name/import-missing",
      severity: "warning",
      message: `There is no file ${specifier}. Paths start at the folder of this file; @base/ starts at the project's root.`,
      place: { uri: analysis.uri, start, end },
      related: [],
      fixes: [],
    });
  }
  for (const symbol of analysis.symbols) {
    const finding = notExported(symbol, analysis);
    if (finding) found.push(finding);
  }
  return found;
}

function notExported(symbol: MlldSymbol, analysis: Analysis): Finding | null {
  const module = analysis.moduleOf(symbol);
  const name = symbol.import?.imported;
  if (!name || !module || module.fault || module.exports.has(name) || symbol.declaration?.kind !== "ImportSpecifier")
    return null;
  const { start, end } = symbol.declaration.name;
  const place = { uri: analysis.uri, start, end };
  const near = similar(name, [...module.exports.keys()]);
  const written = analysis.file.text.slice(start, end);
  const fixes: Fix[] = near
    ? [{ title: `Change to @${near}`, edits: [{ place, newText: written.replace(name, near) }], preferred: true }]
    : [];
  const add = addExport(name, module.uri, analysis);
  if (add) fixes.push(add);
  const meant = near ? ` Did you mean @${near}?` : "";
  const message = `The imported file does not export @${name}.${meant}`;
  return { code: "name/undefined", severity: "warning", message, place, related: [], fixes };
}

/** Puts a name that the other file defines into its export list. */
function addExport(name: string, uri: string, analysis: Analysis): Fix | null {
  const text = analysis.textOf(uri);
  if (typeof text !== "string") return null;
  const list = /^\/?export\s*\{[^}]*\S(?=\s*\})/m.exec(text);
  const defined = new RegExp(`^/?(var|exe|policy)\\b[^=\\n]*@${name}\\b`, "m").test(text);
  if (!list || !defined) return null;
  const at = list.index + list[0].length;
  const comma = list[0].endsWith(",") ? " " : ", ";
  return {
    title: `Export @${name} from the imported file`,
    edits: [{ place: { uri, start: at, end: at }, newText: `${comma}@${name}` }],
  };
}

/** A known name that was likely meant; very short names resemble everything. */
function similar(name: string, names: readonly string[]): string | null {
  return closest(name, likeLetters(name, names));
}

/** Names that may be near. Comparing is dear: those of another length or of other letters cannot be. */
function likeLetters(name: string, names: readonly string[]): string[] {
  if (name.length < 3) return [];
  const distance = Math.max(1, Math.floor(name.length / 3));
  const letters = lettersOf(name);
  const near: string[] = [];
  for (const other of names) {
    if (Math.abs(other.length - name.length) > distance) continue;
    // One edit changes at most two letters.
    if (bits(letters ^ lettersOf(other)) <= 2 * distance) near.push(other);
  }
  return near;
}

const LETTERS = new Map<string, number>();

/** One bit a letter. The same names are asked for at every keystroke, so they are kept, within bounds. */
function lettersOf(name: string): number {
  let letters = LETTERS.get(name);
  if (letters === undefined) {
    letters = 0;
    for (let i = 0; i < name.length; i++) letters |= 1 << (name.charCodeAt(i) & 31);
    if (LETTERS.size > 20_000) LETTERS.clear();
    LETTERS.set(name, letters);
  }
  return letters;
}

function bits(number: number): number {
  let count = 0;
  for (let rest = number; rest !== 0; rest &= rest - 1) count++;
  return count;
}

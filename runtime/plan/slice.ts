/** What a block needs: the statements that define what it uses, directly and through them, and nothing else. */
import { children } from "../../language/syntax";
import type { EnvExpression, File, ImportStatement, Node, Statement } from "../../language/syntax/tree";
import type { ProgramSlice } from "../evaluator";

/** The nodes from a top-level statement down to the block. */
export type BlockPath = readonly Node[];

/**
 * The env block at a zero-based line: of those that begin on it the outermost, else the innermost one that holds it; a statement that
 * begins on the line and has a block as its value counts, too.
 */
export function blockAt(file: File, lineOf: (offset: number) => number, line: number): BlockPath | null {
  const paths: BlockPath[] = [];
  const visit = (node: Node, above: BlockPath) => {
    const path = node.kind === "File" ? above : [...above, node];
    if (node.kind === "EnvExpression") paths.push(path);
    for (const child of children(node)) visit(child, path);
  };
  visit(file, []);
  const block = (path: BlockPath) => path.at(-1) as EnvExpression;
  const beginning = paths.find(path => lineOf(block(path).start) === line);
  if (beginning !== undefined) return beginning;
  const holding = paths.filter(path => lineOf(block(path).start) <= line && line <= lineOf(block(path).end));
  if (holding.length > 0) return holding.at(-1)!;
  return paths.find(path => lineOf(path[0]!.start) <= line && line < lineOf(block(path).start)) ?? null;
}

export interface SliceOptions {
  /** Whether an import brings policies or guards, so that leaving it out would loosen what holds. */
  restricts: (statement: ImportStatement) => boolean;
}

/** The statements that running the block takes, at every depth. */
export function sliceOf(file: File, path: BlockPath, options: SliceOptions): ProgramSlice {
  const chosen = new Set<Statement>();
  const [top] = path as [Statement, ...Node[]];
  const call = top.kind === "ExeStatement" ? top.name.name : null;
  const needed = new Set<string>();
  if (call !== null) needed.add(call);
  choosePath(path, chosen, needed);
  chosen.add(top);
  const definitions = definitionsByName(file);
  for (const statement of file.statements) if (holdsAlways(statement, options)) take(statement, chosen, needed);
  for (const name of needed)
    for (const statement of definitions.get(name) ?? []) if (!chosen.has(statement)) take(statement, chosen, needed);
  return { statements: chosen, call, block: path.at(-1)! };
}

/** Along the path: of each block around the target only the statement on the path and what it depends on. */
function choosePath(path: BlockPath, chosen: Set<Statement>, needed: Set<string>): void {
  const target = path.at(-1)!;
  for (const node of path) chosen.add(node as Statement);
  for (const name of namesIn(target)) needed.add(name);
  takeNested(target, chosen);
  for (let at = path.length - 2; at >= 0; at--) {
    const node = path[at]!;
    const next = path[at + 1]!;
    const statements = statementsOf(node);
    if (statements?.includes(next as Statement)) chooseBefore(statements, next as Statement, chosen, needed);
    else {
      // Of a loop or condition the parts beside the path decide whether and how often the block runs.
      for (const child of children(node)) {
        if (child === next || isBranch(node, child)) continue;
        // Other entries of a when are tried, but their actions are not run for the block's sake.
        const part = child.kind === "WhenEntry" ? child.condition : child;
        for (const name of namesIn(part)) needed.add(name);
        chosen.add(part as Statement);
        takeNested(part, chosen);
      }
    }
  }
}

/** Blocks beside the path are other branches: they do not run for the block's sake. */
function isBranch(node: Node, child: Node): boolean {
  return (
    child.kind === "Block" &&
    (node.kind === "IfStatement" || node.kind === "WhenEntry" || node.kind === "ForExpression")
  );
}

function statementsOf(node: Node): readonly Statement[] | null {
  if (node.kind === "Block") return node.statements;
  if (node.kind === "Fence") return node.statements;
  return null;
}

function chooseBefore(
  statements: readonly Statement[],
  target: Statement,
  chosen: Set<Statement>,
  needed: Set<string>,
): void {
  chosen.add(target);
  for (let at = statements.indexOf(target) - 1; at >= 0; at--) {
    const statement = statements[at]!;
    const bound = boundNames(statement);
    if (bound.some(name => needed.has(name))) take(statement, chosen, needed);
  }
}

function take(statement: Statement, chosen: Set<Statement>, needed: Set<string>): void {
  chosen.add(statement);
  takeNested(statement, chosen);
  for (const name of namesIn(statement)) needed.add(name);
}

function takeNested(node: Node, chosen: Set<Statement>): void {
  for (const child of children(node)) {
    chosen.add(child as Statement);
    takeNested(child, chosen);
  }
}

/** Names that a part of the program uses. */
export function namesIn(node: Node): Set<string> {
  const names = new Set<string>();
  const visit = (at: Node) => {
    if (at.kind === "VariableReference") names.add(at.name);
    // A block asks for the MCP servers that an executable of this name gives.
    if (at.kind === "EnvExpression") names.add("mcpConfig");
    // `new @t with { mcpConfig: "@name" }` and the like name an executable in a text.
    if (at.kind === "Text") for (const [, name] of at.value.matchAll(/^@([A-Za-z_][\w-]*)$/g)) names.add(name!);
    for (const child of children(at)) visit(child);
  };
  visit(node);
  return names;
}

function definitionsByName(file: File): Map<string, Statement[]> {
  const definitions = new Map<string, Statement[]>();
  for (const statement of allStatements(file.statements)) {
    for (const name of boundNames(statement)) definitions.set(name, [...(definitions.get(name) ?? []), statement]);
  }
  return definitions;
}

/** Top-level statements, with those of runnable fences. */
function* allStatements(statements: readonly Statement[]): Generator<Statement> {
  for (const statement of statements) {
    yield statement;
    if (statement.kind === "Fence" && statement.statements !== null) yield* allStatements(statement.statements);
  }
}

/** Names that a statement defines; a `when` or `if` may define variables of the module in its branches. */
function boundNames(statement: Statement): string[] {
  switch (statement.kind) {
    case "VarStatement":
    case "LetStatement":
    case "ExeStatement":
    case "PolicyStatement":
    case "AuthStatement":
      return [statement.name.name];
    case "AssignStatement":
      return statement.target.kind === "VariableReference" ? [statement.target.name] : [];
    case "ImportStatement": {
      const names = (statement.specifiers ?? []).map(specifier => (specifier.alias ?? specifier.name).name);
      return statement.namespace === null
        ? [...names, ...moduleNames(statement)]
        : [...names, statement.namespace.name];
    }
    case "ExeShadowStatement":
      return statement.names.map(name => name.name);
    case "ExpressionStatement":
    case "IfStatement":
      return nestedVariables(statement);
    default:
      return [];
  }
}

/** `import "some-file.mld"` binds `@some_file`. */
function moduleNames(statement: ImportStatement): string[] {
  const { source } = statement;
  if (statement.specifiers !== null) return [];
  const text =
    source.kind === "ModuleReference"
      ? source.text
      : source.kind === "Template" && source.parts[0]?.kind === "Text"
        ? source.parts[0].value
        : "";
  const stem = text.replace(/^.*[\\/]/, "").replace(/\.(mld|mlld|md|json)(\.md)?$/, "");
  return stem === "" ? [] : [stem.replace(/[^A-Za-z0-9_]/g, "_")];
}

function nestedVariables(statement: Statement): string[] {
  const names: string[] = [];
  const visit = (node: Node) => {
    if (node.kind === "VarStatement" || node.kind === "LetStatement") names.push(node.name.name);
    if (node.kind === "AssignStatement" && node.target.kind === "VariableReference") names.push(node.target.name);
    for (const child of children(node)) visit(child);
  };
  visit(statement);
  return names;
}

/** What holds for every block: policy, credentials, guards, profiles, and imports that bring them. */
function holdsAlways(statement: Statement, options: SliceOptions): boolean {
  switch (statement.kind) {
    case "PolicyStatement":
    case "AuthStatement":
    case "GuardStatement":
    case "ProfilesStatement":
    case "NeedsStatement":
    case "HookStatement":
      return true;
    case "ImportStatement":
      return statement.importType === "policy" || options.restricts(statement);
    default:
      return false;
  }
}

import type { File, Node, NodeKind } from "./tree";

/** The fields of each kind that hold nodes or lists of nodes, in the order in which they are written. */
const CHILDREN: Record<NodeKind, readonly string[]> = {
  File: ["frontmatter", "statements"],
  Frontmatter: [],
  Comment: [],
  VarStatement: ["labels", "name", "value"],
  LetStatement: ["name", "value"],
  AssignStatement: ["target", "value"],
  ExeStatement: ["labels", "name", "parameters", "body"],
  ExeShadowStatement: ["names"],
  ShowStatement: ["labels", "value", "as", "under"],
  OutputStatement: ["source", "target"],
  AppendStatement: ["source", "target"],
  LogStatement: ["source"],
  StreamStatement: ["source"],
  IfStatement: ["condition", "then", "else"],
  ReturnStatement: ["value"],
  ControlStatement: ["value"],
  BailStatement: ["value"],
  CheckpointStatement: ["name", "with"],
  SignStatement: ["target", "by"],
  VerifyStatement: ["target"],
  ImportStatement: ["cachedFor", "labels", "specifiers", "source", "namespace", "parameters", "with"],
  ExportStatement: ["specifiers"],
  NeedsStatement: ["value"],
  ProfilesStatement: ["value"],
  PolicyStatement: ["name", "value"],
  AuthStatement: ["name", "value"],
  GuardStatement: ["name", "filter", "rules", "with"],
  HookStatement: ["name", "target", "body"],
  FileStatement: ["target", "value"],
  FilesStatement: ["target", "value", "git", "options"],
  ExpressionStatement: ["expression"],
  Prose: [],
  Fence: ["statements"],
  ErrorStatement: [],
  Template: ["parts"],
  NumberLiteral: [],
  BooleanLiteral: [],
  NullLiteral: [],
  Duration: [],
  BareWord: [],
  Wildcard: [],
  ComparisonPattern: ["value"],
  RegularExpression: [],
  ArrayExpression: ["elements"],
  ObjectExpression: ["properties"],
  ConditionalValue: ["value"],
  VariableReference: [],
  MemberExpression: ["object", "property"],
  IndexExpression: ["object", "index"],
  SliceExpression: ["object", "from", "to"],
  FilterExpression: ["object", "value"],
  CallExpression: ["callee", "arguments"],
  FileReference: ["path", "section", "definitions", "stages"],
  UnaryExpression: ["operand"],
  BinaryExpression: ["left", "right"],
  ConditionalExpression: ["condition", "then", "else"],
  ParenthesizedExpression: ["expression"],
  NewExpression: ["target", "arguments", "with"],
  Pipeline: ["source", "stages"],
  WithExpression: ["value", "clause"],
  AsExpression: ["value", "as"],
  LabelExpression: ["labels", "value"],
  CommandExpression: ["path", "arguments", "body", "using"],
  CodeExpression: ["path", "arguments", "body", "using"],
  RunExpression: ["stdin", "target", "using", "labels"],
  ParallelGroup: ["members", "cap", "pace"],
  TemplateFile: ["path"],
  ProseExpression: ["config", "body"],
  WhenExpression: ["subject", "entries"],
  ForExpression: ["parallel", "key", "variable", "source", "filter", "body", "batch"],
  ForeachExpression: ["call", "with"],
  LoopExpression: ["limit", "pace", "until", "body"],
  WhileExpression: ["limit", "pace", "target"],
  EnvExpression: ["config", "with", "body"],
  Block: ["statements"],
  GuardAction: ["value", "with"],
  ToolsFromMcp: ["source"],
  ModuleReference: [],
  Missing: [],
  Binding: [],
  Label: [],
  Parameter: [],
  OutputTarget: ["value"],
  ImportSpecifier: ["name", "alias"],
  GuardFilter: [],
  HookTarget: [],
  Property: ["key", "value"],
  PropertyKey: ["template"],
  PropertyName: [],
  Spread: ["argument"],
  Text: [],
  Interpolation: ["expression", "alternative"],
  TemplateLoop: ["key", "variable", "source", "body"],
  SectionSelector: ["parts"],
  DefinitionSelector: [],
  CallStage: ["target"],
  CommandStage: ["command"],
  EffectStage: ["argument", "target"],
  WhileStage: ["limit", "pace", "target"],
  DataStage: ["value"],
  WithClause: ["properties"],
  UsingClause: ["auth", "variable"],
  CommandBody: ["parts"],
  CodeBody: [],
  WhenEntry: ["condition", "action"],
  Parallel: ["cap", "pace"],
};

/** The children of a node in source order. */
export function children(node: Node): Node[] {
  const result: Node[] = [];
  let sorted = true;
  let last = -1;
  for (const field of CHILDREN[node.kind]) {
    const value = (node as unknown as Record<string, Node | Node[] | null>)[field];
    if (value === null || value === undefined) continue;
    if (Array.isArray(value)) {
      for (const child of value) {
        result.push(child);
        if (child.start < last) sorted = false;
        last = child.start;
      }
    } else {
      result.push(value);
      if (value.start < last) sorted = false;
      last = value.start;
    }
  }
  // `cmd(args):path` may be written either way round.
  if (!sorted) result.sort((a, b) => a.start - b.start || a.end - b.end);
  return result;
}

/** Calls `visit` with every child in source order, without making a list: for the walks that each edit runs over the whole file. */
export function forEachChild(node: Node, visit: (child: Node) => void): void {
  const fields = CHILDREN[node.kind];
  const record = node as unknown as Record<string, Node | Node[] | null | undefined>;
  if (fields.length > 1 && !inOrder(record, fields)) {
    for (const child of children(node)) visit(child);
    return;
  }
  for (const field of fields) {
    const value = record[field];
    if (!value) continue;
    if (!Array.isArray(value)) visit(value);
    else for (const child of value) visit(child);
  }
}

/** Whether the fields are written in the order of the table; a list is in order by itself. */
function inOrder(record: Record<string, Node | Node[] | null | undefined>, fields: readonly string[]): boolean {
  let last = -1;
  for (const field of fields) {
    const value = record[field];
    const first = Array.isArray(value) ? value[0] : value;
    if (!first) continue;
    if (first.start < last) return false;
    last = first.start;
  }
  return true;
}

/** Visits `node` and all below it, parents first; a visitor that returns false skips the children. */
export function walk(node: Node, visit: (node: Node, parent: Node | null) => unknown): void {
  const stack: { node: Node; parent: Node | null }[] = [{ node, parent: null }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (visit(next.node, next.parent) === false) continue;
    const below = children(next.node);
    for (let i = below.length - 1; i >= 0; i--) stack.push({ node: below[i]!, parent: next.node });
  }
}

/** The nodes that hold `offset`, outermost first. Between two nodes that touch there, the later one wins unless it is empty. */
export function pathAt(file: File, offset: number): Node[] {
  const path: Node[] = [file];
  for (;;) {
    const below = children(path[path.length - 1]!);
    let found: Node | undefined;
    for (const child of below) {
      if (child.start > offset) break;
      if (child.end < offset) continue;
      if (found === undefined || child.end > child.start || found.end === found.start) found = child;
    }
    if (found === undefined) return path;
    path.push(found);
  }
}

/** The source, written from the tree: what stands between the children is copied from the file. */
export function print(file: File): string {
  const out: string[] = [];
  let cursor = 0;
  walk(file, node => {
    if (children(node).length > 0 || node.kind === "File") return;
    // A node before the cursor would overlap the one before it, and the copy would show it.
    out.push(file.text.slice(cursor, node.start), file.text.slice(node.start, node.end));
    cursor = node.end;
  });
  out.push(file.text.slice(cursor));
  return out.join("");
}

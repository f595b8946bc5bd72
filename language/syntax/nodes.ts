import type { File, Node, NodeKind } from "./tree";

type Visit = (child: Node) => void;
type NodeOf<K extends NodeKind> = Extract<Node, { kind: K }>;

function one(child: Node | null | undefined, visit: Visit): void {
  if (child) visit(child);
}

function all(list: readonly Node[] | null | undefined, visit: Visit): void {
  if (list) for (const child of list) visit(child);
}

const leaf = (): void => {};

/** How the children of each kind are visited, in the order in which they are written. */
const EACH: { [K in NodeKind]: (node: NodeOf<K>, visit: Visit) => void } = {
  File: (node, visit) => {
    one(node.frontmatter, visit);
    all(node.statements, visit);
  },
  Frontmatter: leaf,
  Comment: leaf,
  VarStatement: (node, visit) => {
    all(node.labels, visit);
    one(node.name, visit);
    one(node.value, visit);
  },
  LetStatement: (node, visit) => {
    one(node.name, visit);
    one(node.value, visit);
  },
  AssignStatement: (node, visit) => {
    one(node.target, visit);
    one(node.value, visit);
  },
  ExeStatement: (node, visit) => {
    all(node.labels, visit);
    one(node.name, visit);
    all(node.parameters, visit);
    one(node.body, visit);
  },
  ExeShadowStatement: (node, visit) => all(node.names, visit),
  ShowStatement: (node, visit) => {
    all(node.labels, visit);
    one(node.value, visit);
    one(node.as, visit);
    one(node.under, visit);
  },
  OutputStatement: (node, visit) => {
    one(node.source, visit);
    one(node.target, visit);
  },
  AppendStatement: (node, visit) => {
    one(node.source, visit);
    one(node.target, visit);
  },
  LogStatement: (node, visit) => one(node.source, visit),
  StreamStatement: (node, visit) => one(node.source, visit),
  IfStatement: (node, visit) => {
    one(node.condition, visit);
    one(node.then, visit);
    one(node.else, visit);
  },
  ReturnStatement: (node, visit) => one(node.value, visit),
  ControlStatement: (node, visit) => one(node.value, visit),
  BailStatement: (node, visit) => one(node.value, visit),
  CheckpointStatement: (node, visit) => {
    one(node.name, visit);
    one(node.with, visit);
  },
  SignStatement: (node, visit) => {
    one(node.target, visit);
    one(node.by, visit);
  },
  VerifyStatement: (node, visit) => one(node.target, visit),
  ImportStatement: (node, visit) => {
    one(node.cachedFor, visit);
    all(node.labels, visit);
    all(node.specifiers, visit);
    one(node.source, visit);
    one(node.namespace, visit);
    all(node.parameters, visit);
    one(node.with, visit);
  },
  ExportStatement: (node, visit) => all(node.specifiers, visit),
  NeedsStatement: (node, visit) => one(node.value, visit),
  ProfilesStatement: (node, visit) => one(node.value, visit),
  PolicyStatement: (node, visit) => {
    one(node.name, visit);
    one(node.value, visit);
  },
  AuthStatement: (node, visit) => {
    one(node.name, visit);
    one(node.value, visit);
  },
  GuardStatement: (node, visit) => {
    one(node.name, visit);
    one(node.filter, visit);
    one(node.rules, visit);
    one(node.with, visit);
  },
  HookStatement: (node, visit) => {
    one(node.name, visit);
    one(node.target, visit);
    one(node.body, visit);
  },
  FileStatement: (node, visit) => {
    one(node.target, visit);
    one(node.value, visit);
  },
  FilesStatement: (node, visit) => {
    one(node.target, visit);
    one(node.value, visit);
    one(node.git, visit);
    all(node.options, visit);
  },
  ExpressionStatement: (node, visit) => one(node.expression, visit),
  Prose: leaf,
  Fence: (node, visit) => all(node.statements, visit),
  ErrorStatement: leaf,
  Template: (node, visit) => all(node.parts, visit),
  NumberLiteral: leaf,
  BooleanLiteral: leaf,
  NullLiteral: leaf,
  Duration: leaf,
  BareWord: leaf,
  Wildcard: leaf,
  ComparisonPattern: (node, visit) => one(node.value, visit),
  RegularExpression: leaf,
  ArrayExpression: (node, visit) => all(node.elements, visit),
  ObjectExpression: (node, visit) => all(node.properties, visit),
  ConditionalValue: (node, visit) => one(node.value, visit),
  VariableReference: leaf,
  MemberExpression: (node, visit) => {
    one(node.object, visit);
    one(node.property, visit);
  },
  IndexExpression: (node, visit) => {
    one(node.object, visit);
    one(node.index, visit);
  },
  SliceExpression: (node, visit) => {
    one(node.object, visit);
    one(node.from, visit);
    one(node.to, visit);
  },
  FilterExpression: (node, visit) => {
    one(node.object, visit);
    one(node.value, visit);
  },
  CallExpression: (node, visit) => {
    one(node.callee, visit);
    all(node.arguments, visit);
  },
  FileReference: (node, visit) => {
    all(node.path, visit);
    one(node.section, visit);
    one(node.definitions, visit);
    all(node.stages, visit);
  },
  UnaryExpression: (node, visit) => one(node.operand, visit),
  BinaryExpression: (node, visit) => {
    one(node.left, visit);
    one(node.right, visit);
  },
  ConditionalExpression: (node, visit) => {
    one(node.condition, visit);
    one(node.then, visit);
    one(node.else, visit);
  },
  ParenthesizedExpression: (node, visit) => one(node.expression, visit),
  NewExpression: (node, visit) => {
    one(node.target, visit);
    all(node.arguments, visit);
    one(node.with, visit);
  },
  Pipeline: (node, visit) => {
    one(node.source, visit);
    all(node.stages, visit);
  },
  WithExpression: (node, visit) => {
    one(node.value, visit);
    one(node.clause, visit);
  },
  AsExpression: (node, visit) => {
    one(node.value, visit);
    one(node.as, visit);
  },
  LabelExpression: (node, visit) => {
    all(node.labels, visit);
    one(node.value, visit);
  },
  CommandExpression: (node, visit) => {
    all(node.path, visit);
    all(node.arguments, visit);
    one(node.body, visit);
    one(node.using, visit);
  },
  CodeExpression: (node, visit) => {
    all(node.path, visit);
    all(node.arguments, visit);
    one(node.body, visit);
    one(node.using, visit);
  },
  RunExpression: (node, visit) => {
    one(node.stdin, visit);
    one(node.target, visit);
    one(node.using, visit);
    all(node.labels, visit);
  },
  ParallelGroup: (node, visit) => {
    all(node.members, visit);
    one(node.cap, visit);
    one(node.pace, visit);
  },
  TemplateFile: (node, visit) => one(node.path, visit),
  ProseExpression: (node, visit) => {
    one(node.config, visit);
    one(node.body, visit);
  },
  WhenExpression: (node, visit) => {
    one(node.subject, visit);
    all(node.entries, visit);
  },
  ForExpression: (node, visit) => {
    one(node.parallel, visit);
    one(node.key, visit);
    one(node.variable, visit);
    one(node.source, visit);
    one(node.filter, visit);
    one(node.body, visit);
    all(node.batch, visit);
  },
  ForeachExpression: (node, visit) => {
    one(node.call, visit);
    one(node.with, visit);
  },
  LoopExpression: (node, visit) => {
    one(node.limit, visit);
    one(node.pace, visit);
    one(node.until, visit);
    one(node.body, visit);
  },
  WhileExpression: (node, visit) => {
    one(node.limit, visit);
    one(node.pace, visit);
    one(node.target, visit);
  },
  EnvExpression: (node, visit) => {
    one(node.config, visit);
    one(node.with, visit);
    one(node.body, visit);
  },
  Block: (node, visit) => all(node.statements, visit),
  GuardAction: (node, visit) => {
    one(node.value, visit);
    one(node.with, visit);
  },
  ToolsFromMcp: (node, visit) => one(node.source, visit),
  ModuleReference: leaf,
  Missing: leaf,
  Binding: leaf,
  Label: leaf,
  Parameter: leaf,
  OutputTarget: (node, visit) => one(node.value, visit),
  ImportSpecifier: (node, visit) => {
    one(node.name, visit);
    one(node.alias, visit);
  },
  GuardFilter: leaf,
  HookTarget: leaf,
  Property: (node, visit) => {
    one(node.key, visit);
    one(node.value, visit);
  },
  PropertyKey: (node, visit) => one(node.template, visit),
  PropertyName: leaf,
  Spread: (node, visit) => one(node.argument, visit),
  Text: leaf,
  Interpolation: (node, visit) => {
    one(node.expression, visit);
    one(node.alternative, visit);
  },
  TemplateLoop: (node, visit) => {
    one(node.key, visit);
    one(node.variable, visit);
    one(node.source, visit);
    all(node.body, visit);
  },
  SectionSelector: (node, visit) => all(node.parts, visit),
  DefinitionSelector: leaf,
  CallStage: (node, visit) => one(node.target, visit),
  CommandStage: (node, visit) => one(node.command, visit),
  EffectStage: (node, visit) => {
    one(node.argument, visit);
    one(node.target, visit);
  },
  WhileStage: (node, visit) => {
    one(node.limit, visit);
    one(node.pace, visit);
    one(node.target, visit);
  },
  DataStage: (node, visit) => one(node.value, visit),
  WithClause: (node, visit) => all(node.properties, visit),
  UsingClause: (node, visit) => {
    one(node.auth, visit);
    one(node.variable, visit);
  },
  CommandBody: (node, visit) => all(node.parts, visit),
  CodeBody: leaf,
  WhenEntry: (node, visit) => {
    one(node.condition, visit);
    one(node.action, visit);
  },
  Parallel: (node, visit) => {
    one(node.cap, visit);
    one(node.pace, visit);
  },
};

/** `cmd(args):path` may be written either way round, and so may `import … from … as …`. */
const EITHER_WAY: ReadonlySet<NodeKind> = new Set(["ImportStatement", "CommandExpression", "CodeExpression"]);

/** The children of a node in source order. */
export function children(node: Node): Node[] {
  const result: Node[] = [];
  eachChild(node, child => result.push(child));
  if (EITHER_WAY.has(node.kind)) result.sort((a, b) => a.start - b.start || a.end - b.end);
  return result;
}

/** Calls `visit` with every child in source order, without making a list: for the walks that each edit runs over the whole file. */
export function forEachChild(node: Node, visit: Visit): void {
  if (EITHER_WAY.has(node.kind)) for (const child of children(node)) visit(child);
  else eachChild(node, visit);
}

function eachChild(node: Node, visit: Visit): void {
  (EACH[node.kind] as (node: Node, visit: Visit) => void)(node, visit);
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

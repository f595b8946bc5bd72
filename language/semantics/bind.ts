import { forEachChild } from "../syntax";
import type {
  Action,
  Binding,
  CallExpression,
  ExportStatement,
  File,
  ForExpression,
  ImportSpecifier,
  ImportStatement,
  Label,
  Node,
  Parameter,
  TemplateLoop,
  UsingClause,
  VariableReference,
  WithClause,
} from "../syntax/tree";
import { RESERVED, TRANSFORMERS } from "./builtins";
import type { MlldSymbol, Reference, Scope, ScopeKind, SymbolKind } from "./symbols";

/** What a tree says by itself: scopes, symbols, uses of names, imports and exports. */
export interface Bound {
  file: File;
  scope: Scope;
  symbols: MlldSymbol[];
  references: Reference[];
  /** Where a reference or binding node points. */
  referenceOf: Map<Node, Reference>;
  symbolOf: Map<Node, MlldSymbol>;
  /** Every call, in source order. */
  calls: CallExpression[];
  imports: ImportStatement[];
  exports: ExportStatement[];
  auth: Map<string, MlldSymbol>;
  guards: MlldSymbol[];
}

/** Binds a file: every name is found or left without a symbol; nothing is reported here. */
export function bind(file: File): Bound {
  return new Binder(file).run();
}

class Binder {
  private readonly bound: Bound;
  private scope: Scope;
  private inText = false;
  private inCommand = false;
  /** Where a name is only asked for. */
  private readonly asked = new Set<number>();

  constructor(private readonly file: File) {
    this.scope = newScope("file", file, null);
    this.bound = {
      file,
      scope: this.scope,
      symbols: [],
      references: [],
      referenceOf: new Map(),
      symbolOf: new Map(),
      calls: [],
      imports: [],
      exports: [],
      auth: new Map(),
      guards: [],
    };
  }

  run(): Bound {
    for (const statement of this.file.statements) this.visit(statement);
    for (const reference of this.bound.references) {
      reference.symbol ??= resolve(reference, this.bound);
      if (reference.symbol?.range) reference.symbol.references.push(reference);
    }
    return this.bound;
  }

  private readonly visitOne = (node: Node): void => this.visit(node);

  private visit(node: Node): void {
    switch (node.kind) {
      case "VariableReference":
        this.refer(node, node.name, "read");
        return;
      case "VarStatement":
        this.visit(node.value);
        this.define("var", node.name, node, node.value, node.labels, this.fileScope());
        return;
      case "LetStatement":
        this.visit(node.value);
        this.bindLet(node.name, node.operator, node.value, node);
        return;
      case "AssignStatement":
        this.visit(node.value);
        if (node.target.kind === "VariableReference") {
          this.refer(node.target, node.target.name, "write").symbol?.writes.push({
            operator: node.operator,
            value: node.value,
            start: node.start,
          });
        } else this.visit(node.target);
        return;
      case "ExeStatement":
        this.within("exe", node, this.define("exe", node.name, node, node.body, node.labels), () => {
          this.parameters(node.parameters);
          this.visit(node.body);
        });
        return;
      case "ExeShadowStatement":
        for (const name of node.names) this.refer(name, name.name, "read");
        return;
      case "ImportStatement":
        this.import(node);
        return;
      case "ExportStatement":
        this.bound.exports.push(node);
        for (const specifier of node.specifiers) this.refer(specifier.name, specifier.name.name, "export");
        return;
      case "PolicyStatement":
        this.visit(node.value);
        this.define("policy", node.name, node, node.value);
        return;
      case "AuthStatement": {
        this.visit(node.value);
        const symbol = this.symbol("auth", node.name, node, node.value, [], this.bound.scope);
        this.bound.auth.set(symbol.name, symbol);
        return;
      }
      case "GuardStatement":
        if (node.name) this.bound.guards.push(this.symbol("guard", node.name, node, null, [], this.bound.scope));
        this.within("guard", node, null, () => {
          this.visit(node.rules);
          if (node.with) this.visit(node.with);
        });
        return;
      case "HookStatement":
        if (node.name) this.symbol("hook", node.name, node, null, [], this.bound.scope);
        this.within("hook", node, null, () => this.visit(node.body));
        return;
      case "ForExpression":
        this.for(node);
        return;
      case "TemplateLoop":
        this.templateLoop(node);
        return;
      case "LoopExpression":
        this.within("loop", node, null, () => this.visitChildren(node));
        return;
      case "WhenExpression":
        this.within("when", node, null, () => this.visitChildren(node));
        return;
      case "Block":
        this.within("block", node, null, () => this.visitChildren(node));
        return;
      case "CallExpression":
        this.bound.calls.push(node);
        this.call(node.callee);
        for (const argument of node.arguments) this.visit(argument);
        return;
      case "CallStage":
        if (node.target.kind === "CallExpression") this.visit(node.target);
        else this.call(node.target);
        return;
      case "FileStatement":
      case "FilesStatement":
        this.visitChildren(node);
        this.workspace(node.target);
        return;
      case "UsingClause":
        this.using(node);
        return;
      case "WithClause":
        this.with(node);
        return;
      case "Template":
      case "SectionSelector":
      case "FileReference": {
        const outer = this.inText;
        this.inText = true;
        this.visitChildren(node);
        this.inText = outer;
        return;
      }
      case "CommandBody": {
        const outer = { inText: this.inText, inCommand: this.inCommand };
        this.inText = this.inCommand = true;
        this.visitChildren(node);
        Object.assign(this, outer);
        return;
      }
      default: {
        const question = questionOf(node);
        if (question) this.asked.add(question.start);
        this.visitChildren(node);
      }
    }
  }

  private visitChildren(node: Node): void {
    forEachChild(node, this.visitOne);
  }

  private within(kind: ScopeKind, node: Node, executable: MlldSymbol | null, work: () => void): void {
    const outer = this.scope;
    this.scope = newScope(kind, node, outer, executable ?? outer.executable);
    work();
    this.scope = outer;
  }

  /** The callee's own name is a call; in `@ns.f()` and `@list.join()` the head is only read. */
  private call(callee: Node): void {
    if (callee.kind === "VariableReference") this.refer(callee, callee.name, "call");
    else this.visit(callee);
  }

  private for(node: ForExpression): void {
    this.visit(node.source);
    if (node.parallel) this.visit(node.parallel);
    this.within("for", node, null, () => {
      if (node.key) this.define("loop", node.key, node, null);
      this.define("loop", node.variable, node, null);
      if (node.filter) this.visit(node.filter);
      this.visit(node.body);
      for (const stage of node.batch) this.visit(stage);
    });
  }

  private templateLoop(node: TemplateLoop): void {
    this.visit(node.source);
    this.within("template", node, null, () => {
      if (node.key) this.define("loop", node.key, node, null);
      this.define("loop", node.variable, node, null);
      for (const part of node.body) this.visit(part);
    });
  }

  private parameters(parameters: Parameter[] | null): void {
    for (const parameter of parameters ?? []) this.define("parameter", parameter, parameter, null);
  }

  private import(node: ImportStatement): void {
    const index = this.bound.imports.push(node) - 1;
    if (node.source.kind !== "ModuleReference" && node.source.kind !== "Missing") this.visit(node.source);
    for (const specifier of node.specifiers ?? []) this.importName(specifier, index);
    if (node.namespace) {
      const kind = node.importType === "policy" ? "policy" : "namespace";
      const symbol = this.define(kind, node.namespace, node, null);
      symbol.import = { index, imported: null };
    }
    if (node.with) this.visit(node.with);
  }

  private importName(specifier: ImportSpecifier, index: number): void {
    const symbol = this.define("import", specifier.alias ?? specifier.name, specifier, null);
    symbol.import = { index, imported: specifier.name.name };
  }

  private using(node: UsingClause): void {
    if (node.auth) this.referAuth(node.auth, authName(node.auth));
    if (node.variable) this.visit(node.variable);
  }

  /** `files <@name/> = …` makes the workspace `@name`, unless something of that name is there. */
  private workspace(target: Node): void {
    const first = target.kind === "FileReference" ? target.path[0] : undefined;
    const head = first?.kind === "Interpolation" ? first.expression : null;
    if (head?.kind === "VariableReference" && !lookUp(head.name, this.scope, head.start)) {
      this.define("var", head, target, null, [], this.bound.scope);
    }
  }

  /** In a tail, `auth: name` names a credential; everything else is an expression. */
  private with(node: WithClause): void {
    for (const property of node.properties) {
      if (property.kind === "Property" && property.key.name === "auth" && property.value?.kind === "BareWord") {
        this.referAuth(property.value, property.value.text);
      } else this.visit(property);
    }
  }

  private referAuth(node: Node, name: string): void {
    const reference: Reference = {
      name,
      start: node.start,
      end: node.end,
      symbol: null,
      scope: this.scope,
      use: "auth",
      inText: false,
      inCommand: false,
      asked: false,
    };
    this.bound.references.push(reference);
    this.bound.referenceOf.set(node, reference);
  }

  private refer(node: Node, name: string, use: Reference["use"]): Reference {
    const reference: Reference = {
      name,
      start: node.start,
      end: node.end,
      symbol: null,
      scope: this.scope,
      use,
      inText: this.inText,
      inCommand: this.inCommand,
      asked: this.asked.has(node.start),
    };
    this.bound.references.push(reference);
    this.bound.referenceOf.set(node, reference);
    // A block's own names are known as soon as they are written, so a write finds its symbol at once.
    if (use === "write") reference.symbol = lookUp(name, this.scope, node.start);
    return reference;
  }

  private bindLet(name: Binding, operator: "=" | "+=", value: Action, node: Node): void {
    const known = operator === "+=" ? lookUp(name.name, this.scope, name.start) : this.scope.symbols.get(name.name);
    if (known && (operator === "+=" || known.kind === "let")) {
      known.writes.push({ operator, value, start: node.start });
      this.refer(name, name.name, "write");
      return;
    }
    this.define("let", name, node, value);
  }

  private define(
    kind: SymbolKind,
    name: Binding | Parameter | VariableReference,
    declaration: Node,
    value: Action | null,
    labels: Label[] = [],
    scope: Scope = this.scope,
  ): MlldSymbol {
    const symbol = this.symbol(kind, name, declaration, value, labels, scope);
    // The first definition counts: a second one is refused at run time.
    if (symbol.name !== "" && !scope.symbols.has(symbol.name)) scope.symbols.set(symbol.name, symbol);
    return symbol;
  }

  private symbol(
    kind: SymbolKind,
    name: Binding | Parameter | VariableReference,
    declaration: Node,
    value: Action | null,
    labels: Label[],
    scope: Scope,
  ): MlldSymbol {
    const symbol: MlldSymbol = {
      kind,
      name: name.name,
      range: { start: name.start, end: name.end },
      declaration,
      value,
      labels: labels.map(label => label.name),
      scope,
      references: [],
      writes: [],
      import: null,
    };
    this.bound.symbols.push(symbol);
    this.bound.symbolOf.set(name, symbol);
    return symbol;
  }

  /** `var` in an action of a top-level `when` defines at top level. */
  private fileScope(): Scope {
    for (let scope: Scope | null = this.scope; scope; scope = scope.parent) {
      if (scope.kind === "exe" || scope.kind === "loop") return this.scope;
    }
    return this.bound.scope;
  }
}

/** The part of a node where an undefined name is no fault. */
function questionOf(node: Node): Node | null {
  switch (node.kind) {
    case "ConditionalValue":
      return node.value;
    case "Interpolation":
      return node.conditional ? node.expression : null;
    case "UnaryExpression":
      return node.operand;
    case "IfStatement":
    case "ConditionalExpression":
      return node.condition;
    case "BinaryExpression":
      return ["??", "==", "!=", "&&", "||"].includes(node.operator) ? node.left : null;
    case "Property":
      return node.optional ? node.value : null;
    default:
      return null;
  }
}

function newScope(
  kind: ScopeKind,
  range: { start: number; end: number },
  parent: Scope | null,
  executable: MlldSymbol | null = null,
): Scope {
  const { start, end } = range;
  const scope: Scope = { kind, start, end, parent, children: [], symbols: new Map(), executable };
  parent?.children.push(scope);
  return scope;
}

/** `auth:claude` → `claude`. */
function authName(label: Label): string {
  return label.name.startsWith("auth:") ? label.name.slice("auth:".length) : label.name;
}

function resolve(reference: Reference, bound: Bound): MlldSymbol | null {
  if (reference.use === "auth") return bound.auth.get(reference.name) ?? null;
  const symbol = lookUp(reference.name, reference.scope, reference.start);
  if (symbol) return symbol;
  if (reference.use === "export") {
    return bound.auth.get(reference.name) ?? bound.guards.find(guard => guard.name === reference.name) ?? null;
  }
  return loopKey(reference) ?? builtin(reference.name);
}

/**
 * The symbol of a name, from the inside out. A `let` counts only after it is written; the file's own names count everywhere,
 * since an executable sees what is defined before it is called.
 */
export function lookUp(name: string, from: Scope, offset: number): MlldSymbol | null {
  for (let scope: Scope | null = from; scope; scope = scope.parent) {
    const symbol = scope.symbols.get(name);
    if (symbol && (symbol.kind !== "let" || symbol.range!.start <= offset)) return symbol;
  }
  return null;
}

/** In `for @v in …` the name `@v_key` is the key of `@v`. */
function loopKey(reference: Reference): MlldSymbol | null {
  if (!reference.name.endsWith("_key")) return null;
  const symbol = lookUp(reference.name.slice(0, -"_key".length), reference.scope, reference.start);
  return symbol?.kind === "loop" ? symbol : null;
}

const BUILTINS = new Map<string, MlldSymbol>();
const NOWHERE = newScope("file", { start: 0, end: 0 }, null);

/** Reserved names and transformers are the same in every file; their references are not collected. */
export function builtin(name: string): MlldSymbol | null {
  const known = BUILTINS.get(name);
  if (known) return known;
  // mlld still takes the older spelling in capitals: `@XML`.
  const transformer = Object.hasOwn(TRANSFORMERS, name === name.toUpperCase() ? name.toLowerCase() : name);
  const kind = Object.hasOwn(RESERVED, name) ? "reserved" : transformer ? "transformer" : null;
  if (!kind) return null;
  const symbol: MlldSymbol = {
    kind,
    name,
    range: null,
    declaration: null,
    value: null,
    labels: [],
    scope: NOWHERE,
    references: [],
    writes: [],
    import: null,
  };
  BUILTINS.set(name, symbol);
  return symbol;
}

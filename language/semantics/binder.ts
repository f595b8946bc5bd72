import { forEachChild } from "../syntax";
import type {
  Action,
  Binding,
  CallExpression,
  ForExpression,
  ImportSpecifier,
  ImportStatement,
  Label,
  Node,
  Parameter,
  Statement,
  TemplateLoop,
  UsingClause,
  VariableReference,
  WithClause,
} from "../syntax/tree";
import type { Bound } from "./bound";
import { lookUp, newScope } from "./scopes";
import type { MlldSymbol, Reference, Scope, ScopeKind, SymbolKind } from "./symbols";

/** What one top-level statement says by itself. */
export interface Part {
  /** Where the statement stood when the offsets in here were written. */
  start: number;
  /** True when nothing in it depends on the statements before: then it stays the same as long as its tree does. */
  alone: boolean;
  symbols: MlldSymbol[];
  references: Reference[];
  /** Uses of names that are not the statement's own. */
  free: Reference[];
  /** Outer before inner. */
  scopes: Scope[];
  calls: CallExpression[];
  referenceOf: Map<Node, Reference>;
  symbolOf: Map<Node, MlldSymbol>;
}

/** Binds one top-level statement, behind those that are bound already. */
export function bindStatement(statement: Statement, bound: Bound): Part {
  return new Binder(statement, bound).run();
}

class Binder {
  private readonly part: Part;
  private readonly file: Scope;
  private scope: Scope;
  private inText = false;
  private inCommand = false;
  /** Where a name is only asked for. */
  private readonly asked = new Set<number>();

  constructor(
    private readonly statement: Statement,
    private readonly bound: Bound,
  ) {
    this.file = this.scope = bound.scope;
    this.part = {
      start: statement.start,
      alone: true,
      symbols: [],
      references: [],
      free: [],
      scopes: [],
      calls: [],
      referenceOf: new Map(),
      symbolOf: new Map(),
    };
  }

  run(): Part {
    this.visit(this.statement);
    const { part, file } = this;
    for (const reference of part.references) {
      if (reference.use !== "auth") reference.symbol ??= lookUp(reference.name, reference.scope, reference.start, file);
      if (reference.symbol && reference.symbol.scope !== file) reference.symbol.references.push(reference);
      else part.free.push(reference);
    }
    return part;
  }

  private readonly visitOne = (node: Node): void => this.visit(node);

  private visit(node: Node): void {
    switch (node.kind) {
      case "VariableReference":
        this.refer(node, node.name, "read");
        return;
      case "VarStatement":
        this.visit(node.value);
        this.define("var", node.name, node, node.value, node.labels, this.hoistedScope());
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
            scope: this.scope,
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
        this.part.alone = false;
        this.import(node);
        return;
      case "ExportStatement":
        this.part.alone = false;
        this.bound.exports.push(node);
        for (const specifier of node.specifiers) this.refer(specifier.name, specifier.name.name, "export");
        return;
      case "PolicyStatement":
        this.visit(node.value);
        this.define("policy", node.name, node, node.value);
        return;
      case "AuthStatement": {
        this.part.alone = false;
        this.visit(node.value);
        const symbol = this.symbol("auth", node.name, node, node.value, [], this.file);
        this.bound.auth.set(symbol.name, symbol);
        return;
      }
      case "GuardStatement":
        this.part.alone = false;
        if (node.name) this.bound.guards.push(this.symbol("guard", node.name, node, null, [], this.file));
        this.within("guard", node, null, () => {
          this.visit(node.rules);
          if (node.with) this.visit(node.with);
        });
        return;
      case "HookStatement":
        this.part.alone = false;
        if (node.name) this.symbol("hook", node.name, node, null, [], this.file);
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
        this.part.calls.push(node);
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
    this.part.scopes.push(this.scope);
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
    const all = specifier.name.name === "*";
    // `{ * }` alone gives nothing a name.
    if (all && !specifier.alias) return;
    const symbol = this.define(all ? "namespace" : "import", specifier.alias ?? specifier.name, specifier, null);
    symbol.import = { index, imported: all ? null : specifier.name.name };
  }

  private using(node: UsingClause): void {
    if (node.auth) this.referAuth(node.auth, authName(node.auth));
    if (node.variable) this.visit(node.variable);
  }

  /** `files <@name/> = …` makes the workspace `@name`, unless something of that name is there. */
  private workspace(target: Node): void {
    const first = target.kind === "FileReference" ? target.path[0] : undefined;
    const head = first?.kind === "Interpolation" ? first.expression : null;
    if (head?.kind === "VariableReference" && !this.known(head.name, head.start)) {
      this.define("var", head, target, null, [], this.file);
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
    this.reference(node, name, "auth", { inText: false, inCommand: false, asked: false });
  }

  private refer(node: Node, name: string, use: Reference["use"]): Reference {
    const { inText, inCommand } = this;
    const reference = this.reference(node, name, use, { inText, inCommand, asked: this.asked.has(node.start) });
    // A block's own names are known as soon as they are written, so a write finds its symbol at once.
    if (use === "write") reference.symbol = this.known(name, node.start);
    return reference;
  }

  private reference(
    node: Node,
    name: string,
    use: Reference["use"],
    { inText, inCommand, asked }: Pick<Reference, "inText" | "inCommand" | "asked">,
  ): Reference {
    const { start, end } = node;
    const reference = { name, start, end, symbol: null, scope: this.scope, use, inText, inCommand, asked };
    this.part.references.push(reference);
    this.part.referenceOf.set(node, reference);
    return reference;
  }

  private bindLet(name: Binding, operator: "=" | "+=", value: Action, node: Node): void {
    if (this.scope === this.file) this.part.alone = false;
    const known = operator === "+=" ? this.known(name.name, name.start) : this.scope.symbols.get(name.name);
    if (known && (operator === "+=" || known.kind === "let")) {
      known.writes.push({ operator, value, start: node.start, scope: this.scope });
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
    this.part.symbols.push(symbol);
    this.part.symbolOf.set(name, symbol);
    return symbol;
  }

  /** What a name stands for at this place: its meaning may come from a statement before. */
  private known(name: string, offset: number): MlldSymbol | null {
    const symbol = lookUp(name, this.scope, offset);
    if (!symbol || symbol.scope === this.file) this.part.alone = false;
    return symbol;
  }

  /** `var` in an action of a top-level `when` defines at top level. */
  private hoistedScope(): Scope {
    for (let scope: Scope | null = this.scope; scope; scope = scope.parent) {
      if (scope.kind === "exe" || scope.kind === "loop") return this.scope;
    }
    return this.file;
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

/** `auth:claude` → `claude`. */
function authName(label: Label): string {
  return label.name.startsWith("auth:") ? label.name.slice("auth:".length) : label.name;
}

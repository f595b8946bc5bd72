import { deriveConfig, fromValue, type PathContext, toValue } from "../environment";
import type { Place } from "../place";
import { children } from "../syntax";
import type {
  Action,
  ArrayExpression,
  BinaryExpression,
  Block,
  CallExpression,
  FileReference,
  Node,
  NodeKind,
  Pipeline,
  Property,
  Spread,
  Template,
  VariableReference,
  WhenExpression,
  WithClause,
  WithExpression,
} from "../syntax/tree";
import type { AbstractEntry, AbstractValue } from "../values/abstract";
import { inlineText } from "../values/format";
import { binary } from "../values/operators";
import { valueAt } from "./assignments";
import type { Bound } from "./bound";
import { methodResult, sliceResult, transformed } from "./methods";
import { addEntry, type Draft, newDraft, objectOf, withSpread } from "./spreads";
import { substitute } from "./substitute";
import type { ExecutableSummary } from "./summary";
import type { MlldSymbol } from "./symbols";
import { bounded, each, field, known, made, oneOf, truth, unknown } from "./values";

/** What evaluation asks of the rest of the program. */
export interface Surroundings {
  uri: string;
  bound: Bound;
  paths: PathContext;
  /** The value behind an imported name or namespace. */
  imported(symbol: MlldSymbol): AbstractValue;
  /** The executable that a callee names. */
  executableOf(callee: Node): ExecutableSummary | null;
  /** Data of a file that a `<path>` names; null when it is no data file or not known. */
  data(path: string, place: Place): AbstractValue | null;
}

/** Keys of a `with` tail that make it a derived config rather than options of a command or pipeline. */
const CONFIG_KEYS = new Set(["tools", "mcps", "fs", "net", "limits", "provider", "auth", "profile", "name", "keep"]);

/** Values that a `with` tail derives a config from. */
const CONFIGS: ReadonlySet<NodeKind> = new Set([
  "VariableReference",
  "MemberExpression",
  "IndexExpression",
  "ObjectExpression",
  "ParenthesizedExpression",
]);
/** Keys of a tail that change a value on its way. */
const PIPES = new Set(["pipeline", "format"]);

/** As quickly made as found again. */
const LITERALS: ReadonlySet<NodeKind> = new Set(["NumberLiteral", "BooleanLiteral", "NullLiteral", "Wildcard"]);

/** So deep, and so many times in all, bodies are evaluated for the arguments of a call. */
const MAX_DEPTH = 3;
const MAX_APPLICATIONS = 500;

/** Values that are made of each other are followed so deep: the stack has room for more than twice that. */
const MAX_NESTING = 600;

/** The evaluation of an executable's body for one call. */
interface Application {
  outer: Evaluator;
  root: Evaluator;
  executable: MlldSymbol;
  values: ReadonlyMap<MlldSymbol, AbstractValue>;
  depth: number;
}

/**
 * Values of expressions as far as they are known before the run. Each node is evaluated once; parameters stand in the result as
 * unknowns that name them, so that a call can put its arguments in.
 */
export class Evaluator {
  private readonly values = new Map<Node, AbstractValue>();
  private readonly symbols = new Map<MlldSymbol, AbstractValue>();
  private readonly active = new Set<MlldSymbol>();
  private readonly reading = new Set<Node>();
  /** How deep `evaluate` is in itself. */
  private nesting = 0;

  /** Calls whose bodies were evaluated once more, for their arguments. */
  private applications = 0;

  constructor(
    private readonly around: Surroundings,
    private readonly application: Application | null = null,
  ) {}

  evaluate(node: Node): AbstractValue {
    if (LITERALS.has(node.kind)) return this.compute(node);
    const done = this.values.get(node);
    if (done) return done;
    if (this.nesting > MAX_NESTING) return unknown("a value that is made of too many others");
    this.nesting++;
    const value = bounded(this.compute(node));
    this.nesting--;
    this.values.set(node, value);
    return value;
  }

  /** What a name stands for. */
  symbol(symbol: MlldSymbol): AbstractValue {
    // What stands outside of the body is the same for every call.
    if (this.application && symbol.scope.executable !== this.application.executable)
      return this.application.outer.symbol(symbol);
    const done = this.symbols.get(symbol);
    if (done) return done;
    if (this.active.has(symbol)) return unknown("a value that is made from itself");
    this.active.add(symbol);
    const value = this.computeSymbol(symbol);
    this.active.delete(symbol);
    this.symbols.set(symbol, value);
    return value;
  }

  /** The entries of a `with` clause as an object. */
  clause(clause: WithClause): AbstractValue {
    const done = this.values.get(clause);
    if (done) return done;
    const value = this.properties(clause.properties, this.place(clause));
    this.values.set(clause, value);
    return value;
  }

  /** What a call gives: the executable's value with the arguments put in. */
  private call(summary: ExecutableSummary, args: Action[], place: Place): AbstractValue {
    const given = args.map(argument => this.evaluate(argument));
    const { result } = summary;
    const applied = hasBranches(result) ? this.applied(summary, given) : null;
    const value = parameterValues(summary, given)(applied ?? result);
    return value.kind === "unknown" ? { ...value, place } : value;
  }

  /** The body with the arguments in the place of its parameters, so that they decide between its branches. */
  private applied(summary: ExecutableSummary, given: AbstractValue[]): AbstractValue | null {
    const { bound, uri } = this.around;
    const executable = summary.uri === uri ? bound.scope.symbols.get(summary.name) : undefined;
    const statement = executable?.declaration;
    const root = this.application?.root ?? this;
    const depth = (this.application?.depth ?? 0) + 1;
    if (!executable || statement?.kind !== "ExeStatement" || depth > MAX_DEPTH || root.applications >= MAX_APPLICATIONS)
      return null;
    const values = new Map<MlldSymbol, AbstractValue>();
    for (const [index, parameter] of (statement.parameters ?? []).entries()) {
      const symbol = bound.symbolOf(parameter);
      const value = given[index];
      if (symbol && value && value.kind !== "unknown") values.set(symbol, value);
    }
    if (values.size === 0) return null;
    root.applications++;
    const application: Application = { outer: this, root, executable, values, depth };
    return new Evaluator(this.around, application).evaluate(statement.body);
  }

  private place(node: Node): Place {
    return { uri: this.around.uri, start: node.start, end: node.end };
  }

  private computeSymbol(symbol: MlldSymbol): AbstractValue {
    switch (symbol.kind) {
      case "import":
      case "namespace":
        return this.around.imported(symbol);
      case "exe":
        return {
          kind: "executable",
          name: symbol.name,
          place: symbol.range ? { uri: this.around.uri, ...symbol.range } : undefined,
        };
      case "parameter": {
        const given = this.application?.values.get(symbol);
        if (given) return given;
        return {
          kind: "unknown",
          reason: `the parameter @${symbol.name}, which each call gives`,
          parameter: { executable: `${this.around.uri}#${symbol.scope.executable?.name}`, name: symbol.name, path: [] },
        };
      }
      case "loop":
        return this.loopValue(symbol);
      case "reserved":
        // Paths and references keep these two by name: `"@base/src"`.
        if (symbol.name === "base" || symbol.name === "root") return known(`@${symbol.name}`);
        return unknown(`@${symbol.name} is known only while a program runs`);
      case "policy":
        if (symbol.import) return this.around.imported(symbol);
        break;
      case "var":
      case "let":
        break;
      default:
        return unknown(`@${symbol.name} is no value`);
    }
    if (!symbol.value) return unknown(`@${symbol.name} has no value`);
    if (symbol.writes.length === 0) return this.evaluate(symbol.value);
    if (symbol.writes.some(write => write.operator === "+="))
      return unknown(`@${symbol.name} changes while the program runs`);
    return oneOf([symbol.value, ...symbol.writes.map(write => write.value)].map(value => this.evaluate(value)));
  }

  private loopValue(symbol: MlldSymbol): AbstractValue {
    const loop = symbol.declaration;
    if (loop?.kind !== "ForExpression" || loop.variable.name !== symbol.name) return unknown("the key of a loop");
    return each(this.evaluate(loop.source), source => {
      if (source.kind === "array" && !source.open && source.items.length > 0) return oneOf(source.items);
      if (source.kind === "object" && !source.open && source.entries.length > 0) {
        return oneOf(source.entries.map(entry => entry.value));
      }
      return unknown("an item of a list that is not known whole");
    });
  }

  private compute(node: Node): AbstractValue {
    const place = this.place(node);
    switch (node.kind) {
      case "NumberLiteral":
      case "BooleanLiteral":
        return known(node.value, place);
      case "NullLiteral":
        return known(null, place);
      case "Duration":
        return known(this.around.bound.file.text.slice(node.start, node.end), place);
      case "BareWord":
        return known(node.text, place);
      case "Wildcard":
        return known("*", place);
      case "Template":
        return this.template(node, place);
      case "ArrayExpression":
        return this.array(node, place);
      case "ObjectExpression":
        return this.properties(node.properties, place);
      case "VariableReference":
        return this.reference(node, place);
      case "MemberExpression":
        return this.withPlace(field(this.evaluate(node.object), node.property.name, place), place);
      case "IndexExpression": {
        const object = this.evaluate(node.object);
        return this.withPlace(
          each(this.evaluate(node.index), index =>
            index.kind === "known"
              ? field(object, String(index.value), place)
              : made("an index that is not known", place, index),
          ),
          place,
        );
      }
      case "ParenthesizedExpression":
        return this.evaluate(node.expression);
      case "LabelExpression":
        return this.evaluate(node.value);
      case "ConditionalValue":
        return this.evaluate(node.value);
      case "UnaryExpression": {
        const operand = truth(this.evaluate(node.operand));
        if (operand !== null) return known(!operand, place);
        return made("a condition that is not known", place, this.evaluate(node.operand));
      }
      case "BinaryExpression":
        return this.binary(node, place);
      case "ConditionalExpression": {
        const condition = truth(this.evaluate(node.condition));
        if (condition !== null) return this.evaluate(condition ? node.then : node.else);
        return oneOf([this.evaluate(node.then), this.evaluate(node.else)], place);
      }
      case "WhenExpression":
        return this.when(node, place);
      case "Block":
        return this.block(node);
      case "EnvExpression":
        return this.block(node.body);
      case "ReturnStatement":
        return node.value ? this.evaluate(node.value) : known(null, place);
      case "NewExpression": {
        const base = this.evaluate(node.target);
        if (!node.with || node.arguments) return base;
        return this.derived(base, node.target, node.with, "new");
      }
      case "WithExpression": {
        const value = this.evaluate(node.value);
        if (!isDerivedConfig(node)) {
          const same = value.kind === "unknown" || !isPiped(node.clause);
          return same ? value : unknown("the result of a pipeline", place);
        }
        return this.derived(value, node.value, node.clause, "with");
      }
      case "CallExpression":
        return this.callValue(node, place);
      case "SliceExpression":
        return sliceResult(
          this.evaluate(node.object),
          [node.from && this.evaluate(node.from), node.to && this.evaluate(node.to)],
          place,
        );
      case "Pipeline":
        return this.pipeline(node, place);
      case "FileReference":
        return this.fileData(node, place);
      case "ForExpression":
        return { kind: "array", items: [], open: true, place };
      default:
        return unknown(REASONS[node.kind] ?? "a value that only the run knows", place);
    }
  }

  /** An unknown value is explained where it is used; a known one keeps the place where it is written. */
  private withPlace(value: AbstractValue, place: Place): AbstractValue {
    return value.place || value.kind === "known" ? value : { ...value, place };
  }

  private reference(node: VariableReference, place: Place): AbstractValue {
    const symbol = this.around.bound.referenceOf(node)?.symbol;
    if (!symbol) return unknown(`@${node.name} is not defined`, place);
    const value = symbol.writes.length > 0 ? this.written(symbol, node) : this.symbol(symbol);
    return value.kind === "unknown" ? { ...value, place } : value;
  }

  /** A name that is written again: what it holds depends on the place. */
  private written(symbol: MlldSymbol, node: VariableReference): AbstractValue {
    const use = this.around.bound.referenceOf(node)!;
    if (this.reading.has(node)) return unknown("a value that is made from itself");
    this.reading.add(node);
    const value = valueAt(symbol, use, part => this.evaluate(part));
    this.reading.delete(node);
    return value ?? this.symbol(symbol);
  }

  private template(node: Template, place: Place): AbstractValue {
    const [first] = node.parts;
    if (node.parts.length === 1 && first?.kind === "Text") return known(first.value, place);
    let texts: AbstractValue = known("", place);
    for (const part of node.parts) {
      let add: AbstractValue;
      if (part.kind === "Text") add = known(part.value);
      else if (part.kind === "Interpolation" && !part.conditional) add = this.interpolated(part.expression);
      else return unknown("a text that is put together while the program runs", place);
      texts = each(texts, before => each(add, after => joined(before, after, place)));
    }
    return texts.kind === "known" ? { ...texts, place } : texts;
  }

  /** An undefined name stays as it is written, with its fields. */
  private interpolated(expression: Node): AbstractValue {
    const head = headOf(expression);
    if (head?.kind === "VariableReference" && !this.around.bound.referenceOf(head)?.symbol) {
      return known(this.around.bound.file.text.slice(expression.start, expression.end));
    }
    return this.evaluate(expression);
  }

  private array(node: ArrayExpression, place: Place): AbstractValue {
    const items: AbstractValue[] = [];
    let open = false;
    for (const element of node.elements) {
      if (element.kind === "Missing") continue;
      // A spread, which the parser has refused: nothing more is said of what it holds.
      if (this.around.bound.file.text.startsWith("...", element.start - 3)) {
        open = true;
        continue;
      }
      const value = this.evaluate(element);
      if (element.kind !== "ConditionalValue") items.push(value);
      else {
        const present = truth(value);
        if (present) items.push(value);
        else if (present === null) open = true;
      }
    }
    return { kind: "array", items, open, place };
  }

  private derived(base: AbstractValue, node: Node, clause: WithClause, how: "new" | "with"): AbstractValue {
    return deriveConfig(base, this.clause(clause), how, { paths: this.around.paths, label: nameOf(node) }).value;
  }

  private properties(properties: (Property | Spread)[], place: Place): AbstractValue {
    let drafts = [newDraft()];
    for (const property of properties) {
      if (property.kind !== "Spread") for (const draft of drafts) this.property(draft, property);
      else {
        // A spread of one of several objects gives one of several objects.
        const value = this.evaluate(property.argument);
        const options = value.kind === "oneOf" ? value.options : [value];
        drafts = drafts.flatMap(draft => options.map(option => withSpread(draft, option, nameOf(property.argument))));
      }
    }
    return oneOf(
      drafts.map(draft => objectOf(draft, place)),
      place,
    );
  }

  private property(draft: Draft, property: Property): void {
    const name = property.key.name ?? this.keyName(property);
    if (name === null) {
      draft.open = true;
      draft.pending = undefined;
      return;
    }
    const value = property.value ? this.evaluate(property.value) : known(true, this.place(property.key));
    const entry: AbstractEntry = { key: name, value, keyPlace: this.place(property.key) };
    if (property.optional) {
      const present = truth(value);
      if (present === false) return;
      if (present === null) entry.maybe = true;
    }
    addEntry(draft, entry);
  }

  private keyName(property: Property): string | null {
    const key = property.key.template ? this.evaluate(property.key.template) : null;
    return key?.kind === "known" ? String(key.value) : null;
  }

  private binary(node: BinaryExpression, place: Place): AbstractValue {
    const left = this.evaluate(node.left);
    if (node.operator === "??") {
      if (left.kind === "known") return left.value === null ? this.evaluate(node.right) : left;
      return left.kind === "unknown" || left.kind === "oneOf" ? oneOf([left, this.evaluate(node.right)], place) : left;
    }
    if (node.operator === "||" || node.operator === "&&") {
      const decided = truth(left);
      if (decided === null) return oneOf([left, this.evaluate(node.right)], place);
      return decided === (node.operator === "||") ? left : this.evaluate(node.right);
    }
    const operator = node.operator;
    const right = this.evaluate(node.right);
    return each(left, a =>
      each(right, b => {
        const [x, y] = [toValue(a), toValue(b)];
        if (x === undefined || y === undefined) return made("an operand that is not known", place, a, b);
        const result = fromValue(binary(operator, x, y));
        return { ...result, place };
      }),
    );
  }

  private when(node: WhenExpression, place: Place): AbstractValue {
    const subject = node.subject ? this.evaluate(node.subject) : null;
    const options: AbstractValue[] = [];
    for (const entry of node.entries) {
      if (entry.kind !== "WhenEntry") continue;
      const matches = this.matches(entry.condition, subject);
      if (matches === false) continue;
      options.push(this.evaluate(entry.action));
      if (matches) return oneOf(options, place);
    }
    options.push(known(null, place));
    return oneOf(options, place);
  }

  /** Whether a `when` entry is chosen, if those before it were not. */
  private matches(condition: Node, subject: AbstractValue | null): boolean | null {
    if (condition.kind === "Wildcard" || (condition.kind === "BareWord" && condition.text === "none")) return true;
    if (condition.kind === "ComparisonPattern") return null;
    const value = this.evaluate(condition);
    if (!subject) return truth(value);
    const [left, right] = [toValue(subject), toValue(value)];
    return left === undefined || right === undefined ? null : Boolean(binary("==", left, right));
  }

  /** A block's value is what its last statement returns, where nothing else may return before. */
  private block(block: Block): AbstractValue {
    const last = block.statements.at(-1);
    if (last?.kind !== "ReturnStatement" || !last.value) return unknown("what a block returns", this.place(block));
    const plain = block.statements.every(statement => statement === last || !mayReturn(statement));
    return plain
      ? this.evaluate(last.value)
      : unknown("what a block returns on one of several ways", this.place(block));
  }

  private callValue(node: CallExpression, place: Place): AbstractValue {
    const summary = this.around.executableOf(node.callee);
    if (summary) return this.call(summary, node.arguments, place);
    const { callee } = node;
    const builtin = this.builtinStage(callee);
    const args = () => node.arguments.map(argument => this.evaluate(argument));
    const [text] = builtin ? args() : [];
    if (builtin) return text ? transformed(text, builtin.name, builtin.variant, place) : known(null, place);
    const method =
      callee.kind === "MemberExpression"
        ? methodResult(this.evaluate(callee.object), callee.property.name, args(), place)
        : null;
    return method ?? unknown("the result of a call", place);
  }

  /** `@trim`, `@parse.llm`: a transformer of mlld's own. */
  private builtinStage(callee: Node): { name: string; variant?: string } | null {
    const head = callee.kind === "MemberExpression" ? callee.object : callee;
    if (head.kind !== "VariableReference") return null;
    if (this.around.bound.referenceOf(head)?.symbol?.kind !== "transformer") return null;
    return { name: head.name, ...(callee.kind === "MemberExpression" && { variant: callee.property.name }) };
  }

  /** Stages of mlld's own, on a known text. */
  private pipeline({ source, stages }: Pipeline, place: Place): AbstractValue {
    let value = source ? this.evaluate(source) : unknown("the result of a pipeline", place);
    for (const stage of stages) {
      const builtin = stage.kind === "CallStage" ? this.builtinStage(stage.target) : null;
      if (!builtin) return unknown("the result of a pipeline", place);
      value = transformed(value, builtin.name, builtin.variant, place);
    }
    return value;
  }

  private fileData(node: FileReference, place: Place): AbstractValue {
    const plain =
      node.path.every(part => part.kind === "Text") && !node.section && !node.definitions && node.stages.length === 0;
    if (!plain) return unknown("what a file holds", place);
    const path = node.path.map(part => (part.kind === "Text" ? part.value : "")).join("");
    return this.around.data(path.trim(), place) ?? unknown("what a file holds", place);
  }
}

const REASONS: Partial<Record<Node["kind"], string>> = {
  CommandExpression: "the output of a command",
  CodeExpression: "what a code block returns",
  RunExpression: "the output of a command",
  ForeachExpression: "the results of a loop",
  LoopExpression: "the result of a loop",
  FilterExpression: "a part of a list",
  Missing: "a value that is not written yet",
};

/** Whether arguments may decide what is left open: between branches, or in what is made of parameters. */
function hasBranches(value: AbstractValue): boolean {
  switch (value.kind) {
    case "oneOf":
      return true;
    case "unknown":
      return value.derived === true;
    case "array":
      return value.items.some(hasBranches);
    case "object":
      return value.entries.some(entry => entry.maybe === true || hasBranches(entry.value));
    default:
      return false;
  }
}

/** The reference at the head of `@a.b[0]`, `@f(x).c`. */
export function headOf(node: Node): Node | null {
  for (let at: Node = node; ; ) {
    switch (at.kind) {
      case "MemberExpression":
      case "IndexExpression":
      case "SliceExpression":
      case "FilterExpression":
        at = at.object;
        break;
      case "CallExpression":
        at = at.callee;
        break;
      case "ParenthesizedExpression":
        at = at.expression;
        break;
      case "Pipeline":
        if (!at.source) return null;
        at = at.source;
        break;
      default:
        return at;
    }
  }
}

/** How explanations call what a plain reference stands for. */
function nameOf(node: Node): string | undefined {
  return node.kind === "VariableReference" ? `@${node.name}` : undefined;
}

/** Whether a `with` tail names fields of an environment. */
export function namesFields(clause: WithClause): boolean {
  return clause.properties.some(property => property.kind === "Spread" || CONFIG_KEYS.has(property.key.name ?? ""));
}

/** `@config with { tools: […] }`: the tail stands at a value, rather than at something that runs. */
export function isDerivedConfig({ value, clause }: WithExpression): boolean {
  return CONFIGS.has(value.kind) && namesFields(clause);
}

/** What changes a value on its way: stages, or the format in which they see it. */
function isPiped(clause: WithClause): boolean {
  return clause.properties.some(property => property.kind === "Spread" || PIPES.has(property.key.name ?? ""));
}

function joined(before: AbstractValue, after: AbstractValue, place: Place): AbstractValue {
  if (before.kind !== "known") return before;
  const value = toValue(after);
  if (value === undefined)
    return after.kind === "unknown" ? made(after.reason, place, after) : unknown("a text that is not known", place);
  return known(String(before.value) + inlineText(value), place);
}

/** Statements after which the rest of a block may not run. */
function mayReturn(statement: Node): boolean {
  switch (statement.kind) {
    case "ReturnStatement":
    case "BailStatement":
    case "WhenExpression":
      return true;
    case "ExpressionStatement":
    case "IfStatement":
    case "ForExpression":
    case "LoopExpression":
    case "EnvExpression":
    case "Block":
      return children(statement).some(mayReturn);
    default:
      return false;
  }
}

/** Puts the arguments of a call in the place of the parameters that stand in a value. */
export function parameterValues(
  summary: ExecutableSummary,
  args: AbstractValue[],
): (value: AbstractValue) => AbstractValue {
  const find = (name: string): AbstractValue | null => {
    const index = summary.parameters?.findIndex(parameter => parameter.name === name) ?? -1;
    return args[index] ?? null;
  };
  return value => substitute(value, `${summary.uri}#${summary.name}`, find);
}

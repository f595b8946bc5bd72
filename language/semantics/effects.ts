import type { ProcessLanguage } from "../environment";
import type { Place } from "../place";
import { forEachChild } from "../syntax";
import type { Action, EnvExpression, File, Node, WithClause } from "../syntax/tree";
import type { AbstractValue } from "../values/abstract";
import type { Site } from "./analysis";
import { headOf, isDerivedConfig, namesFields } from "./evaluate";
import type { Effect, EnvironmentEffect } from "./summary";
import type { MlldSymbol } from "./symbols";
import { each, oneOf, unknown } from "./values";

const PIPED = unknown("the value of the stage before");

/** What the collector asks of the analysis. */
export interface EffectSource {
  uri: string;
  file: File;
  evaluate(node: Node): AbstractValue;
  clause(clause: WithClause): AbstractValue;
  /** The symbol that a reference names. */
  symbolOf(node: Node): MlldSymbol | null;
  /** Whether a name is imported from Node.js: its calls run in a process. */
  isFromNode(symbol: MlldSymbol): boolean;
}

export interface Collected {
  effects: Effect[];
  /** Outer before inner. */
  sites: Site[];
}

/** What running a node does, and the environment sites in it, in the order of the text. */
export function collect(node: Node, source: EffectSource, executable: MlldSymbol | null): Collected {
  const collector = new Collector(source, executable);
  collector.visit(node);
  return { effects: collector.effects, sites: collector.sites };
}

class Collector {
  effects: Effect[] = [];
  readonly sites: Site[] = [];
  private block: Site | null = null;

  constructor(
    private readonly source: EffectSource,
    private readonly executable: MlldSymbol | null,
  ) {}

  private readonly visitOne = (node: Node): void => this.visit(node);

  visit(node: Node): void {
    switch (node.kind) {
      case "EnvExpression":
        this.environment(node);
        return;
      case "CommandExpression":
        this.command("cmd", node);
        break;
      case "CodeExpression":
        this.command(node.language, node);
        break;
      case "CallExpression":
        this.visitChildren(node);
        this.call(node.callee, this.values(node.arguments), node);
        return;
      case "ForeachExpression":
        if (node.call.kind !== "CallExpression") break;
        for (const argument of node.call.arguments) this.visit(argument);
        this.call(node.call.callee, this.values(node.call.arguments).map(itemOf), node);
        return;
      case "RunExpression":
      case "StreamStatement": {
        const target = node.kind === "RunExpression" ? node.target : node.source;
        if (isName(target)) this.call(target, [], node);
        break;
      }
      case "CallStage":
        // The piped value comes before the arguments, and is not known.
        if (node.target.kind !== "CallExpression") {
          this.call(node.target, [], node);
          break;
        }
        for (const argument of node.target.arguments) this.visit(argument);
        this.call(node.target.callee, [PIPED, ...this.values(node.target.arguments)], node);
        return;
      case "ExeStatement":
        // A body that only names another executable is a call of it.
        if (isName(node.body)) this.call(node.body, [], node.body);
        break;
      case "GuardAction":
        if (node.action === "env") this.site("guard", node, node.value, null);
        break;
      case "NewExpression":
        this.visitChildren(node);
        if (node.arguments) this.constructed(node.target, node);
        if (node.with && !node.arguments) this.site("new", node, node.target, node.with);
        return;
      case "WithExpression":
        this.visitChildren(node);
        if (namesFields(node.clause))
          this.site(isDerivedConfig(node) ? "with" : "command", node, node.value, node.clause);
        return;
      case "WithClause":
        this.pipeline(node);
        break;
      default:
    }
    this.visitChildren(node);
  }

  private visitChildren(node: Node): void {
    forEachChild(node, this.visitOne);
  }

  private environment(node: EnvExpression): void {
    if (node.config) this.visit(node.config);
    if (node.with) this.visit(node.with);
    const site = this.site("block", node, node.config, node.with);
    const outer = { effects: this.effects, block: this.block };
    const effect: EnvironmentEffect = {
      kind: "environment",
      label: site.label,
      config: site.config,
      with: site.with,
      place: site.head,
      effects: [],
    };
    this.effects.push(effect);
    this.effects = effect.effects;
    this.block = site;
    this.visit(node.body);
    this.effects = outer.effects;
    this.block = outer.block;
    site.effects = effect.effects;
  }

  private site(kind: Site["kind"], node: Site["node"], config: Node | null, clause: WithClause | null): Site {
    const body = node.kind === "EnvExpression" ? node.body.start : node.end;
    const text = this.source.file.text.slice(node.start, body);
    const site: Site = {
      kind,
      node,
      place: this.place(node),
      head: this.place({ start: node.start, end: node.start + text.trimEnd().length }),
      label: config ? labelOf(config, this.source.file.text) : undefined,
      parent: this.block,
      executable: this.executable,
      config: config && kind !== "command" ? this.source.evaluate(config) : null,
      with: clause ? this.source.clause(clause) : null,
      effects: [],
    };
    this.sites.push(site);
    if ((kind === "new" || kind === "with") && site.config && site.with)
      this.effects.push({
        kind: "derivation",
        how: kind,
        ...(site.label !== undefined && { label: site.label }),
        config: site.config,
        with: site.with,
        place: site.place,
      });
    return site;
  }

  private command(language: ProcessLanguage | "js", node: Node): void {
    this.effects.push({ kind: "command", language, place: this.place(node) });
  }

  private values(nodes: Action[]): AbstractValue[] {
    return nodes.map(node => this.source.evaluate(node));
  }

  private call(callee: Node, args: AbstractValue[], node: Node): void {
    const head = headOf(callee);
    const symbol = head ? this.source.symbolOf(head) : null;
    if (symbol?.kind === "transformer") return;
    if (symbol && this.source.isFromNode(symbol)) {
      this.command("node", node);
      return;
    }
    const value = this.source.evaluate(callee);
    // A name that is a plain value is no call: `run @x`, the method of a list.
    if (value.kind !== "executable" && value.kind !== "unknown") return;
    this.effects.push({
      kind: "call",
      callee: value.kind === "executable" && value.place ? { uri: value.place.uri, name: value.name } : null,
      name: this.source.file.text.slice(callee.start, callee.end),
      arguments: args,
      place: this.place(node),
    });
  }

  private constructed(target: Node, node: Node): void {
    const head = headOf(target);
    const symbol = head ? this.source.symbolOf(head) : null;
    if (symbol && this.source.isFromNode(symbol)) this.command("node", node);
  }

  /** `with { pipeline: [@a, [@b, @c]] }` calls each of them. */
  private pipeline(clause: WithClause): void {
    for (const property of clause.properties) {
      if (property.kind !== "Property" || property.key.name !== "pipeline") continue;
      const stages: Node[] = property.value ? [property.value] : [];
      for (let stage = stages.pop(); stage; stage = stages.pop()) {
        if (stage.kind === "ArrayExpression") stages.push(...stage.elements);
        else if (isName(stage)) this.call(stage, [], stage);
      }
    }
  }

  private place(range: { start: number; end: number }): Place {
    return { uri: this.source.uri, start: range.start, end: range.end };
  }
}

function isName(node: Node): boolean {
  return node.kind === "VariableReference" || node.kind === "MemberExpression";
}

/** An argument of `foreach` is one item of the list. */
function itemOf(list: AbstractValue): AbstractValue {
  return each(list, one =>
    one.kind === "array" && !one.open && one.items.length > 0
      ? oneOf(one.items)
      : unknown("an item of a list that is not known whole"),
  );
}

/** How messages call a config: its name, where it has one. */
function labelOf(config: Node, text: string): string | undefined {
  const head = headOf(config);
  const named = head?.kind === "VariableReference" && config.end - config.start <= 40;
  return named ? text.slice(config.start, config.end) : undefined;
}

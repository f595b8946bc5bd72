import {
  type BlockFacts,
  deriveConfig,
  type EnvironmentFacts,
  enterBlock,
  fromValue,
  type PathContext,
  type Policy,
  type Problem,
  providerKind,
  readPolicy,
  TOP_LEVEL,
  unitePolicies,
} from "../environment";
import type { Host } from "../host";
import type { Place } from "../place";
import type { CallExpression, File, Node, Parameter } from "../syntax/tree";
import type { AbstractObject, AbstractValue } from "../values/abstract";
import type { ImportFact, Site } from "./analysis";
import type { Bound } from "./bound";
import { BUILTIN_NAMES } from "./builtins";
import { dataModule } from "./data-module";
import { type Collected, collect, type EffectSource } from "./effects";
import { Evaluator, type Surroundings } from "./evaluate";
import { guardChoices } from "./guard-choices";
import { credentialsOf, policiesOf } from "./policies";
import { builtin } from "./scopes";
import { resolveImport, resolveReference } from "./specifiers";
import { lastStarting } from "./starts";
import { type Summarisable, summarise } from "./summarise";
import type { Effect, ExecutableSummary, ExportedName, HeldChoice, HeldPolicy, ModuleSummary } from "./summary";
import type { MlldSymbol, Reference, Scope } from "./symbols";
import { type Unit, type Units, unitsOf } from "./units";
import { folderOf, pathOfUri, resolvePath } from "./uri";
import { unknown } from "./values";

/** How an analysis reaches other files. */
export interface Modules {
  /** Writes down what is looked at, so that it is known when the analysis no longer holds. */
  readonly host: Host;
  /** The summary of an imported file; null when there is none, `cycle` when it is being made. */
  summary(uri: string): ModuleSummary | "cycle" | null;
}

/** What stays of an analysis when the text has changed. */
export interface Remains {
  units: Units;
  /** Files that it asked for. */
  want: ReadonlySet<string>;
}

/** The facts of one file. Values are computed when they are asked for, once. */
export class FileAnalysis implements Summarisable, Surroundings {
  readonly file: File;
  readonly scope: Scope;
  readonly symbols: MlldSymbol[];
  readonly references: Reference[];
  readonly calls: CallExpression[];
  readonly imports: ImportFact[];
  readonly paths: PathContext;
  readonly policy: Policy;
  readonly policyProblems: Problem[] = [];
  readonly auth: { names: Map<string, Place>; open: boolean };
  readonly units: Units;
  readonly policies: HeldPolicy[];

  private readonly want: Set<string>;
  private readonly evaluator: Evaluator;
  private readonly source: EffectSource;
  private readonly modules: (ModuleSummary | null)[] = [];
  private readonly collected = new Map<Unit, Collected>();
  private readonly summaries = new Map<MlldSymbol, ExecutableSummary>();
  private readonly facts = new Map<Site, BlockFacts>();
  private whole: { sites: Site[]; effects: Effect[]; executables: ExecutableSummary[] } | null = null;
  private made: ModuleSummary | null = null;
  private choices: HeldChoice[] | null = null;
  /** Units of which another file has not been asked yet. */
  private unasked: Unit[];

  /** @param before what is left of the analysis of the text before, where all that it saw of other files is the same */
  constructor(
    readonly uri: string,
    readonly bound: Bound,
    private readonly other: Modules,
    before: Remains | null = null,
  ) {
    this.file = bound.file;
    this.scope = bound.scope;
    this.symbols = bound.symbols;
    this.references = bound.references;
    this.calls = bound.calls;
    this.want = new Set(before?.want);
    const { host } = other;
    this.source = {
      uri,
      file: this.file,
      evaluate: node => this.evaluate(node),
      clause: clause => this.evaluator.clause(clause),
      symbolOf: node => bound.referenceOf(node)?.symbol ?? null,
      isFromNode: ({ import: from }) => from !== null && this.imports[from.index]?.kind === "node",
    };
    this.paths = {
      folder: pathOfUri(folderOf(uri)),
      root: pathOfUri(host.root(uri)),
      home: host.home === "" ? "" : pathOfUri(host.home),
      specFile: path => {
        const spec = resolvePath(folderOf(uri), path);
        this.wants([spec]);
        const text = host.text(spec);
        return typeof text === "string" ? { uri: spec, text } : text;
      },
    };
    this.evaluator = new Evaluator(this);
    this.imports = bound.imports.map(statement => this.resolve(statement));
    this.units = unitsOf(this.file, bound, before?.units ?? null);
    const known = new Set(before?.units.list.map(({ identity }) => identity));
    this.unasked = this.units.list.filter(({ identity }) => !known.has(identity));
    const imported = this.importedModules();
    const held = this.imports.flatMap(({ statement: { start } }, index) => {
      const module = this.modules[index];
      return module ? [{ module, from: start }] : [];
    });
    this.policies = policiesOf(bound, held, node => this.evaluate(node));
    this.policy = this.readPolicies();
    this.auth = credentialsOf(uri, bound, this.policies, { imported, facts: this.imports });
  }

  /** What the analysis of the next text can go on from. */
  get remains(): Remains {
    return { units: this.units, want: this.want };
  }

  get wanted(): string[] {
    // Everything that another file could answer is asked now, so that the list is whole.
    const units = this.unasked;
    this.unasked = [];
    for (const unit of units) for (const site of this.sitesOf(unit)) this.askProvider(site);
    return [...new Set([...this.want, ...this.importedModules().flatMap(module => module.wanted)])];
  }

  // ------------------------------------------------------------------------------------------------------------- imports

  private resolve(statement: ImportFact["statement"]): ImportFact {
    const { source } = statement;
    const specifier =
      source.kind === "ModuleReference"
        ? source.text
        : source.kind === "Missing"
          ? null
          : source.kind === "FileReference"
            ? this.file.text.slice(source.start + 1, source.end - 1).trim()
            : textOf(this.evaluate(source));
    const found = resolveImport(this.uri, statement, specifier, this.other.host);
    this.wants(found.asked);
    let state: ImportFact["state"] = found.state === "found" ? "loaded" : found.state;
    let module: ModuleSummary | null = null;
    if (found.state === "found" && found.uri !== null) {
      const summary = this.moduleAt(found.uri);
      if (summary === "cycle") state = "cycle";
      else module = summary;
    }
    this.modules.push(module);
    return { statement, specifier, kind: found.kind, uri: found.uri, state };
  }

  module(uri: string): ModuleSummary | null {
    const found = this.moduleAt(uri);
    return found === "cycle" ? null : found;
  }

  private moduleAt(uri: string): ModuleSummary | "cycle" | null {
    if (uri === this.uri) return "cycle";
    const data = uri.endsWith(".json") ? this.other.host.text(uri) : null;
    return typeof data === "string" ? dataModule(uri, data) : this.other.summary(uri);
  }

  private wants(asked: string[]): void {
    for (const uri of asked) if (this.other.host.text(uri) === undefined) this.want.add(uri);
  }

  moduleOf(symbol: MlldSymbol): ModuleSummary | null {
    return symbol.import ? this.moduleAtImport(symbol.import.index) : null;
  }

  moduleAtImport(index: number): ModuleSummary | null {
    return this.modules[index] ?? null;
  }

  /** Every imported file that could be read, in the order of the imports. */
  importedModules(): ModuleSummary[] {
    return this.modules.filter(module => module !== null);
  }

  exportedName(symbol: MlldSymbol): ExportedName | null {
    const imported = symbol.import?.imported;
    return imported ? (this.moduleOf(symbol)?.exports.get(imported) ?? null) : null;
  }

  definitionOf(symbol: MlldSymbol): Place | null {
    const exported = this.exportedName(symbol);
    if (exported) return exported.place;
    if (symbol.import) {
      const { uri } = this.imports[symbol.import.index]!;
      if (uri !== null && this.moduleOf(symbol)) return { uri, start: 0, end: 0 };
    }
    return symbol.range ? { uri: this.uri, ...symbol.range } : null;
  }

  imported(symbol: MlldSymbol): AbstractValue {
    const place = symbol.range ? { uri: this.uri, ...symbol.range } : undefined;
    const module = this.moduleOf(symbol);
    if (!module) return unknown("what could not be imported", place);
    if (symbol.import?.imported) {
      return this.exportedName(symbol)?.value ?? unknown("a name that the imported file does not export", place);
    }
    const object: AbstractObject = {
      kind: "object",
      entries: [...module.exports.values()].map(name => ({ key: name.name, value: name.value, keyPlace: name.place })),
      open: module.fault !== null,
      place,
    };
    return object;
  }

  data(path: string, place: Place): AbstractValue | null {
    if (!path.endsWith(".json")) return null;
    const asked: string[] = [];
    const uri = resolveReference(this.uri, path, this.other.host, asked);
    this.wants(asked);
    const text = uri === null ? null : this.other.host.text(uri);
    if (uri !== null && text === undefined) this.want.add(uri);
    if (typeof text !== "string") return null;
    try {
      return { ...fromValue(JSON.parse(text)), place };
    } catch {
      return null; // mlld keeps a broken file as text; the run says so.
    }
  }

  // -------------------------------------------------------------------------------------------------------------- values

  evaluate(node: Node): AbstractValue {
    return this.evaluator.evaluate(node);
  }

  symbolValue(symbol: MlldSymbol): AbstractValue {
    return this.evaluator.symbol(symbol);
  }

  /** The executable that a callee names, for the evaluator. */
  executableOf(callee: Node): ExecutableSummary | null {
    const value = this.evaluate(callee);
    return value.kind === "executable" && value.place ? this.executable(value.place.uri, value.name) : null;
  }

  executable(uri: string, name: string): ExecutableSummary | null {
    if (uri === this.uri) {
      const symbol = this.scope.symbols.get(name);
      return symbol?.kind === "exe" ? this.localExecutable(symbol) : null;
    }
    const summary = this.other.summary(uri);
    return summary && summary !== "cycle" ? (summary.executables.get(name) ?? null) : null;
  }

  /** The value is found when it is asked for: a body may call the executable that is being summarised. */
  private localExecutable(symbol: MlldSymbol): ExecutableSummary {
    const done = this.summaries.get(symbol);
    if (done) return done;
    const { declaration } = symbol;
    const statement = declaration?.kind === "ExeStatement" ? declaration : null;
    const body = statement?.body ?? null;
    const evaluator = this.evaluator;
    let result: AbstractValue | null = null;
    let active = false;
    let effects: Effect[] | null = null;
    const effectsOf = () => {
      const unit = statement && this.units.list[lastStarting(this.units.list, statement.start)];
      return unit?.statement === statement ? this.effectsOf(unit) : [];
    };
    const summary: ExecutableSummary = {
      name: symbol.name,
      uri: this.uri,
      place: { uri: this.uri, start: symbol.range!.start, end: symbol.range!.end },
      labels: symbol.labels,
      parameters: statement?.parameters?.map(parameter => this.parameter(parameter)) ?? null,
      body: body?.kind ?? "Missing",
      get result() {
        if (result) return result;
        if (active || !body) return unknown("the result of a call that calls itself");
        active = true;
        result = evaluator.evaluate(body);
        active = false;
        return result;
      },
      get effects() {
        return (effects ??= effectsOf());
      },
    };
    this.summaries.set(symbol, summary);
    return summary;
  }

  private parameter(parameter: Parameter): NonNullable<ExecutableSummary["parameters"]>[number] {
    const uses = this.bound.symbolOf(parameter)?.references ?? [];
    return { name: parameter.name, type: parameter.type, inCommand: uses.some(({ inCommand }) => inCommand) };
  }

  // --------------------------------------------------------------------------------------------------------------- names

  scopeAt(offset: number): Scope {
    let scope = this.scope;
    for (;;) {
      const inner = scope.children.find(child => child.start <= offset && offset <= child.end);
      if (!inner) return scope;
      scope = inner;
    }
  }

  symbolAt(offset: number): { symbol: MlldSymbol; start: number; end: number } | null {
    const reference = this.references.find(({ start, end, symbol }) => symbol && start <= offset && offset <= end);
    if (reference?.symbol) return { symbol: reference.symbol, start: reference.start, end: reference.end };
    const symbol = this.symbols.find(({ range }) => range && range.start <= offset && offset <= range.end);
    return symbol?.range ? { symbol, ...symbol.range } : null;
  }

  referenceOf(node: Node): Reference | null {
    return this.bound.referenceOf(node);
  }

  visibleAt(offset: number): MlldSymbol[] {
    const names = new Map<string, MlldSymbol>();
    const add = (symbol: MlldSymbol): void => {
      if (!names.has(symbol.name)) names.set(symbol.name, symbol);
    };
    for (let scope: Scope | null = this.scopeAt(offset); scope; scope = scope.parent) {
      for (const symbol of scope.symbols.values())
        if (symbol.kind !== "let" || symbol.range!.end <= offset) add(symbol);
    }
    for (const name of BUILTIN_NAMES) add(builtin(name)!);
    return [...names.values()];
  }

  // -------------------------------------------------------------------------------------------------------- environments

  get sites(): Site[] {
    return this.all().sites;
  }

  get effects(): Effect[] {
    return this.all().effects;
  }

  get executables(): ExecutableSummary[] {
    return this.all().executables;
  }

  get guardChoices(): HeldChoice[] {
    return (this.choices ??= guardChoices(this, index => this.moduleAtImport(index)));
  }

  get summary(): ModuleSummary {
    return (this.made ??= summarise(this));
  }

  private all() {
    return (this.whole ??= {
      sites: this.units.list.flatMap(unit => this.sitesOf(unit)),
      effects: this.units.list.flatMap(unit =>
        unit.statement.kind === "ExeStatement" ? [] : this.collect(unit).effects,
      ),
      executables: this.symbols.filter(isExecutable).map(symbol => this.localExecutable(symbol)),
    });
  }

  sitesOf(unit: Unit): Site[] {
    return this.collect(unit).sites;
  }

  effectsOf(unit: Unit): Effect[] {
    return this.collect(unit).effects;
  }

  /** What a unit does, and its sites. */
  private collect(unit: Unit): Collected {
    const done = this.collected.get(unit);
    if (done) return done;
    const { statement } = unit;
    const symbol = statement.kind === "ExeStatement" ? this.bound.symbolOf(statement.name) : null;
    const collected = collect(statement, this.source, symbol);
    this.collected.set(unit, collected);
    return collected;
  }

  private readPolicies(): Policy {
    const read = this.policies.map(({ label, value }) => readPolicy(value, label, this.paths));
    for (const { problems } of read) this.policyProblems.push(...problems);
    return unitePolicies(
      read.map(({ policy }) => policy),
      this.other.host.settings.provider,
    );
  }

  around(site: Site): EnvironmentFacts {
    return site.parent ? this.factsOf(site.parent).environment : TOP_LEVEL;
  }

  factsOf(site: Site): BlockFacts {
    const done = this.facts.get(site);
    if (done) return done;
    const facts = this.enter(site, this.around(site));
    this.facts.set(site, facts);
    return facts;
  }

  /** Enters a site under an environment that is not the one around it in the text. */
  enter(site: Site, parent: EnvironmentFacts): BlockFacts {
    const { config, head: place, label, paths, policy } = { ...site, paths: this.paths, policy: this.policy };
    if (site.kind === "new" || site.kind === "with") {
      const derived = deriveConfig(site.config!, site.with!, site.kind, { paths, label });
      return { environment: parent, problems: derived.problems, comparisons: [] };
    }
    const clause = site.kind === "command" ? capabilitiesOf(site.with) : site.with;
    return enterBlock({
      parent,
      config,
      configPlace: this.configPlace(site),
      with: clause,
      place,
      label,
      paths,
      policy,
    });
  }

  private configPlace({ node }: Site): Place | undefined {
    const config = node.kind === "EnvExpression" ? node.config : node.kind === "GuardAction" ? node.value : null;
    return config ? { uri: this.uri, start: config.start, end: config.end } : undefined;
  }

  siteAt(offset: number): Site | null {
    let found: Site | null = null;
    for (const site of this.sites) {
      if (site.kind !== "block" || site.place.start > offset || offset > site.place.end) continue;
      if (!found || site.place.end - site.place.start <= found.place.end - found.place.start) found = site;
    }
    return found;
  }

  textOf(uri: string): string | null | undefined {
    return this.other.host.text(uri);
  }

  providerModule(reference: string): ModuleSummary | "missing" | null {
    // A built-in provider has no file to look for.
    if (["none", "docker", "sprites"].includes(providerKind(reference))) return null;
    const asked: string[] = [];
    const path = resolveReference(this.uri, reference, this.other.host, asked);
    this.wants(asked);
    if (path === null) return null;
    for (const uri of [path, `${path}.mld`]) {
      const text = this.other.host.text(uri);
      if (text === undefined) {
        this.want.add(uri);
        return null;
      }
      if (text === null) continue;
      const summary = uri === this.uri ? this.summary : this.other.summary(uri);
      return summary === "cycle" ? null : summary;
    }
    return "missing";
  }

  private askProvider(site: Site): void {
    for (const option of this.factsOf(site).environment.capabilities.provider.options) {
      if (option.kind === "known" && option.ref !== null) this.providerModule(option.ref);
    }
  }
}

/** Fields of a command's `with` that are held to the environment around it; `auth` there is the author's own grant. */
const COMMAND_FIELDS = new Set(["tools", "mcps", "fs", "net", "limits"]);

function capabilitiesOf(clause: AbstractValue | null): AbstractValue | null {
  if (clause?.kind !== "object") return null;
  return { ...clause, entries: clause.entries.filter(entry => COMMAND_FIELDS.has(entry.key)), open: false };
}

function isExecutable(symbol: MlldSymbol): boolean {
  return symbol.kind === "exe" && symbol.scope.symbols.get(symbol.name) === symbol;
}

function textOf(value: AbstractValue): string | null {
  return value.kind === "known" && typeof value.value === "string" ? value.value : null;
}

/** What running a block needs, before anything runs. Pure. */
import type { Finding } from "../../language/diagnostics/finding";
import type { EnvironmentFacts } from "../../language/environment";
import type { Analysis } from "../../language/semantics";
import { children, LineMap } from "../../language/syntax";
import type { EnvExpression, ImportStatement, Node, Statement } from "../../language/syntax/tree";
import type { EventRange, PlanStep } from "../../protocol/events";
import type { ProgramSlice } from "../evaluator";
import { distinct, type Entered } from "./entered";
import { type BlockPath, blockAt, sliceOf } from "./slice";
import { stepsOf } from "./steps";
import { fileOf, type TargetDefaults, Targets, targetOfFacts } from "./targets";
import { unsupported } from "./unsupported";

export interface PlanRequest extends TargetDefaults {
  /** Zero-based line of the block; null runs the whole file. */
  line: number | null;
  /** Reported problems of the file (`diagnose`), for those that lie in the slice. */
  findings: Finding[];
}

export interface Plan {
  kind: "plan";
  slice: ProgramSlice | null;
  /** The range of the chosen env block; null for the whole file. */
  block: EventRange | null;
  /** Where the block's commands run; for a whole file the targets of all its blocks. */
  target: string;
  steps: PlanStep[];
  /** The effective environment of the block; null for the whole file. */
  environment: EnvironmentFacts | null;
  /** Every environment that is entered, as far as it is known before the run: the block first. */
  entered: EnteredEnvironment[];
}

export interface EnteredEnvironment extends Entered {
  target: string;
}

export interface Refusal {
  kind: "refused";
  findings: Finding[];
}

/** `no-block`: there is no env block at that line. */
export interface NoBlock {
  kind: "no-block";
}

/** Plans a run. Errors in what would run, and what this runner cannot run, refuse it. */
export function plan(analysis: Analysis, request: PlanRequest): Plan | Refusal | NoBlock {
  const { file } = analysis;
  const lines = new LineMap(file.text);
  const path = request.line === null ? null : blockAt(file, offset => lines.positionAt(offset).line, request.line);
  if (request.line !== null && path === null) return { kind: "no-block" };
  const slice = path === null ? null : sliceOf(file, path, { restricts: statement => restricts(statement, analysis) });
  const chosen =
    slice === null ? file.statements : file.statements.filter(statement => slice.statements.has(statement));
  const block = path === null ? null : (path.at(-1) as EnvExpression);
  const targets = new Targets(analysis, request);
  const entered = enteredBy(chosen, path, block, targets);
  const findings = [
    ...request.findings.filter(finding => finding.severity === "error" && concerns(finding, analysis, chosen, slice)),
    ...unsupported(rootsOf(chosen, path, slice), analysis.uri, {
      sandboxed: node => targets.providerOf(node) !== null,
      importKind: node => analysis.imports.find(fact => fact.statement === node)?.kind,
    }),
    ...targets.missingImages(chosen, slice, entered),
  ];
  if (findings.length > 0) return { kind: "refused", findings: withoutRepeats(findings) };
  const range = (node: { start: number; end: number }): EventRange => ({
    start: lines.positionAt(node.start),
    end: lines.positionAt(node.end),
  });
  return {
    kind: "plan",
    slice,
    block: block === null ? null : range(block),
    target:
      (block === null ? [...new Set(entered.map(({ target }) => target))].join(", ") : entered[0]?.target) || "local",
    steps: stepsOf(file, block === null ? chosen : [...chosen, ...inside(block)], {
      path: fileOf(analysis.uri),
      range,
      targetOf: node => targets.targetOf(node),
    }),
    environment: block === null ? null : (entered[0]?.facts ?? null),
    entered,
  };
}

/** What the chosen statements enter; of the one that holds the block only the block, which comes first. */
function enteredBy(
  chosen: readonly Statement[],
  path: BlockPath | null,
  block: EnvExpression | null,
  targets: Targets,
): EnteredEnvironment[] {
  const own = block && targets.siteOf(block);
  const statements = [...(block ? inside(block) : []), ...chosen.filter(statement => statement !== path?.[0])];
  const found = statements.flatMap(statement => targets.doingOf(statement).entered);
  if (own) found.unshift({ place: own.site.head, label: own.facts.label, facts: own.facts });
  return distinct(found).map(one => ({ ...one, target: targetOfFacts(one.facts) }));
}

/** The statements directly inside the block: what it does, after what it needs. */
function inside(block: EnvExpression): readonly Statement[] {
  return block.body.statements;
}

/** Parts that may run: of the statement that holds the block only the path, its other branches do not run. */
function rootsOf(chosen: readonly Statement[], path: BlockPath | null, slice: ProgramSlice | null): readonly Node[] {
  if (path === null || slice === null) return chosen;
  const [top] = path;
  return chosen.map(statement => (statement === top ? path.at(-1)! : statement));
}

/** Whether a problem lies in what would run; a problem in another file is one of an import that runs. */
function concerns(
  finding: Finding,
  analysis: Analysis,
  chosen: readonly Statement[],
  slice: ProgramSlice | null,
): boolean {
  const { uri, start, end } = finding.place;
  if (slice === null || uri !== analysis.uri) return true;
  return chosen.some(
    statement => statement.start <= end && start <= statement.end && !inUnchosen(statement, start, end, slice),
  );
}

/** Whether a range lies wholly in nested statements that the slice leaves out. */
function inUnchosen(top: Statement, start: number, end: number, slice: ProgramSlice): boolean {
  const visit = (node: Node): boolean => {
    for (const child of childStatements(node)) {
      if (child.start > start || end > child.end) continue;
      return !slice.statements.has(child) || visit(child);
    }
    return false;
  };
  return visit(top);
}

function* childStatements(node: Node): Generator<Statement> {
  for (const child of children(node)) {
    if (child.kind.endsWith("Statement")) yield child as Statement;
    else yield* childStatements(child);
  }
}

/** An import whose module brings policies or guards holds for every block; an unknown module may bring some. */
function restricts(statement: ImportStatement, analysis: Analysis): boolean {
  const fact = analysis.imports.find(candidate => candidate.statement === statement);
  if (fact === undefined || fact.kind !== "file") return false;
  const symbol = analysis.symbols.find(
    candidate => candidate.declaration !== null && within(candidate.declaration, statement),
  );
  const module = symbol === undefined ? null : analysis.moduleOf(symbol);
  return module === null || module.policies.length > 0 || module.guards !== false;
}

function within(node: Node, outer: Node): boolean {
  return outer.start <= node.start && node.end <= outer.end;
}

/** A problem that several rules found at one place is said once. */
function withoutRepeats(findings: Finding[]): Finding[] {
  const seen = new Set<string>();
  return findings.filter(({ code, place }) => {
    const key = `${code} ${place.uri} ${place.start}`;
    return !seen.has(key) && seen.add(key);
  });
}

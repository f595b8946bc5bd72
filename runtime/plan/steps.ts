/** The statements of a plan in words, and which of them do something outside. */
import { children } from "../../language/syntax";
import type { File, Node, Statement } from "../../language/syntax/tree";
import type { EventRange, PlanStep } from "../../protocol/events";

export interface StepOptions {
  path: string;
  range: (node: { start: number; end: number }) => EventRange;
  /** Where the commands of a statement run. */
  targetOf: (statement: Statement) => string;
}

const LONGEST_TITLE = 80;

/** A step for each chosen statement of the file, and for those directly inside the block. */
export function stepsOf(file: File, statements: readonly Statement[], options: StepOptions): PlanStep[] {
  const executables = effectfulExecutables(file);
  return statements
    .filter(statement => statement.kind !== "Prose" && statement.kind !== "ErrorStatement")
    .map(statement => ({
      file: options.path,
      range: options.range(statement),
      title: title(file.text.slice(statement.start, statement.end)),
      effect: hasEffect(statement, executables),
      target: options.targetOf(statement),
    }));
}

function title(text: string): string {
  const [first = "", ...rest] = text.trim().split("\n");
  const line = first.trimEnd() + (rest.length > 0 ? " …" : "");
  return line.length > LONGEST_TITLE ? `${line.slice(0, LONGEST_TITLE - 1)}…` : line;
}

/** Kinds that start a process or touch a file when they are evaluated. `js` is a pure function. */
const EFFECTS: ReadonlySet<Node["kind"]> = new Set<Node["kind"]>([
  "CommandExpression",
  "CommandStage",
  "FileReference",
  "TemplateFile",
  "OutputStatement",
  "AppendStatement",
  "ImportStatement",
]);

function hasEffect(statement: Statement, executables: ReadonlySet<string>): boolean {
  if (DEFINITIONS.has(statement.kind)) return false;
  return contains(statement, executables);
}

/** These only define; what they hold runs when it is called. */
const DEFINITIONS: ReadonlySet<Statement["kind"]> = new Set<Statement["kind"]>([
  "ExeStatement",
  "ExeShadowStatement",
  "GuardStatement",
  "HookStatement",
]);

function contains(node: Node, executables: ReadonlySet<string>): boolean {
  if (EFFECTS.has(node.kind)) return true;
  if (node.kind === "CodeExpression" && node.language !== "js") return true;
  if (node.kind === "EffectStage" && (node.effect === "output" || node.effect === "append")) return true;
  if (node.kind === "VariableReference" && executables.has(node.name)) return true;
  return children(node).some(child => contains(child, executables));
}

/** Executables that do something outside when they are called, also through others; imported names may. */
function effectfulExecutables(file: File): ReadonlySet<string> {
  const bodies = new Map<string, Node>();
  const effectful = new Set<string>();
  for (const statement of file.statements) {
    if (statement.kind === "ExeStatement" && statement.metadata === null)
      bodies.set(statement.name.name, statement.body);
  }
  for (let size = -1; size !== effectful.size; ) {
    size = effectful.size;
    for (const [name, body] of bodies) if (!effectful.has(name) && contains(body, effectful)) effectful.add(name);
  }
  return effectful;
}

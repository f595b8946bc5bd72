/** Blocks and statements: what they do, and how they end. */
import type { Action, Block, Statement } from "../../language/syntax/tree";
import { type Context, inScope } from "./context";
import type { ScopeKind } from "./scope";
import { executeStatement, runAsValue } from "./statements";
import { UNDEFINED, type Value } from "./value";

/** How a statement ends when it does not simply end: `value` returns from the executable, env block or script. */
export interface Returned {
  value: Value;
}

const STATEMENTS: ReadonlySet<string> = new Set<Statement["kind"]>([
  "VarStatement",
  "LetStatement",
  "AssignStatement",
  "ExeStatement",
  "ExeShadowStatement",
  "ShowStatement",
  "OutputStatement",
  "AppendStatement",
  "LogStatement",
  "StreamStatement",
  "IfStatement",
  "ReturnStatement",
  "ControlStatement",
  "BailStatement",
  "CheckpointStatement",
  "SignStatement",
  "VerifyStatement",
  "ImportStatement",
  "ExportStatement",
  "NeedsStatement",
  "ProfilesStatement",
  "PolicyStatement",
  "AuthStatement",
  "GuardStatement",
  "HookStatement",
  "FileStatement",
  "FilesStatement",
  "ExpressionStatement",
  "Prose",
  "Fence",
  "ErrorStatement",
]);

export function isStatement(node: Action): node is Statement {
  return STATEMENTS.has(node.kind);
}

/** Runs the statements of a block, in a scope of its own; `scope` names its kind. */
export async function runBlock(block: Block, context: Context, scope: ScopeKind = "block"): Promise<Returned | null> {
  return runStatements(block.statements, inScope(context, scope));
}

export async function runStatements(statements: readonly Statement[], context: Context): Promise<Returned | null> {
  for (const statement of chosenOf(statements, context)) {
    const returned = await executeStatement(statement, context);
    if (returned !== null) return returned;
  }
  return null;
}

/** The statements that the plan chose; an import's statements all run. */
export function chosenOf(statements: readonly Statement[], context: Context): readonly Statement[] {
  return context.run.chosen === null ? statements : statements.filter(statement => isChosen(statement, context));
}

/** Whether the plan chose a part of the program. */
export function isChosen(part: Action, context: Context): boolean {
  const { chosen } = context.run;
  return chosen === null || !context.module.prints || chosen.has(part as Statement);
}

/** A block where a value stands: what it returns; undefined when it returns nothing. */
export async function evaluateBlock(block: Block, context: Context, scope: ScopeKind = "block"): Promise<Value> {
  const returned = await runBlock(block, { ...context, returns: true, topLevel: false, lenient: false }, scope);
  return returned?.value ?? UNDEFINED.stating({ noReturn: true });
}

/** A statement where a value stands (`when … => show "x"`): it runs, and its text is the value. */
export async function runStatementAsValue(statement: Statement, context: Context): Promise<Value> {
  return runAsValue(statement, { ...context, lenient: false });
}

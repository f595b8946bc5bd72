/** Executes statements. One table by node kind. */
import type { Expression, IfStatement, Statement } from "../../language/syntax/tree";
import { inlineText, truthy } from "../../language/values";
import { defineAuth } from "./auth";
import { assign, declareExecutable, declareShadows, declareVariable, letVariable } from "./bindings";
import { runCommandExpression } from "./code/run-code";
import { type Context, strictly } from "./context";
import { append, log, output, show } from "./effects";
import { ControlSignal, placed, RunError } from "./errors";
import { evaluate, evaluateCondition } from "./expressions";
import { type Returned, runBlock, runStatements } from "./flow";
import { defineGuard, defineHook } from "./guards";
import { importModule } from "./imports";
import { runForStatement, runLoopStatement } from "./loops";
import { checkNeeds, definePolicy, defineProfiles } from "./policy-statements";
import { runExpression } from "./run-expression";
import { plain, textOf, UNDEFINED, type Value } from "./value";
import { whenStatement } from "./when";

type Executor<S> = (statement: S, context: Context) => Promise<Returned | null> | Returned | null;
type Of<K extends Statement["kind"]> = Extract<Statement, { kind: K }>;

/** Runs a statement. A result means that it returns from the executable, env block or script that it stands in. */
export async function executeStatement(statement: Statement, context: Context): Promise<Returned | null> {
  context.run.signal.throwIfAborted();
  try {
    const executor = EXECUTORS[statement.kind] as Executor<Statement>;
    return await executor(statement, strictly(context));
  } catch (cause) {
    throw placed(cause, context.module, statement);
  }
}

const nothing = (): null => null;

const EXECUTORS: { [K in Statement["kind"]]: Executor<Of<K>> } = {
  VarStatement: declareVariable,
  LetStatement: letVariable,
  AssignStatement: assign,
  ExeStatement: declareExecutable,
  ExeShadowStatement: declareShadows,
  ShowStatement: async (statement, context) => {
    await show(statement, context);
    return null;
  },
  OutputStatement: async (statement, context) => {
    await output(statement, context);
    return null;
  },
  AppendStatement: async (statement, context) => {
    await append(statement, context);
    return null;
  },
  LogStatement: async (statement, context) => {
    await log(statement, context);
    return null;
  },
  StreamStatement: async (statement, context) => {
    await echo(await evaluate(statement.source, context), context);
    return null;
  },
  IfStatement: runIf,
  ReturnStatement: async (statement, context) => {
    if (statement.value === null) return { value: UNDEFINED };
    const value = await evaluate(statement.value, context);
    if (statement.value.kind === "CommandExpression") await echo(value, context);
    return { value };
  },
  ControlStatement: async (statement, context) => {
    throw new ControlSignal(
      statement.keyword,
      statement.value === null ? null : await evaluate(statement.value, context),
      { file: context.module, node: statement },
    );
  },
  BailStatement: async (statement, context) => {
    const message = statement.value === null ? "bail" : textOf(await evaluate(statement.value, context));
    throw new RunError(message, "MlldBail");
  },
  // Checkpoints only save work of later runs; a run starts from the beginning here.
  CheckpointStatement: nothing,
  SignStatement: () => unsupported("sign"),
  VerifyStatement: () => unsupported("verify"),
  ImportStatement: importModule,
  ExportStatement: (statement, context) => {
    if (statement.all) return null;
    context.module.exports ??= new Map();
    for (const { name, alias } of statement.specifiers) context.module.exports.set((alias ?? name).name, name.name);
    return null;
  },
  NeedsStatement: checkNeeds,
  ProfilesStatement: defineProfiles,
  PolicyStatement: definePolicy,
  AuthStatement: defineAuth,
  GuardStatement: defineGuard,
  HookStatement: defineHook,
  FileStatement: () => unsupported("file"),
  FilesStatement: () => unsupported("files"),
  ExpressionStatement: (statement, context) => executeExpression(statement.expression, context),
  Prose: (statement, context) => {
    context.run.output.prose(context.module.text.slice(statement.start, statement.end));
    return null;
  },
  Fence: async (statement, context) => {
    if (statement.statements !== null) return runStatements(statement.statements, context);
    if (context.module.file.mode === "markdown")
      context.run.output.prose(context.module.text.slice(statement.start, statement.end));
    return null;
  },
  ErrorStatement: () => {
    throw new RunError("This text is no statement", "syntax/statement");
  },
};

/** A statement where a value stands (`when … => show "x"`): the value of an effect is the text that it printed. */
export async function runAsValue(statement: Statement, context: Context): Promise<Value> {
  switch (statement.kind) {
    case "ShowStatement":
      return show(statement, context);
    case "OutputStatement":
      return output(statement, context);
    case "AppendStatement":
      return append(statement, context);
    case "LogStatement":
      return log(statement, context);
    case "ExpressionStatement":
      return evaluate(statement.expression, context);
    default:
      return (await executeStatement(statement, context))?.value ?? UNDEFINED;
  }
}

/** `run …`, calls, loops, `when` and `env` as statements. */
async function executeExpression(expression: Expression, context: Context): Promise<Returned | null> {
  switch (expression.kind) {
    case "WhenExpression":
      return whenStatement(expression, context);
    case "ForExpression":
      return runForStatement(expression, context);
    case "LoopExpression":
      return runLoopStatement(expression, context);
    case "EnvExpression": {
      const value = await evaluate(expression, context);
      // In a loop of an executable what the block returns is returned from the executable.
      const returns = context.calls !== null && context.ambient.iteration !== null && !value.facts.noReturn;
      return returns ? { value } : null;
    }
    default: {
      const value = await evaluatePrinting(expression, context);
      if (echoes(expression, context)) await echo(value, context);
      return null;
    }
  }
}

/** A command in statement position prints as it runs. */
function evaluatePrinting(expression: Expression, context: Context): Promise<Value> {
  if (expression.kind === "CommandExpression") return runCommandExpression(expression, context, { echo: true });
  if (expression.kind === "RunExpression") return runExpression(expression, context, { echo: true });
  return evaluate(expression, context);
}

/** Commands and `run` print their result; a call prints it only at the top level. */
function echoes(expression: Expression, context: Context): boolean {
  switch (expression.kind) {
    case "RunExpression":
    case "CommandExpression":
    case "CodeExpression":
    case "ParallelGroup":
      return true;
    case "CallExpression":
    case "ForeachExpression":
    case "VariableReference":
      return context.topLevel;
    case "Pipeline":
    case "WithExpression":
    case "ParenthesizedExpression":
      return expression.kind === "Pipeline"
        ? expression.source === null || echoes(expression.source, context)
        : echoes(expression.kind === "WithExpression" ? expression.value : expression.expression, context);
    default:
      return false;
  }
}

/** Prints a result: compact JSON, nothing for whitespace. A command that printed as it ran is not printed again. */
export async function echo(value: Value, context: Context): Promise<void> {
  if (!context.module.prints || value.facts.printed) return;
  const text = value.data === null || value.data === undefined ? "" : inlineText(plain(value));
  if (text.trim() !== "") await context.run.output.show(text);
}

async function runIf(statement: IfStatement, context: Context): Promise<Returned | null> {
  const condition = await evaluateCondition(statement.condition, context);
  if (truthy(plain(condition))) return runBlock(statement.then, context);
  if (statement.else === null) return null;
  return statement.else.kind === "IfStatement" ? runIf(statement.else, context) : runBlock(statement.else, context);
}

function unsupported(what: string): never {
  throw new RunError(`This runner does not run ${what}`, "run/unsupported");
}

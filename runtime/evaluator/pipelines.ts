/** Pipelines: stages one after another, parallel groups, effects, retry. */
import type {
  CallStage,
  EffectStage,
  Expression,
  ParallelGroup,
  Pipeline,
  Stage,
  WhileStage,
} from "../../language/syntax/tree";
import { json, showText } from "../../language/values";
import { readOutput } from "./bindings";
import { executableOf, invoke } from "./calls";
import { runCommandExpression } from "./code/run-code";
import { type Context, inAmbient, type PipelineFacts } from "./context";
import { appendTo, write } from "./effects";
import { ControlSignal, RunError } from "./errors";
import type { Executable } from "./executable";
import { evaluate, evaluatePlain } from "./expressions";
import { guardedEffect } from "./guarded-operations";
import { guardEntry, RetryRequest } from "./guards";
import { mapLimited } from "./parallel";
import { giveWay } from "./turns";
import { makeValue, NULL, plain, Value } from "./value";

/** How often a stage may ask for another try. */
const MOST_TRIES = 10;
/** How many members of a parallel group run at once when it does not say. */
const DEFAULT_PARALLEL = 4;

export async function pipeline(node: Pipeline, context: Context): Promise<Value> {
  const { source } = node;
  if (source === null) {
    const [first, ...rest] = node.stages;
    if (first?.kind !== "ParallelGroup") throw new RunError("A pipeline needs a value to begin with");
    return rest.length === 0
      ? parallelGroup(first, context)
      : runStages(inner => parallelGroup(first, inner), rest, context);
  }
  return runStages(inner => evaluate(source, { ...inner, lenient: false }), node.stages, context);
}

/** `|| @a() || @b()`: the results as a list, in the order of the text. */
export async function parallelGroup(node: ParallelGroup, context: Context): Promise<Value> {
  const beside = { ...context, parallel: true };
  const results = await runMembers(node, context, member => {
    if (member.kind === "CallStage") return evaluateMember(member, beside);
    if (member.kind === "CommandStage") return runCommandExpression(member.command, beside);
    throw new RunError("A parallel group at the start takes calls and commands");
  });
  return groupResult(results);
}

function evaluateMember(member: CallStage, context: Context): Promise<Value> {
  if (member.target.kind === "CallExpression") return evaluate(member.target, context);
  return executableOf(member.target, context).then(executable => invoke(executable, [], context));
}

async function runMembers(
  node: ParallelGroup,
  context: Context,
  run: (member: Stage) => Promise<Value>,
): Promise<Value[]> {
  const cap = node.cap === null ? DEFAULT_PARALLEL : Number(await evaluatePlain(node.cap, context));
  const pace = node.pace === null ? 0 : Number(await evaluatePlain(node.pace, context));
  return mapLimited(node.members, cap, pace, context.run.signal, run);
}

function groupResult(results: readonly Value[]): Value {
  const list = new Value(results.map(result => (result.data === undefined ? NULL : result)));
  return list.stating({ text: json(plain(list)) });
}

/** A functional stage with the effects that follow it. */
interface Step {
  stage: Stage;
  effects: EffectStage[];
}

/** Runs a source and its stages. The source is made again when the first stage asks for another try. */
export async function runStages(
  source: (context: Context) => Promise<Value>,
  stages: readonly Stage[],
  context: Context,
): Promise<Value> {
  const leading: EffectStage[] = [];
  const steps: Step[] = [];
  for (const stage of stages) {
    if (stage.kind !== "EffectStage") steps.push({ stage, effects: [] });
    else (steps.at(-1)?.effects ?? leading).push(stage);
  }
  return new Execution(source, leading, steps, context).run();
}

/** One run of a pipeline. `outputs[0]` is the source's value, `outputs[n]` that of stage n. */
class Execution {
  private readonly outputs: Value[] = [];
  private readonly attempts: number[];
  private readonly hints: (Value | null)[];
  private readonly guards: unknown[] = [];
  /** Outputs of the stage before each stage, made again because that stage asked. */
  private readonly tries: Value[][];
  /** The stage that asked last, while what it asked for is made. */
  private asking: number | null = null;

  constructor(
    private readonly source: (context: Context) => Promise<Value>,
    private readonly leading: readonly EffectStage[],
    private readonly steps: readonly Step[],
    private readonly context: Context,
  ) {
    this.attempts = new Array<number>(steps.length + 1).fill(1);
    this.hints = new Array<Value | null>(steps.length + 1).fill(null);
    this.tries = this.attempts.map(() => []);
  }

  async run(): Promise<Value> {
    for (let at = 0; at <= this.steps.length; ) {
      this.outputs.length = at;
      try {
        this.outputs.push(at === 0 ? await this.runSource() : await this.runStep(this.steps[at - 1]!, at));
        this.hints[at] = null;
        const output = this.outputs[at]!;
        if (this.asking === at + 1) {
          this.tries[at + 1]!.push(output);
          this.asking = null;
        }
        // An empty text ends the pipeline: there is nothing for the next stage.
        if (at > 0 && output.data === "" && at < this.steps.length) return output;
        at++;
      } catch (cause) {
        const hint = retryHint(cause);
        if (hint === undefined) throw cause;
        if (cause instanceof RetryRequest && cause.trace.length > 0) this.guards.push(guardEntry(null, cause.trace));
        if (at === 0) throw cause instanceof RetryRequest ? cause.refused() : cause;
        at = this.retry(at, hint);
      }
    }
    return this.outputs.at(-1)!.stating({ staged: undefined });
  }

  /** Goes back to the stage before the one that asked. */
  private retry(at: number, hint: Value | null): number {
    const attempt = this.attempts[at]! + 1;
    if (attempt > MOST_TRIES)
      throw new RunError(`Stage ${at} exceeded retry limit (${MOST_TRIES} tries)`, "RetryLimit");
    this.attempts[at] = attempt;
    this.attempts[at - 1] = attempt;
    this.hints[at - 1] = hint;
    this.asking = at;
    return at - 1;
  }

  private async runSource(): Promise<Value> {
    const made = await this.source(this.stageContext(0, this.context.ambient.pipeline?.input ?? NULL));
    // The stages see what a command printed as the value that it stands for.
    const value = readOutput(made, "structures");
    await this.runEffects(this.leading, value, 0);
    return value;
  }

  private async runStep(step: Step, at: number): Promise<Value> {
    const input = this.outputs[at - 1]!;
    const context = this.stageContext(at, input);
    const output = await runStage(step.stage, input.stating({ staged: true }), context, entries =>
      this.guards.push(...entries),
    );
    if (output.data === "retry") throw new ControlSignal("retry", null);
    const value = output.data === undefined ? NULL.with(output.own) : output;
    await this.runEffects(step.effects, value, at);
    return value;
  }

  private async runEffects(effects: readonly EffectStage[], value: Value, at: number): Promise<void> {
    for (const effect of effects) {
      const facts: Partial<PipelineFacts> = { hint: this.hints[at] ?? null };
      await runEffect(effect, value, inAmbient(this.context, { pipeline: { ...this.facts(at, value), ...facts } }));
    }
  }

  private stageContext(at: number, input: Value): Context {
    return inAmbient({ ...this.context, topLevel: false }, { pipeline: this.facts(at, input) });
  }

  /** For the stage that asked: what it was given since; for later stages the lists of all that asked. */
  private triesFor(at: number): Value {
    const own = this.tries[at]!;
    return own.length > 0 ? new Value([...own]) : this.allTries();
  }

  private allTries(): Value {
    return new Value(this.tries.filter(tries => tries.length > 0).map(tries => new Value([...tries])));
  }

  private facts(at: number, input: Value): PipelineFacts {
    return {
      attempt: this.attempts[at]!,
      stage: at,
      input,
      hint: this.hints[at]!,
      outputs: this.outputs.slice(0, at),
      guards: this.guards,
      tries: this.triesFor(at),
      retries: this.allTries(),
    };
  }
}

/** undefined when the cause is no request for another try. */
function retryHint(cause: unknown): Value | null | undefined {
  if (cause instanceof RetryRequest) return makeValue(cause.hint);
  if (cause instanceof ControlSignal && cause.keyword === "retry")
    return cause.value instanceof Value ? cause.value : null;
  return undefined;
}

type Trace = (entries: unknown[]) => void;

async function runStage(stage: Stage, input: Value, context: Context, trace: Trace): Promise<Value> {
  switch (stage.kind) {
    case "CallStage":
      return runCallStage(stage.target, input, context, trace);
    case "ParallelGroup":
      return groupResult(
        await runMembers(stage, context, member => runStage(member, input, { ...context, parallel: true }, trace)),
      );
    case "CommandStage":
      return runCommandExpression(stage.command, context, { stdin: input });
    case "DataStage":
      return evaluate(stage.value, context);
    case "WhileStage":
      return runWhile(stage, input, context, trace);
    case "EffectStage":
      await runEffect(stage, input, context);
      return input;
  }
}

/** The piped value comes first, then the arguments. */
async function runCallStage(target: Expression, input: Value, context: Context, trace: Trace): Promise<Value> {
  const call = target.kind === "CallExpression" ? target : null;
  const executable = await stageExecutable(call?.callee ?? target, context);
  const args = [input];
  for (const argument of call?.arguments ?? []) args.push(await evaluate(argument, { ...context, lenient: true }));
  return invoke(executable, args, context, { stdin: input, trace, stage: true });
}

async function stageExecutable(callee: Expression, context: Context): Promise<Executable> {
  try {
    return await executableOf(callee, context);
  } catch (cause) {
    if (!(cause instanceof RunError) || cause.code !== "CommandNotFound") throw cause;
    const text = context.module.text.slice(callee.start, callee.end);
    throw new RunError(`Pipeline function '${text}' is not defined`, "PipelineFunctionNotFound");
  }
}

/** `while(N) @f`: again until `done`, at most N times. */
async function runWhile(stage: WhileStage, input: Value, context: Context, trace: Trace): Promise<Value> {
  const limit = Number(await evaluatePlain(stage.limit, context));
  let value = input;
  for (let iteration = 1; iteration <= limit; iteration++) {
    await giveWay(context.run.signal);
    try {
      value = await runCallStage(stage.target, value, inAmbient(context, { loop: { iteration, input: value } }), trace);
    } catch (cause) {
      if (!(cause instanceof ControlSignal) || cause.keyword === "retry") throw cause;
      const given = cause.value instanceof Value ? cause.value : value;
      if (cause.keyword === "done") return given;
      value = given;
    }
  }
  return value;
}

/** Effects look on: the value goes past them. */
async function runEffect(stage: EffectStage, value: Value, context: Context): Promise<void> {
  const wanted = stage.argument === null ? value : await evaluate(stage.argument, { ...context, lenient: true });
  const given = await guardedEffect(stage.effect, stage.target?.to ?? null, wanted, context);
  switch (stage.effect) {
    case "show":
      context.run.policy.checkFlow("show", given.security.taint, "show");
      if (context.module.prints) await context.run.output.show(showText(plain(given)));
      return;
    case "log":
      return context.run.output.error(showText(plain(given)));
    case "output":
      if (stage.target === null) throw new RunError("output in a pipeline needs a target: | output to …");
      return write(given, stage.target, null, context);
    case "append":
      if (stage.target !== null) return appendTo(given, stage.target.value, context);
      return appendTo(value, stage.argument, context);
  }
}

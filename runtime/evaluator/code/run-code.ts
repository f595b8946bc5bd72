/** `cmd`, `sh`, `bash`, `js`, `node`, `py`: what goes in, where it runs, what comes out. */
import type { CodeExpression, CommandExpression, Node, TemplatePart, UsingClause } from "../../../language/syntax/tree";
import { inputText, variableText } from "../../../language/values";
import { credentialsFor } from "../auth";
import { runProcess } from "../commands";
import type { Context } from "../context";
import { RunError } from "../errors";
import { pathFor } from "../files";
import { guardCommand } from "../guarded-operations";
import { mergeSecurity, NO_SECURITY, type Security, withTaint } from "../security";
import { render, renderCommand } from "../templates";
import { plain, sourceTextOf, Value } from "../value";
import {
  dedent,
  knownOf,
  localParameters,
  type Parameters,
  parametersOf,
  plainFacts,
  scriptParameter,
  shadowFunctions,
  shellName,
} from "./parameters";
import { codeProcess, MISSING_INTERPRETER } from "./process-code";
import { ScriptError } from "./script-host";

export interface CommandOptions {
  /** The output is printed for the program as it comes. */
  echo?: boolean;
  /** A value for standard input. */
  stdin?: Value;
  using?: UsingClause | null;
  /** Credentials named by `with { auth: … }`. */
  auth?: string[];
}

export async function runCommandExpression(
  node: CommandExpression,
  context: Context,
  options: CommandOptions = {},
): Promise<Value> {
  const { text, security } = await renderCommand(node.body.parts, context);
  const command = text.trim();
  const parameters = await parametersOf(node.arguments, context);
  const stdin = options.stdin === undefined ? undefined : inputText(plain(options.stdin));
  return guardCommand(
    { type: "cmd", command, node, inputs: security, stdin: options.stdin ?? null },
    context,
    async inner => {
      inner.environment.requireBash("cmd");
      const operation = inner.calls?.executable.labels ?? [];
      inner.run.policy.checkCommand(command, mergeSecurity(security, options.stdin?.security), operation);
      const {
        secrets,
        vars: given,
        security: granted,
      } = await credentialsFor(options.using ?? node.using, options.auth ?? [], inner);
      const echo = printsLive(options, context);
      const markdown = inner.run.output.keepsDocument;
      const result = await runProcess(
        {
          ...commandArguments(command, stdin),
          vars: { ...commandVariables(command, parameters, inner), ...given },
          secrets,
          ...(await cwdOf(node.path, inner)),
          echo,
          capture: !echo || markdown,
          node,
        },
        inner,
      );
      if (echo) inner.run.output.printed(result.stdout);
      const own = outputSecurity(
        inner,
        [security, options.stdin?.security, granted],
        ["src:cmd"],
        [`command:${firstWord(command)}`],
      );
      return outputValue(await succeeded(result, `Command failed: ${command}`, node, inner), own, "command", echo);
    },
  );
}

/** Output is printed as it comes, unless a guard is to see it before. */
function printsLive(options: CommandOptions, context: Context): boolean {
  return (
    options.echo === true && context.module.prints && (context.guarding || context.run.guards.at("after").length === 0)
  );
}

/** Variables of the command's process: arguments that are written at it, and parameters that its text mentions as `$p`. */
function commandVariables(command: string, explicit: Parameters, context: Context): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [name, value] of context.scope.locals()) {
    if (new RegExp(`\\$\\{?${name}\\b`).test(command)) variables[shellName(name)] = variableText(plain(value));
  }
  for (const { name, value } of explicit) variables[shellName(name)] = variableText(plain(value));
  return variables;
}

/** An exit code other than 0: in a sandbox it ends the block; here the script goes on with an empty text, and the run ends with 1. */
async function succeeded(
  result: { stdout: string; exitCode: number },
  what: string,
  node: Node,
  context: Context,
): Promise<string> {
  if (result.exitCode === 0) return result.stdout;
  const message = `${what} (exit code ${result.exitCode})`;
  if (context.environment.sandboxed) {
    throw new RunError(
      `Command execution failed in provider ${context.environment.provider}: ${message}`,
      "run/command-failed",
    );
  }
  await context.run.fail(new RunError(message, "run/command-failed").at(context.module, node));
  return "";
}

export async function runCode(node: CodeExpression, context: Context, options: CommandOptions = {}): Promise<Value> {
  const parameters = node.arguments === null ? localParameters(context) : await parametersOf(node.arguments, context);
  const security = mergeSecurity(...parameters.map(parameter => parameter.value.security), options.stdin?.security);
  const { language } = node;
  return guardCommand(
    { type: language, command: node.body.text, node, inputs: security, stdin: null },
    context,
    async inner => {
      inner.run.policy.checkCode(language, node.body.text, security);
      if (language === "js") return runScript(node, parameters, security, inner, options);
      if (language === "sh" || language === "bash") return runShell(node, parameters, security, inner, options);
      return runInterpreter(node, language, parameters, security, inner, options);
    },
  );
}

async function runScript(
  node: CodeExpression,
  parameters: Parameters,
  security: Security,
  context: Context,
  options: CommandOptions,
): Promise<Value> {
  if ((options.using ?? node.using) !== null) {
    throw new RunError("js blocks take no credentials: use node for code that needs one", "run/unsupported");
  }
  const scripts = await context.run.scriptHost();
  const own = outputSecurity(context, [security], ["src:js"], []);
  try {
    const { value, printed } = await scripts.run(
      {
        body: node.body.text,
        parameters: parameters.map(scriptParameter),
        functions: shadowFunctions("js", context),
        context: plainFacts(context),
        onError: line => void context.run.output.error(line),
      },
      context.run.signal,
    );
    if (value === undefined)
      return printed === "" ? new Value(undefined, own) : outputValue(printed, own, "code", false);
    if (printed !== "" && !options.echo && context.module.prints)
      await context.run.services.emit({ event: "show", text: `${printed}\n`, stream: "stdout" });
    return new Value(value, own);
  } catch (cause) {
    if (cause instanceof ScriptError) throw new RunError(cause.message, "run/js-exception");
    throw cause;
  }
}

/** `sh` is run by bash where there is one, as mlld does; values arrive as variables. */
async function runShell(
  node: CodeExpression,
  parameters: Parameters,
  security: Security,
  context: Context,
  options: CommandOptions,
): Promise<Value> {
  context.environment.requireBash("sh");
  const {
    secrets,
    vars: given,
    security: granted,
  } = await credentialsFor(options.using ?? node.using, options.auth ?? [], context, false);
  const { script, vars, stdin } = shellScript(node.body.text, parameters);
  const argv =
    node.language === "bash"
      ? ["bash", "-lc", script]
      : ["sh", "-lc", 'if command -v bash >/dev/null 2>&1; then exec bash -c "$0"; else exec sh -c "$0"; fi', script];
  const echo = printsLive(options, context);
  const result = await runProcess(
    {
      argv,
      shown: [node.language, "-c", node.body.text.trim()],
      vars: { ...vars, ...given },
      secrets,
      ...(await cwdOf(node.path, context)),
      ...(stdin !== undefined ? { stdin } : options.stdin === undefined ? {} : { stdin: sourceTextOf(options.stdin) }),
      echo,
      capture: !echo || context.run.output.keepsDocument,
      node,
    },
    context,
  );
  if (result.exitCode === MISSING_INTERPRETER && node.language === "bash" && result.stdout === "")
    throw missing("bash", context);
  if (echo) context.run.output.printed(result.stdout);
  const own = outputSecurity(context, [security, options.stdin?.security, granted], ["src:sh"], []);
  return outputValue(await succeeded(result, "Shell code failed", node, context), own, "code", echo);
}

/** The system gives a process at most 128 KiB for one variable or argument; what is longer travels on standard input. */
const LONGEST_ARGUMENT = 100_000;

interface ShellScript {
  script: string;
  vars: Record<string, string>;
  /** Assignments that the script reads first; in a pipeline they stand in for the piped value, which is a parameter, too. */
  stdin?: string;
}

function shellScript(body: string, parameters: Parameters): ShellScript {
  const vars: Record<string, string> = {};
  let assignments = "";
  for (const { name, value } of parameters) {
    const text = variableText(plain(value));
    if (Buffer.byteLength(text) <= LONGEST_ARGUMENT) vars[shellName(name)] = text;
    else assignments += `${shellName(name)}='${text.replaceAll("\0", "").replaceAll("'", "'\\''")}'\n`;
  }
  if (assignments === "") return { script: dedent(body), vars };
  return { script: `eval "$(cat)"; exec </dev/null\n${dedent(body)}`, vars, stdin: assignments };
}

/** A command whose text is too long for an argument is read from standard input, where it has none of its own. */
function commandArguments(command: string, stdin: string | undefined): { argv: string[]; stdin?: string } {
  if (stdin !== undefined) return { argv: ["sh", "-lc", command], stdin };
  if (Buffer.byteLength(command) <= LONGEST_ARGUMENT) return { argv: ["sh", "-lc", command] };
  return { argv: ["sh", "-lc", 'eval "$(cat)"'], stdin: command };
}

async function runInterpreter(
  node: CodeExpression,
  language: "node" | "py",
  parameters: Parameters,
  security: Security,
  context: Context,
  options: CommandOptions,
): Promise<Value> {
  context.environment.requireBash(language);
  const {
    secrets,
    vars: given,
    security: granted,
  } = await credentialsFor(options.using ?? node.using, options.auth ?? [], context, false);
  const code = codeProcess(language, {
    body: language === "py" ? node.body.text : dedent(node.body.text),
    parameters: parameters.map(parameter => ({ ...scriptParameter(parameter), known: knownOf(parameter.value) })),
    functions: shadowFunctions(language, context),
    context: plainFacts(context),
  });
  const result = await runProcess(
    {
      argv: code.argv,
      shown: [language === "node" ? "node" : "python3", language === "node" ? "-e" : "-c", node.body.text.trim()],
      vars: given,
      secrets,
      ...(await cwdOf(node.path, context)),
      code: code.text,
      filter: code.filter,
      echo: false,
      capture: true,
      node,
    },
    context,
  );
  if (result.exitCode === MISSING_INTERPRETER && result.stdout === "") throw missing(language, context);
  const own = outputSecurity(context, [security, granted], [`src:${language}`], []);
  if (result.exitCode !== 0 && language === "node") {
    throw new RunError(`node code failed (exit code ${result.exitCode})`, "run/node-exception");
  }
  const printed = await succeeded(result, "Python code failed", node, context);
  const returned = code.result();
  if (returned !== undefined) {
    if (printed !== "" && !options.echo && context.module.prints)
      await context.run.services.emit({ event: "show", text: `${printed.replace(/\n$/, "")}\n`, stream: "stdout" });
    return new Value(returned, own);
  }
  return outputValue(printed, own, "code", false);
}

function missing(language: string, context: Context): RunError {
  const program = language === "py" ? "python3" : language;
  const where = context.environment.sandboxed ? `the environment (${context.environment.provider})` : "this machine";
  return new RunError(`${program} is not installed in ${where}; use an image that has it`, "run/interpreter-missing");
}

/** The text of a process as a value, without its last line end. */
function outputValue(text: string, own: Security, output: "command" | "code", printed: boolean): Value {
  return new Value(text.replace(/\r?\n$/, ""), own, printed ? { output, printed } : { output });
}

function outputSecurity(
  context: Context,
  inputs: (Security | undefined)[],
  taint: string[],
  sources: string[],
): Security {
  const { environment } = context;
  const marks = environment.sandboxed ? [...taint, `src:env:${providerName(environment.provider!)}`] : taint;
  const taints = [...marks, ...(environment.grants?.taint ?? [])];
  return context.run.policy.labelled(withTaint(mergeSecurity(NO_SECURITY, ...inputs), taints, sources));
}

/** `docker` of `docker` and `@mlld/env-docker`, `box` of `./my/box.mld`. */
function providerName(ref: string): string {
  const name = ref.startsWith("@")
    ? (ref.split("/")[1] ?? ref)
    : (ref.split(/[\\/]/).at(-1) ?? ref).replace(/\.ml?ld(\.md)?$|\.md$/, "");
  return name.replace(/^env-/, "").replace(/@.*$/, "");
}

async function cwdOf(path: TemplatePart[] | null, context: Context): Promise<{ cwd?: string }> {
  if (path === null) return {};
  const host = pathFor((await render(path, context)).text.trim(), context);
  const inside = context.environment.inside(host);
  if (inside === null) {
    throw new RunError(
      `${host} is not granted to the environment (fs), so no command can run there`,
      "run/path-not-granted",
    );
  }
  return { cwd: inside };
}

function firstWord(command: string): string {
  return command.trim().split(/\s+/, 1)[0] ?? "";
}

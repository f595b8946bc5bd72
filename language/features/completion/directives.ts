// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of snippets look like this
/** Words that begin a directive or a statement, with what an editor writes for them. */
export interface Directive {
  word: string;
  snippet: string;
  doc: string;
  /** Where it may stand. */
  at: "top" | "block" | "both";
}

const row =
  (at: Directive["at"]) =>
  (word: string, snippet: string, doc: string): Directive => ({ word, snippet, doc, at });
const top = row("top");
const inBlock = row("block");
const anywhere = row("both");

/** The most used first. */
export const DIRECTIVES: Directive[] = [
  top("var", "var @${1:name} = ${2:value}", "Defines a value."),
  inBlock("let", "let @${1:name} = ${2:value}", "Defines a value for the rest of the block."),
  top(
    "exe",
    "exe @${1:name}(${2:parameters}) = ${3:cmd { $4 \\}}",
    "Defines an executable: a command, code, a template or a block with a name.",
  ),
  anywhere("run", "run cmd { $1 }", "Runs a command, code or an executable."),
  anywhere("show", "show $1", "Writes a value to the output."),
  top("import", 'import { @${1:name} } from "${2:path}"', "Brings in names of another file or module."),
  anywhere(
    "for",
    "for @${1:item} in @${2:list} [\n  $0\n]",
    "Runs a block for each item, or collects a value of each with `=>`.",
  ),
  anywhere("if", "if ${1:condition} [\n  $0\n]", "Runs a block when a condition holds; `else` takes the other case."),
  anywhere("when", "when [\n  ${1:condition} => $0\n]", "The first condition that holds decides."),
  anywhere(
    "env",
    "env @${1:config} [\n  $0\n]",
    "Runs a block in an environment. It may only narrow the environment around it.",
  ),
  top(
    "guard",
    "guard @${1:name} before ${2:op:run} = when [\n  ${3:*} => ${4:allow}\n]",
    "Decides about operations or labelled values: allow, deny, retry, or another environment.",
  ),
  anywhere("output", 'output @${1:value} to "${2:file}"', "Writes a value to a file or stream."),
  anywhere("log", 'log "$1"', "Writes a value to standard error."),
  anywhere("append", 'append @${1:value} to "${2:file}"', "Adds a value to a file."),
  top("policy", "policy @${1:name} = {\n  $0\n}", "Says what the program may do, wherever it does it."),
  top("export", "export { @${1:name} }", "Says which names other files may import."),
  anywhere("stream", "stream @${1:call}()", "Shows the output of a call while it comes."),
  anywhere("box", "box @${1:config} [\n  $0\n]", "The spelling of `env` since 2.0.5."),
  anywhere("loop", "loop(${1:10}) [\n  $0\n]", "Repeats a block until `done`."),
  inBlock("foreach", "foreach @${1:call}(@${2:list})", "Calls an executable for each item of an array."),
  top("hook", "hook @${1:name} before ${2:op:run} = [\n  $0\n]", "Runs a block before or after an operation."),
  top("auth", 'auth @${1:name} = { from: "${2:env:TOKEN}", as: "${3:TOKEN}" }', "Names a credential."),
  top("needs", "needs { $1 }", "Says what the file needs in order to run."),
  top(
    "profiles",
    'profiles {\n  ${1:name}: { requires: { $2 }, description: "$3" }\n}',
    "Names sets of needs that a run can choose from.",
  ),
  anywhere("bail", 'bail "$1"', "Ends the script with an error."),
  anywhere("checkpoint", 'checkpoint "${1:name}"', "Marks a place that a run can go on from."),
  top("sign", "sign @${1:value}", "Signs a template or value."),
  top("verify", "verify @${1:value}", "Checks a signature."),
  top("file", 'file "${1:path}" = $2', "Writes a file into a box (2.0.5)."),
  top("files", 'files "${1:path}" = [$2]', "Writes files into a box (2.0.5)."),
  inBlock("continue", "continue $1", "Goes on with the next turn of a loop."),
  inBlock("done", "done $1", "Ends a loop with a value."),
  inBlock("skip", "skip", "Leaves out this item."),
  inBlock("retry", 'retry "${1:hint}"', "Runs the stage before again."),
];

/** Words that run something, as values and after `run`. */
export const RUNNERS: Directive[] = [
  inBlock("cmd", "cmd { $1 }", "One command, with pipes."),
  inBlock("sh", "sh {\n  $0\n}", "A shell script."),
  inBlock("bash", "bash {\n  $0\n}", "A bash script."),
  inBlock("js", "js {\n  $0\n}", "JavaScript as a pure function of its arguments."),
  inBlock("node", "node {\n  $0\n}", "JavaScript in a Node process."),
  inBlock("py", "py {\n  $0\n}", "Python."),
];

/** Values that only a definition of an executable takes. */
export const EXE_VALUES: Directive[] = [
  top("template", 'template "${1:./page.att}"', "The template in a file."),
  top("prose", "prose:@${1:config} { $2 }", "Prose for a language model."),
];

/** Values of a policy. */
export const POLICY_VALUES: Directive[] = [
  top("{ … }", "{\n  $0\n}", "Rules that are written here."),
  top("union", "union(@${1:one}, @${2:other})", "What several policies say together."),
];

/** What may stand behind the config of an environment. */
export const ENV_TAILS: Directive[] = [
  anywhere("with", "with { $1 }", "Narrows the config for this block."),
  anywhere("[ … ]", "[\n  $0\n]", "What runs in the environment."),
];

/** What may stand behind `env` besides the name of a config. */
export const ENV_HEADS: Directive[] = [
  anywhere("{ … }", "{ $1 } [\n  $0\n]", "A config that is written here."),
  anywhere("with", "with { $1 } [\n  $0\n]", "Only narrows the environment around it."),
];

/** What a guard may decide. */
export const GUARD_ACTIONS: Directive[] = [
  inBlock("allow", "allow", "Lets the operation go on."),
  inBlock("deny", 'deny "${1:reason}"', "Refuses the operation."),
  inBlock("retry", 'retry "${1:hint}"', "Runs the operation again."),
  inBlock("env", "env @${1:config}", "Runs the operation in another environment."),
];

/** Operations that guards and hooks can name. */
export const OPERATIONS = [
  ...["run", "cmd", "sh", "js", "node", "py", "exe", "show", "output", "append", "log", "import"],
  ...["for:iteration", "for:batch", "loop"],
];

/** Labels that rules of mlld speak of; programs make others. */
export const LABELS = [
  ...["secret", "sensitive", "pii", "untrusted", "trusted", "retryable"],
  ...["llm", "network", "destructive", "privileged", "recursive", "exfil", "net:r", "net:w", "fs:r", "fs:w"],
];

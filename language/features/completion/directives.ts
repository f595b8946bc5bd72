// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of snippets look like this
/** Words that begin a directive or a statement, with what an editor writes for them. */
export interface Directive {
  word: string;
  snippet: string;
  doc: string;
  /** Where it may stand. */
  at: "top" | "block" | "both";
}

export const DIRECTIVES: Directive[] = [
  { word: "var", snippet: "var @${1:name} = ${2:value}", doc: "Defines a value.", at: "top" },
  {
    word: "let",
    snippet: "let @${1:name} = ${2:value}",
    doc: "Defines a value for the rest of the block.",
    at: "block",
  },
  {
    word: "exe",
    snippet: "exe @${1:name}(${2:parameters}) = ${3:cmd { $4 \\}}",
    doc: "Defines an executable: a command, code, a template or a block with a name.",
    at: "top",
  },
  { word: "run", snippet: "run cmd { $1 }", doc: "Runs a command, code or an executable.", at: "both" },
  { word: "show", snippet: "show $1", doc: "Writes a value to the output.", at: "both" },
  { word: "log", snippet: 'log "$1"', doc: "Writes a value to standard error.", at: "both" },
  {
    word: "output",
    snippet: 'output @${1:value} to "${2:file}"',
    doc: "Writes a value to a file or stream.",
    at: "both",
  },
  { word: "append", snippet: 'append @${1:value} to "${2:file}"', doc: "Adds a value to a file.", at: "both" },
  { word: "stream", snippet: "stream @${1:call}()", doc: "Shows the output of a call while it comes.", at: "both" },
  {
    word: "env",
    snippet: "env @${1:config} [\n  $0\n]",
    doc: "Runs a block in an environment. It may only narrow the environment around it.",
    at: "both",
  },
  { word: "box", snippet: "box @${1:config} [\n  $0\n]", doc: "The spelling of `env` since 2.0.5.", at: "both" },
  {
    word: "if",
    snippet: "if ${1:condition} [\n  $0\n]",
    doc: "Runs a block when a condition holds; `else` takes the other case.",
    at: "both",
  },
  {
    word: "when",
    snippet: "when [\n  ${1:condition} => $0\n]",
    doc: "The first condition that holds decides.",
    at: "both",
  },
  {
    word: "for",
    snippet: "for @${1:item} in @${2:list} [\n  $0\n]",
    doc: "Runs a block for each item, or collects a value of each with `=>`.",
    at: "both",
  },
  { word: "loop", snippet: "loop(${1:10}) [\n  $0\n]", doc: "Repeats a block until `done`.", at: "both" },
  {
    word: "foreach",
    snippet: "foreach @${1:call}(@${2:list})",
    doc: "Calls an executable for each item of an array.",
    at: "block",
  },
  {
    word: "import",
    snippet: 'import { @${1:name} } from "${2:path}"',
    doc: "Brings in names of another file or module.",
    at: "top",
  },
  { word: "export", snippet: "export { @${1:name} }", doc: "Says which names other files may import.", at: "top" },
  {
    word: "guard",
    snippet: "guard @${1:name} before ${2:op:run} = when [\n  ${3:*} => ${4:allow}\n]",
    doc: "Decides about operations or labelled values: allow, deny, retry, or another environment.",
    at: "top",
  },
  {
    word: "hook",
    snippet: "hook @${1:name} before ${2:op:run} = [\n  $0\n]",
    doc: "Runs a block before or after an operation.",
    at: "top",
  },
  {
    word: "policy",
    snippet: "policy @${1:name} = {\n  $0\n}",
    doc: "Says what the program may do, wherever it does it.",
    at: "top",
  },
  {
    word: "auth",
    snippet: 'auth @${1:name} = { from: "${2:env:TOKEN}", as: "${3:TOKEN}" }',
    doc: "Names a credential.",
    at: "top",
  },
  { word: "needs", snippet: "needs { $1 }", doc: "Says what the file needs in order to run.", at: "top" },
  {
    word: "profiles",
    snippet: 'profiles {\n  ${1:name}: { requires: { $2 }, description: "$3" }\n}',
    doc: "Names sets of needs that a run can choose from.",
    at: "top",
  },
  { word: "bail", snippet: 'bail "$1"', doc: "Ends the script with an error.", at: "both" },
  {
    word: "checkpoint",
    snippet: 'checkpoint "${1:name}"',
    doc: "Marks a place that a run can go on from.",
    at: "both",
  },
  { word: "sign", snippet: "sign @${1:value}", doc: "Signs a template or value.", at: "top" },
  { word: "verify", snippet: "verify @${1:value}", doc: "Checks a signature.", at: "top" },
  { word: "file", snippet: 'file "${1:path}" = $2', doc: "Writes a file into a box (2.0.5).", at: "top" },
  { word: "files", snippet: 'files "${1:path}" = [$2]', doc: "Writes files into a box (2.0.5).", at: "top" },
  { word: "continue", snippet: "continue $1", doc: "Goes on with the next turn of a loop.", at: "block" },
  { word: "done", snippet: "done $1", doc: "Ends a loop with a value.", at: "block" },
  { word: "skip", snippet: "skip", doc: "Leaves out this item.", at: "block" },
  { word: "retry", snippet: 'retry "${1:hint}"', doc: "Runs the stage before again.", at: "block" },
];

/** Words that run something, as values and after `run`. */
export const RUNNERS: Directive[] = [
  { word: "cmd", snippet: "cmd { $1 }", doc: "One command, with pipes.", at: "block" },
  { word: "sh", snippet: "sh {\n  $0\n}", doc: "A shell script.", at: "block" },
  { word: "bash", snippet: "bash {\n  $0\n}", doc: "A bash script.", at: "block" },
  { word: "js", snippet: "js {\n  $0\n}", doc: "JavaScript as a pure function of its arguments.", at: "block" },
  { word: "node", snippet: "node {\n  $0\n}", doc: "JavaScript in a Node process.", at: "block" },
  { word: "py", snippet: "py {\n  $0\n}", doc: "Python.", at: "block" },
];

/** What may stand behind `env` besides the name of a config. */
export const ENV_HEADS: Directive[] = [
  { word: "{ … }", snippet: "{ $1 } [\n  $0\n]", doc: "A config that is written here.", at: "both" },
  { word: "with", snippet: "with { $1 } [\n  $0\n]", doc: "Only narrows the environment around it.", at: "both" },
];

/** What a guard may decide. */
export const GUARD_ACTIONS: Directive[] = [
  { word: "allow", snippet: "allow", doc: "Lets the operation go on.", at: "block" },
  { word: "deny", snippet: 'deny "${1:reason}"', doc: "Refuses the operation.", at: "block" },
  { word: "retry", snippet: 'retry "${1:hint}"', doc: "Runs the operation again.", at: "block" },
  { word: "env", snippet: "env @${1:config}", doc: "Runs the operation in another environment.", at: "block" },
];

/** Operations that guards and hooks can name. */
export const OPERATIONS = ["run", "cmd", "sh", "js", "node", "py", "exe", "show", "output", "append", "log", "import"];

/** Labels that rules of mlld speak of; programs make others. */
export const LABELS = ["secret", "sensitive", "untrusted", "trusted", "destructive", "privileged"];

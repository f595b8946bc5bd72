// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of snippets look like this
import { FIELDS, type FieldSpec } from "../../environment";

/** A key that an object may have, or a value that a key may take. */
export interface KeySpec {
  name: string;
  type: string;
  doc: string;
  /** Snippet of the value. */
  snippet: string;
  values: string[];
  /** Keys of an object value; `names` when its keys are the author's own and each holds these. */
  fields: KeySpec[];
  names?: KeySpec[];
  /** Keys of objects in an array value. */
  items?: KeySpec[];
  /** Words of the workspace that are values. */
  words?: "tools" | "providers";
}

const key = (name: string, type: string, snippet: string, doc: string, more: Partial<KeySpec> = {}): KeySpec => ({
  name,
  type,
  snippet,
  doc,
  values: [],
  fields: [],
  ...more,
});

const NEED_FLAGS = ["sh", "bash", "network", "filesystem"];
export const NEEDS: KeySpec[] = [
  ...NEED_FLAGS.map(name => key(name, "boolean", "true", `Needs \`${name}\`.`)),
  key("cmd", "list of programs", "[$1]", "Programs that must be installed."),
  ...["node", "python", "ruby", "go", "rust"].map(name =>
    key(name, "list of packages", "[$1]", `Packages of ${name} that must be installed.`),
  ),
];

const PROFILE: KeySpec[] = [
  key("requires", "object", "{ $1 }", "What the profile needs; the first one whose needs are met is chosen.", {
    fields: NEEDS,
  }),
  key("description", "string", '"$1"', "What the profile is for."),
];

const MCP_ENTRY: KeySpec[] = [
  key("command", "string", '"$1"', "Program that speaks MCP on its standard input and output."),
  key("args", "string[]", '["$1"]', "Arguments of the program."),
  key("module", "string", '"$1"', "An mlld module that serves its executables as tools."),
  key("npm", "string", '"$1"', "A package of npm that is an MCP server."),
];

/** What the field table does not say about the values inside of fields. */
const INNER: Record<string, Partial<KeySpec>> = {
  profiles: { names: PROFILE },
  mcps: { items: MCP_ENTRY },
  tools: { words: "tools" },
  provider: { words: "providers" },
};

const ofField = (field: FieldSpec): KeySpec => ({
  name: field.name,
  type: field.type,
  doc: [field.doc, field.enforcedBy && `Enforced by: ${field.enforcedBy}`, field.narrows && `Narrows: ${field.narrows}`]
    .filter(Boolean)
    .join("\n\n"),
  snippet: field.snippet,
  values: field.values,
  fields: field.fields.filter(inner => inner.offered).map(ofField),
  ...INNER[field.name],
});

/** Fields of a config, and of a `with` clause on one. */
export const CONFIG: KeySpec[] = FIELDS.filter(field => field.offered).map(ofField);
export const WITH: KeySpec[] = FIELDS.filter(field => field.offered && field.allowed === "both").map(ofField);

const valuesOf = (name: string): string[] => FIELDS.find(field => field.name === name)?.values ?? [];

/** Patterns of capabilities, in `allow`, `deny` and `danger`. */
const PATTERNS = [
  '"sh"',
  '"network"',
  '"filesystem"',
  '"js"',
  '"node"',
  '"py"',
  '"cmd:*"',
  '"cmd:${1:git}:*"',
  '"fs:r:${1:**}"',
  '"fs:w:${1:/tmp/**}"',
];
const CAPABILITY_LIST = 'An array of patterns such as `"cmd:git:*"`, `"fs:r:**"`, `"sh"`, or an object by kind.';
export const AUTH: KeySpec[] = [
  key(
    "from",
    "string",
    '"env:${1:NAME}"',
    "Where the credential is: `keychain`, `keychain:SERVICE/ACCOUNT` or `env:VARIABLE`.",
    {
      values: ['"keychain"', '"keychain:$1"', '"env:$1"'],
    },
  ),
  key("as", "string", '"${1:NAME}"', "The environment variable that commands find it in."),
];

const PROVIDER_RULE: KeySpec[] = [
  key("allowed", "boolean", "${1|true,false|}", "Whether the provider may be used.", { values: ["true", "false"] }),
  key("auth", "string[]", '["$1"]', "Credentials that its environments get besides their own."),
  key("taint", "string[]", '["$1"]', "Labels that its results get."),
];

export const POLICY: KeySpec[] = [
  key("allow", "patterns", '["$1"]', `What is allowed; everything else is not. ${CAPABILITY_LIST}`, {
    values: PATTERNS,
  }),
  key("deny", "patterns", '["$1"]', `What is refused. ${CAPABILITY_LIST}`, { values: PATTERNS }),
  key("danger", "patterns", '["$1"]', "Dangerous commands that are allowed all the same.", { values: PATTERNS }),
  key("capabilities", "object", "{ $1 }", "`allow`, `deny` and `danger` together.", {
    fields: ["allow", "deny", "danger"].map(name =>
      key(name, "patterns", '["$1"]', CAPABILITY_LIST, { values: PATTERNS }),
    ),
  }),
  key("env", "object", "{ $1 }", "What environments may be: the default provider, and bounds for every environment.", {
    fields: [
      key("default", "string", '"$1"', "Provider of environments that name none.", {
        values: valuesOf("provider"),
        words: "providers",
      }),
      key("providers", "object", "{ $1 }", "Providers that may be used.", { names: PROVIDER_RULE }),
      key("tools", "patterns", "{ $1 }", "Tools that environments may have.", {
        values: valuesOf("tools"),
        words: "tools",
        fields: ["allow", "deny"].map(name =>
          key(name, "string[]", '["$1"]', "Names of tools.", { values: valuesOf("tools"), words: "tools" }),
        ),
      }),
      key("mcps", "patterns", "{ $1 }", "MCP servers that environments may have.", {
        fields: ["allow", "deny"].map(name => key(name, "string[]", '["$1"]', "Names of servers.")),
      }),
      key("net", "object", "{ $1 }", "Hosts that environments may reach.", {
        values: ['"none"', '"limited"'],
        fields: ["allow", "deny"].map(name => key(name, "string[]", '["$1"]', "`HOST[:PORT]`, `*.suffix`.")),
      }),
    ],
  }),
  key("auth", "object", "{ $1 }", "Credentials by name.", { names: AUTH }),
  key("defaults", "object", "{ rules: [$1] }", "Built-in rules.", {
    fields: [
      key("rules", "string[]", '["$1"]', "Names of built-in rules.", {
        values: [
          '"no-secret-exfil"',
          '"no-sensitive-exfil"',
          '"no-untrusted-destructive"',
          '"no-untrusted-privileged"',
          '"no-send-to-unknown"',
          '"no-destroy-unknown"',
          '"untrusted-llms-get-influenced"',
        ],
      }),
      key("autosign", "list", '["templates"]', "What is signed where it is defined."),
      key("autoverify", "boolean | template", "true", "Agents are told to verify what was signed."),
      key("unlabeled", "string", '"untrusted"', "The label of values without one.", {
        values: ['"untrusted"', '"trusted"'],
      }),
    ],
  }),
  key("labels", "object", "{ $1 }", "What labelled values may flow into.", {
    names: ["deny", "allow"].map(name => key(name, "string[]", '["$1"]', "Operations and labels: `op:show`, `exfil`.")),
  }),
  key("operations", "object", "{ $1 }", "Which labels of executables count as a kind of operation.", {
    fields: ["exfil", "destructive", "privileged"].map(name =>
      key(name, "string[]", '["$1"]', `Labels of executables that count as \`${name}\`.`),
    ),
  }),
];

export const PROFILES: KeySpec[] = PROFILE;

/** An entry of `var tools @t = { … }`. */
export const TOOL: KeySpec[] = [
  key("mlld", "executable", "@$1", "The executable that does the work."),
  key("labels", "string[]", '["$1"]', "Labels of its results."),
  key("description", "string", '"$1"', "What the tool is for, as an agent reads it."),
  key("bind", "object", "{ $1 }", "Parameters with fixed values."),
  key("expose", "string[]", '["$1"]', "Parameters that an agent may give."),
];

/** `value with { … }` behind a command or call. */
export const TAIL: KeySpec[] = [
  key("pipeline", "list of stages", "[@$1]", "Stages that the value goes through."),
  key("stdin", "value", "@$1", "Standard input of the command."),
  key("format", "string", '"$1"', "How the value is read.", { values: ['"json"', '"text"', '"csv"', '"xml"'] }),
  key("auth", "name", "$1", "A credential for this command."),
  key("guards", "false | object", "{ except: [$1] }", "Guards that do not apply."),
  key("parallel", "number", "$1", "How many at once."),
  key("delay", "duration", "$1", "Pause between starts."),
  key("stream", "boolean", "true", "Show the output while it comes.", { values: ["true", "false"] }),
  key("separator", "string", '"$1"', "Behind `foreach`: what stands between the results."),
  key("template", "string", '"$1"', "Behind `foreach`: the text of each result."),
];

/** `allow with { … }` in a guard. */
export const ALLOW: KeySpec[] = [
  key("addLabels", "string[]", '["$1"]', "Labels that the value gets."),
  key("removeLabels", "string[]", '["$1"]', "Labels that the value loses."),
  key("warning", "string", '"$1"', "A message for the author."),
];

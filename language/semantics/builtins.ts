/** Names that every program has: reserved variables and transformers, with what an editor says about them. */

interface Reserved {
  doc: string;
  /** `free`: a program may define it as it likes. `refused`: a run ends where it is defined. Else it can be defined here, but not in mlld. */
  redefined?: "free" | "refused";
}

/** Reserved variables. */
export const RESERVED: Record<string, Reserved> = {
  base: { doc: "The project's root folder.", redefined: "refused" },
  root: { doc: "The project's root folder, the same as `@base`.", redefined: "refused" },
  now: { doc: "The current time as ISO text.", redefined: "refused" },
  mx: {
    doc: "The run's context: `profile`, `op`, `guard`, `for`, `loop`, `try`, `errors`, `tools`, `policy`.",
    redefined: "refused",
  },
  input: { doc: "Standard input; in a loop the value of `continue`, in a hook or guard the operation's input." },
  payload: { doc: "Values given to the run by `--input`." },
  state: { doc: "State that an embedding program keeps between runs.", redefined: "free" },
  debug: { doc: "Facts about the run, for debugging.", redefined: "refused" },
  keychain: { doc: "Entries of the system's keychain.", redefined: "refused" },
  output: { doc: "In a hook or guard that runs after an operation: its output.", redefined: "free" },
  fm: { doc: "The file's frontmatter.", redefined: "free" },
  frontmatter: { doc: "The file's frontmatter, the same as `@fm`.", redefined: "free" },
  p: { doc: "In a pipeline: the outputs of earlier stages, `@p[-1]` the last.", redefined: "free" },
  pipeline: { doc: "In a pipeline: the outputs of earlier stages.", redefined: "free" },
  ctx: { doc: "The older name of `@mx`.", redefined: "free" },
};

/** Built-in transformers, used as pipeline stages or called; a program may give these names to something else. */
export const TRANSFORMERS: Record<string, { parameters: string[]; doc: string; variants?: string[] }> = {
  parse: { parameters: ["text"], doc: "Reads JSON text into a value.", variants: ["strict", "loose", "llm"] },
  json: { parameters: ["text"], doc: "The older name of `@parse`.", variants: ["strict", "loose", "llm"] },
  xml: { parameters: ["value"], doc: "Writes a value as XML." },
  csv: { parameters: ["value"], doc: "Writes rows as CSV." },
  md: { parameters: ["text"], doc: "Tidies the whitespace of Markdown." },
  upper: { parameters: ["text"], doc: "Upper case." },
  lower: { parameters: ["text"], doc: "Lower case." },
  trim: { parameters: ["text"], doc: "Removes whitespace at both ends." },
  pretty: { parameters: ["value"], doc: "Writes JSON with indentation." },
  sort: { parameters: ["list"], doc: "Sorts a list." },
  typeof: { parameters: ["value"], doc: "The name of a value's type." },
  typeInfo: { parameters: ["value"], doc: "A value's type with details." },
  exists: { parameters: ["value"], doc: "Whether a value or file exists." },
  fileExists: { parameters: ["path"], doc: "Whether a file exists." },
  keep: { parameters: ["object", "keys"], doc: "Keeps only the given keys." },
  keepStructured: { parameters: ["object", "keys"], doc: "Keeps only the given keys, with the value's metadata." },
};

export const BUILTIN_NAMES: readonly string[] = [...Object.keys(RESERVED), ...Object.keys(TRANSFORMERS)];

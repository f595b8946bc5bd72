/** Names that every program has: reserved variables and transformers, with what an editor says about them. */

/** Reserved variables. A program may define `redefinable` ones as it likes; the others get a warning. */
export const RESERVED: Record<string, { doc: string; redefinable?: boolean }> = {
  base: { doc: "The project's root folder." },
  root: { doc: "The project's root folder, the same as `@base`." },
  now: { doc: "The current time as ISO text." },
  mx: { doc: "The run's context: `profile`, `op`, `guard`, `for`, `loop`, `try`, `errors`, `tools`, `policy`." },
  input: { doc: "Standard input; in a loop the value of `continue`, in a hook or guard the operation's input." },
  payload: { doc: "Values given to the run by `--input`." },
  state: { doc: "State that an embedding program keeps between runs.", redefinable: true },
  debug: { doc: "Facts about the run, for debugging." },
  keychain: { doc: "Entries of the system's keychain." },
  output: { doc: "In a hook or guard that runs after an operation: its output.", redefinable: true },
  fm: { doc: "The file's frontmatter.", redefinable: true },
  frontmatter: { doc: "The file's frontmatter, the same as `@fm`.", redefinable: true },
  p: { doc: "In a pipeline: the outputs of earlier stages, `@p[-1]` the last.", redefinable: true },
  pipeline: { doc: "In a pipeline: the outputs of earlier stages.", redefinable: true },
  ctx: { doc: "The older name of `@mx`.", redefinable: true },
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

/**
 * The syntax tree of mlld: node types, one interface a kind.
 *
 * Every node carries its UTF-16 range `[start, end)`; `source.slice(start, end)` is the node's text. Whitespace, comments and
 * punctuation between children are trivia of the parent. A part that the author left out is a `Missing` node of zero width, so
 * that consumers never meet `undefined` where the grammar demands a child.
 */

export interface NodeBase {
  start: number;
  end: number;
}

/** How a file is read: `.mld` strict, `.mld.md`/`.md` markdown, `.att` (`@x`) and `.mtt` (`{{x}}`) templates. */
export type Mode = "strict" | "markdown" | "att" | "mtt";

export interface File extends NodeBase {
  kind: "File";
  mode: Mode;
  text: string;
  frontmatter: Frontmatter | null;
  statements: Statement[];
  /** All comments, in source order, wherever they stand. */
  comments: Comment[];
  errors: SyntaxError[];
}

/** YAML between `---` lines at offset 0; the range includes the fences. */
export interface Frontmatter extends NodeBase {
  kind: "Frontmatter";
  body: string;
  bodyStart: number;
}

export interface Comment extends NodeBase {
  kind: "Comment";
}

export interface SyntaxError {
  /** `syntax/what-is-wrong`, a key of the diagnostics catalog. */
  code: `syntax/${string}`;
  message: string;
  start: number;
  end: number;
  fix?: { title: string; edits: { start: number; end: number; newText: string }[] };
  related?: { message: string; start: number; end: number }[];
}

// ---------------------------------------------------------------------------------------------------------------- statements

export type Statement =
  | VarStatement
  | LetStatement
  | AssignStatement
  | ExeStatement
  | ExeShadowStatement
  | ShowStatement
  | OutputStatement
  | AppendStatement
  | LogStatement
  | StreamStatement
  | IfStatement
  | ReturnStatement
  | ControlStatement
  | BailStatement
  | CheckpointStatement
  | SignStatement
  | VerifyStatement
  | ImportStatement
  | ExportStatement
  | NeedsStatement
  | ProfilesStatement
  | PolicyStatement
  | AuthStatement
  | GuardStatement
  | HookStatement
  | FileStatement
  | FilesStatement
  | ExpressionStatement
  | Prose
  | Fence
  | ErrorStatement;

/** A name where it is declared or bound. The range covers the sigil when it is written (`@x`). */
export interface Binding extends NodeBase {
  kind: "Binding";
  name: string;
}

/** `secret`, `src:mcp`. */
export interface Label extends NodeBase {
  kind: "Label";
  name: string;
}

/** `var [tools] [labels] @name[?] = value`. */
export interface VarStatement extends NodeBase {
  kind: "VarStatement";
  tools: boolean;
  labels: Label[];
  name: Binding;
  optional: boolean;
  value: Action;
}

/** `let @name = value` or `let @name += value` in a block. */
export interface LetStatement extends NodeBase {
  kind: "LetStatement";
  name: Binding;
  operator: "=" | "+=";
  value: Action;
}

/** `@x = value`, `@x += value` in a block. */
export interface AssignStatement extends NodeBase {
  kind: "AssignStatement";
  target: Expression;
  operator: "=" | "+=";
  value: Action;
}

export interface Parameter extends NodeBase {
  kind: "Parameter";
  name: string;
  type: string | null;
}

/** `exe [labels] @name[.risk…](params) = body`. `parameters` is null when no parentheses are written. */
export interface ExeStatement extends NodeBase {
  kind: "ExeStatement";
  labels: Label[];
  name: Binding;
  /** `risk.high`, `about`, `meta`, … when the name has such a suffix. */
  metadata: string | null;
  parameters: Parameter[] | null;
  body: Action;
}

/** `exe js = { a, b }`: functions made visible to code blocks of a language. */
export interface ExeShadowStatement extends NodeBase {
  kind: "ExeShadowStatement";
  language: string;
  names: Binding[];
}

export interface ShowStatement extends NodeBase {
  kind: "ShowStatement";
  labels: Label[];
  value: Expression;
  /** `as "Title"`, `as ##` (source text). */
  as: Expression | null;
  under: Expression | null;
}

/** Where `output` and `append` write. `value` is set for a path; `name` for `env:NAME`. */
export interface OutputTarget extends NodeBase {
  kind: "OutputTarget";
  to: "stdout" | "stderr" | "env" | "file";
  name: string | null;
  value: Expression | null;
}

export interface OutputStatement extends NodeBase {
  kind: "OutputStatement";
  /** null writes the document so far. */
  source: Expression | null;
  target: OutputTarget;
  format: string | null;
}

export interface AppendStatement extends NodeBase {
  kind: "AppendStatement";
  source: Expression;
  target: OutputTarget;
}

export interface LogStatement extends NodeBase {
  kind: "LogStatement";
  source: Expression | null;
}

export interface StreamStatement extends NodeBase {
  kind: "StreamStatement";
  source: Expression;
}

export interface IfStatement extends NodeBase {
  kind: "IfStatement";
  condition: Expression;
  then: Block;
  /** An `IfStatement` only after an `else if` slip, which is reported. */
  else: Block | IfStatement | null;
}

/** `=> value`; `value` is null for a bare `=>`. */
export interface ReturnStatement extends NodeBase {
  kind: "ReturnStatement";
  value: Action | null;
}

export interface ControlStatement extends NodeBase {
  kind: "ControlStatement";
  keyword: "skip" | "done" | "continue" | "retry";
  value: Expression | null;
}

export interface BailStatement extends NodeBase {
  kind: "BailStatement";
  value: Expression | null;
}

export interface CheckpointStatement extends NodeBase {
  kind: "CheckpointStatement";
  name: Expression;
  with: WithClause | null;
}

export interface SignStatement extends NodeBase {
  kind: "SignStatement";
  target: Expression;
  by: Expression | null;
  algorithm: string | null;
}

export interface VerifyStatement extends NodeBase {
  kind: "VerifyStatement";
  target: Expression;
}

export interface ImportSpecifier extends NodeBase {
  kind: "ImportSpecifier";
  /** The exported name. */
  name: Binding;
  /** The local name, when `as @x` is written. */
  alias: Binding | null;
}

export interface ImportStatement extends NodeBase {
  kind: "ImportStatement";
  importType: "module" | "static" | "live" | "local" | "cached" | "templates" | "policy" | "tools" | null;
  cachedFor: Duration | null;
  labels: Label[];
  /** null for a namespace or bare import. */
  specifiers: ImportSpecifier[] | null;
  /** `as @ns`, or the name in `import policy @p`. */
  namespace: Binding | null;
  /** Parameters of `import templates … as @t(p1, p2)`. */
  parameters: Parameter[] | null;
  source: ImportSource;
  /** `from mcp "…"` and `from node @pkg`. */
  sourceType: "module" | "mcp" | "node";
  with: WithClause | null;
}

/**
 * What is imported: a quoted path, `<path>`, a module (`@author/name[@version]`, `@base/x.mld`) or a special source (`@input`,
 * `@payload`, `@state`, `@now`, `@time`, `@keychain`).
 */
export type ImportSource = Template | FileReference | ModuleReference | Missing;

/** `@author/module`, `@base/file.mld`, `@input`: text without quotes. */
export interface ModuleReference extends NodeBase {
  kind: "ModuleReference";
  text: string;
}

export interface ExportStatement extends NodeBase {
  kind: "ExportStatement";
  /** `export { * }`. */
  all: boolean;
  specifiers: ImportSpecifier[];
}

export interface NeedsStatement extends NodeBase {
  kind: "NeedsStatement";
  value: ObjectExpression;
}

export interface ProfilesStatement extends NodeBase {
  kind: "ProfilesStatement";
  value: ObjectExpression;
}

/** `policy @p = { … }` or `policy @p = union(@a, @b)` (a `CallExpression` whose callee is a `BareWord`). */
export interface PolicyStatement extends NodeBase {
  kind: "PolicyStatement";
  name: Binding;
  value: Expression;
}

export interface AuthStatement extends NodeBase {
  kind: "AuthStatement";
  name: Binding;
  value: Expression;
}

export interface GuardFilter extends NodeBase {
  kind: "GuardFilter";
  /** `operation` for `op:run`, `label` for `secret`, `function` for `@fn` (2.0.5). */
  filter: "operation" | "label" | "function";
  /** `run`, `cmd.git.status`, `secret`, `fn`. */
  name: string;
}

export interface GuardStatement extends NodeBase {
  kind: "GuardStatement";
  privileged: boolean;
  name: Binding | null;
  timing: "before" | "after" | "always";
  filter: GuardFilter;
  rules: WhenExpression;
  with: WithClause | null;
}

/** An action of a guard rule: `allow [v] [with {…}]`, `deny "r"`, `retry "h"`, `env @cfg`. */
export interface GuardAction extends NodeBase {
  kind: "GuardAction";
  action: "allow" | "deny" | "retry" | "env";
  value: Expression | null;
  with: WithClause | null;
}

export interface HookStatement extends NodeBase {
  kind: "HookStatement";
  name: Binding | null;
  timing: "before" | "after";
  /** Source text of the target: `@fn`, `@fn("prefix")`, `op:run`, a label. */
  target: HookTarget;
  body: Block | WhenExpression;
}

export interface HookTarget extends NodeBase {
  kind: "HookTarget";
  target: "function" | "operation" | "label";
  name: string;
  prefix: string | null;
}

/** 2.0.5: `file TARGET = value`. */
export interface FileStatement extends NodeBase {
  kind: "FileStatement";
  target: Expression;
  value: Expression;
}

/** 2.0.5: `files TARGET = [ … ]`, or `git "url" …` (options hold `auth`, `branch`, `path`, `depth`). */
export interface FilesStatement extends NodeBase {
  kind: "FilesStatement";
  target: Expression;
  value: Expression | null;
  git: Expression | null;
  options: Property[];
}

/** An expression at statement level: `run …`, `cmd {…}`, `@f()`, `when …`, `for …`, `env …`, `loop …`, `foreach …`. */
export interface ExpressionStatement extends NodeBase {
  kind: "ExpressionStatement";
  expression: Expression;
}

/** Markdown text between directives, verbatim. */
export interface Prose extends NodeBase {
  kind: "Prose";
}

/** A code fence; `statements` only for a three-backtick `mlld-run` fence. */
export interface Fence extends NodeBase {
  kind: "Fence";
  info: string;
  statements: Statement[] | null;
}

/** Text that no statement could be made of; an error in `File.errors` points into it. */
export interface ErrorStatement extends NodeBase {
  kind: "ErrorStatement";
}

// --------------------------------------------------------------------------------------------------------------- expressions

/** What may stand after `=`, `=>`, or as the action of a `when` entry. */
export type Action = Expression | Statement;

export type Expression =
  | Template
  | NumberLiteral
  | BooleanLiteral
  | NullLiteral
  | Duration
  | BareWord
  | Wildcard
  | ComparisonPattern
  | RegularExpression
  | ArrayExpression
  | ObjectExpression
  | ConditionalValue
  | VariableReference
  | MemberExpression
  | IndexExpression
  | SliceExpression
  | FilterExpression
  | CallExpression
  | FileReference
  | UnaryExpression
  | BinaryExpression
  | ConditionalExpression
  | ParenthesizedExpression
  | NewExpression
  | Pipeline
  | WithExpression
  | AsExpression
  | LabelExpression
  | CommandExpression
  | CodeExpression
  | RunExpression
  | ParallelGroup
  | TemplateFile
  | ProseExpression
  | WhenExpression
  | ForExpression
  | ForeachExpression
  | LoopExpression
  | WhileExpression
  | EnvExpression
  | Block
  | GuardAction
  | ToolsFromMcp
  | ModuleReference
  | Missing;

/** `mcp @x` as a tool collection (2.0.5). */
export interface ToolsFromMcp extends NodeBase {
  kind: "ToolsFromMcp";
  source: Expression;
}

/** A child that the author left out. */
export interface Missing extends NodeBase {
  kind: "Missing";
}

export type Quote = '"' | "'" | "`" | "::" | ":::" | "[[" | "none";

/** A quoted string or template; `quote` is `none` for the body of a template file. */
export interface Template extends NodeBase {
  kind: "Template";
  quote: Quote;
  parts: TemplatePart[];
}

export type TemplatePart = Text | Interpolation | FileReference | TemplateLoop;

/** Literal text with its escapes resolved. */
export interface Text extends NodeBase {
  kind: "Text";
  value: string;
}

/** `@x.y|@f`, `{{x}}`, `@x?"fragment"`, `@x??"default"`, and a file with fields: `<a.json>.name`. */
export interface Interpolation extends NodeBase {
  kind: "Interpolation";
  expression: Expression;
  /** `omit` for `@x?`, `fragment` for `@x?"…"`, `default` for `@x??"…"`. */
  conditional: "omit" | "fragment" | "default" | null;
  alternative: Template | null;
}

/** `/for @i in @items` … `/end` in a template. */
export interface TemplateLoop extends NodeBase {
  kind: "TemplateLoop";
  key: Binding | null;
  variable: Binding;
  source: Expression;
  body: TemplatePart[];
}

export interface NumberLiteral extends NodeBase {
  kind: "NumberLiteral";
  value: number;
}

export interface BooleanLiteral extends NodeBase {
  kind: "BooleanLiteral";
  value: boolean;
}

export interface NullLiteral extends NodeBase {
  kind: "NullLiteral";
}

/** `500ms`, `2h`; `milliseconds` of a year are 365 days. */
export interface Duration extends NodeBase {
  kind: "Duration";
  milliseconds: number;
}

/** A word without sigil where the grammar takes one: capability names in `needs`, `union`, `none`, `denied`, `endless`. */
export interface BareWord extends NodeBase {
  kind: "BareWord";
  text: string;
}

/** `*` as a condition or value. */
export interface Wildcard extends NodeBase {
  kind: "Wildcard";
}

/** `> 5` as a pattern of a `when` with subject. */
export interface ComparisonPattern extends NodeBase {
  kind: "ComparisonPattern";
  operator: BinaryOperator;
  value: Expression;
}

export interface RegularExpression extends NodeBase {
  kind: "RegularExpression";
  pattern: string;
  flags: string;
}

export interface ArrayExpression extends NodeBase {
  kind: "ArrayExpression";
  elements: Expression[];
}

export interface ObjectExpression extends NodeBase {
  kind: "ObjectExpression";
  properties: (Property | Spread)[];
}

/** `key: value`, `"key": value`, `key?: value`; in `needs` and shadow lists a bare `key` has value null. */
export interface Property extends NodeBase {
  kind: "Property";
  key: PropertyKey;
  optional: boolean;
  value: Action | null;
}

/** `name` is the key as a constant, null when a double-quoted key interpolates (see `template`). */
export interface PropertyKey extends NodeBase {
  kind: "PropertyKey";
  name: string | null;
  template: Template | null;
}

export interface Spread extends NodeBase {
  kind: "Spread";
  argument: Expression;
}

/** `@x?` in an array or as an argument: dropped when falsy. */
export interface ConditionalValue extends NodeBase {
  kind: "ConditionalValue";
  value: Expression;
}

/** `@name`; `name` has no sigil. In `{{name}}` there is no sigil in the text either. */
export interface VariableReference extends NodeBase {
  kind: "VariableReference";
  name: string;
}

/** `.name`, `.0`; `property` is the range of the name itself. */
export interface MemberExpression extends NodeBase {
  kind: "MemberExpression";
  object: Expression;
  property: PropertyName;
}

export interface PropertyName extends NodeBase {
  kind: "PropertyName";
  name: string;
}

/** `[0]`, `["k"]`, `[@k]`; a bare word inside is a `BareWord`, `[*]` a `Wildcard`. */
export interface IndexExpression extends NodeBase {
  kind: "IndexExpression";
  object: Expression;
  index: Expression;
}

export interface SliceExpression extends NodeBase {
  kind: "SliceExpression";
  object: Expression;
  from: Expression | null;
  to: Expression | null;
}

/** `[?field op value]`. */
export interface FilterExpression extends NodeBase {
  kind: "FilterExpression";
  object: Expression;
  field: string;
  operator: string | null;
  value: Expression | null;
}

/** `@f(a)`, `@o.m(a)`; the callee is a reference or member. `union(…)` has a `BareWord` as callee. */
export interface CallExpression extends NodeBase {
  kind: "CallExpression";
  callee: Expression;
  /** An argument that does not parse is a `Template` with quote `none` (mlld keeps it as raw text). */
  arguments: Action[];
}

/** `<path # section>`, `<src/*.ts { fn }>`; field access after `>` is a `MemberExpression` around it. */
export interface FileReference extends NodeBase {
  kind: "FileReference";
  path: TemplatePart[];
  /** The name of the placeholder `<>` when empty. */
  placeholder: boolean;
  section: SectionSelector | null;
  /** Text between the braces of `<f.ts { … }>`. */
  definitions: DefinitionSelector | null;
  /** `<a.md>?`, `<a.md?>`: null when missing. */
  optional: boolean;
  /** `<a.md|@trim>`, condensed pipes inside the brackets. */
  stages: Stage[];
}

export interface SectionSelector extends NodeBase {
  kind: "SectionSelector";
  parts: TemplatePart[];
}

export interface DefinitionSelector extends NodeBase {
  kind: "DefinitionSelector";
  text: string;
}

export interface UnaryExpression extends NodeBase {
  kind: "UnaryExpression";
  operator: "!";
  operand: Expression;
}

export type BinaryOperator =
  | "??"
  | "||"
  | "&&"
  | "=="
  | "!="
  | "~="
  | "!~="
  | "<"
  | "<="
  | ">"
  | ">="
  | "+"
  | "-"
  | "*"
  | "/"
  | "%";

export interface BinaryExpression extends NodeBase {
  kind: "BinaryExpression";
  operator: BinaryOperator;
  left: Expression;
  right: Expression;
}

export interface ConditionalExpression extends NodeBase {
  kind: "ConditionalExpression";
  condition: Expression;
  then: Expression;
  else: Expression;
}

export interface ParenthesizedExpression extends NodeBase {
  kind: "ParenthesizedExpression";
  expression: Expression;
}

/** `new @C(args) with { … }`. */
export interface NewExpression extends NodeBase {
  kind: "NewExpression";
  target: Expression;
  arguments: Action[] | null;
  with: WithClause | null;
}

/** `value | @f | …`; `source` is null for a pipeline that starts with a parallel group (`|| @a() || @b()`). */
export interface Pipeline extends NodeBase {
  kind: "Pipeline";
  source: Expression | null;
  stages: Stage[];
  /** `|@f` without spaces inside a template. */
  condensed: boolean;
}

export type Stage = CallStage | ParallelGroup | CommandStage | EffectStage | WhileStage | DataStage;

/** `| @f`, `| @f(args)`, `| @ns.f`. */
export interface CallStage extends NodeBase {
  kind: "CallStage";
  target: Expression;
}

/** `|| @a || @b (cap, pace)`. */
export interface ParallelGroup extends NodeBase {
  kind: "ParallelGroup";
  members: Stage[];
  cap: Expression | null;
  pace: Expression | null;
}

export interface CommandStage extends NodeBase {
  kind: "CommandStage";
  command: CommandExpression;
}

/** `| show`, `| log "x"`, `| append "f"`, `| output [src] to "f"`. */
export interface EffectStage extends NodeBase {
  kind: "EffectStage";
  effect: "show" | "log" | "append" | "output";
  argument: Expression | null;
  target: OutputTarget | null;
}

export interface WhileStage extends NodeBase {
  kind: "WhileStage";
  limit: Expression;
  pace: Expression | null;
  target: Expression;
}

export interface DataStage extends NodeBase {
  kind: "DataStage";
  value: Expression;
}

export interface WithClause extends NodeBase {
  kind: "WithClause";
  properties: (Property | Spread)[];
}

/** `value with { … }` and the legacy `value pipeline [ … ]`, as a tail. */
export interface WithExpression extends NodeBase {
  kind: "WithExpression";
  value: Expression;
  clause: WithClause;
}

/** `value as "…"`. */
export interface AsExpression extends NodeBase {
  kind: "AsExpression";
  value: Expression;
  as: Expression;
}

/** `secret @x`, `trusted! @x`, `!label @x`, `clear! @x` after `=>`. */
export interface LabelExpression extends NodeBase {
  kind: "LabelExpression";
  modifier: "add" | "trust" | "remove" | "clear";
  labels: Label[];
  value: Expression;
}

/** `using auth:NAME`, `using @v as ENV_NAME`. */
export interface UsingClause extends NodeBase {
  kind: "UsingClause";
  auth: Label | null;
  variable: Expression | null;
  as: string | null;
}

/** `cmd[:path][(args)] { … }`, and the string form `run "…"`. */
export interface CommandExpression extends NodeBase {
  kind: "CommandExpression";
  arguments: Action[] | null;
  path: TemplatePart[] | null;
  body: CommandBody;
  using: UsingClause | null;
}

export interface CommandBody extends NodeBase {
  kind: "CommandBody";
  parts: TemplatePart[];
}

export type CodeLanguage = "sh" | "bash" | "js" | "node" | "py";

/** `js { … }`, `sh:path(args) { … }`; `language` is the normal form of the keyword (`javascript` is `js`, `python` is `py`). */
export interface CodeExpression extends NodeBase {
  kind: "CodeExpression";
  language: CodeLanguage;
  arguments: Action[] | null;
  path: TemplatePart[] | null;
  body: CodeBody;
  using: UsingClause | null;
}

/** Text between the braces, verbatim. */
export interface CodeBody extends NodeBase {
  kind: "CodeBody";
  text: string;
}

/** `run …` in statement and value position; `stdin` is the value before `| cmd {…}`. */
export interface RunExpression extends NodeBase {
  kind: "RunExpression";
  stream: boolean;
  stdin: Expression | null;
  target: Expression;
  using: UsingClause | null;
  labels: Label[];
}

/** `template "f.att"` as an exe body. */
export interface TemplateFile extends NodeBase {
  kind: "TemplateFile";
  path: Expression;
}

/** `prose:@cfg { … }`. */
export interface ProseExpression extends NodeBase {
  kind: "ProseExpression";
  config: Expression;
  body: Expression | CodeBody;
}

/** `when COND => ACTION` (`inline`), `when [ … ]`, `when @subject [ … ]`; also the rules of a guard. */
export interface WhenExpression extends NodeBase {
  kind: "WhenExpression";
  inline: boolean;
  first: boolean;
  subject: Expression | null;
  entries: (WhenEntry | Statement)[];
}

export interface WhenEntry extends NodeBase {
  kind: "WhenEntry";
  condition: Expression;
  action: Action;
}

/** `for parallel(cap, pace)`. */
export interface Parallel extends NodeBase {
  kind: "Parallel";
  cap: Expression | null;
  pace: Expression | null;
}

export interface ForExpression extends NodeBase {
  kind: "ForExpression";
  parallel: Parallel | null;
  key: Binding | null;
  variable: Binding;
  source: Expression;
  filter: Expression | null;
  /** True when `=>` stands before the body, so the loop collects values. */
  arrow: boolean;
  body: Action;
  /** `=> | @f` after the body: stages that get the collected array. */
  batch: Stage[];
}

export interface ForeachExpression extends NodeBase {
  kind: "ForeachExpression";
  call: Expression;
  with: WithClause | null;
}

export interface LoopExpression extends NodeBase {
  kind: "LoopExpression";
  /** null and `endless` run without a count. */
  limit: Expression | null;
  pace: Expression | null;
  until: Expression | null;
  body: Block;
}

/** `while (N, pace) @f` as a directive: parses, does not run. */
export interface WhileExpression extends NodeBase {
  kind: "WhileExpression";
  limit: Expression;
  pace: Expression | null;
  target: Expression;
}

/** `env CONFIG with { … } [ … ]`; `box` (2.0.5) is the same directive. */
export interface EnvExpression extends NodeBase {
  kind: "EnvExpression";
  keyword: "env" | "box";
  config: Expression | null;
  with: WithClause | null;
  body: Block;
}

/** `[ statements ]`. */
export interface Block extends NodeBase {
  kind: "Block";
  statements: Statement[];
}

// --------------------------------------------------------------------------------------------------------------------- union

/** Any node below (and including) `File`. */
export type Node =
  | File
  | Frontmatter
  | Comment
  | Statement
  | Expression
  | Binding
  | Label
  | Parameter
  | OutputTarget
  | ImportSpecifier
  | GuardFilter
  | HookTarget
  | Property
  | PropertyKey
  | PropertyName
  | Spread
  | Text
  | Interpolation
  | TemplateLoop
  | SectionSelector
  | DefinitionSelector
  | Stage
  | WithClause
  | UsingClause
  | CommandBody
  | CodeBody
  | WhenEntry
  | Parallel;

export type NodeKind = Node["kind"];

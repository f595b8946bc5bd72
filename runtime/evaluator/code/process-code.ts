/**
 * `node` and `py` blocks run as processes. What they get travels as JSON on standard input, or in a variable where the input is a
 * person's, and what they return as a trailer on standard output behind a mark that nobody else knows: channels that every environment has.
 */
import { randomBytes } from "node:crypto";
import { CODE_VARIABLE } from "../commands";

export interface CodeRequest {
  body: string;
  parameters: CodeParameter[];
  functions: { name: string; parameters: string[]; body: string }[];
  context: Record<string, unknown>;
}

export interface CodeParameter {
  name: string;
  value: unknown;
  /** What the value prints as, where that is not its JSON. */
  text?: string;
  /** What mlld knows of it, for a parameter of the program: Python reads it through `mlld.get_metadata`. */
  known?: { type: string; mx: { labels: readonly string[]; taint: readonly string[]; sources: readonly string[] } };
}

export interface CodeProcess {
  argv: string[];
  /** What the process gets (`ProcessRequest.code`). */
  text: string;
  /** Takes the trailer off the output. */
  filter: (text: string, end: boolean) => string;
  /** What the code returned; undefined when it returned nothing or ended before. */
  result: () => unknown;
}

/** Exit code of a missing interpreter, as shells give it. */
export const MISSING_INTERPRETER = 127;

export function codeProcess(language: "node" | "py", request: CodeRequest): CodeProcess {
  const mark = `\x1e${randomBytes(12).toString("hex")}`;
  const trailer = new Trailer(mark);
  const program = language === "node" ? "node" : "python3";
  const boot = language === "node" ? NODE_BOOT : PYTHON_BOOT;
  const flag = language === "node" ? "-e" : "-c";
  return {
    argv: [
      "sh",
      "-lc",
      `command -v ${program} >/dev/null 2>&1 || exit ${MISSING_INTERPRETER}; exec ${program} ${flag} "$0"`,
      boot,
    ],
    text: JSON.stringify({
      mark,
      body: request.body,
      functions: request.functions,
      context: request.context,
      names: request.parameters.map(parameter => parameter.name),
      values: request.parameters.map(({ value, text, known }) => (value === undefined ? null : { value, text, known })),
    }),
    filter: (text, end) => trailer.take(text, end),
    result: () => trailer.result(),
  };
}

/** Splits the output at the mark, also where a chunk ends inside it. */
class Trailer {
  private held = "";
  private after: string | null = null;

  constructor(private readonly mark: string) {}

  take(text: string, end: boolean): string {
    if (this.after !== null) {
      this.after += text;
      return "";
    }
    const all = this.held + text;
    const at = all.indexOf(this.mark);
    if (at >= 0) {
      this.after = all.slice(at + this.mark.length);
      this.held = "";
      return all.slice(0, at);
    }
    let keep = 0;
    if (!end) {
      for (let length = Math.min(this.mark.length - 1, all.length); length > 0; length--) {
        if (all.endsWith(this.mark.slice(0, length))) {
          keep = length;
          break;
        }
      }
    }
    this.held = all.slice(all.length - keep);
    return all.slice(0, all.length - keep);
  }

  result(): unknown {
    if (this.after === null || this.after === "") return undefined;
    return (JSON.parse(this.after) as { value?: unknown }).value;
  }
}

const NODE_BOOT = `
const request = JSON.parse(process.env.${CODE_VARIABLE} ?? require("fs").readFileSync(0, "utf8"));
delete process.env.${CODE_VARIABLE};
${String.raw`
const AsyncFunction = (async () => {}).constructor;
const make = (names, body) => {
  const expression = body.trim().replace(/;\s*$/, "");
  try { return new AsyncFunction(...names, "return (" + expression + "\n)"); } catch {}
  return new AsyncFunction(...names, body);
};
const ambient = {
  require, module, exports, mx: request.context, __dirname: process.cwd(), __filename: process.cwd() + "/[mlld]",
  __mlldShadowFunctions: {},
};
for (const f of request.functions) {
  ambient[f.name] = ambient.__mlldShadowFunctions[f.name] = (...args) => {
    const names = Object.keys(ambient).filter(name => !f.parameters.includes(name));
    return make([...names, ...f.parameters], f.body)(...names.map(name => ambient[name]), ...args);
  };
}
const values = request.values.map(entry => {
  if (entry === null) return undefined;
  const { value, text } = entry;
  if (typeof text === "string" && typeof value === "object" && value !== null)
    Object.defineProperty(value, "toString", { value: () => text, enumerable: false });
  return value;
});
const names = Object.keys(ambient).filter(name => !request.names.includes(name));
(async () => {
  const value = await make([...names, ...request.names], request.body)(...names.map(name => ambient[name]), ...values);
  if (value !== undefined && typeof value !== "function") process.stdout.write(request.mark + JSON.stringify({ value }));
})().catch(error => { console.error(error instanceof Error ? error.stack : error); process.exitCode = 70; });
`}`;

const PYTHON_BOOT = `
import ast, io, json, os, sys, textwrap
text = os.environ.pop("${CODE_VARIABLE}", None)
if text is None:
    text = sys.stdin.buffer.read().decode("utf-8")
    sys.stdin = io.StringIO("")
request = json.loads(text)
${String.raw`
class MlldObject(dict):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self.get(name)
class MlldArray(list):
    pass
def dress(value):
    if isinstance(value, dict):
        return MlldObject((key, dress(item)) for key, item in value.items())
    if isinstance(value, list):
        return [dress(item) for item in value]
    return value
# A parameter: lists and objects carry what mlld knows of them, for other values it is found by the parameter's name.
def parameter(name, entry):
    if entry is None:
        return None
    value, known = dress(entry["value"]), entry["known"]
    base = MlldObject if isinstance(value, dict) else MlldArray if isinstance(value, list) else None
    if base is not None:
        value = type(name + "_" + base.__name__, (base,), {})(value)
        value.__dict__.update(__mlld_type__=known["type"], __mlld_metadata__={"mx": known["mx"]}, __mlld_is_variable__=True)
    mlld.known[name] = known
    return value
class MlldHelpers:
    def __init__(self):
        self.known = {}
    def is_variable(self, value, name=None):
        return hasattr(value, "__mlld_metadata__") or name in self.known
    def get_type(self, value, name=None):
        return getattr(value, "__mlld_type__", None) or self.known.get(name, {}).get("type")
    def get_subtype(self, value, name=None):
        return None
    def get_metadata(self, value, name=None):
        if hasattr(value, "__mlld_metadata__"):
            return value.__mlld_metadata__
        return {"mx": self.known[name]["mx"]} if name in self.known else {}
mlld = MlldHelpers()
scope = {"__name__": "__main__", "mx": dress(request["context"]), "mlld": mlld}
def compiled(name, parameters, body):
    body = textwrap.dedent(body.strip("\n"))
    function = ast.parse("def %s(%s):\n    pass" % (name, ", ".join("%s=None" % p for p in parameters)))
    # A body with a return is no module, but it is one once it stands in a function.
    inner = ast.parse("def f():\n" + textwrap.indent(body, "    ") + "\n    pass").body[0].body
    function.body[0].body = inner
    exec(compile(ast.fix_missing_locations(function), "<py>", "exec"), scope)
    return scope[name]
for f in request["functions"]:
    compiled(f["name"], f["parameters"], f["body"])
for name, entry in zip(request["names"], request["values"]):
    scope[name] = parameter(name, entry)
body = textwrap.dedent(request["body"].strip("\n"))
try:
    code = compile(body, "<py>", "exec")
except SyntaxError:
    value = compiled("__mlld_block__", [], request["body"])()
else:
    exec(code, scope)
    value = None
if value is not None:
    sys.stdout.write(request["mark"] + json.dumps({"value": value}))
sys.stdout.flush()
`}`;

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of shells look like this
import { describe, expect, it } from "vitest";
import { check } from "../../../language/diagnostics";
import { applyChanges } from "../../../language/features/format";
import { RenameRefused, type Renaming, renameIn, renamingAt } from "../../../language/features/navigation/rename";
import { targetAt } from "../../../language/features/navigation/target";
import { type Analysis, Program } from "../../../language/semantics";
import { walk } from "../../../language/syntax";
import { FOLDER, memoryHost } from "../../support/program";

type Files = Record<string, string>;

/** Every kind of name, in every place where a name may stand. */
const FILES: Files = {
  "a.mld": `>> definitions
import { @helper, @shout as @loud } from "./lib/util.mld"
import "./lib/util.mld" as @util
var @base_cfg = { provider: "docker", tools: ["Read", "Bash"], net: { allow: ["a.com"] }, auth: "tok", profiles: { full: { requires: {} }, ro: { requires: {} } } }
auth @tok = { from: "env:TOK", as: "TOK" }
policy @strict = { deny: ["network"], auth: { other: { from: "env:X", as: "X" } } }
policy @both = union(@strict, @strict)
var secret @key = "k"
var @item = "outer"
var @list = [1, 2, 3]
var tools @kit = { greet: { mlld: @greet, labels: ["x"] }, loud: { mlld: @loud } }
exe @greet(name, item) = \`Hi @name and @item.title and @key\`
exe @tpl(name) = :::Hello {{name}} and {{ key }}:::
exe @dbl(name) = ::Hello @name and @key::
exe @sh1(name) = sh { echo "$name" \${name} $names }
exe @js1(name) = js { return name + other.name }
exe @cmd1(name) = cmd { echo "@name" '@name' @name[0] }
exe @block(arg) = [
  let @first = @greet(@arg, @item)
  let @first += "x"
  for @item in @list [
    show \`@item @item_key @first\`
    let @inner = @item
    show @inner
  ]
  if @arg == @first [ show @arg ] else [ show @first ]
  when @arg [
    "a" => show @arg
    * => show @first
  ]
  => { first: @first, arg: @arg }
]
var @made = new @base_cfg with { tools: ["Bash"] }
var @narrow = { ...@base_cfg, tools: ["Bash"] }
guard @watch before secret = when [
  @key == "x" => deny "no @key"
  * => env @narrow
]
guard @second before op:run = when [ * => allow ]
hook @trace before @greet = [ log "x" ]
hook @trace2 after op:run = [ show @key ]
env @base_cfg with { tools: ["Bash"], profile: "full", auth: "tok" } [
  run cmd { echo @key } using auth:tok
  run @list | cmd { cat }
  show @util.helper(@key)
  let @r = @key | @shoutHere | @util.shout
  let @doc = <docs/@key.md>
  output @r to "out/@key.txt"
]
exe @shoutHere(v) = @v
show @base_cfg.tools[0]
var @t = @key ? @list : @item
var @evens = for @n in @list when @n > 1 => @n
var @pairs = for @k, @v in @base_cfg => \`@k: @v\`
var @looped = loop(3) until @input > 2 [ continue @list ]
show foreach @greet(@list, @list) with { separator: "@key" }
run sh (@key) { echo $key }
run cmd { echo } with { stdin: @key }
show "@key and @item.x and \\@key"
export { @greet, @base_cfg, @key, @strict, @list as @items, @kit, @tok }
`,
  "lib/util.mld": `exe @helper(x) = \`help @x\`
exe @shout(x) = \`!@x\`
var @conf = { port: 80, host: "x" }
export { @helper, @shout, @conf }
`,
  "b.mld": `import { @greet, @base_cfg as @cfg, @key, @items } from "./a.mld"
import "./a.mld" as @a
import { @conf } from "./lib/util.mld"
var @x = @greet("n", @key)
show @a.greet("q", @a.key)
show \`@a.base_cfg.tools @conf.port @items\`
env @cfg [ show @cfg ]
var @greet2 = @greet
exe @local(greet) = \`@greet\`
exe @usesKey(p) = js (@key) { return 1 }
export { @greet, @cfg, @x }
`,
  "c.mld": `import { @greet, @cfg as @mine, @x } from "./b.mld"
show @greet(@x, @mine)
show "hello @greet x@x @mine.tools"
`,
  "d.mld.md": `# Doc about @greet

import { @greet } is text

/import { @greet, @key } from "./a.mld"
/import "./b.mld" as @bee

Text mentions @greet and @key here.

/show @greet("x", @key)
/show \`@bee.greet @bee.cfg\`

\`\`\`mlld-run
var @zz = @greet("a", @key)
show @zz
\`\`\`

\`\`\`mlld
show @greet
\`\`\`

/exe @md(p) = :::Hi {{p}} {{key}}:::
`,
  "e.mld": `import { @key as @k, @greet as @g } from "./a.mld"
import { @cfg } from "./b.mld"
exe @code(p) = js (@k) { return k + p }
run js (@k) { k }
run sh (@cfg) { echo $cfg }
var @o = { k: @k, g: @g("a", @cfg), cfg: @cfg.tools }
show @o.k
show @o.cfg
if @k == "x" && !@cfg.net [ show @k ]
export { @k as @kk, @cfg as @g2 }
`,
  "f.mld": `import "./e.mld" as @e
import { @kk } from "./e.mld"
show @e.kk
show @e.g2.tools
var @z = \`@e.kk and @kk.length()\`
`,
  "p.att": "Hi @name and @key\n",
};

const analyses = new WeakMap<Files, Map<string, Analysis>>();

function analysisOf(files: Files, file: string): Analysis {
  let known = analyses.get(files);
  if (!known) {
    const program = new Program();
    const host = memoryHost(files);
    known = new Map(Object.keys(files).map(one => [one, program.analyse(`${FOLDER}/${one}`, host)]));
    analyses.set(files, known);
  }
  return known.get(file)!;
}

interface Renamed {
  renaming: Renaming;
  edits: Record<string, ReturnType<typeof renameIn>>;
  after: Files;
}

/** Null where it is refused. */
function renamed(files: Files, file: string, offset: number, newName: string): Renamed | null {
  try {
    const renaming = renamingAt(analysisOf(files, file), offset);
    const changed = renaming.local ? [file] : Object.keys(files);
    const edits = Object.fromEntries(changed.map(one => [one, renameIn(analysisOf(files, one), renaming, newName)]));
    const after = Object.fromEntries(
      Object.entries(files).map(([one, text]) => [one, applyChanges(text, edits[one] ?? [])]),
    );
    return { renaming, edits, after };
  } catch (error) {
    if (error instanceof RenameRefused) return null;
    throw error;
  }
}

/** What files say and are made of, with a name put back. */
function facts(files: Files, newName: string, name: string): unknown {
  return Object.keys(files).map(file => {
    const analysis = analysisOf(files, file);
    const kinds: string[] = [];
    walk(analysis.file, node => void kinds.push(node.kind));
    // Of two definitions with one name, one has another name now.
    const findings = check(analysis, memoryHost(files))
      .filter(({ code }) => code !== "name/redefined")
      .map(({ code, message }) => `${code} ${message}`);
    return { file, kinds, findings: findings.map(one => one.replaceAll(newName, name)).sort() };
  });
}

describe("renaming through several files", () => {
  it("keeps what they mean, from every place of a name, and can be taken back", () => {
    let renamings = 0;
    let restored = 0;
    const before = facts(FILES, "fresh_name", "fresh_name");
    for (const [file, text] of Object.entries(FILES)) {
      const known = new Map<string, string>();
      for (const { 0: word, index } of text.matchAll(/[A-Za-z_]\w*/g)) {
        const target = targetAt(analysisOf(FILES, file), index + 1);
        const done = target && renamed(FILES, file, index + 1, "fresh_name");
        if (!done) continue;
        const { renaming, edits, after } = done;
        const where = `${file}, ${index}: ${word}`;
        const place = renaming.alias ?? (renaming.local ? renaming.target.symbol?.range : renaming.target.place);
        const key = JSON.stringify([place, renaming.name]);
        const edited = JSON.stringify(edits);
        if (known.has(key)) {
          expect(edited, where).toBe(known.get(key));
          continue;
        }
        known.set(key, edited);
        renamings++;
        expect(facts(after, "fresh_name", renaming.name), where).toEqual(before);
        const [first, changes] = Object.entries(edits).find(([, one]) => one.length > 0)!;
        const back = renamed(after, first, changes[0]!.start + 1, renaming.name);
        if (!back) continue;
        expect(back.after, where).toEqual(FILES);
        restored++;
      }
    }
    expect(renamings).toBeGreaterThan(80);
    // The others are refused where a name of an outer block would be hidden, or code mentions the name.
    expect(restored).toBeGreaterThan(renamings - 6);
  }, 90_000);
});

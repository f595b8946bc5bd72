import { describe, expect, it } from "vitest";
import { applyChanges, format } from "../../../language/features/format";
import { sameMeaning } from "../../../language/features/format/same-meaning";
import { parse } from "../../../language/syntax";
import type { Mode } from "../../../language/syntax/tree";
import { CORPUS, corpusFiles } from "../../support/corpus";

const OPTIONS = { tabSize: 2, insertSpaces: true };

function formatted(text: string, options = OPTIONS, mode: Mode = "strict"): string {
  return applyChanges(text, format(parse(text, mode), options));
}

describe("format", () => {
  it.each([
    ["var   @x=1\n", "var @x = 1\n"],
    ["var @x = 1   \n\n\n\nvar @y = 2", "var @x = 1\n\nvar @y = 2\n"],
    ['var @o={a:1,"b":[ 1,2 ]}\n', 'var @o = { a: 1, "b": [1, 2] }\n'],
    ["exe @f(a,b)=[\nlet @c=@a\n=>@c\n]\n", "exe @f(a, b) = [\n  let @c = @a\n  => @c\n]\n"],
    [
      'env @cfg with{tools:["Bash"]} [\nrun cmd { ls }\n    ]\n',
      'env @cfg with { tools: ["Bash"] } [\n  run cmd { ls }\n]\n',
    ],
    ["if @a==1 [\nshow @a\n]else[ show @b ]\n", "if @a == 1 [\n  show @a\n] else [ show @b ]\n"],
    ['when [\n@a=>show "x"\n      *   =>   show "y"\n]\n', 'when [\n  @a => show "x"\n  * => show "y"\n]\n'],
    ["var @x = @y\n      .trim()\n| @upper\n", "var @x = @y\n  .trim()\n  | @upper\n"],
    ["var @x = {\na: [\n{ b: 1 }\n]\n}\n", "var @x = {\n  a: [\n    { b: 1 }\n  ]\n}\n"],
    [
      "guard   @g   before   op:run=when [\n* => allow\n]\nguard  before  secret=when [ *=>allow ]\n",
      "guard @g before op:run = when [\n  * => allow\n]\nguard before secret = when [ * => allow ]\n",
    ],
    [
      "for   parallel(2)   @k,@v   in   @x   [\nshow    @k\n]\nvar @r=for @a in @b when  @a=>@a\n",
      "for parallel(2) @k, @v in @x [\n  show @k\n]\nvar @r = for @a in @b when @a => @a\n",
    ],
    [
      'import   {@a,@b as @c}   from   "./x.mld"\nexport {@a,  @c}\n',
      'import { @a, @b as @c } from "./x.mld"\nexport { @a, @c }\n',
    ],
    ['output   @x   to   "f"\nlog   "a"\nif   @x [ show @x ]\n', 'output @x to "f"\nlog "a"\nif @x [ show @x ]\n'],
    ["exe @f( a ,b )   =   when   [\n*=>null\n]\n", "exe @f(a, b) = when [\n  * => null\n]\n"],
    ["if @a [\nshow 1\n]\n  else   [\nshow 2\n]\n", "if @a [\n  show 1\n]\nelse [\n  show 2\n]\n"],
    [
      "run sh{ ls }\nexe @g()=cmd{ls}\nloop(3)[\nshow 1\n]\n",
      "run sh { ls }\nexe @g() = cmd {ls}\nloop(3) [\n  show 1\n]\n",
    ],
    [
      "var @x = new   @c   with{tools:[]}\nbail   `x`   >> why\n",
      "var @x = new @c with { tools: [] }\nbail `x`   >> why\n",
    ],
    ["import{@a}from'./x.mld'\nneeds{sh}\n", "import { @a } from './x.mld'\nneeds { sh }\n"],
  ])("brings %j to its usual form", (before, after) => {
    expect(formatted(before)).toBe(after);
  });

  it("leaves templates, commands, code and comments as they are", () => {
    const text = 'var @t = `\n keep  this \n`\nrun sh {\n   echo   "a"\n}\nrun cmd { echo   a }\n>>   note\n';
    expect(formatted(text)).toBe(text);
  });

  it("leaves prose alone in markdown", () => {
    const text = "Some   text  \n\n\n\n/var @x=1\n\nMore   text\n";
    expect(formatted(text, OPTIONS, "markdown")).toBe("Some   text  \n\n\n\n/var @x = 1\n\nMore   text\n");
  });

  it("does nothing to a file with syntax errors", () => {
    expect(format(parse("var @x = \nvar    @y=2\n", "strict"), OPTIONS)).toEqual([]);
  });

  it("takes no longer than the text for many texts on one line", { timeout: 20_000 }, () => {
    const list = (comma: string) => `var @x = [${Array.from({ length: 100_000 }, (_, i) => `"a${i}"`).join(comma)}]\n`;
    expect(formatted(list(","))).toBe(list(", "));
  });

  it("uses tabs and widths as asked", () => {
    expect(formatted("exe @f() = [\n=> 1\n]\n", { tabSize: 4, insertSpaces: true })).toBe(
      "exe @f() = [\n    => 1\n]\n",
    );
    expect(formatted("exe @f() = [\n=> 1\n]\n", { tabSize: 4, insertSpaces: false })).toBe("exe @f() = [\n\t=> 1\n]\n");
  });

  it("keeps line ends of Windows", () => {
    expect(formatted("exe @f() = [\r\n=> 1   \r\n]\r\n")).toBe("exe @f() = [\r\n  => 1\r\n]\r\n");
  });

  it.skipIf(!CORPUS)("keeps the tree and is idempotent on the whole corpus", () => {
    let changed = 0;
    for (const { path, text, mode } of corpusFiles("strict/valid", "strict-derived/valid", "markdown/valid")) {
      const file = parse(text, mode);
      const changes = format(file, OPTIONS);
      if (changes.length === 0) continue;
      changed++;
      const after = parse(applyChanges(text, changes), mode);
      expect(sameMeaning(file, after), path).toBe(true);
      expect(format(after, OPTIONS), path).toEqual([]);
    }
    expect(changed).toBeGreaterThan(50);
  });
});

/** What stands where no statement is, or behind one: words of other languages, slips, and the rest. */
import { closest } from "../environment/spelling";
import type { SyntaxCode } from "./errors";
import type { Edit, Parser } from "./parser";
import type { Statement } from "./tree";

interface Slip {
  code: SyntaxCode;
  message: string;
  start: number;
  end: number;
  fix?: { title: string; edits: Edit[] };
}

const report = (p: Parser, { code, message, start, end, fix }: Slip): void => p.fail(code, message, start, end, fix);

/** Words of other languages at the start of a line, by what is written here. */
const FOREIGN: { words: string[]; instead: string; write?: string }[] = [
  { words: ["print", "echo", "puts", "printf"], instead: "Output is written with `show`.", write: "show" },
  { words: ["function", "func", "def", "fn"], instead: "An executable is declared with `exe @name(parameters) = …`." },
  { words: ["return"], instead: "A script ends with `=> value`.", write: "=>" },
  { words: ["else", "elseif", "elif"], instead: "`else` stands behind the `]` of an `if`." },
  { words: ["environment", "sandbox"], instead: "An environment is entered with `env @config [ … ]`.", write: "env" },
  { words: ["with"], instead: "`with` stands behind a config: `env @config with { … } [ … ]`." },
  { words: ["require", "include", "use"], instead: 'Names are imported with `import { @name } from "path"`.' },
  { words: ["from"], instead: 'An import names first what it takes: `import { @name } from "path"`.' },
];

const LANGUAGES = /^(?:sh|bash|js|node|py|python)$/;
const COMMENT_MARK = /^(\/\/|#+|--|\/\*|<!--)/;

/** Reports text that is no statement. `words` are those that begin one. */
export function reportText(p: Parser, start: number, words: readonly string[]): void {
  report(p, slipOf(p, start, words));
}

function slipOf(p: Parser, start: number, words: readonly string[]): Slip {
  const line = p.lineEnd(start);
  const text = p.text.slice(start, line);
  const end = p.wordEnd(start);
  const word = p.text.slice(start, end);
  const lower = word.toLowerCase();
  const replaced = (newText: string) => ({ title: `Write \`${newText}\``, edits: [{ start, end, newText }] });
  if (word !== lower && words.includes(lower)) {
    const message = `Statements are written in lower case: \`${lower}\`.`;
    return { code: "syntax/unknown-statement", message, start, end, fix: replaced(lower) };
  }
  const mark = COMMENT_MARK.exec(text)?.[0];
  if (mark) {
    const edits = [{ start, end: start + mark.length, newText: ">>" }];
    const fix = /^[/<][*!]/.test(mark) ? undefined : { title: "Write `>>`", edits };
    return { code: "syntax/text-not-allowed", message: "A comment begins with `>>`.", start, end: line, fix };
  }
  if (text[0] === "{" || text[0] === "[") {
    const message = "A value alone does nothing: give it a name, `var @name = …`.";
    const fix = { title: "Give it a name", edits: [{ start, end: start, newText: "var @name = " }] };
    return { code: "syntax/value-without-effect", message, start, end: line, fix };
  }
  if (/^[\])}]/.test(text))
    return { code: "syntax/text-not-allowed", message: `This \`${text[0]}\` closes nothing.`, start, end: start + 1 };
  if (/^[a-z_]\w*[ \t]*=(?![=>])/i.test(text)) {
    const fix = { title: `Write \`var @${word}\``, edits: [{ start, end: start, newText: "var @" }] };
    return {
      code: "syntax/unknown-statement",
      message: `A variable is declared with \`var @${word} = …\`.`,
      start,
      end,
      fix,
    };
  }
  if (LANGUAGES.test(word) && /^\w+[ \t]*[:({]/.test(text)) {
    const message = `\`${word}\` is not allowed at the top level: write \`run ${word} { … }\`.`;
    return { code: "syntax/not-at-top-level", message, start, end, fix: replaced(`run ${word}`) };
  }
  // Prose has words behind words; a statement goes on with a value.
  if (/^\w+(?:$|\s*["'`@{[(<:]|\s+\w+\s*[=({])/.test(text) || /^(?:else|elif|elseif|return|from)\b/.test(text)) {
    const declared = /^(?:const|set|local|global)\s+([a-z_]\w*)(?=\s*=)/i.exec(text);
    if (declared) {
      const newText = `var @${declared[1]}`;
      const edits = [{ start, end: start + declared[0].length, newText }];
      const message = `A variable is declared with \`${newText} = …\`.`;
      return { code: "syntax/unknown-statement", message, start, end, fix: { title: `Write \`${newText}\``, edits } };
    }
    const foreign = FOREIGN.find(({ words: known }) => known.includes(word));
    if (foreign) {
      const { instead: message, write } = foreign;
      return { code: "syntax/unknown-statement", message, start, end, ...(write && { fix: replaced(write) }) };
    }
    const meant = word.length > 2 ? closest(word, words) : null;
    if (meant) {
      const message = `\`${word}\` is no statement: write \`${meant}\`.`;
      return { code: "syntax/unknown-statement", message, start, end, fix: replaced(meant) };
    }
  }
  return {
    code: "syntax/text-not-allowed",
    message: "Expected a statement. A `.mld` file holds no prose: prose goes into `.mld.md` files, or behind `>>`.",
    start,
    end: line,
  };
}

const LEFTOVERS: { text: RegExp; message: (found: string, statement: Statement) => string }[] = [
  { text: /^\.(?!\w)/, message: () => "Expected the name of a field after `.`." },
  { text: /^\[/, message: () => "Expected `[index]` with its `]` directly behind the name." },
  { text: /^[\])}]/, message: found => `This \`${found}\` closes nothing.` },
  { text: /^[“”‘’]/, message: () => "Curly quotes are no quotes: write `\"` or `'`." },
  { text: /^with\b/, message: () => "`with` takes its options in braces: `with { … }`." },
  {
    text: /^(?:elseif|elif)\b/,
    message: () => "An `if` has one `else`: put the next `if` into its block, or use `when`.",
  },
  {
    text: /^,/,
    message: (_, { kind }) =>
      kind === "ShowStatement"
        ? "`show` takes one value: put several into a template, `` `@a @b` ``."
        : "Expected the end of the line: a comma separates nothing here.",
  },
];

/** Reports what stands behind a statement on its line. */
export function reportLeftoverText(p: Parser, statement: Statement, start: number, end: number): void {
  const rest = p.text.slice(start, end);
  const known = LEFTOVERS.find(({ text }) => text.test(rest));
  const message = known?.message(rest[0]!, statement) ?? "Expected the end of the line after this statement.";
  p.fail("syntax/text-after-statement", message, start, end);
}

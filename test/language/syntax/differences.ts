/**
 * The deliberate differences of docs/language-differences.md, by their ids there: texts that mlld rejects and we accept, or
 * the other way round. A text belongs to a difference when its pattern is found in it.
 */
export const ACCEPTED_HERE: Record<string, RegExp> = {
  "with-fields": /with\s*\{[\s\S]*\b(mcps|fs|net|limits|frobnicate|model|auth|policy|guards)\s*:/,
  "comments-in-literals": /[{[][\s\S]*(>>|<<)/,
  "comment-before-close": /(>>|<<)[^\n]*\n\s*\]/,
  "comment-after-declaration": /^(policy|auth|needs) .*>>/m,
  "trailing-comma": /with\s*\{[^}]*,\s*\}/,
  "empty-env-block": /env[^[]*\[\s*\]/,
  "nested-env": /(\[[\s\S]*|=>\s*)\benv\b/,
  "box-syntax": /\b(box|files?|mcp)\b|!~=|\[\*\]|guard \w+ @|op:\w+:\w+|show <[^>]*>\.|output [[{]|^resume:/,
  "byte-order-mark": /^\uFEFF/,
  "tilde-operator": /~=/,
  "branch-on-next-line": /\?[^\n]*\n\s*:/,
  "parallel-behind-stage": /\| @\w+ \|\|/,
  "prose-braces": /prose:@\w+ \{/,
};

export const REJECTED_HERE: Record<string, RegExp> = {
  "block-as-argument": /@\w+\((env|for|\w+ =>)/,
  "bare-word-in-loop": /loop[^[]*\[[\s\S]*\bsleep 60\b/,
};

/** Ids of the section about places; the tests check the places by rules, see corpus.test.ts. */
export const PLACES = ["inside-statement", "opening-bracket", "shell-operator", "comment-place"];

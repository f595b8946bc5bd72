import { AT, COMMA, NEWLINE, SLASH } from "./characters";
import { parseBinary } from "./operators";
import type { Parser } from "./parser";
import { type Ends, parseInterpolated } from "./templates";
import type { Binding, TemplateLoop } from "./tree";

/** True when `/for @x in` stands at `i`; any other `/for` is text. */
export function atTemplateLoop(p: Parser, i: number): boolean {
  if (!p.atWord(i + 1, "for")) return false;
  let j = p.afterSpaces(i + 4);
  for (;;) {
    if (p.at(j) !== AT) return false;
    const end = p.identifierEnd(j + 1);
    if (end === j + 1) return false;
    j = p.afterSpaces(end);
    if (p.at(j) !== COMMA) break;
    j = p.afterSpaces(j + 1);
  }
  return p.atWord(j, "in");
}

function parseBinding(p: Parser): Binding {
  const start = p.pos;
  p.pos = p.identifierEnd(start + 1);
  return { kind: "Binding", start, end: p.pos, name: p.text.slice(start + 1, p.pos) };
}

/** `/for @x in @xs` … `/end`, each on a line of its own, in a template. */
export function parseTemplateLoop(p: Parser, ends: Ends): TemplateLoop {
  const start = p.pos;
  p.pos += 4;
  p.skipSpaces();
  let variable = parseBinding(p);
  let key: Binding | null = null;
  p.skipSpaces();
  if (p.peek() === COMMA) {
    p.pos++;
    p.skipSpaces();
    key = variable;
    variable = parseBinding(p);
    p.skipSpaces();
  }
  p.pos += 2;
  p.skipSpaces();
  const source = parseBinary(p, 0);
  const lineEnd = p.text.indexOf("\n", p.pos);
  p.pos = lineEnd === -1 || lineEnd > p.end ? p.end : lineEnd;
  if (!p.enter()) {
    return { kind: "TemplateLoop", start, end: p.pos, key, variable, source, body: [] };
  }
  p.templateLoops++;
  // The body begins with the line end, so that `/end` on the very next line is seen; the value drops it.
  const body = parseInterpolated(p, ends);
  const first = body[0];
  if (first?.kind === "Text") first.value = first.value.replace(/^\r?\n/, "");
  p.templateLoops--;
  p.depth--;
  if (p.peek() === SLASH && p.atWord(p.pos + 1, "end")) {
    p.pos += 4;
    p.skipSpaces();
    if (p.peek() === NEWLINE) p.pos++;
  } else p.fail("syntax/unclosed-loop", "Expected `/end` on a line of its own to close the loop.", start, start + 4);
  return { kind: "TemplateLoop", start, end: p.pos, key, variable, source, body };
}

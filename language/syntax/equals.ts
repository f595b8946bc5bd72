import { EQUALS, GREATER } from "./characters";
import type { Parser } from "./parser";

/** Takes the `=` behind a head, also a `=>` that stands there by mistake; false where there is none. `after` is the head in words. */
export function takeEqualsAfter(p: Parser, after: string): boolean {
  p.skipWhitespace();
  if (p.peek() !== EQUALS || p.at(p.pos + 1) === EQUALS) return false;
  const arrow = p.at(p.pos + 1) === GREATER;
  if (arrow)
    p.fail("syntax/missing-equals", `Expected \`=\` after ${after}, not \`=>\`.`, p.pos, p.pos + 2, {
      title: "Write `=`",
      edits: [{ start: p.pos, end: p.pos + 2, newText: "=" }],
    });
  p.pos += arrow ? 2 : 1;
  return true;
}

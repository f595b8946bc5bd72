import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ShellText } from "../../../runtime/evaluator/shell-text";

function command(...parts: (string | { value: unknown })[]): string {
  const text = new ShellText();
  for (const part of parts) typeof part === "string" ? text.literal(part) : text.value(part.value);
  return text.toString();
}

const sh = (text: string) => execFileSync("sh", ["-c", text], { encoding: "utf8" });

describe("values in a command", () => {
  it("leaves ordinary values as they are", () => {
    expect(command("ls ", { value: "src/a-b.ts" })).toBe("ls src/a-b.ts");
    expect(command("echo ", { value: ["a", "b.txt"] })).toBe("echo a b.txt");
    expect(command('echo "', { value: "it's 5 o'clock" }, '"')).toBe(`echo "it's 5 o'clock"`);
    expect(command("git ", { value: "log --oneline" })).toBe("git log --oneline");
  });

  it("splits a text into words, but not an element of a list", () => {
    expect(sh(command("printf '%s|' ", { value: "a  b" }))).toBe("a|b|");
    expect(sh(command("printf '%s|' ", { value: ["a  b", "c"] }))).toBe("a  b|c|");
  });

  it("does not let a value become part of the command", () => {
    const evil = "$(touch /tmp/never); `id` && echo no | cat > x \"'\\ # *";
    expect(sh(command('printf %s "', { value: evil }, '"'))).toBe(evil);
    expect(sh(command("printf %s '", { value: evil }, "'"))).toBe(evil);
    expect(sh(command("printf '%s ' ", { value: evil }))).toBe(`${evil.split(/\s+/).join(" ")} `);
    expect(sh(command("echo `printf %s '", { value: "a`b$c\\" }, "'`"))).toBe("a`b$c\\\n");
  });

  it("keeps any text whole in quotes", () => {
    const texts = fc
      .string({ unit: "binary", maxLength: 40 })
      .filter(text => !text.includes("\0") && !/[\uD800-\uDFFF]/.test(text));
    fc.assert(
      fc.property(texts, text => {
        expect(sh(command('printf %s "', { value: text }, '"'))).toBe(text);
        expect(sh(command("printf %s '", { value: text }, "'"))).toBe(text);
      }),
      { numRuns: 60 },
    );
  });

  it("keeps every word of any text a word", () => {
    const texts = fc.string({ maxLength: 30 }).filter(text => text.trim() !== "");
    fc.assert(
      fc.property(texts, text => {
        const words = text.split(/\s+/).filter(word => word !== "");
        expect(sh(command("printf '%s\\n' ", { value: text }))).toBe(words.map(word => `${word}\n`).join(""));
      }),
      { numRuns: 60 },
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LineEditor, type Typed } from "../../protocol/line-editor";

const editor = (hides = () => false) => new LineEditor(hides);
const echoes = (typed: Typed[]) => typed.flatMap(one => (one.kind === "echo" ? [one.text] : [])).join("");
const inputs = (typed: Typed[]) => typed.flatMap(one => (one.kind === "input" ? [one.text] : []));

describe("the line editor", () => {
  it("echoes keys and hands on whole lines", () => {
    const keys = editor();
    expect(keys.type("a")).toEqual([{ kind: "echo", text: "a" }]);
    expect(keys.type("b\r")).toEqual([
      { kind: "echo", text: "b\r\n" },
      { kind: "input", text: "ab\n", secret: false },
    ]);
  });

  it("takes pasted lines of every system", () => {
    expect(inputs(editor().type("one\r\ntwo\nthree\rfour"))).toEqual(["one\n", "two\n", "three\n"]);
    const split = editor();
    expect([...inputs(split.type("one\r")), ...inputs(split.type("\ntwo\r"))]).toEqual(["one\n", "two\n"]);
  });

  it.each([
    ["Backspace", "abc\x7f\x7fd\r", "ad\n"],
    ["Backspace at the start", "\x7f\x7fa\r", "a\n"],
    ["Ctrl+U", "abc\x15d\r", "d\n"],
    ["Ctrl+W", "one two  \x17three\r", "one three\n"],
    ["arrows and function keys", "a\x1b[D\x1b[1;5C\x1bOPb\r", "ab\n"],
    ["marks around pasted text", "\x1b[200~text\x1b[201~\r", "text\n"],
    ["other control characters", "a\x01\x1ab\r", "ab\n"],
    ["a tab", "a\tb\r", "a\tb\n"],
  ])("knows %s", (_, keys, line) => {
    expect(inputs(editor().type(keys))).toEqual([line]);
  });

  it("erases as many columns as a character takes", () => {
    const keys = editor();
    keys.type("日👩‍👩‍👧é");
    expect(echoes(keys.type("\x7f"))).toBe("\b \b");
    expect(echoes(keys.type("\x7f"))).toBe("\b \b\b \b");
    expect(echoes(keys.type("\x7f"))).toBe("\b \b\b \b");
    expect(keys.type("\x7f")).toEqual([]);
  });

  it("ends the input with Ctrl+D on an empty line, and hands on an unfinished one", () => {
    const keys = editor();
    expect(keys.type("\x04")).toEqual([{ kind: "end" }]);
    expect(keys.type("ab\x04").at(-1)).toEqual({ kind: "input", text: "ab", secret: false });
    expect(keys.type("\x04")).toEqual([{ kind: "end" }]);
  });

  it("forgets the line with Ctrl+C", () => {
    const keys = editor();
    expect(keys.type("abc\x03").at(-1)).toEqual({ kind: "interrupt" });
    expect(inputs(keys.type("d\r"))).toEqual(["d\n"]);
  });

  it("shows nothing of a secret, also when it is corrected", () => {
    const keys = editor(() => true);
    expect(keys.type("secr\x7f\x7fcret\r")).toEqual([
      { kind: "echo", text: "\r\n" },
      { kind: "input", text: "secret\n", secret: true },
    ]);
  });

  it("loses no character, however it is cut up", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom("a", "ß", "日", " ", "\r") })), parts => {
        const keys = editor();
        const text = inputs(parts.flatMap(part => keys.type(part)).concat(keys.type("\r"))).join("");
        expect(text).toBe(`${parts.join("")}\r`.replaceAll("\r", "\n"));
      }),
    );
  });
});

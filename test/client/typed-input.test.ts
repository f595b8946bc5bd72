import { describe, expect, it } from "vitest";
import { TypedInput } from "../../client/run/typed-input";

const type = (...chunks: string[]) => {
  const input = new TypedInput();
  const typed = chunks.flatMap(chunk => input.take(chunk));
  return {
    echo: typed.map(event => (event.kind === "echo" ? event.text : "")).join(""),
    rest: typed.filter(event => event.kind !== "echo"),
  };
};

describe("typing into a run", () => {
  it("sends whole lines and echoes them", () => {
    expect(type("h", "i", "\r")).toEqual({ echo: "hi\r\n", rest: [{ kind: "line", text: "hi\n" }] });
  });
  it("takes back with backspace, also a character of two code units, and not beyond the start", () => {
    expect(type("a😀\x7f\x7f\x7fb\r").rest).toEqual([{ kind: "line", text: "b\n" }]);
    expect(type("\x7f").echo).toBe("");
  });
  it("interrupts with Ctrl+C and forgets the line", () => {
    expect(type("abc\x03", "d\r").rest).toEqual([{ kind: "interrupt" }, { kind: "line", text: "d\n" }]);
  });
  it("ends the input with Ctrl+D on an empty line, else sends what is there", () => {
    expect(type("\x04").rest).toEqual([{ kind: "end" }]);
    expect(type("ab\x04\x04").rest).toEqual([{ kind: "line", text: "ab" }, { kind: "end" }]);
  });
  it("leaves keys that come as sequences out", () => {
    expect(type("a\x1b[A\x1b[1;5C\x1bOPb\r").rest).toEqual([{ kind: "line", text: "ab\n" }]);
  });
  it("takes pasted lines one by one", () => {
    expect(type("one\rtwo\r").rest).toEqual([
      { kind: "line", text: "one\n" },
      { kind: "line", text: "two\n" },
    ]);
  });
});

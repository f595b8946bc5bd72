import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PacedOutput } from "../../client/run/paced-output";

const QUERY = "\x1b[5n";
const ANSWER = "\x1b[0n";

function terminal() {
  let text = "";
  let drawn = 0;
  const output = new PacedOutput(
    part => {
      text += part;
    },
    bytes => {
      drawn += bytes;
    },
  );
  return {
    output,
    shown: () => text.replaceAll(QUERY, ""),
    queries: () => text.split(QUERY).length - 1,
    drawn: () => drawn,
  };
}

describe("text on its way to a terminal", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("loses nothing that is written before the terminal is open", async () => {
    const { output, shown } = terminal();
    output.write("a");
    output.write("b");
    expect(shown()).toBe("");
    const flushed = output.flushed();
    output.open();
    await flushed;
    output.write("c");
    expect(shown()).toBe("abc");
  });

  it("writes no more than the terminal has drawn, in order, and gives credit for what was drawn", () => {
    const { output, shown, queries, drawn } = terminal();
    output.open();
    const parts = Array.from({ length: 64 }, (_, i) => String.fromCharCode(65 + (i % 26)).repeat(16 * 1024));
    for (const part of parts) output.write(part, part.length);
    const first = shown().length;
    expect(first).toBeLessThan(200 * 1024);
    expect(drawn()).toBe(0);
    for (let i = 0; i < queries(); i++) expect(output.input(ANSWER)).toBe("");
    expect(shown()).toBe(parts.join(""));
    expect(drawn()).toBe(64 * 16 * 1024);
  });

  it("asks nothing of a terminal that shows little", () => {
    const { output, queries } = terminal();
    output.open();
    output.write("short", 5);
    expect(queries()).toBe(0);
  });

  it("takes the answers out of what is typed", () => {
    const { output } = terminal();
    output.open();
    output.write("x".repeat(200_000), 200_000);
    expect(output.input(`a${ANSWER}b${ANSWER}`)).toBe("ab");
    expect(output.input("\x1b[A")).toBe("\x1b[A");
  });

  it("goes on when a terminal does not answer", () => {
    const { output, shown, drawn } = terminal();
    output.open();
    for (let i = 0; i < 20; i++) output.write("x".repeat(32 * 1024), 32 * 1024);
    const before = shown().length;
    vi.advanceTimersByTime(60_000);
    expect(shown().length).toBe(20 * 32 * 1024);
    expect(before).toBeLessThan(shown().length);
    expect(drawn()).toBe(20 * 32 * 1024);
  });

  it("lets a run go on without limit when the terminal is closed", async () => {
    const { output, shown, drawn } = terminal();
    output.open();
    for (let i = 0; i < 20; i++) output.write("x".repeat(32 * 1024), 32 * 1024);
    const flushed = output.flushed();
    output.close();
    await flushed;
    expect(drawn()).toBe(20 * 32 * 1024);
    const before = shown();
    output.write("late", 4);
    expect(shown()).toBe(before);
    expect(drawn()).toBe(20 * 32 * 1024 + 4);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("counts bytes of text that shows nothing", () => {
    const { output, drawn, queries } = terminal();
    output.open();
    for (let i = 0; i < 4; i++) output.write("", 32 * 1024);
    for (let i = queries(); i > 0; i--) output.input(ANSWER);
    expect(drawn()).toBe(4 * 32 * 1024);
  });
});

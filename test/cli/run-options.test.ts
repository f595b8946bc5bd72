import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseRunOptions } from "../../cli/run/options";

const cwd = mkdtempSync(join(tmpdir(), "mlld-env-options-"));
afterAll(() => rmSync(cwd, { recursive: true }));

describe("the arguments of run", () => {
  it("name a file, or a line of it counted from one", () => {
    expect(parseRunOptions(["a.mld"], cwd)).toMatchObject({ file: join(cwd, "a.mld"), line: null });
    expect(parseRunOptions(["a.mld:7"], cwd)).toMatchObject({ file: join(cwd, "a.mld"), line: 6 });
    expect(parseRunOptions(["/x/a.mld:1"], cwd)).toMatchObject({ file: "/x/a.mld", line: 0 });
  });

  it("take a file whose own name looks like a line", () => {
    writeFileSync(join(cwd, "odd:7"), "");
    expect(parseRunOptions(["odd:7"], cwd)).toMatchObject({ file: join(cwd, "odd:7"), line: null });
  });

  it("fill the payload, with JSON where it is JSON", () => {
    const { input } = parseRunOptions(
      ["--input", "name=Ann", "--input=n=3", "--input=xs=[1,2]", "--input=eq=a=b", "--input=empty=", "a.mld"],
      cwd,
    );
    expect({ ...input }).toEqual({ name: "Ann", n: 3, xs: [1, 2], eq: "a=b", empty: "" });
  });

  it("take a time in seconds", () => {
    expect(parseRunOptions(["--timeout", "1.5", "a.mld"], cwd).timeoutMs).toBe(1500);
    expect(parseRunOptions(["a.mld"], cwd).timeoutMs).toBeNull();
  });

  it.each([
    ["nothing", []],
    ["two files", ["a.mld", "b.mld"]],
    ["line nought", ["a.mld:0"]],
    ["a time that is none", ["--timeout", "soon", "a.mld"]],
    ["a time of nought", ["--timeout=0", "a.mld"]],
    ["an input without a value", ["--input", "name", "a.mld"]],
    ["an input without a name", ["--input", "=x", "a.mld"]],
    ["an unknown option", ["--fast", "a.mld"]],
    ["--control without --json", ["--control", "a.mld"]],
    ["--set without --spec", ["--set", "a=b", "a.mld"]],
  ])("are refused: %s", (_, args) => {
    expect(() => parseRunOptions(args, cwd)).toThrow();
  });
});

/** Wrong calls of the command line: exit codes, and what is said. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";

const CLI = join(__dirname, "../../dist/cli.js");
const folder = mkdtempSync(join(tmpdir(), "mlld-env-usage-"));
mkdirSync(join(folder, "folder"));
writeFileSync(
  join(folder, "blocks.mld"),
  'var @x = 1\nenv { tools: ["Read"] } [\n  => @x\n]\nexe @f(a, b) = env { tools: [] } [\n  => @a\n]\n',
);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function call(...args: string[]) {
  const { status, stdout, stderr } = spawnSync("node", [CLI, ...args], { cwd: folder, encoding: "utf8", input: "" });
  return { status, stdout, stderr };
}

describe("what cannot be read", () => {
  const cases: [call: string[], said: string][] = [
    [["check", "none.mld"], "cannot read none.mld: there is no such file or folder"],
    [["explain", "none.mld:1"], "cannot read none.mld: there is no such file or folder"],
    [["explain", "folder:1"], "cannot read folder: it is a folder"],
    [["parse", "--json", "folder"], "cannot read folder: it is a folder"],
    [["run", "none.mld"], "none.mld: there is no such file or folder"],
    [["run", "folder"], "folder: it is a folder"],
  ];
  it.each(cases)("%j", (args, said) => {
    const { status, stderr } = call(...args);
    expect(status).toBe(2);
    expect(stderr).toContain(said);
    expect(stderr).not.toMatch(/usage:|ENOENT|EISDIR|\n {4}at /);
  });
});

describe("wrong calls", () => {
  const cases: [call: string[], said: string][] = [
    [["nonsense"], "there is no command 'nonsense'"],
    [["check"], "name the files or folders to check"],
    [["check", "--wrong", "."], "there is no option '--wrong'\nusage: mlld-env check"],
    [["ls", "extra"], "'extra' is one argument too many\nusage: mlld-env ls"],
    [["explain", "blocks.mld"], "name a file and a line"],
    [["run", "--timeout", "0", "blocks.mld"], "--timeout takes seconds, not '0'"],
    [["lsp"], "pass --stdio"],
  ];
  it.each(cases)("%j", (args, said) => {
    const { status, stdout, stderr } = call(...args);
    expect(status).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(said);
  });
});

it("says where the blocks are when there is none at a line", () => {
  const { status, stderr } = call("run", "blocks.mld:9");
  expect(status).toBe(2);
  expect(stderr).toContain("There is no env block at line 9");
  expect(stderr).toContain("Its blocks begin at lines 2, 5.");
});

it("tells which parameters a block inside an executable did not get", () => {
  const { status, stderr } = call("run", "--input", "a=1", "blocks.mld:6");
  expect(status).toBe(0);
  expect(stderr).toContain("@b of @f is not given: pass --input b=…");
});

it("explains the findings of a block with the places that they are about", () => {
  writeFileSync(
    join(folder, "wide.mld"),
    'var @r = { tools: ["Read"] }\nenv @r with { tools: ["Bash"] } [\n  => 1\n]\n',
  );
  const { stdout } = call("explain", "wide.mld:2");
  expect(stdout).toMatch(/^wide\.mld:2:23: error: .*\[env\/tools-widened\]\n {4}wide\.mld:1:19: @r allows Read here$/m);
});

it("explains files as they are written, with their stars", () => {
  writeFileSync(join(folder, "files.mld"), 'env { fs: { read: ["./a/**", "./b/**/*.ts"] } } [\n  => 1\n]\n');
  expect(call("explain", "files.mld:1").stdout).toMatch(/fs +reading \.\/a\/\*\*, \.\/b\/\*\*\/\*\.ts +set/);
});

it("explains a block as a table of columns, without marks of markdown", () => {
  const { status, stdout } = call("explain", "blocks.mld:2");
  expect(status).toBe(0);
  expect(stdout).toMatch(/^tools {2,}Read {2,}set in the config \(blocks\.mld:2\)$/m);
  expect(stdout).toMatch(/^mcps {2,}everything {2,}not restricted$/m);
  expect(stdout).not.toMatch(/[`|*]/);
});

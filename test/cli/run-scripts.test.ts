/** js blocks of the command line: they run in a thread, so that one which never gives way can be cancelled. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TIMED } from "../support/timed";

const CLI = join(__dirname, "../../dist/cli.js");
let folder: string;
let env: NodeJS.ProcessEnv;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mlld-env-scripts-"));
  env = { ...process.env, MLLD_ENV_STATE_DIR: join(folder, "state") };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function program(text: string): string[] {
  const file = join(folder, "a.mld");
  writeFileSync(file, text);
  return [CLI, "run", file];
}

test("values go in and out, errors to standard error, and globals last from block to block", () => {
  const args = program(`exe @keep(v) = js { globalThis.kept = v; console.error("kept"); return null }
exe @back() = js { return { v: globalThis.kept, missing: undefined } }
var @a = @keep([1, { b: "ü" }])
var @r = @back()
show @r.v
`);
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: "utf8", env });
  expect(status, stderr).toBe(0);
  expect(JSON.parse(stdout)).toEqual([1, { b: "ü" }]);
  expect(stderr).toContain("kept");
});

test("an exception fails the run with its message", () => {
  const { stderr, status } = spawnSync(
    process.execPath,
    program('exe @f() = js { throw new Error("boom") }\nvar @x = @f()\n'),
    { encoding: "utf8", env },
  );
  expect(status).toBe(1);
  expect(stderr).toContain("boom");
});

test("a block that never gives way is cancelled within two seconds", TIMED, async () => {
  const child = spawn(
    process.execPath,
    program('exe @f() = js { console.error("begun"); while (true) {} }\nvar @x = @f()\n'),
    { env, stdio: ["ignore", "ignore", "pipe"] },
  );
  for await (const chunk of child.stderr) if (String(chunk).includes("begun")) break;
  const started = Date.now();
  child.kill("SIGINT");
  const [code] = await once(child, "exit");
  expect(code).toBe(130);
  expect(Date.now() - started).toBeLessThan(2_000);
});

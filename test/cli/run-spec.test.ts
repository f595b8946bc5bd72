/** `run --spec` on this machine: set-up, entry, variables, input, refusals. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const CLI = join(__dirname, "../../dist/cli.js");
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mlld-env-spec-"));
  writeFileSync(join(folder, "main.sh"), 'echo "$GREETING from $0"; cat\n');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function run(spec: string, args: string[], input = "") {
  writeFileSync(join(folder, "s.yaml"), spec);
  const env = { ...process.env, MLLD_ENV_STATE_DIR: join(folder, "state") };
  return spawnSync(process.execPath, [CLI, "run", "--spec", "s.yaml", ...args], {
    cwd: folder,
    input,
    encoding: "utf8",
    env,
  });
}

const LOCAL =
  "type: local\nname: Shell\nenvironment: { env: { GREETING: hello } }\ncommands: { command: sh, agent_command: echo agent }\n";

test("evaluating runs the command with the entry and its input", () => {
  const { stdout, status, stderr } = run(LOCAL, ["--evaluate", "main.sh"], "typed\n");
  expect(status, stderr).toBe(0);
  expect(stdout).toBe("hello from main.sh\ntyped\n");
});

test("the agent has its own command; a field is overridden", () => {
  expect(run(LOCAL, ["main.sh"]).stdout).toBe("agent main.sh\n");
  expect(run(LOCAL, ["--evaluate", "--set", "environment.env.GREETING=hi", "main.sh"]).stdout).toBe(
    "hi from main.sh\n",
  );
});

test("a failing set-up command ends the run, with its output", () => {
  const { status, stderr } = run(`${LOCAL}setup: { commands: ["echo broken >&2; exit 4", "echo never"] }\n`, [
    "--evaluate",
    "main.sh",
  ]);
  expect(status).toBe(1);
  expect(stderr).toContain("broken");
  expect(stderr).toContain("set-up command failed");
  expect(stderr).not.toContain("$ sh main.sh");
});

test("a mistake is refused at its place", () => {
  const { status, stderr, stdout } = run(LOCAL.replace("name", "nmae"), ["main.sh"]);
  expect([status, stdout]).toEqual([3, ""]);
  expect(stderr).toContain("s.yaml:2:1");
});

test("the workspace is saved where the spec says so", () => {
  const { status, stderr } = run(
    `${LOCAL}snapshot: { archive_save_dir: ${join(folder, "saved")}, compression: xz }\n`,
    ["--evaluate", "main.sh"],
  );
  expect(status, stderr).toBe(0);
  expect(readdirSync(join(folder, "saved"))).toEqual([expect.stringMatching(/\.tar\.xz$/)]);
});

test("the evaluation's set-up is not seen, unless it fails", () => {
  const spec = (line: string) => `${LOCAL}setup: { eval_commands: ["${line}"] }\n`;
  const fine = run(spec("echo hidden-$((40 + 2))"), ["--json", "--evaluate", "main.sh"]);
  expect(fine.status, fine.stderr).toBe(0);
  expect(fine.stdout).not.toContain("hidden-42");
  expect(run(spec("echo unseen"), ["--json", "main.sh"]).stdout).not.toContain("unseen");
  const failing = run(spec("echo hidden-$((40 + 2)); exit 3"), ["--evaluate", "main.sh"]);
  expect(failing.status).toBe(1);
  expect(failing.stderr).toContain("hidden-42");
});

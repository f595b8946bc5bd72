/** The command line where the machine is not as usual: folders that are gone, homes that are not there, readers that go away. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { oneLine } from "../../cli/one-line";
import build from "../support/build";

const CLI = join(__dirname, "../../dist/cli.js");
const folder = realpathSync(mkdtempSync(join(tmpdir(), "mlld-env-odd-")));
const base = { PATH: process.env.PATH, HOME: folder };

beforeAll(build, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const call = (args: string[], env: NodeJS.ProcessEnv = base, cwd = folder) =>
  spawnSync(process.execPath, [CLI, ...args], { cwd, env, encoding: "utf8", timeout: 30_000 });

describe("a reader that goes away", () => {
  it.each([["--help"], ["check", "--json", "."], ["parse", "--json", "p.mld"], ["ls", "--json"]])(
    "ends `%s %s %s` without a word",
    async (...args) => {
      writeFileSync(join(folder, "p.mld"), 'show "x"\n');
      const env = { ...base, DOCKER_HOST: `unix://${folder}/none.sock` };
      const child = spawn(process.execPath, [CLI, ...args.filter(arg => arg !== undefined)], { cwd: folder, env });
      child.stdout.destroy();
      let said = "";
      child.stderr.on("data", chunk => {
        said += chunk;
      });
      await new Promise(resolve => child.once("close", resolve));
      expect(said).not.toMatch(/EPIPE|^ +at /m);
    },
  );
});

describe.skipIf(process.platform === "win32")("folders", () => {
  it("says that the current one is gone", () => {
    const gone = join(folder, "gone");
    const sh = (line: string) =>
      spawnSync(
        "sh",
        ["-c", `mkdir '${gone}' && cd '${gone}' && rmdir '${gone}' && '${process.execPath}' '${CLI}' ${line}`],
        {
          encoding: "utf8",
          env: base,
        },
      );
    expect(sh("check ../p.mld")).toMatchObject({
      status: 2,
      stderr: "mlld-env check: the current folder is gone; change to another one\n",
    });
    expect(sh("--version").status).toBe(0);
  });

  it("keeps state out of the current one, whatever the variables say", () => {
    const here = join(folder, "here");
    mkdirSync(here);
    writeFileSync(join(here, "p.mld"), "run cmd { echo hi }\n");
    for (const env of [
      { ...base, HOME: "", MLLD_ENV_STATE_DIR: join(folder, "state") },
      { ...base, XDG_STATE_HOME: "relative" },
    ])
      expect(call(["run", "p.mld"], env, here)).toMatchObject({ status: 0, stdout: "hi\n" });
    expect(readdirSync(here)).toEqual(["p.mld"]);
  });

  it.skipIf(process.platform !== "linux")("says that nothing can be made in the home folder", () => {
    writeFileSync(join(folder, "cmd.mld"), "run cmd { echo hi }\n");
    for (const HOME of ["/proc/none", "/proc", "/dev/null"]) {
      const { status, stderr } = call(["run", "cmd.mld"], { ...base, HOME });
      expect(status).toBe(1);
      expect(stderr).toMatch(/The folder '.*mlld-env' cannot be written: .*MLLD_ENV_STATE_DIR/);
    }
  });

  it("names the block whose engine is not there", () => {
    writeFileSync(
      join(folder, "box.mld"),
      'var @box = { provider: "@mlld/env-docker" }\nenv @box [\n  run cmd { echo hi }\n]\n',
    );
    const env = { ...base, DOCKER_HOST: `unix://${folder}/none.sock`, MLLD_ENV_DOCKER_IMAGE: "im:1" };
    const { status, stderr } = call(["run", "box.mld"], env);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^box\.mld:2:1: error: There is no socket at /m);
  });

  const asNobody = existsSync("/usr/bin/setpriv") && process.getuid?.() === 0;
  it.skipIf(!asNobody)("does without a home where the system does not know the user", context => {
    execFileSync("chmod", ["755", folder]);
    const env = { PATH: process.env.PATH };
    const say = (...args: string[]) =>
      spawnSync("setpriv", ["--reuid", "54321", "--regid", "54321", "--clear-groups", process.execPath, CLI, ...args], {
        cwd: folder,
        env,
        encoding: "utf8",
      });
    // Whoever runs the tests may keep the program to themselves.
    if (say("--version").status !== 0) context.skip();
    writeFileSync(join(folder, "p.mld"), 'show "x"\n');
    writeFileSync(join(folder, "cmd.mld"), "run cmd { echo hi }\n");
    expect(say("check", "p.mld")).toMatchObject({ status: 0 });
    expect(say("run", "p.mld")).toMatchObject({ status: 0, stdout: "x\n" });
    const { status, stderr } = say("run", "cmd.mld");
    expect(status).toBe(1);
    expect(stderr).toMatch(/The folder '\/\.local\/state\/mlld-env' cannot be written: .*MLLD_ENV_STATE_DIR/);
  });

  it("waits for no pipe that stands in the place of a file", () => {
    const here = join(folder, "pipes");
    mkdirSync(here);
    for (const name of ["mlld-config.json", "text.md"]) execFileSync("mkfifo", [join(here, name)]);
    writeFileSync(join(here, "p.mld"), 'show "x"\n');
    expect(call(["run", "p.mld"], base, here)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("it is no file"),
    });
    rmSync(join(here, "mlld-config.json"));
    expect(call(["run", "--spec", "text.md", "x"], base, here)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("it is a pipe"),
    });
    for (const text of ["show <text.md>", 'output "x" to "text.md"', 'append "x" to "text.md"']) {
      writeFileSync(join(here, "p.mld"), `${text}\n`);
      expect(call(["run", "p.mld"], base, here)).toMatchObject({
        status: 1,
        stderr: expect.stringContaining("it is a pipe"),
      });
    }
  });
});

it("shows a name that somebody else chose as one line", () => {
  expect(oneLine("plain ü")).toBe("plain ü");
  expect(oneLine("a\nA /etc/passwd\x1b]0;t\x07\x9b31m\x7f")).toBe(
    '"a\\nA /etc/passwd\\u001b]0;t\\u0007\\u009b31m\\u007f"',
  );
});

const hasScript = spawnSync("script", ["--version"]).status === 0;
it.skipIf(!hasScript)("uses colours on a terminal, unless the variables say no", () => {
  writeFileSync(join(folder, "p.mld"), 'show "x"\n');
  const said = (more: NodeJS.ProcessEnv) =>
    spawnSync("script", ["-qefc", `'${process.execPath}' '${CLI}' run p.mld`, "/dev/null"], {
      cwd: folder,
      env: { ...base, TERM: "xterm", ...more },
      encoding: "utf8",
      timeout: 30_000,
      input: "",
    }).stdout;
  expect(said({})).toContain("\x1b[2m");
  for (const more of [{ NO_COLOR: "1" }, { TERM: "dumb" }]) expect(said(more)).toMatch(/^[^\x1b]*x[^\x1b]*$/);
});

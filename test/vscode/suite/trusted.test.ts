import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import * as vscode from "vscode";
import type { Inside } from "../../../client/extension";
import type { RunRecord } from "../../../client/run/runs";
import { COMMANDS } from "../../../protocol/commands";
import { extension, fileUri, lineOf, open, plain, until } from "./window";

const IMAGE = process.env.MLLD_ENV_DOCKER_IMAGE ?? "";
const hasDocker = (() => {
  try {
    execFileSync("docker", ["image", "inspect", IMAGE], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

describe("a trusted window", () => {
  let inside: Inside;

  before(async () => {
    assert.equal(vscode.workspace.isTrusted, true);
    ({ inside } = await extension());
    await inside.language();
  });

  afterEach(async () => {
    for (const run of inside.runs.running) inside.runs.stop(run);
    await until("no run to go on", () => inside.runs.running.length === 0);
    for (const terminal of vscode.window.terminals) terminal.dispose();
    await until("no terminal to be left", () => vscode.window.terminals.length === 0);
  });

  /** Runs the block that starts on the line with `text`, and waits for its end. */
  async function runBlock(name: string, text: string): Promise<RunRecord> {
    const run = await startBlock(name, text);
    await until(`the run of ${text} to end`, () => run.state !== "running");
    return run;
  }
  async function startBlock(name: string, text: string, nth = 0): Promise<RunRecord> {
    const editor = await open(name);
    const lines = editor.document
      .getText()
      .split("\n")
      .flatMap((line, i) => (line.includes(text) ? [i] : []));
    const before = inside.runs.last;
    await vscode.commands.executeCommand(
      "mlldEnv.runBlock",
      editor.document.uri.toString(),
      blockLine(editor.document, lines[nth]!),
    );
    const run = inside.runs.last;
    assert.ok(run && run !== before, "a run has started");
    return run;
  }
  /** The line of the `env` at or above a line. */
  function blockLine(document: vscode.TextDocument, line: number): number {
    while (!document.lineAt(line).text.includes("env @")) line--;
    return line;
  }

  async function withSetting(name: string, value: unknown, work: () => Promise<void>): Promise<void> {
    const settings = vscode.workspace.getConfiguration("mlldEnv");
    await settings.update(name, value, vscode.ConfigurationTarget.Global);
    try {
      await work();
    } finally {
      await settings.update(name, undefined, vscode.ConfigurationTarget.Global);
    }
  }

  describe("commands", () => {
    it("are all there", async () => {
      const all = new Set(await vscode.commands.getCommands(true));
      assert.deepEqual(
        Object.keys(COMMANDS).filter(id => !all.has(id)),
        [],
      );
    });

    it("refuse arguments that are no place of a block", async () => {
      for (const args of [
        ["file:///a.mld"],
        ["file:///a.mld", -1],
        ["file:///a.mld", "7"],
        [{ fsPath: "/a" }, 1],
        [undefined, 3],
      ])
        await assert.rejects(
          Promise.resolve(vscode.commands.executeCommand("mlldEnv.runBlock", ...args)),
          /zero-based line|Uri|URI/i,
          JSON.stringify(args),
        );
    });
  });

  it("starts a language server that has ended again, for who asks it something", async () => {
    const { document } = await open("examples/07-widens.mld");
    const language = await inside.language();
    await language.stop();
    assert.ok((await language.blocks(document.uri)).length > 3);
    await until("its diagnostics", () => vscode.languages.getDiagnostics(document.uri).length > 3);
  });

  describe("a file with wider children", () => {
    let diagnostics: vscode.Diagnostic[];
    let document: vscode.TextDocument;
    const code = ({ code }: vscode.Diagnostic) => String(typeof code === "object" ? code.value : code);
    before(async () => {
      ({ document } = await open("examples/07-widens.mld"));
      diagnostics = await until("diagnostics", () => {
        const all = vscode.languages.getDiagnostics(document.uri);
        return all.some(diagnostic => code(diagnostic) === "env/unknown-field") && all;
      });
    });

    it("has a diagnostic for each widened field, with code and source", () => {
      const codes = diagnostics.map(code);
      for (const wanted of [
        "env/tools-widened",
        "env/mcps-widened",
        "env/fs-widened",
        "env/net-widened",
        "env/limits-widened",
        "env/unknown-field",
      ])
        assert.ok(codes.includes(wanted), `${wanted} is in ${codes}`);
      assert.deepEqual([...new Set(diagnostics.map(({ source }) => source))], ["mlld-env"]);
    });

    it("underlines the item that is wider and says where the parent said otherwise", () => {
      const tools = diagnostics.find(diagnostic => code(diagnostic) === "env/tools-widened")!;
      assert.match(document.getText(tools.range), /^"?Write"?$/);
      const [related] = tools.relatedInformation ?? [];
      assert.ok(related, "there is related information");
      assert.equal(related.location.uri.toString(), document.uri.toString());
      assert.match(document.lineAt(related.location.range.start.line).text, /tools: \["Read", "Bash"\]/);
    });

    it("has a link from the code to its page", () => {
      const tools = diagnostics.find(diagnostic => code(diagnostic) === "env/tools-widened")!;
      assert.ok(typeof tools.code === "object" && tools.code.target, "the code has a target");
      assert.ok(existsSync(tools.code.target.fsPath), tools.code.target.fsPath);
    });

    it("offers a quick fix", async () => {
      const tools = diagnostics.find(diagnostic => code(diagnostic) === "env/tools-widened")!;
      const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
        "vscode.executeCodeActionProvider",
        document.uri,
        tools.range,
      );
      assert.ok(
        actions.some(({ kind }) => kind?.contains(vscode.CodeActionKind.QuickFix)),
        "there is a quick fix",
      );
    });
  });

  describe("lenses", () => {
    it("stand over each env block, name the target, and carry what the commands take", async () => {
      const { document } = await open("examples/03-docker.mld");
      const line = lineOf(document, "env @box");
      const lenses = await until("lenses", async () => {
        const all = await vscode.commands.executeCommand<vscode.CodeLens[]>(
          "vscode.executeCodeLensProvider",
          document.uri,
          10,
        );
        return all.length > 0 && all;
      });
      const run = lenses.find(({ command }) => command?.command === "mlldEnv.runBlock");
      assert.ok(run, "there is a lens that runs");
      assert.equal(run.range.start.line, line);
      assert.deepEqual(run.command?.arguments, [document.uri.toString(), line]);
      assert.match(run.command?.title ?? "", /docker/i);
      const explain = lenses.find(({ command }) => command?.command === "mlldEnv.explain");
      assert.deepEqual(explain?.command?.arguments, [document.uri.toString(), line]);
    });
  });

  describe("a run", () => {
    it("shows each command, its output, exit code and time in a terminal", async () => {
      const run = await runBlock("local.mld", "hello @who");
      const text = plain(run.text);
      assert.equal(run.state, "done", text);
      assert.match(text, /\$ echo .*hello/);
      assert.match(text, /\r\nhello world\r\n/);
      assert.match(text, /to-stderr/);
      assert.match(run.text, /\x1b\[31mto-stderr/);
      assert.match(text, /exit code 0 after [\d.]+ (ms|s)/);
      assert.match(text, /✔ done in/);
      assert.equal(vscode.window.terminals.length, 1);
    });

    it("shows the value that the block returns", async () => {
      const run = await runBlock("local.mld", "echo 42");
      assert.match(plain(run.text), /=> 42/);
    });

    it("uses its terminal again", async () => {
      await runBlock("local.mld", "echo 42");
      await runBlock("local.mld", "echo 42");
      assert.equal(vscode.window.terminals.length, 1);
      await runBlock("local.mld", "hello @who");
      assert.equal(vscode.window.terminals.length, 2);
    });

    for (const [reuse, terminals] of [
      ["always", 1],
      ["never", 3],
    ] as const)
      it(`uses terminals as the setting says: ${reuse}`, async () => {
        await withSetting("terminal.reuse", reuse, async () => {
          await runBlock("local.mld", "echo 42");
          await runBlock("local.mld", "echo 42");
          await runBlock("local.mld", "hello @who");
          assert.equal(vscode.window.terminals.length, terminals);
        });
      });

    it("has a Stop beside the other lenses, and none where they are off", async () => {
      const run = await startBlock("local.mld", "echo started");
      const { document } = await open("local.mld");
      const titles = async () =>
        (await vscode.commands.executeCommand<vscode.CodeLens[]>("vscode.executeCodeLensProvider", document.uri, 99))
          .filter(({ range }) => range.start.line === run.request.line! - 1)
          .map(({ command }) => command!.title);
      await until("three lenses", async () => (await titles()).length === 3);
      assert.ok((await titles()).some(title => title.includes("Stop")));
      await withSetting("codeLens.run", false, () =>
        withSetting("codeLens.explain", false, async () => {
          await until("no lens", async () => (await titles()).length === 0);
        }),
      );
    });

    it("takes away the problems of the run before", async () => {
      const failed = await runBlock("local.mld", "exit 3");
      assert.equal(failed.state, "failed");
      const { document } = await open("local.mld");
      const problems = () =>
        vscode.languages.getDiagnostics(document.uri).filter(({ message }) => message.includes("exit code 3"));
      await until("the problem", () => problems().length > 0);
      const next = await startBlock("local.mld", "echo started");
      await until("the problem to go", () => problems().length === 0);
      assert.deepEqual(inside.runs.running, [next]);
    });

    it("loses no output and keeps its order", async () => {
      const run = await startBlock("local.mld", "line $i of a long output");
      let seen = "";
      const collecting = inside.runs.onEvent(({ run: of, event }) => {
        if (of === run && event.event === "stdout") seen += event.text;
      });
      await until("the end of the run", () => run.state !== "running", 60_000);
      collecting.dispose();
      assert.equal(run.state, "done");
      const lines = seen.trimEnd().split(/\r?\n/);
      assert.equal(lines.length, 20_000);
      assert.equal(
        lines.findIndex((line, i) => line !== `line ${i} of a long output that must not be lost`),
        -1,
      );
    });

    it("puts a problem on a statement that fails, until the file is edited", async () => {
      const run = await runBlock("local.mld", "exit 3");
      assert.equal(run.state, "failed");
      const { document } = await open("local.mld");
      const problems = () =>
        vscode.languages.getDiagnostics(document.uri).filter(({ message }) => message.includes("exit code 3"));
      const [problem, ...more] = await until("the problem", () => problems().length > 0 && problems());
      assert.deepEqual(more, [], "it is told once");
      assert.equal(problem!.range.start.line, lineOf(document, "exit 3"));
      const edit = new vscode.WorkspaceEdit();
      edit.insert(document.uri, new vscode.Position(0, 0), ">> edited\n");
      await vscode.workspace.applyEdit(edit);
      await until("the problem to go", () => problems().length === 0);
      await vscode.commands.executeCommand("undo");
      await document.save();
    });

    it("puts no problem where an edit has moved the statement meanwhile", async () => {
      const source = 'var @here = { tools: ["Bash"] }\nenv @here [\n  run sh { read line; exit 9 }\n]\n';
      await vscode.workspace.fs.writeFile(fileUri("waits.mld"), new TextEncoder().encode(source));
      const run = await startBlock("waits.mld", "env @here");
      await until("the command", () => run.text.includes("exit 9"));
      const edit = new vscode.WorkspaceEdit();
      edit.insert(fileUri("waits.mld"), new vscode.Position(0, 0), ">> edited\n");
      await vscode.workspace.applyEdit(edit);
      vscode.window.terminals.find(({ name }) => name === run.title)!.sendText("");
      await until("its end", () => run.state === "failed");
      assert.deepEqual(
        vscode.languages.getDiagnostics(fileUri("waits.mld")).map(({ message }) => message),
        [],
      );
      await vscode.commands.executeCommand("workbench.action.files.revert");
    });

    it("says in a word that its file is gone", async () => {
      await vscode.workspace.fs.writeFile(fileUri("goes.mld"), new TextEncoder().encode('show "here"\n'));
      await open("goes.mld");
      await vscode.commands.executeCommand("mlldEnv.runFile");
      const run = inside.runs.last!;
      await until("its end", () => run.state === "done");
      await vscode.workspace.fs.delete(fileUri("goes.mld"));
      await vscode.commands.executeCommand("mlldEnv.runAgain");
      const again = inside.runs.last!;
      assert.notEqual(again, run);
      await until("its end", () => again.state !== "running");
      assert.match(plain(again.text), /^[^\n]*\n(\S+ )?cannot read \S*goes\.mld: there is no such file or folder\r\n/);
    });

    for (const [way, stop] of [
      [
        "closing its terminal",
        (run: RunRecord) => vscode.window.terminals.find(({ name }) => name === run.title)?.dispose(),
      ],
      [
        "Ctrl+C",
        (run: RunRecord) => vscode.window.terminals.find(({ name }) => name === run.title)?.sendText("\x03", false),
      ],
      ["the command", () => void vscode.commands.executeCommand("mlldEnv.stop")],
    ] as const)
      it(`is stopped by ${way}, with all that it started`, async () => {
        const run = await startBlock("local.mld", "echo started");
        await until("its output", () => run.text.includes("started\r\n"));
        const pid = Number(readFileSync(fileUri("sleeper.pid").fsPath, "utf8"));
        assert.ok(alive(pid), "its child is alive");
        stop(run);
        await until("its end", () => run.state !== "running");
        assert.equal(run.state, "cancelled", plain(run.text));
        await until("its child to end", () => !alive(pid));
      });

    it("gives its commands what is typed, echoes it, and hides answers that are secret", async () => {
      const run = await startBlock("local.mld", "printf 'name: '");
      const terminal = await until("its terminal", () =>
        vscode.window.terminals.find(({ name }) => name === run.title),
      );
      const type = (text: string) => terminal.sendText(text, false);
      const shows = (text: string) => until(text, () => plain(run.text).includes(text));
      await shows("\r\nname: ");
      type("anne");
      await shows("name: anne");
      type("\x7fa\r");
      await shows("hello anna\r\n");
      await shows("\r\nPassword: ");
      type("open-sesame\r");
      await shows("it is ***");
      type("some text\r");
      await until("the echo and the command's own", () => plain(run.text).split("some text\r\n").length === 3);
      type("\x04");
      await until("its end", () => run.state !== "running");
      assert.equal(run.state, "done", plain(run.text));
      assert.doesNotMatch(run.text, /sesame/);
    });

    it("tells its commands the size of the terminal from the first one on", async () => {
      const run = await runBlock("local.mld", "size $COLUMNS");
      const [, columns, rows] = /size (\d+) x (\d+)\r\n/.exec(plain(run.text)) ?? [];
      assert.ok(Number(columns) > 20 && Number(rows) > 2, plain(run.text));
    });

    it("saves the file first", async () => {
      const editor = await open("local.mld");
      const at = new vscode.Position(lineOf(editor.document, "var @who"), 0);
      await editor.edit(edit => edit.replace(editor.document.lineAt(at.line).range, 'var @who = "everybody"'));
      assert.match(plain((await runBlock("local.mld", "hello @who")).text), /hello everybody/);
      assert.equal(editor.document.isDirty, false);
      await vscode.commands.executeCommand("undo");
      await editor.document.save();
    });

    it("is repeated by the command, and listed in the history", async () => {
      const first = await runBlock("local.mld", "echo 42");
      await vscode.commands.executeCommand("mlldEnv.runAgain");
      const again = inside.runs.last!;
      assert.notEqual(again, first);
      await until("its end", () => again.state !== "running");
      assert.deepEqual(again.request, first.request);
      assert.deepEqual(inside.runs.history.slice(0, 2), [again, first]);
    });

    it("is only planned by a dry run", async () => {
      const { document } = await open("local.mld");
      await vscode.commands.executeCommand("mlldEnv.dryRun", document.uri.toString(), lineOf(document, "env @here"));
      const run = inside.runs.last!;
      await until("its end", () => run.state !== "running");
      assert.equal(run.state, "done", plain(run.text));
      assert.doesNotMatch(plain(run.text), /\r\nhello world/);
    });

    it("is refused where a child is wider, with the words of the diagnostic", async () => {
      const run = await runBlock("examples/07-widens.mld", 'tools: ["Read", "Write", "Bash"]');
      assert.equal(run.state, "refused");
      assert.match(
        plain(run.text),
        /Refused: nothing has run\.\r\n.*07-widens\.mld:\d+:\d+: error: .*\[env\/tools-widened\]/,
      );
    });

    it("leaves nothing behind after many", async function () {
      this.timeout(120_000);
      const { document } = await open("local.mld");
      const file = document.uri.fsPath;
      const line = lineOf(document, "echo 42");
      for (let i = 0; i < 20; i++) {
        const run = await inside.runs.start({ file, line });
        await until("its end", () => run!.state !== "running");
        assert.equal(run!.state, "done", plain(run!.text));
      }
      assert.equal(vscode.window.terminals.length, 1);
      // One waits for the next run.
      await until("processes to end", () => children().length <= 1);
      assert.ok(inside.runs.history.length <= 30);
    });
  });

  describe("a task", () => {
    for (const [name, code] of [
      ["answer", 0],
      ["fails", 1],
    ] as const)
      it(`of tasks.json that ${name} ends with exit code ${code}`, async () => {
        const task = (await vscode.tasks.fetchTasks({ type: "mlld-env" })).find(candidate => candidate.name === name);
        assert.ok(task, "the task is there");
        const ended = new Promise<number | undefined>(resolve => {
          const listening = vscode.tasks.onDidEndTaskProcess(event => {
            if (event.execution.task.name !== name) return;
            listening.dispose();
            resolve(event.exitCode);
          });
        });
        await vscode.tasks.executeTask(task);
        assert.equal(await ended, code);
        const run = inside.runs.last!;
        assert.equal(run.request.line, task.definition.line);
        assert.equal(run.state, code === 0 ? "done" : "failed", plain(run.text));
      });
  });

  describe("explaining", () => {
    it("opens a read-only document about the block", async () => {
      const { document } = await open("examples/06-narrows.mld");
      await vscode.commands.executeCommand(
        "mlldEnv.explain",
        document.uri.toString(),
        lineOf(document, 'fs: { read: ["./notes/today"]'),
      );
      const shown = await until("the document", () =>
        vscode.workspace.textDocuments.find(({ uri }) => uri.scheme === "mlld-env" && uri.path.startsWith("/explain/")),
      );
      assert.match(shown.getText(), /notes\/today/);
      await vscode.commands.executeCommand("workbench.action.closeActiveEditor");
    });
  });

  describe("a report", () => {
    it("has versions and the doctor's findings, and nothing of the person", async () => {
      await inside.secrets.store("report_key", "value-in-no-report");
      const facts = await inside.issueFacts();
      await inside.secrets.delete("report_key");
      assert.match(facts, /mlld Environments \d+\.\d+\.\d+/);
      assert.match(facts, /\bnode\b.*v\d+/);
      assert.match(facts, /\beditor\s+this one$/m);
      assert.ok(!facts.includes(homedir()) && !facts.includes(fileUri("").fsPath), facts);
      assert.doesNotMatch(facts, /value-in-no-report/);
    });
  });

  describe("credentials", () => {
    it("are kept, listed and removed", async () => {
      await inside.secrets.store("test_key", "value-of-the-key");
      assert.deepEqual(inside.secrets.names(), ["test_key"]);
      assert.deepEqual(await inside.secrets.values(), { test_key: "value-of-the-key" });
      await inside.secrets.delete("test_key");
      assert.deepEqual(inside.secrets.names(), []);
      assert.deepEqual(await inside.secrets.values(), {});
    });
  });

  (hasDocker ? describe : describe.skip)("with Docker", () => {
    it("runs a block in a container", async () => {
      const run = await runBlock("examples/03-docker.mld", "env @box");
      assert.equal(run.state, "done", plain(run.text));
      assert.match(plain(run.text), /files here:/);
      assert.match(plain(run.text), /environment \S+ made/);
      assert.match(plain(run.text), /environment \S+ released/);
    });
  });
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A process that nobody has waited for yet has ended all the same.
  return !existsSync(`/proc/${pid}/stat`) || !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

/** Processes that the extension host has started and that run the command line of the extension. */
function children(): string[] {
  return execFileSync("ps", ["-eo", "ppid,args"], { encoding: "utf8" })
    .split("\n")
    .filter(line => line.trim().startsWith(`${process.pid} `) && /dist[\\/]cli\.js (run|__spare)/.test(line));
}

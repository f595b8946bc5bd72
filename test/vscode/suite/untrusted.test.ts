import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import type { Inside } from "../../../client/extension";
import { extension, fileUri, lineOf, open, pause, until } from "./window";

describe("an untrusted window", () => {
  let inside: Inside;
  before(async () => {
    assert.equal(vscode.workspace.isTrusted, false);
    ({ inside } = await extension());
  });

  it("checks files", async () => {
    const editor = await open("examples/07-widens.mld");
    const found = await until("diagnostics", () => {
      const all = vscode.languages.getDiagnostics(editor.document.uri);
      return all.length > 0 && all;
    });
    assert.ok(found.some(({ source }) => source === "mlld-env"));
  });

  for (const command of ["mlldEnv.runBlock", "mlldEnv.dryRun", "mlldEnv.runElsewhere"])
    it(`runs nothing by ${command}, however it is called`, async () => {
      const editor = await open("local.mld");
      // The lens says the place, as a key binding or another extension could. The command is disabled, and refuses if it is not.
      await vscode.commands
        .executeCommand(command, editor.document.uri.toString(), lineOf(editor.document, "env @here"))
        .then(
          () => undefined,
          () => undefined,
        );
      await pause(300);
      assert.deepEqual(inside.runs.history, []);
      assert.equal(vscode.window.terminals.length, 0);
    });

  it("runs nothing from code either", async () => {
    assert.equal(await inside.runs.start({ file: fileUri("local.mld").fsPath }), undefined);
    assert.deepEqual(inside.runs.history, []);
  });

  it("asks no engine when the view is shown", async () => {
    await vscode.commands.executeCommand("mlldEnv.environments.focus");
    await pause(500);
    await assert.rejects(inside.view.ask("inspect", { name: "any" }), /not trusted/);
  });

  it("takes no engine or image from the folder", async () => {
    const settings = await vscode.workspace.openTextDocument(fileUri(".vscode/settings.json"));
    assert.match(settings.getText(), /"mlldEnv.docker.image":\s*"from-the-folder"/);
    assert.equal(vscode.workspace.getConfiguration("mlldEnv").get("docker.image"), "");
  });
});

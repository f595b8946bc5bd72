// A window that is closed while a block runs: nothing of the run outlives it.
import assert from "node:assert/strict";
import { cpSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openWorkbench } from "../../tools/vscode-host/workbench.mjs";
import { alive, processesOf, until } from "./waiting.mjs";

const NAME = "ends the run, with all that it started, and every process of ours";

/** Checks it in a window of its own, with files in `folder`. */
export async function testClosing(root, folder) {
  const workspace = join(folder, "workspace");
  cpSync(join(root, "test", "vscode", "workspace"), workspace, { recursive: true });
  console.log("\nclosing window\n");
  const workbench = await openWorkbench({ link: [root], bridge: true, workspace });
  // The extension is a link in this folder, and its processes are started by that path.
  const ours = () => processesOf(workbench.dirs.extensionsDir);
  let open = true;
  try {
    await workbench.evaluate(async vscode => {
      const uri = vscode.Uri.joinPath(vscode.workspace.workspaceFolders[0].uri, "local.mld");
      const document = await vscode.workspace.openTextDocument(uri);
      await vscode.window.showTextDocument(document);
      const lines = document.getText().split("\n");
      const line = lines.findIndex(text => text.includes("echo started")) - 1;
      await vscode.commands.executeCommand("mlldEnv.runBlock", uri.toString(), line);
      await vscode.commands.executeCommand("mlldEnv.environments.focus");
    });
    const file = join(workspace, "sleeper.pid");
    await until("the block to run", () => existsSync(file) && readFileSync(file, "utf8").endsWith("\n"));
    const sleeper = Number(readFileSync(file, "utf8"));
    assert.ok(ours().length > 0, "processes of ours run");
    await workbench.close();
    open = false;
    await until("the sleeper to end", () => !alive(sleeper));
    await until("our processes to end", () => ours().length === 0);
    console.log(`  ✔ ${NAME}`);
    return { passed: 1, failed: [] };
  } catch (error) {
    console.log(`  ✘ ${NAME}\n    ${error.stack}\n${ours().join("\n")}`);
    return { passed: 0, failed: [NAME] };
  } finally {
    if (open) await workbench.close();
  }
}

// The extension in a browser without a machine: its language server in a worker, nothing that runs. VS Code's worker host for extensions is the
// same there and here; only the files come from the server of the test window.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openWorkbench } from "../../tools/vscode-host/workbench.mjs";
import { runChecks } from "./checks.mjs";

/** Runs the checks in a window of its own, with files in `folder`. */
export async function testWeb(root, folder) {
  const extension = join(folder, "extension");
  mkdirSync(extension, { recursive: true });
  for (const name of readdirSync(root))
    if (["dist", "docs", "examples", "l10n", "media", "package.nls.json", "syntaxes"].includes(name))
      symlinkSync(join(root, name), join(extension, name));
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  delete manifest.main;
  writeFileSync(join(extension, "package.json"), JSON.stringify({ ...manifest, extensionKind: ["web"] }));
  const workspace = join(folder, "workspace");
  cpSync(join(root, "examples"), join(workspace, "examples"), { recursive: true });

  const workbench = await openWorkbench({ link: [extension], bridge: true, workspace });
  const { evaluate } = workbench;
  const checks = {
    "checks files, with what they import": async () => {
      const codes = await evaluate(async vscode => {
        const uri = vscode.Uri.joinPath(vscode.workspace.workspaceFolders[0].uri, "examples/07-widens.mld");
        await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri));
        for (let i = 0; i < 200; i++) {
          const found = vscode.languages.getDiagnostics(uri).filter(({ source }) => source === "mlld-env");
          if (found.length) return found.map(({ code }) => String(code?.value ?? code));
          await new Promise(resolve => setTimeout(resolve, 50));
        }
        return [];
      });
      assert.ok(codes.includes("env/tools-widened"), `env/tools-widened is in [${codes}]`);
    },
    "explains an environment": async () => {
      const text = await evaluate(async vscode => {
        const uri = vscode.Uri.joinPath(vscode.workspace.workspaceFolders[0].uri, "examples/01-hello.mld");
        const document = await vscode.workspace.openTextDocument(uri);
        await vscode.window.showTextDocument(document);
        const line = document
          .getText()
          .split("\n")
          .findIndex(text => text.startsWith("env @shell"));
        await vscode.commands.executeCommand("mlldEnv.explain", uri, line);
        for (let i = 0; i < 100; i++) {
          const found = vscode.workspace.textDocuments.find(open => open.uri.scheme === "mlld-env");
          if (found) return found.getText();
          await new Promise(resolve => setTimeout(resolve, 50));
        }
        return "";
      });
      assert.match(text, /Bash/i);
    },
    "runs nothing": async () => {
      const terminals = await evaluate(async vscode => {
        const uri = vscode.Uri.joinPath(vscode.workspace.workspaceFolders[0].uri, "examples/01-hello.mld");
        await vscode.commands.executeCommand("mlldEnv.runBlock", uri, 3);
        await new Promise(resolve => setTimeout(resolve, 300));
        return vscode.window.terminals.length;
      });
      assert.equal(terminals, 0);
    },
  };
  console.log("\nweb window\n");
  try {
    return await runChecks(checks);
  } finally {
    await workbench.close();
  }
}

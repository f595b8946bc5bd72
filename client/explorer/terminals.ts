import * as vscode from "vscode";
import type { ExplorerEnvironment } from "../../protocol/explorer";
import { type Program, programVariables } from "../program";

/** What names an engine or an image to a terminal's program; the rest it has from the editor. */
const PASSED = ["MLLD_ENV_DOCKER_IMAGE", "MLLD_ENV_DOCKER_HOST", "MLLD_ENV_DOCKER_CONTEXT"];

const SPRITES = "@mlld/env-sprites";

/** A shell in an environment: a terminal with a real pty whose program is `mlld-env shell NAME`. An empty shell means the best one there. */
export async function openShell(
  { name, provider }: ExplorerEnvironment,
  program: Program,
  shell: string,
): Promise<void> {
  const args = ["shell", ...(shell ? [`--shell=${shell}`] : []), "--", name];
  const { sprites, SPRITES_TOKEN = sprites } = provider === SPRITES ? ((await program.credentials?.get()) ?? {}) : {};
  openTerminal(name, args, "server-environment", program, SPRITES_TOKEN ? { SPRITES_TOKEN } : {});
}

/** What commands wrote in an environment, and go on to write. */
export function openLog({ name }: ExplorerEnvironment, program: Program): void {
  openTerminal(vscode.l10n.t("Log of {0}", name), ["logs", "--follow", "--", name], "output", program);
}

function openTerminal(
  name: string,
  args: string[],
  icon: string,
  program: Program,
  own: Record<string, string> = {},
): void {
  const variables = programVariables(program);
  const env: Record<string, string | null> = { ELECTRON_RUN_AS_NODE: "1", ...own };
  for (const key of PASSED) if (variables[key]) env[key] = variables[key];
  vscode.window
    .createTerminal({
      name,
      shellPath: process.execPath,
      shellArgs: [program.cli, ...args],
      env,
      iconPath: new vscode.ThemeIcon(icon),
      isTransient: true,
    })
    .show();
}

/** Lets the person choose among the shells that are there; undefined when there is none or they choose none. */
export async function chooseShell(
  { name }: ExplorerEnvironment,
  shells: () => Promise<string[]>,
): Promise<string | undefined> {
  const title = vscode.l10n.t("Open a shell in {0}", name);
  const found = await shells();
  if (found.length) return vscode.window.showQuickPick(found, { title });
  void vscode.window.showInformationMessage(vscode.l10n.t("There is no shell in {0}.", name));
  return undefined;
}

// Where the VS Code of the editor tests lives, and the browser that shows it.
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

export const HOST_DIR = process.env.VSCODE_HOST_DIR || join(homedir(), ".cache", "vscode-host");
export const NODE = join(HOST_DIR, "node", "bin", "node");
export const SERVER_MAIN = join(HOST_DIR, "vscode", "out", "server-main.js");
export const CHROMIUM = process.env.CHROMIUM || "/usr/bin/chromium";

/** What is missing for a window in a browser, in words with the mend; empty when nothing is. */
export function missing() {
  const words = [];
  if (!existsSync(NODE) || !existsSync(SERVER_MAIN))
    words.push(
      `There is no VS Code in ${HOST_DIR}: run tools/vscode-host/install.sh (it needs npm, python3, make and g++).`,
    );
  if (!existsSync(CHROMIUM))
    words.push(
      `There is no browser at ${CHROMIUM}: install chromium (Debian: apt-get install chromium), or name one in CHROMIUM.`,
    );
  return words;
}

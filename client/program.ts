import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";

/** How the bundled command line is started, and with what settings. */
export interface Program {
  /** Absolute path of the bundled `dist/cli.js`: no other `mlld-env` is ever run. */
  cli: string;
  /** Variables made of settings (engine, image), over those of the editor. */
  variables: () => Record<string, string>;
  /** Credentials that backends need themselves, from the editor's secret storage. */
  credentials?: BackendCredentials;
}

/** By name; a token of Sprites, say. */
export interface BackendCredentials {
  get(): Promise<Record<string, string>>;
  /** Calls back after each change. */
  onDidChange(listener: () => void): { dispose(): void };
}

/** The variables of a process that runs the bundled command line with the editor's own Node. */
export function programVariables(program: Program): NodeJS.ProcessEnv {
  // What VS Code tells its own processes is not for what a block runs.
  const own = Object.entries(process.env).filter(([name]) => !/^(VSCODE|ELECTRON)_/.test(name));
  return { ...Object.fromEntries(own), ...program.variables(), ELECTRON_RUN_AS_NODE: "1" };
}

/**
 * Starts the bundled command line with piped streams. On POSIX it leads a process group of its own, so that it can be ended with all it
 * started.
 */
export function startProgram(program: Program, args: readonly string[], cwd: string): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [program.cli, ...args], {
    cwd,
    env: programVariables(program),
    stdio: "pipe",
    detached: process.platform !== "win32",
    windowsHide: true,
  });
}

/** Ends a process started by `startProgram` and its group at once. */
export function killProgram(child: ChildProcessWithoutNullStreams): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  if (process.platform === "win32") {
    spawn("taskkill", ["/pid", String(child.pid), "/t", "/f"], { stdio: "ignore", windowsHide: true }).on("error", () =>
      child.kill("SIGKILL"),
    );
    return;
  }
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch (error) {
    // The group has gone between the look and the kill.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Runs the bundled command line to its end. Rejects only when it cannot be started. */
export function callProgram(
  program: Program,
  args: readonly string[],
  cwd: string,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = startProgram(program, args, cwd);
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on("data", chunk => stdout.push(chunk));
    child.stderr.on("data", chunk => stderr.push(chunk));
    child.stdin.on("error", () => child.stdin.destroy());
    child.stdin.end();
    child.on("error", reject);
    child.on("close", code =>
      resolve({ code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }),
    );
  });
}

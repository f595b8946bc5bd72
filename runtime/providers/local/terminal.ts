import type { EnvironmentCommand } from "../provider";

/** Of a terminal that nobody looks at. */
export const TERMINAL = { columns: 80, rows: 24 };

/**
 * The command on a terminal of its own, which the system's `script` makes: Node itself has none to give. All output is `stdout`, and input
 * is echoed.
 */
export function onTerminal(argv: string[], { columns, rows }: NonNullable<EnvironmentCommand["tty"]>): string[] {
  const words = argv.map(word => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  const line = `stty cols ${columns} rows ${rows} 2>/dev/null; exec ${words}`;
  // `-e`: its exit code is the command's; that of BSD does so by itself.
  return process.platform === "linux"
    ? ["script", "-qefc", line, "/dev/null"]
    : ["script", "-q", "/dev/null", "sh", "-c", line];
}

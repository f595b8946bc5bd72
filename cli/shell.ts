import { parseArgs } from "node:util";
import type { TerminalSize } from "../runtime/providers/provider";
import { createRegistry } from "./backends";
import { EXIT, type Io, UsageError } from "./io";
import { attach, faultText } from "./live";
import { OutputStream } from "./run/output-stream";

/** The best shell that is there; `MLLD_ENV_SHELL` names another one. */
const BEST_SHELL =
  "for shell in bash zsh ash sh; do command -v $shell >/dev/null 2>&1 && exec $shell; done; exec /bin/sh";

/** `shell NAME`: a shell in an environment, in this terminal. Ends with the shell's exit code. */
export async function shell(args: string[], io: Io): Promise<number> {
  const { positionals } = parseArgs({ args, allowPositionals: true, options: {} });
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new UsageError("name one environment");
  try {
    const environment = await attach(createRegistry(io.env), name);
    if (!environment) throw new Error(`there is no environment '${name}'; 'mlld-env ls' lists those that live`);
    const { stdin, stdout } = io;
    const terminal = stdin.isTTY && stdout.isTTY;
    const gone = new AbortController();
    const out = new OutputStream(stdout, () => gone.abort());
    const err = new OutputStream(io.stderr, () => {});
    const chosen = io.env.MLLD_ENV_SHELL;
    if (terminal) stdin.setRawMode(true);
    try {
      const outcome = await environment.execute(
        {
          argv: ["sh", "-c", chosen ? 'exec "$MLLD_ENV_SHELL"' : BEST_SHELL],
          vars: { ...(io.env.TERM && { TERM: io.env.TERM }), ...(chosen && { MLLD_ENV_SHELL: chosen }) },
          secrets: {},
          stdin,
          ...(terminal && {
            tty: { ...sizeOf(stdout), onResize: resized => void stdout.on("resize", () => resized(sizeOf(stdout))) },
          }),
        },
        { stdout: decoded(out), stderr: decoded(err) },
        gone.signal,
      );
      if (outcome.kind === "exited") return outcome.exitCode;
      const why =
        outcome.kind === "lost"
          ? `the environment went away: ${outcome.cause}`
          : `the shell was ended (${outcome.reason})`;
      throw new Error(why);
    } finally {
      if (terminal) stdin.setRawMode(false);
      // It would keep this process alive.
      stdin.destroy();
      await environment.detach();
    }
  } catch (error) {
    io.stderr.write(`mlld-env shell: ${faultText(error)}\n`);
    return EXIT.failed;
  }
}

/** Bytes as text for a stream: a character may be cut in two by the chunks. */
function decoded(stream: OutputStream): (chunk: Uint8Array) => void | Promise<void> {
  const decoder = new TextDecoder();
  return chunk => stream.write(decoder.decode(chunk, { stream: true }));
}

function sizeOf(stream: NodeJS.WriteStream): TerminalSize {
  return { columns: stream.columns || 80, rows: stream.rows || 24 };
}

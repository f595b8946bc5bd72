import { parseArgs } from "node:util";
import type { Environment, TerminalSize } from "../runtime/providers/provider";
import { createRegistry } from "./backends";
import { EXIT, type Io, UsageError } from "./io";
import { attach, faultText, noEnvironment } from "./live";
import { OutputStream } from "./run/output-stream";

/** The best shell that is there; `MLLD_ENV_SHELL` names another one. */
const BEST_SHELL =
  "for shell in bash zsh ash sh; do command -v $shell >/dev/null 2>&1 && exec $shell; done; exec /bin/sh";

/** Tells where each of these is, the best first. */
const WHICH_SHELLS = "for shell in bash zsh fish ash dash ksh sh; do command -v $shell; done; true";
/** Milliseconds. */
const WHICH_MS = 10_000;

/** `shell [--shell PROGRAM] NAME`: a shell in an environment, in this terminal. Ends with the shell's exit code. `--list` prints which there are. */
export async function shell(args: string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      list: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      shell: { type: "string" },
    },
  });
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new UsageError("name one environment");
  if (values.json && !values.list) throw new UsageError("--json goes with --list");
  try {
    const environment = await attach(createRegistry(io.env), name);
    if (!environment) throw noEnvironment(name);
    if (values.list) {
      const shells = await shellsOf(environment);
      io.stdout.write(values.json ? `${JSON.stringify(shells)}\n` : shells.map(path => `${path}\n`).join(""));
      return EXIT.ok;
    }
    const { stdin, stdout } = io;
    const terminal = stdin.isTTY && stdout.isTTY;
    const gone = new AbortController();
    const out = new OutputStream(stdout, () => gone.abort());
    const err = new OutputStream(io.stderr, () => {});
    const chosen = values.shell ?? io.env.MLLD_ENV_SHELL;
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

/** The shells in an environment, by path or by a name that it knows, the best first. Lets go of it, also when that fails. */
export async function shellsOf(environment: Environment): Promise<string[]> {
  const decoder = new TextDecoder();
  let text = "";
  const stdout = (chunk: Uint8Array) => {
    text += decoder.decode(chunk, { stream: true });
  };
  try {
    await environment.execute(
      { argv: ["sh", "-c", WHICH_SHELLS], vars: {}, secrets: {}, timeoutMs: WHICH_MS },
      { stdout, stderr: () => {} },
      AbortSignal.timeout(WHICH_MS),
    );
  } finally {
    await environment.detach();
  }
  return [...new Set(text.split("\n").filter(line => /^[\w./+-]+$/.test(line)))];
}

/** Bytes as text for a stream: a character may be cut in two by the chunks. */
function decoded(stream: OutputStream): (chunk: Uint8Array) => void | Promise<void> {
  const decoder = new TextDecoder();
  return chunk => stream.write(decoder.decode(chunk, { stream: true }));
}

function sizeOf(stream: NodeJS.WriteStream): TerminalSize {
  return { columns: stream.columns || 80, rows: stream.rows || 24 };
}

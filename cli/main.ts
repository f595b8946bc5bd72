import { EXIT, type Io, UnreadableError, UsageError } from "./io";

type Command = (args: string[], io: Io) => Promise<number>;

interface Entry {
  usage: string;
  summary: string;
  load: () => Promise<Command>;
}

/** Every command loads its own code when it is called, so that `check` never loads the runner and `run` no engine it doesn't use. */
const COMMANDS: Record<string, Entry> = {
  check: {
    usage: "check [--json] [--stdin-filename FILE] PATH…",
    summary: "Report the diagnostics of files and folders; `-` reads standard input.",
    load: async () => (await import("./check")).check,
  },
  explain: {
    usage: "explain [--json] FILE:LINE",
    summary: "Explain the effective environment of the env block at a line.",
    load: async () => (await import("./explain")).explain,
  },
  run: {
    usage:
      "run [--json] [--dry-run] [--provider P] [--keep] [--timeout SECONDS] [--evaluate] [--input KEY=VALUE]… [--interactive] FILE[:LINE]\n" +
      "  mlld-env run --spec SPEC [--evaluate] [--set PATH=VALUE]… [--name NAME] [--from ARCHIVE] ENTRY",
    summary: "Run the env block at a line with what it needs, or the whole file.",
    load: async () => (await import("./run")).run,
  },
  diff: {
    usage: "diff [--json] BEFORE AFTER",
    summary: "Tell two archives of a workspace apart: files made, removed and changed.",
    load: async () => (await import("./diff")).diff,
  },
  ls: { usage: "ls [--json]", summary: "List live environments.", load: async () => (await import("./ls")).ls },
  inspect: {
    usage: "inspect [--json] NAME",
    summary: "Show all that is known about an environment.",
    load: async () => (await import("./inspect")).inspect,
  },
  changes: {
    usage: "changes [--json] NAME",
    summary: "List the files in which an environment differs from where it started.",
    load: async () => (await import("./inspect")).changes,
  },
  logs: {
    usage: "logs [--json] [--follow] NAME",
    summary: "Show what commands wrote in a named environment, by the runs of this machine.",
    load: async () => (await import("./logs")).logs,
  },
  stop: {
    usage: "stop [--json] NAME…",
    summary: "Stop named environments: processes end, files stay.",
    load: async () => (await import("./start-stop")).stop,
  },
  start: {
    usage: "start [--json] NAME…",
    summary: "Start stopped environments.",
    load: async () => (await import("./start-stop")).start,
  },
  release: {
    usage: "release NAME… | --orphans | --all",
    summary: "End environments.",
    load: async () => (await import("./release")).release,
  },
  snapshot: {
    usage: "snapshot NAME [AS]",
    summary: "Save the state of an environment; `from` in a config restores it.",
    load: async () => (await import("./snapshot")).snapshot,
  },
  snapshots: {
    usage: "snapshots [--json] [NAME]\n  mlld-env snapshots --delete REF…",
    summary: "List snapshots, or delete some.",
    load: async () => (await import("./snapshots")).snapshots,
  },
  restore: {
    usage: "restore NAME SNAPSHOT",
    summary: "Put an environment back to a snapshot.",
    load: async () => (await import("./snapshots")).restore,
  },
  shell: {
    usage: "shell [--shell PROGRAM] NAME\n  mlld-env shell --list [--json] NAME",
    summary: "Open a shell in an environment; `--list` prints which there are.",
    load: async () => (await import("./shell")).shell,
  },
  parse: {
    usage: "parse --json FILE",
    summary: "Print the syntax tree of a file.",
    load: async () => (await import("./parse")).parseFile,
  },
  doctor: {
    usage: "doctor",
    summary: "Check engine, image and editor, with the mend for each fault.",
    load: async () => (await import("./doctor")).doctor,
  },
  lsp: { usage: "lsp --stdio", summary: "Start the language server.", load: async () => (await import("./lsp")).lsp },
};

/** Processes of ours that a person never calls. */
const HIDDEN: Record<string, () => Promise<Command>> = {
  __watchdog: async () => (await import("./watchdog")).watchdog,
  __explorer: async () => (await import("./explorer")).explorer,
  __spare: async () => (await import("./spare")).spare,
};

function help(): string {
  const lines = Object.values(COMMANDS).map(({ usage, summary }) => `  mlld-env ${usage}\n      ${summary}`);
  return `mlld-env checks, explains and runs the env blocks of mlld files.\n\n${lines.join("\n")}\n\n  mlld-env --help | --version\n`;
}

async function main(argv: string[], io: Io): Promise<number> {
  const [name = "", ...args] = argv;
  if (name === "--version" || name === "-v") {
    io.stdout.write(`${VERSION}\n`);
    return EXIT.ok;
  }
  if (name === "--help" || name === "-h" || name === "help") {
    io.stdout.write(help());
    return EXIT.ok;
  }
  const hidden = HIDDEN[name];
  if (hidden) return (await hidden())(args, io);
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!entry) {
    io.stderr.write(name ? `mlld-env: there is no command '${name}'\n\n${help()}` : help());
    return EXIT.usage;
  }
  if (args.includes("--help") || args.includes("-h")) {
    io.stdout.write(`mlld-env ${entry.usage}\n${entry.summary}\n`);
    return EXIT.ok;
  }
  if (io.cwd === "") {
    io.stderr.write(`mlld-env ${name}: the current folder is gone; change to another one\n`);
    return EXIT.usage;
  }
  try {
    return await (await entry.load())(args, io);
  } catch (error) {
    if (error instanceof UnreadableError) {
      io.stderr.write(`mlld-env ${name}: ${error.message}\n`);
      return EXIT.usage;
    }
    if (!isUsageError(error)) throw error;
    io.stderr.write(`mlld-env ${name}: ${usageMessage(error)}\nusage: mlld-env ${entry.usage}\n`);
    return EXIT.usage;
  }
}

/** `util.parseArgs` throws TypeErrors with these codes for unknown or incomplete options. */
function isUsageError(error: unknown): error is Error {
  return (
    error instanceof UsageError ||
    (error instanceof TypeError && String((error as NodeJS.ErrnoException).code).startsWith("ERR_PARSE_ARGS"))
  );
}

/** Node's words for a wrong option go on with advice that does not fit here. */
function usageMessage(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  const named = /'([^']*)'/.exec(error.message)?.[1];
  if (named === undefined) return error.message;
  if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") return `there is no option '${named}'`;
  if (code === "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL") return `'${named}' is one argument too many`;
  return error.message;
}

/**
 * Nobody reads any more, as behind `head`: the command ends with the code that it has. Other faults (a full disk) are told. Commands that
 * write much deal with their streams themselves.
 */
function unwritable(this: NodeJS.WriteStream, { code, message }: NodeJS.ErrnoException): void {
  if (code === "EPIPE" || this.listenerCount("error") > 1) return;
  process.stderr.write(`mlld-env: the output cannot be written: ${message}\n`);
  process.exit(EXIT.failed);
}

/** Where the command was called; empty when that folder has been removed since. */
function currentFolder(): string {
  try {
    return process.cwd();
  } catch {
    return "";
  }
}

declare const VERSION: string;

/** Milliseconds. */
const LINGER_MS = 500;

/** The editor starts its own Node with this variable; what a block runs must not see it. Processes of ours inherit it. */
const { ELECTRON_RUN_AS_NODE: _, ...env } = process.env;
const io: Io = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env,
  cwd: currentFolder(),
};
for (const stream of [process.stdout, process.stderr]) stream.on("error", unwritable);

main(process.argv.slice(2), io).then(
  // `exitCode`, not `exit`: what is still in a pipe to the caller has to be written first.
  code => {
    process.exitCode = code;
    // A question that an engine never answers does not keep a command that has ended.
    process.stdout.write("", () => void setTimeout(() => process.exit(), LINGER_MS).unref());
  },
  error => {
    process.stderr.write(`mlld-env: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = EXIT.failed;
  },
);

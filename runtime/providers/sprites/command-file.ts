import { randomBytes } from "node:crypto";
import { type EnvironmentCommand, ProviderError } from "../provider";
import type { SpritesApi } from "./api";
import { writeFile } from "./record";

/** Words up to this length (UTF-8 bytes) travel in the URL; servers and proxies take few more. */
const LONGEST_IN_URL = 3_000;

/** Reads variables, and perhaps words, from a file that only the user can read, removes it, and becomes the command. */
const FROM_FILE = ["sh", "-c", '. "$0"; rm -f "$0"; exec "$@"'];

/** How long taking a file back may hold up the end of a command, ms. */
const FORGET_MS = 500;

/** How a command is started. */
export interface Start {
  words: string[];
  /** Writes the file that the words read. */
  prepare(signal: AbortSignal): Promise<void>;
  /** Empties it again, where the command never came to read it. */
  forget(): Promise<void>;
}

/**
 * The words that start a command. Variables and secrets go through a file of mode 0600: nothing of them shows in a URL or in argv; so do
 * words that are too long for a URL.
 */
export function startOf(api: SpritesApi, sprite: string, { argv, vars, secrets }: EnvironmentCommand): Start {
  const lines = Object.entries({ ...vars, ...secrets }).map(([name, value]) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      throw new ProviderError("run/variable-name", `'${name}' cannot be the name of an environment variable.`);
    return `export ${name}=${quoted(value)}\n`;
  });
  const long = argv.reduce((bytes, word) => bytes + Buffer.byteLength(word), 0) > LONGEST_IN_URL;
  if (long) lines.push(`set -- ${argv.map(quoted).join(" ")}\n`);
  if (lines.length === 0) return { words: argv, prepare: async () => {}, forget: async () => {} };
  const path = `/tmp/.mlld-env-${randomBytes(12).toString("hex")}`;
  const write = (text: string, signal: AbortSignal) => writeFile(api, sprite, path, "0600", Buffer.from(text), signal);
  return {
    words: [...FROM_FILE, path, ...(long ? [] : argv)],
    prepare: signal => write(lines.join(""), signal),
    // A service that does not answer took it with the connection, or the sprite is gone.
    forget: () => write("", AbortSignal.timeout(FORGET_MS)).catch(() => {}),
  };
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

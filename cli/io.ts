import { messageOf } from "../protocol/message-of";

/** What a command of `mlld-env` may touch of its process. */
export interface Io {
  stdin: NodeJS.ReadStream & { fd: 0 };
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  env: NodeJS.ProcessEnv;
  cwd: string;
}

/** A wrong call: exit code 2, with the message and how to call it. */
export class UsageError extends Error {}

/** A right call for a file that cannot be read: exit code 2, with the reason. */
export class UnreadableError extends Error {
  constructor(path: string, cause: unknown) {
    super(`cannot read ${path}: ${reasonOf(cause)}`);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  ENOTDIR: "there is no such file or folder",
  EISDIR: "it is a folder",
  EACCES: "you may not read it",
  EPERM: "you may not read it",
  ELOOP: "its links lead in a circle",
};

/** Why the system could not read a file, in plain words. */
export function reasonOf(cause: unknown): string {
  const { code = "" } = cause as NodeJS.ErrnoException;
  return REASONS[code] ?? messageOf(cause);
}

/** Exit codes of the command line. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  timeout: 124,
  cancelled: 130,
} as const;

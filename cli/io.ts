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

/** Exit codes of the command line. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  timeout: 124,
  cancelled: 130,
} as const;

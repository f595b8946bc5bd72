/** What runs `js` blocks. */

export interface ScriptFunction {
  name: string;
  parameters: string[];
  body: string;
}

export interface ScriptCall {
  body: string;
  /** Names and JSON-like values; a missing argument is `undefined`. A `text` becomes what the value prints as. */
  parameters: { name: string; value: unknown; text?: string }[];
  /** Functions of the language that were made visible (`exe js = { … }`). */
  functions: ScriptFunction[];
  /** `mx` inside the code. */
  context: Record<string, unknown>;
  /** Takes lines of `console.error` and `console.warn` as they are printed. */
  onError(line: string): void;
}

export interface ScriptResult {
  /** undefined when the code returned nothing. */
  value: unknown;
  /** What `console.log` printed, without the last line end. */
  printed: string;
}

/** An exception of the code, or a limit that it reached. */
export class ScriptError extends Error {}

/** One context for all the blocks of a run. */
export interface ScriptHost {
  /** Runs a block to its end, promises and timers included. Throws `ScriptError`, or the signal's reason. */
  run(call: ScriptCall, signal: AbortSignal): Promise<ScriptResult>;
  dispose(): void;
}

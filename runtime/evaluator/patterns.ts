/** Work with regular expressions, which can take forever on some texts and hear of no cancellation meanwhile. */
import { createContext, Script } from "node:vm";
import { binary } from "../../language/values";
import { RunError } from "./errors";

/** How long a pattern may look at one text, ms. */
const LONGEST_SEARCH = 2000;

const CALL = new Script("work()");
let sandbox: { work: (() => unknown) | null } | null = null;

/** Does the work, and stops it when it takes too long. */
export function withinTime<T>(work: () => T): T {
  sandbox ??= createContext({ work: null }) as { work: null };
  const outer = sandbox.work;
  sandbox.work = work;
  try {
    return CALL.runInContext(sandbox, { timeout: LONGEST_SEARCH }) as T;
  } catch (cause) {
    if ((cause as { code?: unknown } | null)?.code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw cause;
    throw new RunError(
      `The pattern was not done with this text after ${LONGEST_SEARCH / 1000} s and was stopped. Repetitions of repetitions such as (a+)+ take that long: write it without them.`,
      "run/pattern-too-slow",
    );
  } finally {
    sandbox.work = outer;
  }
}

/** Only a pattern that repeats something can take long. */
export function repeats(pattern: unknown): boolean {
  return /[*+{?]/.test(pattern instanceof RegExp ? pattern.source : typeof pattern === "string" ? pattern : "");
}

/** An operation of two values; `~=` may look for a pattern. */
export function operation(operator: Parameters<typeof binary>[0], left: unknown, right: unknown): unknown {
  const work = () => binary(operator, left, right);
  return (operator === "~=" || operator === "!~=") && repeats(right) ? withinTime(work) : work();
}

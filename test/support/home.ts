import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * An empty home for all tests: local commands run in login shells, and what somebody's profile does is no part of a test. (One that is
 * killed in the middle of it may leave a lock that holds up every shell after it.) State and journals of runs stay out of the real home too.
 */
export function setup(): () => void {
  const home = mkdtempSync(join(tmpdir(), "mlld-env-home-"));
  process.env.HOME = home;
  return () => rmSync(home, { recursive: true, force: true, maxRetries: 3 });
}

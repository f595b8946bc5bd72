import { stopStartedEngine } from "./docker-engine.mjs";

/** Marks this run for the workers, and ends the engine that one of them started, if one did. */
export function setup(): () => Promise<boolean> {
  process.env.MLLD_ENV_TEST_RUN = String(process.pid);
  return () => stopStartedEngine(process.pid);
}

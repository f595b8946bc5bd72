/** Removes containers. */
import { setTimeout as sleep } from "node:timers/promises";
import type Dockerode from "dockerode";
import { engineError, statusOf } from "./errors";

const GONE_WITHIN_MS = 10_000;

/** Removes a container with its anonymous volumes and returns when it is gone; one that is gone already is no error. */
export async function removeContainer(container: Dockerode.Container): Promise<boolean> {
  try {
    await container.remove({ force: true, v: true });
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    // 409: the engine is removing it, as it does by itself when the lifeline of an anonymous one ends.
    if (statusOf(error) !== 409) throw engineError("Releasing the environment", error);
  }
  for (const started = Date.now(); Date.now() - started < GONE_WITHIN_MS; await sleep(25)) {
    try {
      await container.inspect();
    } catch (error) {
      if (statusOf(error) === 404) return true;
      throw engineError("Releasing the environment", error);
    }
  }
  throw engineError("Releasing the environment", new Error("the engine is still removing its container"));
}

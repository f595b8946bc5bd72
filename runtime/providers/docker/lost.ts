/** Why the stream of a command ended without saying how the command ended. */
import type Dockerode from "dockerode";
import type { Outcome } from "../provider";
import { isUnreachable, messageOf, statusOf } from "./errors";

/**
 * Asks the engine. An exit code is believed only when the engine names one that isn't 0: a stream that just ends is never success.
 * `oomKilled` tells whether the kernel killed something for memory since the command began, as far as that can be known.
 */
export async function outcomeOfBrokenStream(
  container: Dockerode.Container,
  exec: { inspect(): Promise<Dockerode.ExecInspectInfo> },
  oomKilled: () => Promise<boolean>,
): Promise<Outcome> {
  const gone = await outcomeOfGone(container);
  if (gone) return gone.outcome;
  try {
    for (let attempt = 0; attempt < 10; attempt++) {
      const { Running, ExitCode } = await exec.inspect();
      if (!Running) {
        if (ExitCode === 137 && (await oomKilled())) return { kind: "killed", reason: "memory" };
        if (ExitCode) return { kind: "exited", exitCode: ExitCode };
        return { kind: "lost", cause: "the command's output ended before its exit code" };
      }
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  } catch (error) {
    return { kind: "lost", cause: engineGone(error) };
  }
  return { kind: "lost", cause: "the connection to the command broke while it was running" };
}

interface Gone {
  outcome: Outcome;
  /** Of the container's own process, when the container is there and stopped. */
  exitCode: number | null;
}

/** The outcome when the container is gone, stopped, or cannot be asked about; null when it runs. */
export async function outcomeOfGone(container: Dockerode.Container): Promise<Gone | null> {
  let state: Dockerode.ContainerInspectInfo["State"];
  try {
    ({ State: state } = await container.inspect());
  } catch (error) {
    const cause = statusOf(error) === 404 ? "the environment's container was removed" : engineGone(error);
    return { outcome: { kind: "lost", cause }, exitCode: null };
  }
  if (state.Running) return null;
  if (state.OOMKilled) return { outcome: { kind: "killed", reason: "memory" }, exitCode: state.ExitCode };
  return {
    outcome: { kind: "lost", cause: `the environment's container stopped (exit code ${state.ExitCode})` },
    exitCode: state.ExitCode,
  };
}

function engineGone(error: unknown): string {
  return isUnreachable(error) ? "the Docker engine stopped answering" : `the Docker engine failed: ${messageOf(error)}`;
}

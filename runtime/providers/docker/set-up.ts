/** Whether the set-up of a kept environment has run to its end: a file in it then holds the token of its labels. */
import type Dockerode from "dockerode";
import { engineError, statusOf } from "./errors";
import { LABEL } from "./labels";
import { fileArchive } from "./tar";

/** The container's own file system keeps it over a stop; no grant reaches it. */
const FILE = ".mlld-env-set-up";

/** Notes that it has. What is made from a snapshot of it has another token, and so is not set up by this. */
export async function noteSetUp(container: Dockerode.Container, labels: Record<string, string>): Promise<void> {
  const token = labels[LABEL.setUp];
  if (!token) return;
  try {
    await container.putArchive(fileArchive(FILE, Buffer.from(token), 0o644), { path: "/" });
  } catch (error) {
    throw engineError("Noting that the environment is set up", error);
  }
}

/** True also for an environment that has no set-up. */
export async function isSetUp(container: Dockerode.Container, labels: Record<string, string>): Promise<boolean> {
  const token = labels[LABEL.setUp];
  if (!token) return true;
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of await container.getArchive({ path: `/${FILE}` })) chunks.push(chunk as Buffer);
    // One entry: its header of 512 bytes, then the content.
    return (
      Buffer.concat(chunks)
        .subarray(512, 512 + token.length)
        .toString("latin1") === token
    );
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw engineError("Looking whether the environment is set up", error);
  }
}

/** Anonymous environments whose owner died in the moment between their making and their lifeline. */
import type { ContainerInfo } from "dockerode";
import { type ProcessIdentity, stateOf } from "../../environments/process-identity";
import { environmentInfo, LABEL } from "./labels";

/** Names of environments that nobody will release. One whose owner this process cannot judge (another machine) is none. */
export function orphanNames(containers: ContainerInfo[]): string[] {
  return containers.flatMap(container => {
    const labels = container.Labels ?? {};
    const info = environmentInfo(container, "", "");
    if (!info || labels[LABEL.kind] !== "anonymous") return [];
    const owner = parseOwner(labels[LABEL.process]);
    return owner && stateOf(owner) === "dead" ? [info.name] : [];
  });
}

function parseOwner(text: string | undefined): ProcessIdentity | null {
  try {
    const owner = JSON.parse(text ?? "null");
    return owner && typeof owner.pid === "number" ? owner : null;
  } catch {
    // Not a label that we wrote: then it is not ours to judge.
    return null;
  }
}

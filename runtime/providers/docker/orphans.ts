/** Anonymous environments whose owner died in the moment between their making and their lifeline. */
import type { ContainerInfo } from "dockerode";
import { environmentInfo } from "./labels";

/** Names of environments that nobody will release. One whose owner this process cannot judge (another machine) is none. */
export function orphanNames(containers: ContainerInfo[]): string[] {
  return containers.flatMap(container => {
    const info = environmentInfo(container, "", "");
    return info?.orphaned ? [info.name] : [];
  });
}

/** All that the engine knows about one environment. */
import type Dockerode from "dockerode";
import type { EnvironmentDetails } from "../../../protocol/explorer";
import { engineError } from "./errors";
import type { FoundContainer } from "./kept";
import { abilitiesOf, bindMounts, LABEL, labelledFacts, limitsAsWritten, networkOf, stateOfContainer } from "./labels";

/** Docker's word for a time that has not been. */
const NEVER = "0001-01-01T00:00:00Z";

/** The facts of a container of ours, without its variables: those of the image may hold secrets. */
export async function environmentDetails(
  { container, info }: FoundContainer,
  provider: string,
  engine: string,
): Promise<EnvironmentDetails> {
  const { Config, HostConfig, State } = info;
  const labels = Config.Labels;
  const running = State.Running && !State.Paused;
  const { Env: _, ...config } = Config;
  const facts = labelledFacts(labels);
  return {
    ...facts,
    provider,
    engine,
    state: stateOfContainer(State.Status),
    image: Config.Image,
    createdAt: new Date(info.Created).toISOString(),
    kept: labels[LABEL.kind] === "named",
    ...(running && State.StartedAt !== NEVER && { startedAt: State.StartedAt }),
    ...(!State.Running && State.FinishedAt !== NEVER && { stoppedAt: State.FinishedAt }),
    ...(Config.User && { user: Config.User }),
    ...(Config.WorkingDir && { workdir: Config.WorkingDir }),
    net: networkOf(labels, HostConfig.NetworkMode),
    // The block's time-out is no matter of the container.
    limits: { ...facts.limits, ...engineLimits(HostConfig) },
    ports: publishedPorts(running ? info.NetworkSettings.Ports : HostConfig.PortBindings),
    mounts: bindMounts(info.Mounts),
    scratch: Object.keys(HostConfig.Tmpfs ?? {}),
    abilities: abilitiesOf(labels, State.Status),
    ...(running && { usage: await usageOf(container) }),
    engineAnswer: { ...info, Config: config },
  };
}

/** What the engine holds to, its defaults too. */
function engineLimits({ Memory, NanoCpus, PidsLimit }: Dockerode.HostConfig) {
  return limitsAsWritten({
    ...(Memory && { memoryBytes: Memory }),
    ...(NanoCpus && { cpus: NanoCpus / 1e9 }),
    ...(PidsLimit && PidsLimit > 0 && { pids: PidsLimit }),
  });
}

function publishedPorts(
  ports: Record<string, { HostIp?: string; HostPort?: string }[] | null> | undefined,
): NonNullable<EnvironmentDetails["ports"]> {
  return Object.entries(ports ?? {}).flatMap(([port, bindings]) =>
    (bindings ?? []).map(({ HostIp, HostPort }) => ({ host: `${HostIp ?? ""}:${HostPort ?? ""}`, container: port })),
  );
}

/** One sample; two of them, as the engine takes by default for the load of the processors, last a second or two. */
async function usageOf(container: Dockerode.Container): Promise<NonNullable<EnvironmentDetails["usage"]>> {
  try {
    const stats = await container.stats({ stream: false, "one-shot": true });
    return {
      ...(stats.memory_stats?.usage !== undefined && { memoryBytes: stats.memory_stats.usage }),
      ...(stats.pids_stats?.current !== undefined && { processes: stats.pids_stats.current }),
    };
  } catch (error) {
    throw engineError("Asking what the environment uses", error);
  }
}

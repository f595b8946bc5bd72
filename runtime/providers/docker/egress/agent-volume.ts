/** Puts the agent where an environment can run it and not change it: a volume of the engine, mounted read-only. */
import { createHash } from "node:crypto";
import type Dockerode from "dockerode";
import { ProviderError } from "../../provider";
import type { Engine } from "../engine";
import { messageOf, statusOf } from "../errors";
import { fileArchive } from "../tar";
import { AGENT_BINARIES } from "./agent-binaries";

const FOLDER = "/.mlld-env";
export const AGENT_PATH = `${FOLDER}/agent`;

/** Engines name processors in their own way. */
const ARCHITECTURES: Record<string, keyof typeof AGENT_BINARIES> = {
  x86_64: "amd64",
  amd64: "amd64",
  aarch64: "arm64",
  arm64: "arm64",
};

/**
 * Makes the volume if the engine doesn't have it, and gives its mount. The helper container is never started; `image` only has to exist.
 * Throws `ProviderError` when the agent cannot be placed: an allow-list is refused then, never opened.
 */
export async function agentMount(
  engine: Engine,
  image: string,
  purpose: keyof typeof PURPOSES,
): Promise<Dockerode.MountSettings> {
  const architecture = ARCHITECTURES[engine.architecture];
  if (!architecture) throw notPlaced(purpose, `there is none for the processor ${engine.architecture}`);
  const binary = Buffer.from(AGENT_BINARIES[architecture], "base64");
  const volume = `mlld-env-agent-${createHash("sha256").update(binary).digest("hex").slice(0, 12)}`;
  try {
    await place(engine.docker, image, volume, binary);
  } catch (error) {
    throw notPlaced(purpose, messageOf(error));
  }
  return {
    Type: "volume",
    Source: volume,
    Target: FOLDER,
    ReadOnly: true,
    VolumeOptions: { NoCopy: true },
  } as Dockerode.MountSettings;
}

async function place(docker: Dockerode, image: string, volume: string, binary: Buffer): Promise<void> {
  const helper = await docker.createContainer({
    Image: image,
    Entrypoint: [AGENT_PATH],
    Cmd: [],
    Labels: { "dev.mlld-env.helper": "agent" },
    HostConfig: {
      NetworkMode: "none",
      Mounts: [
        {
          Type: "volume",
          Source: volume,
          Target: FOLDER,
          ReadOnly: false,
          VolumeOptions: { NoCopy: true },
        } as Dockerode.MountSettings,
      ],
    },
  });
  try {
    if (await hasAgent(helper, binary.length)) return;
    await helper.putArchive(fileArchive("agent", binary, 0o555), { path: FOLDER });
    if (!(await hasAgent(helper, binary.length))) throw new Error("the engine did not keep it");
  } finally {
    await helper.remove({ force: true });
  }
}

async function hasAgent(container: Dockerode.Container, size: number): Promise<boolean> {
  try {
    const answer = (await container.infoArchive({ path: AGENT_PATH })) as { headers: Record<string, string> };
    const stat = JSON.parse(
      Buffer.from(answer.headers["x-docker-container-path-stat"] ?? "", "base64").toString() || "{}",
    );
    return stat.size === size;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
}

/** What an environment needs the agent for. */
const PURPOSES = {
  network: {
    code: "run/net-unsupported",
    consequence: "The network rule cannot be held to",
    mend: 'Use `net: "none"`, or `net: "bridge"` for an open network.',
  },
  shell: {
    code: "run/no-shell",
    consequence: "The image has no /bin/sh, and commands cannot be run without it",
    mend: "Use an image with a shell (for example one based on Debian or Alpine).",
  },
};

function notPlaced(purpose: keyof typeof PURPOSES, why: string): ProviderError {
  const { code, consequence, mend } = PURPOSES[purpose];
  return new ProviderError(code, `${consequence}, because our agent could not be placed on the engine: ${why}.`, mend);
}

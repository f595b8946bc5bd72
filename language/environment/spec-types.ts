/** What a spec file says, once it is read. */
export interface EnvironmentSpecFile {
  type: "local" | "docker";
  /** A title, never the environment's name. */
  name: string;
  environment: { env: Record<string, string>; includeOsEnv: boolean };
  setup: { commands: string[]; evalCommands: string[]; resumeCommands: string[] };
  commands: { entryFile: string; command: string; agentCommand: string | null };
  snapshot: SnapshotOptions;
  /** What `{{static:name}}` means, by name. */
  staticAssets: StaticAsset[];
  local: { requiresTty: boolean; shell: string | null };
  /** Set for `type: docker`. */
  docker: DockerSpec | null;
}

export interface SnapshotOptions {
  keepGlobs: string[] | null;
  ignoreGlobs: string[];
  compression: "gz" | "bz2" | "xz" | "none";
  archiveSaveDir: string | null;
}

export interface DockerSpec {
  image: string;
  binary: string;
  workdir: string;
  mountWorkspace: boolean;
  extraMounts: SpecMount[];
  network: string | null;
  user: string | null;
  /** Published on loopback. */
  ports: string[];
  keepContainerAfterClean: boolean;
}

export interface SpecMount {
  host: string;
  container: string;
  mode: "ro" | "rw";
}

/** A file or folder that commands read and no snapshot holds. */
export interface StaticAsset {
  name: string;
  /** As written; a relative one starts at the workspace. */
  host: string;
  /** Where it lies in a sandbox: `/static/…`. */
  container: string;
}

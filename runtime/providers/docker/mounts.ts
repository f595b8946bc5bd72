/** `fs` grants as bind mounts, with the rules that keep the host safe. */
import { mkdirSync, readdirSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, isAbsolute, join, posix, resolve, sep } from "node:path";
import type Dockerode from "dockerode";
import picomatch from "picomatch";
import { homeFolders } from "../../environments/home";
import { type EnvironmentSpec, type MountGrant, ProviderError } from "../provider";
import { type Bind, within } from "./paths";
import { protect, refuseProtected } from "./protected";

/** Where the workspace lies in a container unless `workdir` says otherwise. */
export const WORKSPACE = "/workspace";
/** A glob that matches more is a mistake; each match would be a mount of its own. */
const MOST_MATCHES = 500;

/** What the mounts of a spec come to. */
export interface ResolvedMounts {
  binds: Bind[];
  madeFolders: string[];
  absent: string[];
}

/**
 * Resolves the grants: real paths, globs to their matches, default places, protected paths. Throws `ProviderError` for what may not or
 * cannot be mounted. Makes a missing writable folder or file inside the workspace.
 */
export function resolveMounts(spec: EnvironmentSpec, engineSocket: string | null): ResolvedMounts {
  const binds: Bind[] = [];
  for (const grant of spec.fs.mounts ?? []) {
    if (grant.tail !== null) binds.push(...globBinds(grant, spec, engineSocket));
    else binds.push(bind(grant.host, grant, spec, engineSocket, ""));
  }
  const merged = mergeTargets(binds);
  const writable = merged.filter(b => !b.readOnly);
  for (const b of writable) refuseProtected(b, spec);
  const protections = writable.map(b => protect(b, spec));
  // A grant of its own wins over the pin of a folder on the way, and what is protected over every grant.
  const byTarget = new Map<string, Bind>();
  for (const b of [...merged, ...protections.flatMap(p => p.binds)]) {
    if (b.readOnly || !byTarget.has(b.target)) byTarget.set(b.target, b);
  }
  return {
    // The engine mounts in the given order: an outer target must come before what lies in it.
    binds: [...byTarget.values()].sort((a, b) => depth(a.target) - depth(b.target)),
    madeFolders: protections.flatMap(p => p.madeFolders),
    absent: protections.flatMap(p => p.absent),
  };
}

/** The form the engine takes. `Mounts`, not `Binds`: those make a missing host path as root. */
export function mountSettings(binds: Bind[]): Dockerode.MountSettings[] {
  return binds.map(({ source, target, readOnly }) => ({
    Type: "bind",
    Source: source,
    Target: target,
    ReadOnly: readOnly,
    // A read-only bind leaves mounts below it writable, so those are left out.
    BindOptions: {
      Propagation: "rprivate",
      ...(readOnly && { NonRecursive: true }),
    } as Dockerode.MountSettings["BindOptions"],
  }));
}

function depth(target: string): number {
  return target.split("/").length;
}

function bind(
  host: string,
  grant: MountGrant,
  spec: EnvironmentSpec,
  engineSocket: string | null,
  below: string,
): Bind {
  const source = realSource(host, grant, spec);
  refuseDangerous(source, host, engineSocket);
  const place = grant.container ?? defaultPlace(grant.host, spec);
  const target = below ? posix.join(place, below) : posix.normalize(place);
  if (
    !target.startsWith("/") ||
    target.replace(/\/$/, "") === ENGINES_TARGET ||
    FORBIDDEN_TARGETS.some(t => target === t || (t !== "/" && target.startsWith(`${t}/`)))
  ) {
    throw refusal(
      `${host} cannot be mounted at ${target}`,
      "Choose a folder of its own inside the environment, such as /app.",
    );
  }
  return { source, target: target.length > 1 ? target.replace(/\/$/, "") : target, readOnly: grant.mode === "ro" };
}

const FORBIDDEN_TARGETS = ["/", "/proc", "/sys", "/dev"];
/** The engine puts files of its own there, which would be made in the folder that is mounted. What lies below is free. */
const ENGINES_TARGET = "/etc";

/** A relative grant lies under the container's workspace at the same relative path, an absolute one at the same path. */
function defaultPlace(host: string, spec: EnvironmentSpec): string {
  const drive = host.match(/^([A-Za-z]):[\\/]?(.*)$/);
  const inside = within(spec.folder, host);
  if (inside !== null) return posix.join(spec.workdir ?? WORKSPACE, inside.split(/[\\/]/).join("/"));
  if (drive) return posix.join("/", drive[1]!.toLowerCase(), drive[2]!.replaceAll("\\", "/"));
  return host;
}

function realSource(host: string, grant: MountGrant, spec: EnvironmentSpec): string {
  const path = isAbsolute(host) ? host : resolve(spec.folder, host);
  const inWorkspace = within(spec.workspace, path) !== null || within(spec.folder, path) !== null;
  let real: string;
  try {
    real = realpathSync(path);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    if (missing && grant.mode === "rw" && inWorkspace && grant.tail === null) {
      refuseLeaving(realAncestor(path), path, spec);
      makeMissing(host, path);
      return realpathSync(path);
    }
    const why = missing ? "does not exist" : `cannot be read (${(error as Error).message})`;
    throw new ProviderError(
      "run/mount-missing",
      `\`fs\` grants ${path}, which ${why}.`,
      "Create it, or correct the path in `fs`.",
    );
  }
  if (inWorkspace) refuseLeaving(real, path, spec);
  return real;
}

/** Makes what is granted for writing: a file when the name has an ending, else a folder. */
function makeMissing(written: string, path: string): void {
  if (/[\\/]$/.test(written) || !/[^.]\.[A-Za-z0-9]{1,8}$/.test(basename(path))) {
    mkdirSync(path, { recursive: true });
    return;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "", { flag: "wx" });
}

/** A path written inside the workspace must not lead out of it through a link. */
function refuseLeaving(real: string, path: string, spec: EnvironmentSpec): void {
  const roots = [spec.workspace, spec.folder].map(root => realpathSync(root));
  if (roots.some(root => within(root, real) !== null)) return;
  throw refusal(
    `${path} is a link that leads out of the workspace, to ${real}`,
    `Grant ${real} itself if that is what you want.`,
  );
}

/** Real path of the nearest ancestor that exists. */
function realAncestor(path: string): string {
  for (let at = path; ; at = join(at, "..")) {
    try {
      return realpathSync(at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || at === join(at, "..")) throw error;
    }
  }
}

/** Below the home folder: what opens other doors. */
const KEY_FOLDERS = [
  ".ssh",
  ".gnupg",
  ".aws",
  ".azure",
  ".kube",
  ".docker",
  ".config/gcloud",
  ".config/gh",
  ".password-store",
  ".netrc",
  ".git-credentials",
];
const SYSTEM_FOLDERS = [
  "/proc",
  "/sys",
  "/dev",
  "/boot",
  // Sockets of daemons, whichever of them run here.
  "/run",
  "/var/run",
  "/etc/shadow",
  "/etc/ssh",
  "/etc/sudoers",
  "/var/lib/docker",
  "/var/lib/containerd",
  "/var/lib/kubelet",
];
const ENGINE_SOCKETS = ["/var/run/docker.sock", "/run/docker.sock", "/run/containerd", "/run/podman", "/run/crio"];

/** Refuses `/`, and everything at, below or around the engine's socket, key folders and the system's own folders. */
function refuseDangerous(real: string, written: string, engineSocket: string | null): void {
  const rows: [string, string[]][] = [
    ["holds keys", homeFolders().flatMap(home => KEY_FOLDERS.map(folder => join(home, folder)))],
    ["belongs to the system", SYSTEM_FOLDERS],
    ["controls the container engine", engineSocket ? [engineSocket, ...ENGINE_SOCKETS] : ENGINE_SOCKETS],
  ];
  if (real === sep || /^[A-Za-z]:[\\/]?$/.test(real)) {
    throw refusal(`${written} is the whole file system`, "Grant the folders that the block needs.");
  }
  for (const [why, paths] of rows) {
    for (const path of paths.flatMap(realForms)) {
      const around = within(real, path) !== null;
      if (within(path, real) === null && !around) continue;
      const what = real === path ? "" : around ? `, which contains ${path}` : `, which lies in ${path}`;
      throw refusal(
        `${written} cannot be granted${what}: ${real === path ? "it" : path} ${why}`,
        "Grant a narrower folder.",
      );
    }
  }
}

/** A path as it is written and as it really is; only what exists can be inside a grant. */
function realForms(path: string): string[] {
  try {
    const real = realpathSync(path);
    return real === path ? [path] : [path, real];
  } catch {
    // It doesn't exist here, so no grant can contain it; but a grant may still lie below its name.
    return [];
  }
}

function refusal(what: string, mend: string): ProviderError {
  return new ProviderError("run/mount-refused", `${what}.`, mend);
}

/** The matches of a glob, each a read-only mount; of a matched folder the folder. */
function globBinds(grant: MountGrant, spec: EnvironmentSpec, engineSocket: string | null): Bind[] {
  const tail = grant.tail!;
  if (grant.mode === "rw") {
    throw refusal(
      `\`fs.write\` holds the pattern ${posix.join(grant.host, tail)}, but only whole files and folders can be mounted writable`,
      "Grant the folder.",
    );
  }
  const base = realSource(grant.host, grant, spec);
  const isMatch = picomatch(tail, { dot: false });
  const found: string[] = [];
  const visit = (folder: string) => {
    for (const entry of readdirSync(join(base, folder), { withFileTypes: true })) {
      const path = folder ? `${folder}/${entry.name}` : entry.name;
      if (isMatch(path)) found.push(path);
      else if (entry.isDirectory()) visit(path);
      if (found.length > MOST_MATCHES) {
        throw refusal(
          `The pattern ${posix.join(grant.host, tail)} matches more than ${MOST_MATCHES} paths`,
          "Grant the folder that contains them.",
        );
      }
    }
  };
  if (statSync(base).isDirectory()) visit("");
  return found.map(path => bind(join(grant.host, path), grant, spec, engineSocket, path));
}

/** One mount a target: the same source twice is writable if one grant says so; two sources are an error. */
function mergeTargets(binds: Bind[]): Bind[] {
  const byTarget = new Map<string, Bind>();
  for (const next of binds) {
    const known = byTarget.get(next.target);
    if (known && known.source !== next.source) {
      throw refusal(
        `${known.source} and ${next.source} would both lie at ${next.target}`,
        "Give each its own place: `HOST:CONTAINER`.",
      );
    }
    byTarget.set(next.target, known ? { ...known, readOnly: known.readOnly && next.readOnly } : next);
  }
  return [...byTarget.values()];
}

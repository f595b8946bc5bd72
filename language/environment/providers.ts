/** What `provider:` may name, and what a provider written in mlld must export. */
import type { Place } from "../place";
import { closest } from "./spelling";
import type { Problem } from "./types";

export const PROVIDER_EXPORTS: readonly {
  name: string;
  parameters: readonly string[];
  required: boolean;
  stub: string;
}[] = [
  {
    name: "create",
    parameters: ["opts"],
    required: true,
    stub: 'exe @create(opts) = { envName: "env", created: true }',
  },
  {
    name: "execute",
    parameters: ["envName", "command"],
    required: true,
    stub: 'exe @execute(envName, command) = { stdout: "", stderr: "", exitCode: 0 }',
  },
  { name: "release", parameters: ["envName"], required: true, stub: "exe @release(envName) = { }" },
  { name: "snapshot", parameters: ["envName", "name"], required: false, stub: "exe @snapshot(envName, name) = { }" },
];

export function checkProviderModule(
  exports: { name: string; executable: boolean; parameters: number | null; place?: Place }[],
  ref: string,
  place?: Place,
): Problem[] {
  return PROVIDER_EXPORTS.flatMap(({ name, parameters, required }) => {
    const found = exports.find(entry => entry.name === name);
    const say = (message: string): Problem[] => [
      {
        code: "env/provider-module",
        severity: "error",
        message,
        place,
        related: found?.place ? [{ place: found.place, message: `@${name} is defined here` }] : [],
        fixes: [],
      },
    ];
    const form = `@${name}(${parameters.join(", ")})`;
    if (!found) return required ? say(`The provider '${ref}' does not export ${form}.`) : [];
    if (!found.executable) return say(`@${name} of the provider '${ref}' is no executable: it must be ${form}.`);
    if (found.parameters !== null && found.parameters !== parameters.length) {
      return say(
        `@${name} of the provider '${ref}' takes ${found.parameters} parameter${found.parameters === 1 ? "" : "s"}: it must be ${form}.`,
      );
    }
    return [];
  });
}

/** The built-in provider that a reference nearly spells. */
export function suggestedProvider(ref: string): string | null {
  const word = ref.trim().replace(/^@mlld\/(env-)?/, "");
  const known = closest(word, ["docker", "sprites", "local"]);
  return known && known !== "local" && ref.trim().startsWith("@") ? `@mlld/env-${known}` : known;
}

/** A reference in its one spelling; null is none. */
export function canonicalProvider(ref: string): string | null {
  const kind = providerKind(ref);
  return kind === "none" ? null : kind === "docker" || kind === "sprites" ? `@mlld/env-${kind}` : ref;
}

export function providerKind(ref: string | null): "none" | "docker" | "sprites" | "module" | "registry" {
  if (ref === null || ref === "" || ref === "local") return "none";
  if (ref === "@mlld/env-docker" || ref === "docker") return "docker";
  if (ref === "@mlld/env-sprites" || ref === "sprites") return "sprites";
  return /^(\.{1,2}[\\/]|[\\/]|~\/|@(base|root)\/|[A-Za-z]:[\\/])/.test(ref) || /\.(mld|mlld)(\.md)?$/.test(ref)
    ? "module"
    : "registry";
}

/** Profiles: words for the program, never a capability. */
import type { AbstractValue } from "../values/abstract";
import type { EnvironmentPolicy } from "./policy";
import { closest } from "./spelling";
import type { ConfigOption, DeclaredConfig, Problem } from "./types";

/** `env/unknown-profile`, when the name is surely not among the profiles. */
export function unknownProfile(profile: ConfigOption, profiles: ConfigOption): Problem | null {
  if (profile.value.kind !== "known" || typeof profile.value.value !== "string" || profiles.value.kind !== "object")
    return null;
  const wanted = profile.value.value.trim();
  const names = profiles.value.entries.map(entry => entry.key);
  if (wanted === "" || profiles.value.open || names.length === 0 || names.includes(wanted)) return null;
  const suggestion = closest(wanted, names);
  const place = profile.value.place;
  return {
    code: "env/unknown-profile",
    severity: "error",
    message: `There is no profile '${wanted}': the config has ${names.map(n => `'${n}'`).join(", ")}.`,
    place,
    related: profiles.value.place ? [{ place: profiles.value.place, message: "the profiles are declared here" }] : [],
    fixes:
      suggestion && place
        ? [
            {
              kind: "replace",
              title: `Change to '${suggestion}'`,
              place,
              newText: JSON.stringify(suggestion),
              preferred: true,
            },
          ]
        : [],
  };
}

/** The named profile, else the first whose needs policy does not deny, else the last, else the enclosing one. */
export function chooseProfile(
  declared: DeclaredConfig,
  enclosing: string | null | undefined,
  policy: EnvironmentPolicy | undefined,
): string | null | undefined {
  const named = declared.options.profile?.value;
  if (named)
    return named.kind === "known"
      ? typeof named.value === "string" && named.value.trim() !== ""
        ? named.value.trim()
        : null
      : undefined;
  const profiles = declared.options.profiles?.value;
  if (!profiles) return enclosing;
  if (profiles.kind !== "object" || profiles.open) return undefined;
  const fits = profiles.entries.find(({ value }) => needsOf(value).every(need => !policy?.denied.has(need)));
  return (fits ?? profiles.entries.at(-1))?.key ?? enclosing;
}

const NEEDS: Record<string, string> = { net: "network", fs: "filesystem" };

function needsOf(profile: AbstractValue): string[] {
  const requires =
    profile.kind === "object" ? profile.entries.find(entry => entry.key === "requires")?.value : undefined;
  if (requires?.kind !== "object") return [];
  return requires.entries
    .filter(({ value }) => !(value.kind === "known" && value.value === false))
    .map(({ key }) => NEEDS[key] ?? key);
}

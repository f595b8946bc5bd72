import { stringify } from "yaml";

/** Data as YAML (`output @x to "f.yaml"`). */
export function toYaml(data: unknown): string {
  return stringify(data);
}

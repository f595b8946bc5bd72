import type { Analysis } from "../../semantics";
import { walk } from "../../syntax";
import type { Node } from "../../syntax/tree";
import type { Span } from "../span";

/** A credential named in a config: `auth: "name"`, `auth: ["a", "b"]`. */
export interface CredentialName extends Span {
  name: string;
}

/** Names of credentials in configs of a file, without their quotes. Those of commands (`using auth:name`) are references like others. */
export function credentialNames(analysis: Analysis): CredentialName[] {
  const found: CredentialName[] = [];
  const add = (node: Node) => {
    const [part] = node.kind === "Template" ? node.parts : [];
    if (node.kind === "Template" && node.parts.length === 1 && part?.kind === "Text")
      found.push({ name: part.value, start: part.start, end: part.end });
  };
  walk(analysis.file, node => {
    if (node.kind !== "Property" || node.key.name !== "auth" || !node.value) return;
    if (node.value.kind === "ArrayExpression") node.value.elements.forEach(add);
    else add(node.value);
  });
  return found;
}

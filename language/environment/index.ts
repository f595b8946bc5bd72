/**
 * Environments: one algebra for the language server (while typing) and the runtime (before anything runs). Pure: values in, facts out.
 *
 * The usual way: `readConfig` → `enterBlock` (merges the chain, applies defaults, compares) → `explain`, `describe`, or at run time
 * `grantsOf`, `configHash`, `sameEnvironment`.
 */
export { compareEnvironments, deriveConfig, enterBlock } from "./block";
export { allowsTool, commandProblem, configHash, fromValue, grantsOf, sameEnvironment, toValue } from "./concrete";
export { TOP_LEVEL } from "./defaults";
export { editsOf } from "./edits";
export { describe, describeField, explain } from "./explain";
export type { BlockFacts, BlockRequest, Explanation, FieldSpec, Grants, Policy, ReadContext } from "./face";
export { FIELDS, fieldNamed } from "./fields";
export { applyPolicy, readPolicy, unitePolicies } from "./policy";
export { checkProviderModule, PROVIDER_EXPORTS, providerKind } from "./providers";
export { readConfig } from "./read";
export type * from "./types";

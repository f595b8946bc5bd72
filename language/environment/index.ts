/**
 * Environments: one algebra for the language server (while typing) and the runtime (before anything runs). Pure: values in, facts out.
 *
 * The usual way: `enterBlock` (merges the chain, applies defaults, compares) → `explain`, `describe`, or at run time
 * `grantsOf`, `configHash`, `sameEnvironment`.
 */

export { compareEnvironments, deriveConfig, enterBlock } from "./block";
export {
  CAPABILITY_ALIASES,
  type CommandPolicy,
  codeRefusal,
  commandPolicyOf,
  commandRefusal,
  composed,
  firstProgram,
  strings,
} from "./command-policy";
export { commandProblem, configHash, fromValue, grantsOf, sameEnvironment, toValue } from "./concrete";
export { TOP_LEVEL } from "./defaults";
export { editsOf } from "./edits";
export {
  type Description,
  describe,
  describeField,
  describeMarkdown,
  escaped,
  explain,
  sourceOfField,
} from "./explain";
export type {
  BlockFacts,
  Explanation,
  FieldSpec,
  FsGrants,
  Grants,
  LimitGrants,
  MountGrant,
  NetGrant,
  Policy,
} from "./face";
export { FIELDS, fieldNamed } from "./fields";
export { resolveHostPath } from "./paths";
export { applyPolicy, readPolicy, unitePolicies } from "./policy";
export { checkProviderModule, PROVIDER_EXPORTS, providerKind, suggestedProvider } from "./providers";
export { readSpecPart } from "./spec-model";
export { specPath } from "./spec-use";
export type * from "./types";

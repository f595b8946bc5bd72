/** A provider written in mlld: a module that exports `@create`, `@execute`, `@release` and perhaps `@snapshot`. */
import type { RunServices } from "../../evaluator";
import type { Provider } from "../provider";

/**
 * The provider that `ref` names. `path` is its module, absolute. Its own commands run locally, through `services`; it is loaded at the
 * first `open`. Faults are `ProviderError`s with the reference's `ENV_PROVIDER_…` codes.
 */
export declare function moduleProvider(ref: string, path: string, services: RunServices): Provider;

/** What running a block needs, before anything runs. Pure. */
import type { Finding } from "../../language/diagnostics/finding";
import type { Analysis } from "../../language/semantics";
import type { EventRange, PlanStep } from "../../protocol/events";
import type { ProgramSlice } from "../evaluator";

export interface PlanRequest {
  /** Zero-based line of the block; null runs the whole file. */
  line: number | null;
  /** `--provider P`, for blocks whose config names none. */
  provider: string | null;
  /** An image for sandboxes that name none (the setting or `MLLD_ENV_DOCKER_IMAGE`); empty for none. */
  image: string;
  /** Reported problems of the file (`diagnose`), for those that lie in the slice. */
  findings: Finding[];
}

export interface Plan {
  kind: "plan";
  slice: ProgramSlice | null;
  /** The range of the chosen env block; null for the whole file. */
  block: EventRange | null;
  /** Where the block's commands run. */
  target: string;
  steps: PlanStep[];
  /** The effective environment of the block, in the form of `explain --json`; null for the whole file. */
  environment: unknown;
}

export interface Refusal {
  kind: "refused";
  findings: Finding[];
}

/** `no-block`: there is no env block at that line. */
export interface NoBlock {
  kind: "no-block";
}

export declare function plan(analysis: Analysis, request: PlanRequest): Plan | Refusal | NoBlock;

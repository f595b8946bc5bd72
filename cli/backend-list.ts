import type { ExplorerEngine, ExplorerEnvironment } from "../protocol/explorer";
import { messageOf } from "../protocol/message-of";
import { type Provider, ProviderError } from "../runtime/providers/provider";
import { answered, shown } from "./live";

/** An engine tells of a change a moment before its own list has it. Milliseconds. */
const LOOK_MS = 15;
/** Changes that come so soon after an answer make one question together. Milliseconds. */
const SETTLE_MS = 50;
/** A loaded engine may take longer to have in its list what it told: after these times it is asked again. Milliseconds. */
const CONFIRM_MS = [20, 50, 200];

export interface BackendListOptions {
  named: ExplorerEngine["named"];
  /** Something has changed, or may have: also what a list doesn't show (snapshots). */
  told(): void;
}

/** What one backend lists, kept in step with its changes: one question at a time, and never an older answer after a newer one. */
export class BackendList {
  environments: ExplorerEnvironment[] = [];
  /** Null until it has answered, or failed to. */
  engine: ExplorerEngine | null = null;
  private timer: NodeJS.Timeout | undefined;
  private confirmation: NodeJS.Timeout | undefined;
  private asking = false;
  private again = false;
  private answeredAt = 0;
  /** The last one, as text. */
  private answer = "";

  constructor(
    readonly provider: Provider,
    private readonly options: BackendListOptions,
  ) {}

  changed(): void {
    clearTimeout(this.confirmation);
    if (this.asking) this.again = true;
    else
      this.timer ??= setTimeout(() => void this.ask(true), Math.max(LOOK_MS, this.answeredAt + SETTLE_MS - Date.now()));
  }

  /** `confirmed` questions have been asked since the last event. */
  private async ask(event: boolean, confirmed = 0): Promise<void> {
    this.timer = undefined;
    this.asking = true;
    this.again = false;
    await this.look();
    this.asking = false;
    this.answeredAt = Date.now();
    const answer = JSON.stringify([this.engine, this.environments]);
    const differs = answer !== this.answer;
    this.answer = answer;
    if (event || differs) this.options.told();
    if (this.again) this.changed();
    else this.confirm(confirmed);
  }

  private confirm(asked: number): void {
    const wait = CONFIRM_MS[asked];
    if (wait === undefined) return;
    this.confirmation = setTimeout(() => void this.ask(false, asked + 1), wait);
    // It does not keep a process that has nothing else to do.
    this.confirmation.unref();
  }

  private async look(): Promise<void> {
    const { provider, options } = this;
    try {
      const infos = (await answered(provider, signal => provider.list?.(signal))) ?? [];
      this.environments = infos.map(shown);
      this.engine = { provider: provider.ref, state: "ready", detail: infos[0]?.engine ?? "" };
    } catch (error) {
      this.environments = [];
      this.engine = {
        provider: provider.ref,
        state: stateOf(error),
        named: options.named,
        detail: messageOf(error),
        ...(error instanceof ProviderError && error.mend !== undefined && { mend: error.mend }),
      };
    }
  }
}

/** What the codes of the backends mean for the view; every other fault is one of an engine that does not answer. */
const FAULTS: Record<string, ExplorerEngine["state"]> = {
  "run/engine-missing": "absent",
  "run/token-missing": "absent",
  "run/engine-socket-missing": "missing",
  "run/engine-denied": "denied",
  "run/engine-address": "address",
};

function stateOf(error: unknown): ExplorerEngine["state"] {
  return (error instanceof ProviderError && FAULTS[error.code]) || "unreachable";
}

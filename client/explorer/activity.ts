import * as vscode from "vscode";
import type { ExplorerEnvironment } from "../../protocol/explorer";
import type { RunRecord, Runs } from "../run/runs";
import { LocalEnvironments } from "./local-environments";

/** Refused connections kept for each environment; the rest is only counted. */
const KEPT_REFUSALS = 50;

export interface Refusals {
  /** `host:port` and why, newest last. */
  kept: Map<string, string>;
  total: number;
}

/** Two backends may have environments of one name. */
export type Named = Pick<ExplorerEnvironment, "name" | "provider">;

/**
 * What the runs of this window did in each environment: which used it, and which connections its network refused. Environments that are
 * processes of this machine are known by this alone.
 */
export class Activity implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<Named>();
  /** The environment of which more is known. */
  readonly onDidChange = this.changed.event;
  private readonly of = new Map<string, { named: Named; runs: Set<RunRecord>; refusals?: Refusals }>();
  readonly local = new LocalEnvironments(name => this.changed.fire({ name, provider: "local" }));
  private readonly listeners: vscode.Disposable;

  constructor(runs: Runs) {
    this.listeners = vscode.Disposable.from(
      runs.onEvent(({ run, event }) => {
        if (event.event === "created") {
          if (event.provider === "local") this.local.begin(event.envName, run);
          this.used({ name: event.envName, provider: event.provider }, run);
        } else if (event.event === "denied") {
          const used = this.usedBy(run, event.envName);
          if (used) this.refused(used, `${event.host}:${event.port}`, event.reason);
        }
        // Anonymous environments never come back; a named one of that name is another one.
        else if (event.event === "released") this.forget(this.usedBy(run, event.envName));
      }),
      runs.onDidChange(() => {
        this.forgetEnded();
        for (const { named } of this.of.values()) this.changed.fire(named);
      }),
    );
  }

  /** Newest first. */
  runs(environment: Named): RunRecord[] {
    return [...(this.of.get(keyOf(environment))?.runs ?? [])].reverse();
  }

  refusals(environment: Named): Refusals | undefined {
    return this.of.get(keyOf(environment))?.refusals;
  }

  dispose(): void {
    this.listeners.dispose();
    this.local.dispose();
    this.changed.dispose();
  }

  /** Which environment a run means by a name. */
  private usedBy(run: RunRecord, name: string): Named | undefined {
    return [...this.of.values()].find(({ named, runs }) => named.name === name && runs.has(run))?.named;
  }

  private forget(environment: Named | undefined): void {
    if (!environment) return;
    this.of.delete(keyOf(environment));
    if (environment.provider === "local" && this.local.end(environment.name)) this.changed.fire(environment);
  }

  /** A run that was killed said nothing of what it released, and perhaps not even that it ended. */
  private forgetEnded(): void {
    for (const { name, provider } of this.local.environments) {
      const runs = [...(this.of.get(keyOf({ name, provider }))?.runs ?? [])];
      if (runs.every(({ state }) => state !== "running")) this.forget({ name, provider });
    }
  }

  private used(named: Named, run: RunRecord): void {
    const known = this.of.get(keyOf(named));
    if (known) known.runs.add(run);
    else this.of.set(keyOf(named), { named, runs: new Set([run]) });
    this.changed.fire(named);
  }

  private refused(named: Named, target: string, reason: string): void {
    const known = this.of.get(keyOf(named))!;
    known.refusals ??= { kept: new Map(), total: 0 };
    const { refusals } = known;
    refusals.total++;
    refusals.kept.delete(target);
    refusals.kept.set(target, reason);
    if (refusals.kept.size > KEPT_REFUSALS) refusals.kept.delete(refusals.kept.keys().next().value!);
    this.changed.fire(named);
  }
}

function keyOf({ name, provider }: Named): string {
  return `${provider}/${name}`;
}

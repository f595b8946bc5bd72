import * as vscode from "vscode";
import type { RunRecord, Runs } from "../run/runs";
import { LocalEnvironments } from "./local-environments";

/** Refused connections kept for each environment; the rest is only counted. */
const KEPT_REFUSALS = 50;

export interface Refusals {
  /** `host:port` and why, newest last. */
  kept: Map<string, string>;
  total: number;
}

/**
 * What the runs of this window did in each environment: which used it, and which connections its network refused. Environments that are
 * processes of this machine are known by this alone.
 */
export class Activity implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<string>();
  /** The name of the environment of which more is known. */
  readonly onDidChange = this.changed.event;
  private readonly runsOf = new Map<string, Set<RunRecord>>();
  private readonly refusalsOf = new Map<string, Refusals>();
  readonly local = new LocalEnvironments(name => this.changed.fire(name));
  private readonly listeners: vscode.Disposable;

  constructor(runs: Runs) {
    this.listeners = vscode.Disposable.from(
      runs.onEvent(({ run, event }) => {
        if (event.event === "created") {
          if (event.provider === "local") this.local.begin(event.envName, run);
          this.used(event.envName, run);
        } else if (event.event === "denied") this.refused(event.envName, `${event.host}:${event.port}`, event.reason);
        // Anonymous environments never come back; a named one of that name is another one.
        else if (event.event === "released") this.forget(event.envName);
        else if (event.event === "done") this.ended(run);
      }),
      runs.onDidChange(() => {
        for (const name of this.runsOf.keys()) this.changed.fire(name);
      }),
    );
  }

  /** Newest first. */
  runs(environment: string): RunRecord[] {
    return [...(this.runsOf.get(environment) ?? [])].reverse();
  }

  refusals(environment: string): Refusals | undefined {
    return this.refusalsOf.get(environment);
  }

  forget(environment: string): void {
    this.runsOf.delete(environment);
    this.refusalsOf.delete(environment);
    if (this.local.end(environment)) this.changed.fire(environment);
  }

  dispose(): void {
    this.listeners.dispose();
    this.local.dispose();
    this.changed.dispose();
  }

  /** A run that was killed said nothing of what it released. */
  private ended(run: RunRecord): void {
    for (const { name } of this.local.environments) if (this.runsOf.get(name)?.has(run)) this.forget(name);
  }

  private used(environment: string, run: RunRecord): void {
    const runs = this.runsOf.get(environment);
    if (runs) runs.add(run);
    else this.runsOf.set(environment, new Set([run]));
    this.changed.fire(environment);
  }

  private refused(environment: string, target: string, reason: string): void {
    let refusals = this.refusalsOf.get(environment);
    if (!refusals) this.refusalsOf.set(environment, (refusals = { kept: new Map(), total: 0 }));
    refusals.total++;
    refusals.kept.delete(target);
    refusals.kept.set(target, reason);
    if (refusals.kept.size > KEPT_REFUSALS) refusals.kept.delete(refusals.kept.keys().next().value!);
    this.changed.fire(environment);
  }
}

/** An engine on a socket that has as many environments as asked, for lists that would take minutes to make for real. */
export class FakeEngine {
  private constructor();
  static start(count: number): Promise<FakeEngine>;
  readonly host: string;
  name(index: number): string;
  /** Puts an environment into another state of the engine's, and says so. */
  change(index: number, state: "running" | "exited"): void;
  /** It ends, with its socket, until `goOn`. */
  goAway(): Promise<void>;
  goOn(): Promise<void>;
  stop(): Promise<void>;
}

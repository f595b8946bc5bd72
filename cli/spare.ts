import { messageOf } from "../protocol/message-of";
import type { SpareSeed } from "../runtime/environments/open-environments";
import { createGround } from "./backends";
import { EXIT, type Io, UsageError } from "./io";
import { runOn } from "./run";
import { ControlLines } from "./run/control-lines";
import { SpareEnvironment } from "./run/spare-environment";

/** A spare that nobody needs gives back what it holds. Milliseconds. */
const IDLE_MS = 5 * 60_000;

/**
 * `__spare`: a run that waits for its arguments, with its code loaded, its engine connected and an environment made like the last one. It
 * becomes that run, or ends with the editor, or when it has waited too long.
 */
export async function spare(_args: string[], io: Io): Promise<number> {
  const ground = createGround(io.env);
  const lines = new ControlLines(io.stdin);
  let environment: SpareEnvironment | undefined;
  const call = await new Promise<{ args: string[]; cwd: string } | null>(resolve => {
    const idle = setTimeout(resolve, IDLE_MS, null);
    lines.listen({
      message: message => {
        if (message.type === "prepare") {
          if (environment || !isSeed(message.spare)) return;
          environment = new SpareEnvironment(message.spare, ground);
        } else if (message.type === "run") {
          clearTimeout(idle);
          // What follows is for the run.
          lines.listen(null);
          resolve(message);
        }
      },
      end: () => {
        clearTimeout(idle);
        resolve(null);
      },
    });
  });
  try {
    if (!call) return EXIT.ok;
    const [command, ...args] = call.args;
    if (command !== "run") throw new UsageError("a spare process can only become a run");
    return await runOn(ground, args, { ...io, cwd: call.cwd }, { control: lines, spare: environment });
  } catch (error) {
    // Nothing has begun: a wrong call, a file that is gone.
    io.stderr.write(`mlld-env: ${messageOf(error)}\n`);
    return EXIT.usage;
  } finally {
    await environment?.release();
    ground.close();
    lines.stop();
  }
}

function isSeed(value: unknown): value is SpareSeed {
  return typeof value === "object" && value !== null && "provider" in value && "spec" in value;
}

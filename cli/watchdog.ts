import { watch } from "../runtime/environments/watchdog";
import { EXIT, type Io, UsageError } from "./io";
import { recoveryGround } from "./recovery-ground";

/** `__watchdog JOURNAL`: waits for the end of its input, then gives back what the journal lists. */
export async function watchdog(args: string[], io: Io): Promise<number> {
  const [journal, ...more] = args;
  if (journal === undefined || more.length > 0) throw new UsageError("name a journal");
  const ground = recoveryGround(io.env);
  try {
    return (await watch(io.stdin, journal, ground.registry)) ? EXIT.ok : EXIT.failed;
  } finally {
    ground.close();
  }
}

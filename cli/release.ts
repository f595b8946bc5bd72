import { parseArgs } from "node:util";
import { type Swept, sweep } from "../runtime/environments/recovery";
import { EXIT, type Io, UsageError } from "./io";
import { ANSWER_MS, faultText, liveEnvironments, noEnvironment, remove } from "./live";
import { recoveryGround } from "./recovery-ground";
import type { Ground } from "./run/ground";

/** `release NAME… | --orphans | --all`: ends environments; says which. */
export async function release(args: string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { orphans: { type: "boolean", default: false }, all: { type: "boolean", default: false } },
  });
  const ways = [positionals.length > 0, values.orphans, values.all].filter(Boolean).length;
  if (ways !== 1) throw new UsageError("name environments, or pass --orphans or --all");
  const ground = recoveryGround(io.env);
  const { registry } = ground;
  const said = (error: unknown) => {
    io.stderr.write(`mlld-env release: ${faultText(error)}\n`);
  };

  let failed = false;
  let names = positionals;
  if (positionals.length === 0) {
    const live = await liveEnvironments(registry);
    names = live.environments.filter(({ info }) => values.all || info.orphaned).map(({ info }) => info.name);
    for (const fault of live.faults) said(fault);
    const { done, left } = await swept(io, ground);
    failed = live.faults.length > 0 || left.length > 0;
    if (!failed && names.length === 0 && done === 0) io.stdout.write("Nothing to release.\n");
    else if (done > 0) io.stdout.write(`released what ${done} dead run${done === 1 ? "" : "s"} left\n`);
  }
  for (const name of names) {
    try {
      if (await remove(registry, name, io.env)) io.stdout.write(`released ${name}\n`);
      else {
        // With --all it ended between the list and now, which is what was asked for.
        if (positionals.length === 0) continue;
        said(noEnvironment(name));
        failed = true;
      }
    } catch (error) {
      said(error);
      failed = true;
    }
  }
  return failed ? EXIT.failed : EXIT.ok;
}

/** What dead runs left behind, by their journals. */
async function swept(io: Io, ground: Ground): Promise<Swept> {
  const found = await sweep(ground.folder, ground.registry, AbortSignal.timeout(ANSWER_MS));
  ground.close();
  for (const path of found.left) io.stderr.write(`mlld-env release: what ${path} lists could not be released\n`);
  return found;
}

import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** Tests that start the command line or the server as processes run the bundles: built once for all of them, when a source is newer. */
export default function setup(): void {
  execFileSync(process.execPath, ["scripts/build.mjs", "--if-stale"], {
    cwd: join(__dirname, "../.."),
    stdio: "inherit",
  });
}

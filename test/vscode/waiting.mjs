import { execFileSync } from "node:child_process";

/** Waits until `look` finds something, and gives it. The time only bounds a failure: it is long enough for a machine that does much else. */
export async function until(what, look, ms = 30_000) {
  for (const end = Date.now() + ms; ; await pause(50)) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}`);
  }
}

/** Waits until `look` gives the same for a second. What never rests is given as it is after a while. */
export async function untilItRests(look, ms = 15_000) {
  let before = JSON.stringify(await look());
  let since = Date.now();
  for (const end = since + ms; Date.now() < end && Date.now() - since < 1000; await pause(100)) {
    const now = JSON.stringify(await look());
    if (now !== before) since = Date.now();
    before = now;
  }
  return JSON.parse(before);
}

export function pause(ms) {
  return new Promise(resolve => setTimeout(resolve, ms));
}

/** Processes with a path in their arguments. */
export function processesOf(path) {
  return execFileSync("ps", ["-eo", "pid,stat,args"], { encoding: "utf8" })
    .split("\n")
    .filter(line => line.includes(path) && !/^\s*\d+ Z/.test(line));
}

/** A process that has ended and that nobody has waited for yet counts as ended. */
export function alive(pid) {
  return !/^\s*$|Z/.test(execFileSync("sh", ["-c", `ps -o stat= -p ${pid} || true`], { encoding: "utf8" }));
}

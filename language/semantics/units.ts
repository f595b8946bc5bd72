import { difference } from "../syntax";
import type { File, Statement } from "../syntax/tree";
import type { Bound } from "./bound";
import { lastStarting } from "./starts";
import type { MlldSymbol } from "./symbols";

/** A top-level statement, or one of a `mlld-run` fence: what is analysed by itself. */
export interface Unit {
  statement: Statement;
  /** Where it stood in its text: the statement itself may have moved on. */
  start: number;
  end: number;
  /**
   * The same object in the next analysis of the file, where neither the statement nor anything that it depends on has changed: what
   * was found out about it still holds, its places moved.
   */
  identity: object;
}

/** The units of one text, and what connects them with those of the text before. */
export interface Units {
  list: Unit[];
  /** Stands for this text. */
  revision: object;
  /** The revision that identities were taken over from. */
  continues: object | null;
  /** Where an offset of that revision is now; only for what stands in a unit that was taken over. */
  moved(range: { start: number; end: number }): { start: number; end: number };
  /** By unit: the units that it refers to. */
  uses: number[][];
  text: string;
  frontmatter: string | undefined;
  /** Units with syntax errors: what was made of them says little. */
  faulty: ReadonlySet<number>;
}

/** Statements that others depend on without naming them. */
const GLOBAL: ReadonlySet<Statement["kind"]> = new Set([
  "ImportStatement",
  "ExportStatement",
  "NeedsStatement",
  "ProfilesStatement",
  "PolicyStatement",
  "AuthStatement",
  "GuardStatement",
  "HookStatement",
  "ExeShadowStatement",
]);

/** The units of a file. With those of the text before, identities are taken over; what stood outside the text must be the same. */
export function unitsOf(file: File, bound: Bound, before: Units | null): Units {
  const list = topLevel(file.statements).map(statement => ({
    statement,
    start: statement.start,
    end: statement.end,
    identity: {},
  }));
  const units: Units = {
    list,
    revision: {},
    continues: null,
    moved: range => range,
    uses: usesOf(list, bound),
    text: file.text,
    frontmatter: file.frontmatter?.body,
    faulty: new Set(file.errors.map(({ start }) => lastStarting(list, start))),
  };
  if (before && before.frontmatter === units.frontmatter) takeOver(units, before);
  return units;
}

function topLevel(statements: Statement[]): Statement[] {
  return statements.flatMap(statement =>
    statement.kind === "Fence" && statement.statements ? topLevel(statement.statements) : [statement],
  );
}

function usesOf(list: Unit[], bound: Bound): number[][] {
  const uses: number[][] = list.map(() => []);
  let at = 0;
  // Names were collected statement by statement.
  for (const { symbol, start } of bound.references) {
    if (!symbol) continue;
    while (at + 1 < list.length && list[at + 1]!.start <= start) at++;
    const own = uses[at];
    if (own) for (const offset of placesOf(symbol)) addOnce(own, lastStarting(list, offset), at);
  }
  return uses;
}

/** Where a name gets its value. */
function placesOf({ range, writes }: MlldSymbol): number[] {
  return [...(range ? [range.start] : []), ...writes.map(({ start }) => start)];
}

function addOnce(own: number[], unit: number, self: number): void {
  if (unit !== self && unit >= 0 && !own.includes(unit)) own.push(unit);
}

function takeOver(units: Units, before: Units): void {
  const { list, text } = units;
  const { start: head, oldEnd, shift } = difference(before.text, text);
  const most = Math.min(list.length, before.list.length);
  let first = 0;
  while (first < most && before.list[first]!.end <= head && same(list[first]!, before.list[first]!, 0)) first++;
  let last = 0;
  while (last < most - first) {
    const old = before.list[before.list.length - 1 - last]!;
    if (old.start < oldEnd || !same(list[list.length - 1 - last]!, old, shift)) break;
    last++;
  }
  const changed = { from: first, to: list.length - last };
  const gone = { from: first, to: before.list.length - last };
  const now = spread(units, changed);
  const then = spread(before, gone);
  if (touchesGlobal(list, now) || touchesGlobal(before.list, then)) return;
  const offset = gone.to - changed.to;
  for (const [index, unit] of list.entries()) {
    const old = index < changed.from ? index : index >= changed.to ? index + offset : -1;
    if (old >= 0 && !now[index] && !then[old]) unit.identity = before.list[old]!.identity;
  }
  units.continues = before.revision;
  units.moved = ({ start, end }) => (end <= head ? { start, end } : { start: start + shift, end: end + shift });
}

function same(now: Unit, then: Unit, shift: number): boolean {
  return now.statement.kind === then.statement.kind && now.start === then.start + shift && now.end === then.end + shift;
}

function touchesGlobal(list: Unit[], touched: boolean[]): boolean {
  return list.some(({ statement }, index) => touched[index] && GLOBAL.has(statement.kind));
}

/** Which units are changed, or depend on one that is. */
function spread({ list, uses, faulty }: Units, changed: { from: number; to: number }): boolean[] {
  const touched = list.map((_, unit) => (unit >= changed.from && unit < changed.to) || faulty.has(unit));
  const users: number[][] = list.map(() => []);
  for (const [unit, used] of uses.entries()) for (const other of used) users[other]!.push(unit);
  const queue = touched.flatMap((is, unit) => (is ? [unit] : []));
  for (let unit = queue.pop(); unit !== undefined; unit = queue.pop()) {
    for (const user of users[unit]!) {
      if (touched[user]) continue;
      touched[user] = true;
      queue.push(user);
    }
  }
  return touched;
}

/** The answer for each field, and what to tell the author about a wider one. */
import { contains, type Place, samePlace } from "../place";
import { CAPABILITY_NAMES } from "./defaults";
import { NAME_ORDER } from "./names";
import { isLimited, NET_ORDER } from "./net-sets";
import { compareFields, type LiftedComparison, type Order } from "./order";
import { FILE_ORDER } from "./path-sets";
import { isWithin, resolveContainerPath } from "./paths";
import { LIMIT_ORDER, PROVIDER_ORDER } from "./scalar-orders";
import type {
  Capabilities,
  CapabilityName,
  EnvironmentCode,
  EnvironmentFacts,
  Field,
  FieldComparison,
  FixData,
  FsSet,
  Item,
  NameSet,
  NetSet,
  PathItem,
  Problem,
} from "./types";
import { itemSource, sourceOf, textOf } from "./words";

export const ORDERS: { [N in CapabilityName]: Order<Capabilities[N]["options"][number]> } = {
  provider: PROVIDER_ORDER,
  tools: NAME_ORDER,
  mcps: NAME_ORDER,
  fs: FILE_ORDER,
  net: NET_ORDER,
  auth: NAME_ORDER,
  mem: LIMIT_ORDER,
  cpu: LIMIT_ORDER,
  pids: LIMIT_ORDER,
  timeout: LIMIT_ORDER,
};

const CODES: Record<CapabilityName, EnvironmentCode> = {
  provider: "env/provider-weakened",
  tools: "env/tools-widened",
  mcps: "env/mcps-widened",
  fs: "env/fs-widened",
  net: "env/net-widened",
  auth: "env/auth-widened",
  mem: "env/limits-widened",
  cpu: "env/limits-widened",
  pids: "env/limits-widened",
  timeout: "env/limits-widened",
};

export function compareCapability(
  name: CapabilityName,
  child: Field<unknown>,
  parent: Field<unknown>,
): LiftedComparison<unknown> {
  return compareFields(child, parent, ORDERS[name] as Order<unknown>);
}

/** Compares every field; `place` stands where the child has no text of its own there. A wider field may give several problems, one an item. */
export function compareFacts(
  child: EnvironmentFacts,
  parent: EnvironmentFacts,
  place: Place | undefined,
  at: (place: Place) => boolean = () => true,
): (FieldComparison & { problems: Problem[] })[] {
  return CAPABILITY_NAMES.map(field => {
    const mine = child.capabilities[field] as Field<unknown>;
    const theirs = parent.capabilities[field] as Field<unknown>;
    const compared = compareCapability(field, mine, theirs);
    if (compared.answer !== "wider") return { field, answer: compared.answer, problems: [] };
    // A default is only as wide as its provider, which has an answer of its own.
    if (!mine.declared) return { field, answer: "wider", problems: [] };
    const problems = wider(field, compared, mine, theirs, {
      parentLabel: parent.label,
      implied: parent.capabilities.provider.place,
      parentPlace: parent.place,
      place,
      at,
      severity: "error",
    });
    return { field, answer: "wider", problem: problems[0], problems };
  });
}

interface Telling {
  parentLabel: string;
  /** What a default of the parent follows from: its provider. */
  implied?: Place;
  /** Where the parent is written, for what has no place of its own. */
  parentPlace?: Place;
  place: Place | undefined;
  /** Whether a place lies in the text that is being compared: else the finding stands at `place`. */
  at: (place: Place) => boolean;
  severity: "error" | "warning";
}

export function wider(
  field: CapabilityName,
  compared: LiftedComparison<unknown>,
  child: Field<unknown>,
  parent: Field<unknown>,
  { parentLabel, implied, parentPlace: whereParent, place, at, severity }: Telling,
): Problem[] {
  const theirs = textOf(field, compared.parent);
  const order = ORDERS[field] as Order<unknown>;
  // What every possible parent allows; two sandboxes have nothing in common.
  const several = field === "provider" && parent.options.length > 1;
  const bound = several ? null : { value: parent.options.reduce((a, b) => order.meet(a, b)) };
  const parentPlace = (compared.parent as { place?: Place }).place ?? parent.place ?? parent.keyPlace;
  const allows = (at: Place): Problem["related"] => [{ place: at, message: `${parentLabel} allows ${theirs} here` }];
  const related = parentPlace
    ? allows(parentPlace)
    : implied && !parent.declared
      ? [{ place: implied, message: `${parentLabel} is a sandbox, and sets no \`${field}\`: that allows ${theirs}` }]
      : whereParent
        ? allows(whereParent)
        : [];
  const problem = (message: string, where: Place | undefined, fixes: FixData[]): Problem => ({
    code: CODES[field],
    severity,
    message,
    place: where && at(where) ? where : (place ?? where),
    related,
    fixes: where && at(where) ? fixes : [],
  });
  const widenParent = (item: Item): FixData[] => {
    if (!parentPlace || !parent.declared || !(field === "tools" || field === "auth" || field === "mcps")) return [];
    // One of several would still not allow it.
    if (parent.options.length > 1) return [];
    const title = `Allow '${item.text}' in ${parentLabel}`;
    const names = compared.parent as NameSet;
    // The same words mean another server, or path, there.
    if (names.items?.some(({ text }) => text === item.text)) return [];
    // A text is one credential or server, where it may be several tools.
    return field !== "tools" && samePlace(names.items[0]?.place, parentPlace)
      ? [
          {
            kind: "replace",
            title,
            place: parentPlace,
            newText: sourceOf(field, { ...names, items: [...names.items, item] })!,
          },
        ]
      : [{ kind: "append", title, place: parentPlace, newText: itemSource(field, item) }];
  };

  if (compared.items.length === 0 || isLimitedWord(field, compared)) {
    const where = (compared.child as { place?: Place }).place ?? child.place ?? child.keyPlace;
    const source = bound && sourceOf(field, bound.value);
    // A star is one item of its list.
    const value = where && child.place && contains(child.place, where) ? child.place : where;
    const fixes: FixData[] =
      value && source
        ? [
            {
              kind: "replace",
              title: `Use what ${parentLabel} allows: ${source}`,
              place: value,
              newText: source,
              preferred: true,
            },
          ]
        : [];
    return [problem(whole(field, textOf(field, compared.child), theirs, parentLabel), where, fixes)];
  }
  const list = (compared.child as { place?: Place }).place;
  const common = bound && sourceOf(field, order.meet(compared.child, bound.value));
  const intersect = (preferred: boolean): FixData[] =>
    list && common
      ? [{ kind: "replace", title: `Keep what both allow: ${common}`, place: list, newText: common, preferred }]
      : [];
  return compared.items.map(item => {
    const where = item.place ?? child.place ?? child.keyPlace;
    // In a text such as "read, write" the items have no place of their own.
    const whole = samePlace(item.place, list);
    const remove: FixData[] = item.place
      ? [{ kind: "remove", title: `Remove '${item.text}'`, place: item.place, preferred: true }]
      : [];
    const fixes: FixData[] = [
      // A list of names that both allow is the list without its wider items.
      ...(whole ? intersect(true) : [...remove, ...(field === "fs" || field === "net" ? intersect(false) : [])]),
      ...(item.place ? widenParent(item) : []),
    ];
    const real = field === "fs" ? realPaths(item as PathItem, compared.parent as FsSet) : null;
    const [named, allowed] = real
      ? [`'${item.text}', here ${real.path},`, textOf(field, real.parent)]
      : [`'${item.text}'`, theirs];
    return problem(
      `${WORDS[field]} ${named} is not allowed by ${parentLabel}, which allows ${allowed}. ${MENDS[field]}`,
      where,
      fixes,
    );
  });
}

/** Where two folders make other paths of the same words, the paths themselves. */
function realPaths(item: PathItem, parent: FsSet): { path: string; parent: FsSet } | null {
  // Deep enough for the `..` of either.
  const inOneFolder = (relative: string) => resolveContainerPath(relative, "/a".repeat(32));
  const misleads = [...parent.read, ...parent.write].some(
    ({ relative, base }) =>
      item.relative !== null &&
      relative !== null &&
      !isWithin(item.base, base) &&
      isWithin(inOneFolder(item.relative), inOneFolder(relative)),
  );
  if (!misleads) return null;
  const real = (items: PathItem[]) => items.map(one => ({ ...one, text: one.key }));
  return { path: item.key, parent: { ...parent, read: real(parent.read), write: real(parent.write) } };
}

const WORDS: Record<CapabilityName, string> = {
  provider: "The provider",
  tools: "The tool",
  mcps: "The MCP server",
  fs: "The path",
  net: "The host",
  auth: "The credential",
  mem: "The memory limit",
  cpu: "The CPU limit",
  pids: "The limit of processes",
  timeout: "The time-out",
};

const MENDS: Record<CapabilityName, string> = {
  provider: "Leave `provider` out to stay in the parent's environment.",
  tools: "A child may only narrow: remove it, or allow it in the parent.",
  mcps: "A child may only narrow: remove it, or allow it in the parent.",
  fs: "A child may only narrow: remove it, or grant it in the parent.",
  net: "A child may only narrow: remove it, or allow it in the parent.",
  auth: "A child may only narrow: remove it, or add it to the parent.",
  mem: "A child may only lower a limit.",
  cpu: "A child may only lower a limit.",
  pids: "A child may only lower a limit.",
  timeout: "A child may only lower a limit.",
};

/** `"limited"` as a whole, rather than a list with a star. */
function isLimitedWord(field: CapabilityName, { child, items }: LiftedComparison<unknown>): boolean {
  return field === "net" && isLimited(child as NetSet) && items.every(item => item.text === "limited");
}

function whole(field: CapabilityName, mine: string, theirs: string, parentLabel: string): string {
  if (field === "provider") {
    return mine === "none"
      ? `This leaves the sandbox: commands would run on this machine, while ${parentLabel} runs them in ${theirs}. ${MENDS.provider}`
      : `${mine} is another sandbox than ${parentLabel}'s ${theirs}. ${MENDS.provider}`;
  }
  if (field === "mem" || field === "cpu" || field === "pids" || field === "timeout")
    return `${WORDS[field]} ${mine} is above that of ${parentLabel}, ${theirs}. ${MENDS[field]}`;
  return `This allows ${mine}. That is more than ${parentLabel} allows: ${theirs}. A child may only narrow.`;
}

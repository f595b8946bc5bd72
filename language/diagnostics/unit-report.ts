import type { FixData, Problem } from "../environment";
import type { Place } from "../place";

/** What was found out about the environments of one unit. */
export interface UnitReport {
  problems: Problem[];
  /** `env/not-enforced` at the site with that head: nothing is wrong where it is only entered inside a sandbox. */
  unenforced: { problem: Problem; head: Place; executable: string | undefined }[];
  /** Executables of the file that are called in a sandbox, and outside of one. */
  inside: string[];
  outside: string[];
  /** The heads of guards' choices that are made inside a sandbox. */
  firing: Place[];
  /** Credentials that configs name. */
  credentials: { name: string; place: Place }[];
}

type Move = (range: { start: number; end: number }) => { start: number; end: number };

/** The report after an edit elsewhere in the file. */
export function movedReport(report: UnitReport, uri: string, move: Move): UnitReport {
  const place = (at: Place): Place => (at.uri === uri ? { uri, ...move(at) } : at);
  return {
    problems: report.problems.map(problem => movedProblem(problem, place)),
    unenforced: report.unenforced.map(({ problem, head, executable }) => ({
      problem: movedProblem(problem, place),
      head: place(head),
      executable,
    })),
    inside: report.inside,
    outside: report.outside,
    firing: report.firing.map(place),
    credentials: report.credentials.map(({ name, place: at }) => ({ name, place: place(at) })),
  };
}

function movedProblem(problem: Problem, place: (at: Place) => Place): Problem {
  return {
    ...problem,
    ...(problem.place && { place: place(problem.place) }),
    related: problem.related.map(({ place: at, message }) => ({ place: place(at), message })),
    fixes: problem.fixes.map((fix): FixData => ({ ...fix, place: place(fix.place) })),
  };
}

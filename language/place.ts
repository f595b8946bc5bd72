/** A range in a file: UTF-16 offsets `[start, end)` in the text of `uri`. */
export interface Place {
  uri: string;
  start: number;
  end: number;
}

export function samePlace(a: Place | undefined, b: Place | undefined): boolean {
  return a?.uri === b?.uri && a?.start === b?.start && a?.end === b?.end;
}

/** Whether `inner` lies in `outer`, ends included. */
export function contains(outer: Place, inner: Place): boolean {
  return outer.uri === inner.uri && outer.start <= inner.start && inner.end <= outer.end;
}

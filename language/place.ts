/** A range in a file: UTF-16 offsets `[start, end)` in the text of `uri`. */
export interface Place {
  uri: string;
  start: number;
  end: number;
}

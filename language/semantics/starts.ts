/** The index of the last item that begins at or before an offset, or -1; the items stand in the order of the text. */
export function lastStarting(list: readonly { start: number }[], offset: number): number {
  let low = -1;
  let high = list.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (list[middle]!.start <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

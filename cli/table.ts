/** Rows as aligned columns, the first row their titles. */
export function table(lines: string[][]): string {
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map(line => line[column]!.length)));
  return lines
    .map(
      line =>
        line
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join("  ")
          .trimEnd() + "\n",
    )
    .join("");
}

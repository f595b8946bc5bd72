import { Pacer } from "./turns";

/** Runs a step for each item, at most `cap` at once, each start `pace` milliseconds after the one before; results keep the order. */
export async function mapLimited<T, R>(
  items: readonly T[],
  cap: number,
  pace: number,
  signal: AbortSignal,
  step: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  const pacer = new Pacer(pace, signal);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      await pacer.start();
      results[index] = await step(items[index]!, index);
    }
  };
  const settled = await Promise.allSettled(
    Array.from({ length: Math.max(1, Math.min(cap || 1, items.length)) }, worker),
  );
  const failed = settled.find(result => result.status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
  return results;
}

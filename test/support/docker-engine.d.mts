export function ensureEngine(): Promise<{ host: string; socket: string; images: string[] } | { missing: string }>;
export function stopStartedEngine(run?: number): Promise<boolean>;
export function startEngine(options?: { dataSize?: string }): Promise<{
  host: string;
  socket: string;
  images(): Promise<string[]>;
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}>;
export function call(
  socket: string,
  method: string,
  path: string,
  body?: Buffer,
): Promise<{ status: number; text: string }>;

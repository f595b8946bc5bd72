import type { Context } from "./context";

/** Changes that come close together make one request. */
const GATHER_MS = 100;

/** Asks the client to ask again for what it shows beside the text, after something else than its text changed. */
export class Refresh {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly context: Context) {}

  soon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const { connection, client, log } = this.context;
      const asked = [
        client.refreshesTokens && connection.languages.semanticTokens.refresh(),
        client.refreshesHints && connection.languages.inlayHint.refresh(),
        client.refreshesLenses && connection.sendRequest("workspace/codeLens/refresh"),
      ];
      for (const one of asked) if (one) one.catch(error => log(`The client refused to refresh: ${String(error)}`));
    }, GATHER_MS);
  }
}

import type { ReportedFinding, RunEventBody } from "../../protocol/events";

/** Whether a run was refused: by its plan, or by a fault that came before anything had happened. */
export class Refusal {
  private refused = false;
  private ran = false;

  constructor(private readonly file: string) {}

  /** True when nothing but a refusal has come of the run so far. */
  get holds(): boolean {
    return this.refused && !this.ran;
  }

  /** An event as it is to be told: a fault for which nothing has run is a refusal. */
  told(said: RunEventBody): RunEventBody {
    const event = this.ran ? said : asRefusal(said, this.file);
    if (event.event === "refused") this.refused = true;
    if (happens(event)) this.ran = true;
    return event;
  }
}

/** Whether something has happened that a refusal can no longer prevent. */
function happens(event: RunEventBody): boolean {
  if (event.event === "created") return event.provider !== "local";
  return event.event === "command" || event.event === "show" || event.event === "result";
}

/** A fault for which nothing is run: what the plan could not know before, said in the plan's way. */
function asRefusal(event: RunEventBody, file: string): RunEventBody {
  if (event.event !== "error" || event.code === undefined || !REFUSALS.test(event.code)) return event;
  const start = { line: 0, character: 0 };
  const finding: ReportedFinding = {
    file: event.file ?? file,
    range: event.range ?? { start, end: start },
    severity: "error",
    code: event.code,
    message: event.message,
    related: [],
    fixes: [],
  };
  return { event: "refused", findings: [finding] };
}

/** Credentials that are not there, policy, an environment that nothing can make, one that is wider after all. */
const REFUSALS =
  /^(?:AUTH_|ENV_AUTH_|KEYCHAIN_|PROJECT_NAME_REQUIRED$|POLICY_(?:CAPABILITY|LABEL)|ENV_(?:TOOL|MCP)_DENIED$|ENV_PROVIDER_(?:UNKNOWN|NOT_FOUND)$|env\/|auth\/|run\/(?:spec|archive-refused|token-missing|image-(?:unset|missing)|secret-too-short|config-drift|name-taken|mount-(?:missing|refused)|(?:net|limits)-unsupported|snapshot-missing)$)/;

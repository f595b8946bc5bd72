import * as vscode from "vscode";
import type { BackendCredentials } from "./program";

/** Names are kept beside the values, as the secret storage of older editors cannot be listed. */
const NAMES = "mlldEnv.credentials";
const PREFIX = "mlldEnv.credential.";
/** The token of Sprites, under either name. */
const BACKENDS = ["sprites", "SPRITES_TOKEN"];
const NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;

/** Credentials that `auth:` names, in the editor's secret storage. Values leave it only on the standard input of a process of ours. */
export class Secrets {
  constructor(private readonly context: vscode.ExtensionContext) {}

  names(): string[] {
    return [...this.context.globalState.get<string[]>(NAMES, [])].sort();
  }

  /** All values by name, for a run that is about to start. */
  async values(): Promise<Record<string, string>> {
    const values: Record<string, string> = {};
    for (const name of this.names()) {
      const value = await this.context.secrets.get(PREFIX + name);
      if (value !== undefined) values[name] = value;
    }
    return values;
  }

  /** Those that backends need themselves, for processes that outlive a run. */
  readonly ofBackends: BackendCredentials = {
    get: async () => {
      const values = await this.values();
      return Object.fromEntries(Object.entries(values).filter(([name]) => BACKENDS.includes(name)));
    },
    onDidChange: listener =>
      this.context.secrets.onDidChange(({ key }) => {
        if (BACKENDS.some(name => key === PREFIX + name)) listener();
      }),
  };

  async store(name: string, value: string): Promise<void> {
    await this.context.secrets.store(PREFIX + name, value);
    await this.context.globalState.update(NAMES, [...new Set([...this.names(), name])]);
  }

  async delete(name: string): Promise<void> {
    await this.context.secrets.delete(PREFIX + name);
    await this.context.globalState.update(
      NAMES,
      this.names().filter(known => known !== name),
    );
  }

  /** Asks for a name (unless given) and a value. */
  async askToSet(given?: unknown): Promise<void> {
    const { l10n, window } = vscode;
    const name =
      typeof given === "string" && NAME.test(given)
        ? given
        : await window.showInputBox({
            title: l10n.t("Set Credential"),
            prompt: l10n.t("Name, as it stands after auth: in the file"),
            validateInput: text =>
              NAME.test(text) ? undefined : l10n.t("A letter or _, then letters, digits, _ or -."),
          });
    if (!name) return;
    const value = await window.showInputBox({
      title: l10n.t("Set Credential"),
      prompt: l10n.t("Value of {0}; it is kept in the secret storage of the editor", name),
      password: true,
      ignoreFocusOut: true,
    });
    if (!value) return;
    await this.store(name, value);
    window.setStatusBarMessage(l10n.t("Credential {0} is set.", name), 5000);
  }

  /** Lists the names; choosing one offers to set or remove it. */
  async list(): Promise<void> {
    const name = await this.choose(
      vscode.l10n.t("Credentials"),
      vscode.l10n.t("Choose one to set it anew or remove it"),
    );
    if (!name) return;
    const set = vscode.l10n.t("Set a New Value");
    const remove = vscode.l10n.t("Remove");
    const action = await vscode.window.showQuickPick([set, remove], { title: name });
    if (action === set) await this.askToSet(name);
    else if (action === remove) await this.delete(name);
  }

  async askToRemove(): Promise<void> {
    const name = await this.choose(vscode.l10n.t("Remove Credential"), vscode.l10n.t("Choose the one to remove"));
    if (name) await this.delete(name);
  }

  private async choose(title: string, placeHolder: string): Promise<string | undefined> {
    const names = this.names();
    if (names.length) return vscode.window.showQuickPick(names, { title, placeHolder });
    const set = vscode.l10n.t("Set Credential…");
    const answer = await vscode.window.showInformationMessage(vscode.l10n.t("No credential is kept here yet."), set);
    if (answer === set) await this.askToSet();
    return undefined;
  }
}

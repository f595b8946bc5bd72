import * as vscode from "vscode";
import type { Words } from "./model";

/** The words of the tree in the language of the editor. */
export function words(): Words {
  const { t } = vscode.l10n;
  return {
    unknown: t("unknown"),
    image: t("Image"),
    network: t("Network"),
    mounts: t("Mounts"),
    limits: t("Limits"),
    tools: t("Tools"),
    allTools: t("all"),
    file: t("Made by"),
    readOnly: t("read only"),
    writable: t("writable"),
    none: t("none"),
    openNetwork: t("open to the internet"),
    limitedNetwork: t("every public name"),
    refused: t("Refused connections"),
    runs: t("Runs"),
    hostNetwork: t("the network of this machine"),
    line: line => t("line {0}", line),
  };
}

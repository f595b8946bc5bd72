import * as vscode from "vscode";
import { SETTINGS_SECTION, type SettingName, type SettingValue } from "../protocol/settings";

/** The value of a setting, for a resource where it can differ between folders. */
export function setting<K extends SettingName>(name: K, scope?: vscode.Uri): SettingValue<K> {
  return vscode.workspace.getConfiguration(SETTINGS_SECTION, scope ?? null).get(name) as SettingValue<K>;
}

/** Variables for the command line, made of the settings that name an engine or an image. */
export function engineVariables(): Record<string, string> {
  const variables: Record<string, string> = {};
  const image = setting("docker.image");
  const host = setting("docker.host");
  const context = setting("docker.context");
  if (image) variables.MLLD_ENV_DOCKER_IMAGE = image;
  if (host) variables.MLLD_ENV_DOCKER_HOST = host;
  if (context) variables.MLLD_ENV_DOCKER_CONTEXT = context;
  return variables;
}

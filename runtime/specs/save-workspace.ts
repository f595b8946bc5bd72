import type { SnapshotOptions } from "../../language/environment/spec-types";
import type { RunEventBody } from "../../protocol/events";
import { messageOf } from "../../protocol/message-of";
import { ProviderError } from "../providers/provider";
import { type Archive, createArchive } from "./archive";
import type { LeftOut } from "./list-workspace";
import { leadsOut } from "./rules";

/** Packs a workspace into `archiveSaveDir`, absolute here, and says where. Throws `run/archive-failed`. */
export async function saveWorkspace(
  workspace: string,
  { archiveSaveDir, ...options }: SnapshotOptions,
  emit: (event: RunEventBody) => void | Promise<void>,
): Promise<void> {
  // Looked at again now: its commands have run since.
  if (archiveSaveDir !== null && leadsOut(archiveSaveDir, workspace))
    throw new ProviderError(
      "run/archive-failed",
      `The workspace was not saved: ${archiveSaveDir} leads out of it by a link, which commands of this run may have made.`,
      "Remove the link, or write an absolute path for a folder elsewhere.",
    );
  let archive: Archive;
  try {
    archive = await createArchive(workspace, { ...options, saveDir: archiveSaveDir });
  } catch (error) {
    if (error instanceof ProviderError) throw error;
    throw new ProviderError(
      "run/archive-failed",
      `The workspace was not saved: ${messageOf(error)}.`,
      "Every file of it has to be readable, and `archive_save_dir` a folder that can be written; `ignore_globs` leaves files out.",
    );
  }
  const { path, files, checksum, leftOut } = archive;
  await emit({ event: "progress", message: `workspace saved to ${path} (${files} files, sha256 ${checksum})` });
  for (const [reason, why] of Object.entries(WHY)) {
    const paths = leftOut.filter(one => one.reason === reason).map(one => one.path);
    if (paths.length > 0) await emit({ event: "warning", message: `${why} ${paths.join(", ")}.` });
  }
}

const WHY: Record<LeftOut["reason"], string> = {
  link: "Links that lead out of the workspace are not in it:",
  name: "Files whose names an archive cannot hold are not in it:",
};

/** @file Sends files through the byte route into one upload that an import can name. */
import { byteRoutes } from '../../../shared/contract/bytes.ts';
import { errorBody } from '../../../shared/contract/transport.ts';

export interface UploadProgress {
  readonly files: number;
  readonly total: number;
  readonly bytes: number;
}

/** One picked file with the path that it had inside its folder. */
export interface PickedFile {
  readonly path: string;
  readonly file: File;
}

/** How many files travel at the same time. */
const LANES = 3;

/** A new upload id: 8 to 64 lower-case letters, digits and dashes. */
export function newUploadId(): string {
  return `up-${crypto.randomUUID()}`;
}

/**
 * Uploads all files; nothing is imported yet.
 * @throws Error with the host's sentence when a file is refused; AbortError when cancelled
 */
export async function uploadFiles(
  uploadId: string,
  files: readonly PickedFile[],
  onProgress: (progress: UploadProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  let next = 0;
  let done = 0;
  let bytes = 0;
  const lane = async (): Promise<void> => {
    for (let picked = files[next++]; picked !== undefined; picked = files[next++]) {
      await uploadOne(uploadId, picked, signal);
      done += 1;
      bytes += picked.file.size;
      onProgress({ files: done, total: files.length, bytes });
    }
  };
  await Promise.all(Array.from({ length: Math.min(LANES, files.length) }, lane));
}

async function uploadOne(uploadId: string, picked: PickedFile, signal: AbortSignal): Promise<void> {
  const answer = await fetch(byteRoutes.upload(uploadId, picked.path), {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: picked.file,
    signal,
  });
  if (answer.ok) return;
  const body = errorBody.safeParse(await answer.json().catch(() => null));
  throw new Error(
    body.success
      ? `${picked.path}: ${body.data.error.message}`
      : `${picked.path} could not be sent (${answer.status}). Nothing was imported. Try again.`,
  );
}

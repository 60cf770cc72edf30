/** @file A file from another site on its way in: sent once, and told what it is by its first bytes. */
import { newUploadId, uploadFiles } from '../../rpc/upload.ts';

export interface SentFile {
  readonly path: string;
  readonly uploadId: string;
  readonly what: 'session' | 'model';
}

/** Length of mark and header's length; the header itself is short JSON. */
const HEAD_BYTES = 4096;

/** The header says what a package is of; anything else is opened as a session package and refused there by name. */
async function kindOf(file: File): Promise<SentFile['what']> {
  return (await file.slice(0, HEAD_BYTES).text()).includes('"chestlight-model"') ? 'model' : 'session';
}

export async function sendFile(file: File): Promise<SentFile> {
  const what = await kindOf(file);
  const uploadId = newUploadId();
  await uploadFiles(uploadId, [{ path: file.name, file }], () => undefined, new AbortController().signal);
  return { path: file.name, uploadId, what };
}

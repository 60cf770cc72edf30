/** @file Decoded frames that a viewer will ask for again: the last few, within a memory limit; one decoding for many asks. */
import type { ViewedFrame } from '../import/decode-messages.ts';

export interface FrameCache {
  /** The frame under `key`, decoded by `decode` when it is not at hand. */
  get(key: string, decode: () => Promise<ViewedFrame>): Promise<ViewedFrame>;
  clear(): void;
}

export const FRAME_CACHE_BYTES = 256 * 1024 * 1024;

export function createFrameCache(maxBytes = FRAME_CACHE_BYTES): FrameCache {
  /** Oldest first: a Map keeps the order of insertion. */
  const kept = new Map<string, ViewedFrame>();
  const coming = new Map<string, Promise<ViewedFrame>>();
  let bytes = 0;

  const drop = (key: string): void => {
    const frame = kept.get(key);
    if (frame !== undefined) bytes -= sizeOf(frame);
    kept.delete(key);
  };
  const keep = (key: string, frame: ViewedFrame): void => {
    kept.set(key, frame);
    bytes += sizeOf(frame);
    for (const oldest of kept.keys()) {
      if (bytes <= maxBytes || oldest === key) break;
      drop(oldest);
    }
  };

  return {
    async get(key, decode) {
      const known = kept.get(key);
      if (known !== undefined) {
        drop(key);
        keep(key, known);
        return known;
      }
      const started = coming.get(key);
      if (started !== undefined) return await started;
      const promise = decode();
      coming.set(key, promise);
      try {
        const frame = await promise;
        keep(key, frame);
        return frame;
      } finally {
        coming.delete(key);
      }
    },
    clear() {
      kept.clear();
      bytes = 0;
    },
  };
}

function sizeOf({ bytes, colour, overlays }: ViewedFrame): number {
  const planes = overlays.reduce((sum, { bits }) => sum + bits.byteLength, 0);
  return bytes.byteLength + (colour?.byteLength ?? 0) + planes;
}

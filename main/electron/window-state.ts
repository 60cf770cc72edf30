/** @file Size and place of the window, kept between starts in one small file of the data folder. */
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { z } from 'zod';

import { writeFileAtomic } from '../files/atomic-write.ts';

const rectangle = z.object({
  x: z.number().int(),
  y: z.number().int(),
  width: z.number().int().min(1).max(32_768),
  height: z.number().int().min(1).max(32_768),
});
/** Screen coordinates in device-independent pixels. */
export type Rectangle = z.infer<typeof rectangle>;

const windowState = z.object({ bounds: rectangle.nullable(), maximized: z.boolean() });
export type WindowState = z.infer<typeof windowState>;

export const MIN_SIZE = { width: 960, height: 640 } as const;
const FIRST_SIZE = { width: 1440, height: 920 } as const;
/** This much of the window's head must be on a screen, or it could not be dragged back. */
const GRIP = { width: 120, height: 40 } as const;

const UNKNOWN: WindowState = { bounds: null, maximized: false };

/** What was kept, or the first start's state when there is nothing that can be read. */
export async function readWindowState(path: string): Promise<WindowState> {
  try {
    return windowState.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return UNKNOWN; // a first start, or a file cut by a power loss: a window of the usual size is right then
  }
}

/** @throws ServiceError DISK_FULL, READ_ONLY; then what was kept before is there */
export async function writeWindowState(path: string, state: WindowState): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, Buffer.from(JSON.stringify(state)));
}

export interface Placement {
  readonly width: number;
  readonly height: number;
  /** Absent: Electron centres the window. */
  readonly x?: number;
  readonly y?: number;
}

/** Where the window opens: as it was, unless its screen is gone or has become smaller. `workAreas`: one per screen, the main one first. */
export function placeWindow({ bounds }: WindowState, workAreas: readonly Rectangle[]): Placement {
  const home = workAreas.find(
    (area) => bounds !== null && holdsGrip(area, { ...bounds, ...fit(bounds, area) }),
  );
  const size = fit(bounds ?? FIRST_SIZE, home ?? workAreas[0]);
  return bounds === null || home === undefined ? size : { ...size, x: bounds.x, y: bounds.y };
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** `size` within the screen, but never too small to be used. */
function fit(size: Size, area: Size = size): Size {
  return {
    width: Math.max(MIN_SIZE.width, Math.min(size.width, area.width)),
    height: Math.max(MIN_SIZE.height, Math.min(size.height, area.height)),
  };
}

function holdsGrip(area: Rectangle, window: Rectangle): boolean {
  const overlap = Math.min(area.x + area.width, window.x + window.width) - Math.max(area.x, window.x);
  return overlap >= GRIP.width && window.y >= area.y - 1 && window.y + GRIP.height <= area.y + area.height;
}

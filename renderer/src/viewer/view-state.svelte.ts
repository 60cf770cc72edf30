/**
 * @file How a film is looked at: window, inversion, zoom, place. Viewports that share one are linked; sizes are relative, so
 * that viewports of different size and films of different resolution still show the same part.
 */
import type { ViewerImage } from '../../../shared/contract/library.ts';
import {
  isUsableVoi,
  presetWindow,
  WINDOW_PRESETS,
  windowOf,
  type VoiLut,
  type VoiWindow,
} from '../../../shared/domain/lut.ts';
import { ownVoi } from './grey-table.ts';
import { BY_HAND, furtherVois } from './window-choices.ts';

export const MIN_ZOOM = 0.25;
export const MAX_ZOOM = 24;
/** A drag over this many screen pixels changes the window by the film's own width. */
const DRAG_PIXELS = 500;

export type ViewSnapshot = Readonly<
  Pick<ViewState, 'zoom' | 'panX' | 'panY' | 'rotation' | 'flipped' | 'inverted' | 'voi' | 'preset'>
>;

export interface ScreenPlace {
  readonly zoom: number;
  readonly x: number;
  readonly y: number;
}

/** Clockwise on a screen whose second axis goes down; quarters are exact. */
function turned(x: number, y: number, degrees: number): readonly [number, number] {
  const quarters = (((degrees / 90) % 4) + 4) % 4;
  if (quarters === 0) return [x, y];
  if (quarters === 1) return [-y, x];
  if (quarters === 2) return [-x, -y];
  if (quarters === 3) return [y, -x];
  const turn = (degrees * Math.PI) / 180;
  return [x * Math.cos(turn) - y * Math.sin(turn), x * Math.sin(turn) + y * Math.cos(turn)];
}

export class ViewState {
  /** 1 = the whole film fits the viewport. */
  zoom = $state(1);
  /** Offset of the film's centre from the viewport's, in film widths and heights along the film's own axes. */
  panX = $state(0);
  panY = $state(0);
  /** Clockwise: 0, 90, 180 or 270 degrees. */
  rotation = $state(0);
  /** Left and right changed, before the turn. */
  flipped = $state(false);
  inverted = $state(false);
  /** null = the film's own VOI LUT. */
  voi = $state.raw<VoiLut | null>(null);
  /** Name of the preset in force or value of a further window of the film, or null after a drag. */
  preset = $state<string | null>(WINDOW_PRESETS[0]?.name ?? null);

  /** True when nothing differs from how the film opens. */
  readonly isOriginal = $derived(
    this.zoom === 1 &&
      this.panX === 0 &&
      this.panY === 0 &&
      this.rotation === 0 &&
      !this.flipped &&
      !this.inverted &&
      this.voi === null,
  );

  reset(): void {
    this.fit();
    this.rotation = 0;
    this.flipped = false;
    this.inverted = false;
    this.voi = null;
    this.preset = WINDOW_PRESETS[0]?.name ?? null;
  }

  fit(): void {
    this.zoom = 1;
    this.panX = 0;
    this.panY = 0;
  }

  /** Turns the film clockwise by quarters; the point in the middle of the screen stays. */
  turn(quarters: number): void {
    this.rotation = (((this.rotation + quarters * 90) % 360) + 360) % 360;
  }

  /** Changes left and right, or top and bottom, as they are on the screen. */
  flip(axis: 'horizontal' | 'vertical'): void {
    this.flipped = !this.flipped;
    const turned = axis === 'horizontal' ? -this.rotation : 180 - this.rotation;
    this.rotation = ((turned % 360) + 360) % 360;
  }

  /** What can be taken back. */
  get snapshot(): ViewSnapshot {
    const { zoom, panX, panY, rotation, flipped, inverted, voi, preset } = this;
    return { zoom, panX, panY, rotation, flipped, inverted, voi, preset };
  }

  restore(snapshot: ViewSnapshot): void {
    Object.assign(this, snapshot);
  }

  /** The VOI LUT in force for a film. */
  voiOf(source: ViewerImage): VoiLut {
    return this.voi ?? ownVoi(source);
  }

  usePreset(index: number, source: ViewerImage): void {
    const preset = WINDOW_PRESETS[index];
    if (preset === undefined) return;
    this.preset = preset.name;
    this.voi = index === 0 ? null : presetWindow(ownVoi(source), preset, source.invert !== this.inverted);
  }

  /** One of `windowChoices`. */
  chooseWindow(value: string, source: ViewerImage): void {
    const further = furtherVois(source).get(value);
    if (further === undefined) return this.usePreset(Number(value), source);
    this.preset = value;
    this.voi = further;
  }

  /** Which of `windowChoices` is in force. */
  get windowChoice(): string {
    if (this.preset === null) return BY_HAND;
    const index = WINDOW_PRESETS.findIndex(({ name }) => name === this.preset);
    return index < 0 ? this.preset : String(index);
  }

  /** Black for white; a preset stays what it says. @param source null while the film is on its way */
  invert(source: ViewerImage | null): void {
    this.inverted = !this.inverted;
    const index = WINDOW_PRESETS.findIndex(({ name }) => name === this.preset);
    if (index > 0 && source !== null) this.usePreset(index, source);
  }

  /** Zoom and place along the screen, which viewports whose films are turned otherwise can share; in film widths and heights. */
  get screenPlace(): ScreenPlace {
    const [x, y] = turned(this.flipped ? -this.panX : this.panX, this.panY, this.rotation);
    return { zoom: this.zoom, x, y };
  }
  set screenPlace({ zoom, x, y }: ScreenPlace) {
    const [panX, panY] = turned(x, y, -this.rotation);
    this.zoom = zoom;
    this.panX = this.flipped ? -panX : panX;
    this.panY = panY;
  }

  /** Right is more contrast range, down is darker, whatever the film's photometric interpretation. */
  dragWindow(deltaX: number, deltaY: number, source: ViewerImage): void {
    const own = windowOf(ownVoi(source));
    const now = windowOf(this.voiOf(source));
    const step = own.width / DRAG_PIXELS;
    const darker = source.invert !== this.inverted ? -1 : 1;
    const next: VoiWindow = {
      kind: 'window',
      width: Math.max(own.width / 1000, now.function === 'LINEAR' ? 1 : 1e-6, now.width + deltaX * step),
      center: now.center + deltaY * step * darker,
      function: now.function,
    };
    if (!isUsableVoi(next)) return;
    this.voi = next;
    this.preset = null;
  }

  /** Zooms by a factor; the point at (fx, fy) in film widths and heights from the film's centre stays where it is. */
  zoomBy(factor: number, at?: { readonly fx: number; readonly fy: number }): void {
    const zoom = Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, this.zoom * factor));
    if (at !== undefined) {
      // On screen the point lies at zoom · (pan + f): the pan that keeps it there follows.
      const ratio = this.zoom / zoom;
      this.panX = ratio * (this.panX + at.fx) - at.fx;
      this.panY = ratio * (this.panY + at.fy) - at.fy;
    }
    this.zoom = zoom;
  }

  panBy(filmWidths: number, filmHeights: number): void {
    this.panX = Math.min(1.5, Math.max(-1.5, this.panX + filmWidths));
    this.panY = Math.min(1.5, Math.max(-1.5, this.panY + filmHeights));
  }
}

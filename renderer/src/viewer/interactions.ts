/**
 * @file Mouse on a film: the left button does what the tool says (windows, when none is chosen), wheel and right drag zoom,
 * middle or shift drag pans, double click fits.
 */
import type { ViewerImage } from '../../../shared/contract/library.ts';
import type { FilmPlace, FilmViewport } from './film-viewport.ts';
import type { ShapeSheet } from './shape-sheet.svelte.ts';
import { isShapeTool, type Tool } from './tool.ts';
import type { ViewSnapshot, ViewState } from './view-state.svelte.ts';

type Drag = 'window' | 'zoom' | 'pan' | 'magnify' | 'draw';

/** One notch of a wheel. */
const WHEEL_FACTOR = 1.15;
/** A right drag over this many pixels doubles the zoom. */
const ZOOM_PIXELS = 160;

export interface Interaction {
  readonly viewport: FilmViewport;
  /** Asked for anew at every event: linking may have replaced it. */
  readonly view: () => ViewState;
  readonly onPlace: (place: FilmPlace | null) => void;
  /** What the left button does. */
  readonly tool: () => Tool;
  /** Takes shapes and steps for Undo; null where nothing is drawn. */
  readonly sheet: () => ShapeSheet | null;
  /** Where the magnifier is to be, client pixels. */
  readonly onLens: (at: { readonly x: number; readonly y: number } | null) => void;
}

/** What is shorter, screen pixels, was a click. */
const SLIP = 4;
const DRAG_WORDS = { window: 'Window', zoom: 'Zoom', pan: 'Film moved' } as const;

/** Attaches the handlers; the answer takes them off. */
export function interact(
  element: HTMLElement,
  { viewport, view, onPlace, tool, sheet, onLens }: Interaction,
): () => void {
  let drag: Drag | null = null;
  let before: ViewSnapshot | null = null;
  let lastX = 0;
  let lastY = 0;

  /** From the film's centre, in film widths and heights. */
  const fromCentre = (event: MouseEvent, source: ViewerImage): { fx: number; fy: number } => {
    const { x, y } = viewport.toFilm(event.clientX, event.clientY);
    return { fx: x / source.cols - 0.5, fy: y / source.rows - 0.5 };
  };
  const dragOf = (event: PointerEvent): Drag => {
    if (event.button === 1 || event.shiftKey) return 'pan';
    if (event.button === 2) return 'zoom';
    const now = tool();
    if (!isShapeTool(now)) return now;
    return sheet() === null ? 'window' : 'draw';
  };
  const down = (event: PointerEvent): void => {
    const source = viewport.source;
    if (source === null) return;
    drag = dragOf(event);
    before = view().snapshot;
    lastX = event.clientX;
    lastY = event.clientY;
    element.setPointerCapture(event.pointerId);
    element.dataset['drag'] = drag;
    if (drag === 'magnify') onLens({ x: event.clientX, y: event.clientY });
    const now = tool();
    if (drag === 'draw' && isShapeTool(now)) {
      sheet()?.press(now, viewport.toFilm(event.clientX, event.clientY), source.frame);
    }
  };
  const move = (event: PointerEvent): void => {
    onPlace(viewport.placeAt(event.clientX, event.clientY));
    const source = viewport.source;
    if (source === null) return;
    sheet()?.drag(viewport.toFilm(event.clientX, event.clientY));
    if (drag === null) return;
    const deltaX = event.clientX - lastX;
    const deltaY = event.clientY - lastY;
    lastX = event.clientX;
    lastY = event.clientY;
    if (drag === 'window') view().dragWindow(deltaX, deltaY, source);
    else if (drag === 'zoom') view().zoomBy(2 ** (-deltaY / ZOOM_PIXELS));
    else if (drag === 'magnify') onLens({ x: event.clientX, y: event.clientY });
    else if (drag === 'pan') {
      const { x, y } = viewport.shareOf(deltaX, deltaY);
      view().panBy(x, y);
    }
  };
  const up = (event: PointerEvent): void => {
    const source = viewport.source;
    if (drag === 'draw' && source !== null) {
      sheet()?.release(viewport.toFilm(event.clientX, event.clientY), source.frame, SLIP / viewport.scale());
    } else if (drag === 'window' || drag === 'zoom' || drag === 'pan') {
      if (before !== null) sheet()?.viewChanged(view(), before, DRAG_WORDS[drag]);
    }
    onLens(null);
    drag = null;
    delete element.dataset['drag'];
  };
  const wheel = (event: WheelEvent): void => {
    const source = viewport.source;
    if (source === null) return;
    event.preventDefault();
    const start = view().snapshot;
    view().zoomBy(event.deltaY < 0 ? WHEEL_FACTOR : 1 / WHEEL_FACTOR, fromCentre(event, source));
    sheet()?.viewChanged(view(), start, 'Zoom', 'wheel');
  };
  const leave = (): void => onPlace(null);
  const fit = (): void => {
    if (isShapeTool(tool())) return;
    const start = view().snapshot;
    view().fit();
    sheet()?.viewChanged(view(), start, 'Fit');
  };
  const quiet = (event: Event): void => event.preventDefault();
  // Without this a middle click starts the browser's own scrolling.
  const noScroll = (event: MouseEvent): void => {
    if (event.button === 1) event.preventDefault();
  };

  element.addEventListener('pointerdown', down);
  element.addEventListener('pointermove', move);
  element.addEventListener('pointerup', up);
  element.addEventListener('pointercancel', up);
  element.addEventListener('pointerleave', leave);
  element.addEventListener('wheel', wheel, { passive: false });
  element.addEventListener('dblclick', fit);
  element.addEventListener('contextmenu', quiet);
  element.addEventListener('mousedown', noScroll);
  return () => {
    element.removeEventListener('pointerdown', down);
    element.removeEventListener('pointermove', move);
    element.removeEventListener('pointerup', up);
    element.removeEventListener('pointercancel', up);
    element.removeEventListener('pointerleave', leave);
    element.removeEventListener('wheel', wheel);
    element.removeEventListener('dblclick', fit);
    element.removeEventListener('contextmenu', quiet);
    element.removeEventListener('mousedown', noScroll);
  };
}

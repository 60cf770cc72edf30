/** @file Mouse on a film: left drag windows, wheel and right drag zoom, middle or shift drag pans, double click fits. */
import type { ViewerImage } from '../../../shared/contract/library.ts';
import type { FilmPlace, FilmViewport } from './film-viewport.ts';
import type { ViewState } from './view-state.svelte.ts';

type Drag = 'window' | 'zoom' | 'pan';

/** One notch of a wheel. */
const WHEEL_FACTOR = 1.15;
/** A right drag over this many pixels doubles the zoom. */
const ZOOM_PIXELS = 160;

export interface Interaction {
  readonly viewport: FilmViewport;
  /** Asked for anew at every event: linking may have replaced it. */
  readonly view: () => ViewState;
  readonly onPlace: (place: FilmPlace | null) => void;
}

/** Attaches the handlers; the answer takes them off. */
export function interact(element: HTMLElement, { viewport, view, onPlace }: Interaction): () => void {
  let drag: Drag | null = null;
  let lastX = 0;
  let lastY = 0;

  /** From the film's centre, in film widths and heights. */
  const fromCentre = (event: MouseEvent, source: ViewerImage): { fx: number; fy: number } => {
    const { x, y } = viewport.toFilm(event.clientX, event.clientY);
    return { fx: x / source.cols - 0.5, fy: y / source.rows - 0.5 };
  };
  const down = (event: PointerEvent): void => {
    if (viewport.source === null) return;
    drag = event.button === 1 || event.shiftKey ? 'pan' : event.button === 2 ? 'zoom' : 'window';
    lastX = event.clientX;
    lastY = event.clientY;
    element.setPointerCapture(event.pointerId);
    element.dataset['drag'] = drag;
  };
  const move = (event: PointerEvent): void => {
    onPlace(viewport.placeAt(event.clientX, event.clientY));
    const source = viewport.source;
    if (drag === null || source === null) return;
    const deltaX = event.clientX - lastX;
    const deltaY = event.clientY - lastY;
    lastX = event.clientX;
    lastY = event.clientY;
    if (drag === 'window') view().dragWindow(deltaX, deltaY, source);
    else if (drag === 'zoom') view().zoomBy(2 ** (-deltaY / ZOOM_PIXELS));
    else {
      const { x, y } = viewport.shareOf(deltaX, deltaY);
      view().panBy(x, y);
    }
  };
  const up = (): void => {
    drag = null;
    delete element.dataset['drag'];
  };
  const wheel = (event: WheelEvent): void => {
    const source = viewport.source;
    if (source === null) return;
    event.preventDefault();
    view().zoomBy(event.deltaY < 0 ? WHEEL_FACTOR : 1 / WHEEL_FACTOR, fromCentre(event, source));
  };
  const leave = (): void => onPlace(null);
  const fit = (): void => view().fit();
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

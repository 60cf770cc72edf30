/** @file Drawing a mark of a standard size in the middle of what is seen: the way without a mouse. */
import type { ViewerImage } from '../../../../shared/contract/library.ts';
import type { Tool } from '../../viewer/tool.ts';
import { isShapeTool } from '../../viewer/tool.ts';
import type { ViewState } from '../../viewer/view-state.svelte.ts';
import { CONFIDENCES } from './review-words.ts';
import type { MarkSheet } from './mark-sheet.svelte.ts';

/** Marks that are placed one after the other do not hide each other. */
export function placeMark(drawn: MarkSheet, tool: Tool, view: ViewState, source: ViewerImage | null): void {
  if (!isShapeTool(tool) || source === null) return;
  const reach = Math.min(source.cols, source.rows) / (8 * view.zoom);
  const aside = (drawn.marks.length % 5) * 0.4 * reach;
  const x = (0.5 - view.panX) * source.cols + aside;
  const y = (0.5 - view.panY) * source.rows + aside;
  drawn.sheet.place(tool, { x, y }, reach, source.frame);
}

/** The next step of confidence of the selected mark, round. */
export function raiseConfidence(drawn: MarkSheet): void {
  const mark = drawn.marks.find(({ shape }) => shape.id === drawn.sheet.selected);
  if (mark === undefined) return;
  const at = CONFIDENCES.findIndex(({ value }) => value === mark.confidence);
  drawn.describe(mark.shape.id, { confidence: CONFIDENCES[(at + 1) % CONFIDENCES.length]?.value ?? 1 });
}

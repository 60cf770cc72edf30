/** @file The tools of a film: what the left mouse button does. */
import type { ShapeKind } from '../../../shared/domain/shape.ts';

export type Tool = 'window' | 'pan' | 'zoom' | 'magnify' | ShapeKind;

export function isShapeTool(tool: Tool): tool is ShapeKind {
  return tool !== 'window' && tool !== 'pan' && tool !== 'zoom' && tool !== 'magnify';
}

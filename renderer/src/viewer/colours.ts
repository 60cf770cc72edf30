/** @file Colour maps of attention overlays, as the window uses them: one table for the app, defined in shared/domain. */
export { COLOUR_MAPS, colourTable, type ColourMapName } from '../../../shared/domain/colour-map.ts';
